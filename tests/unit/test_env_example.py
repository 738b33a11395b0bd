"""`.env.example` and the code that reads the variables name the same ones."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / ".env.example").read_text("utf-8")
LIBRARY = ROOT / "scripts" / "dataset_manager"
READERS = "".join((LIBRARY / name).read_text("utf-8") for name in ("environment.py", "settings.py"))
NAMES = r"(?:ELASTIC|DB_PROD_RO|S3|REMOTE_STORAGE|AWS|MINIO|OUTPUT|LOG)_[A-Z0-9_]+"


def test_every_variable_of_the_example_is_read() -> None:
    assert [name for name in re.findall(rf"^({NAMES})=", EXAMPLE, re.MULTILINE) if f'"{name}"' not in READERS] == []


def test_every_variable_that_is_read_stands_in_the_example() -> None:
    explained = {"AWS_DEFAULT_REGION"}  # boto3's other name for AWS_REGION
    assert [name for name in re.findall(rf'"({NAMES})"', READERS) if name not in EXAMPLE and name not in explained] == []


def test_the_example_holds_no_secret() -> None:
    filled = re.findall(r"^(\w*(?:PASSWORD|SECRET|API_KEY|ACCESS_KEY)\w*)=(.+)$", EXAMPLE, re.MULTILINE)
    assert filled == []
