"""config/config.yaml, its JSON schema and the README's table, generated from the models.

`python scripts/dataset_manager/configuration_docs.py` rewrites them; a test fails where the files differ.
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "scripts"))

from dataset_manager.configuration import Configuration, section_of

BEGIN, END = "<!-- configuration: generated -->", "<!-- configuration: end -->"
README = ROOT / "README.md"
HEAD = """# Every key, with its default. Generated from scripts/dataset_manager/configuration.py: change defaults there,
# values here. A file with a few keys can be laid over this one: main.py --config FILE (snakemake --configfile FILE).
# Addresses and credentials never stand here: see .env.example.
"""


def fields() -> list[tuple[str, str, Any, str]]:
    """(section, key, default, description) in order."""
    return [
        (section, key, info.default, str(info.description))
        for section in Configuration.model_fields
        for key, info in section_of(section).model_fields.items()
    ]


def config_yaml() -> str:
    """The commented configuration file."""
    lines, current = [HEAD], ""
    for section, key, default, description in fields():
        if section != current:
            lines.append(f"\n# {section_of(section).__doc__}\n{section}:")
            current = section
        lines.append(f"  {key}: {json.dumps(default, ensure_ascii=False)}  # {description}")
    return "\n".join(lines) + "\n"


def schema() -> str:
    """The JSON schema, for editors."""
    return json.dumps(Configuration.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def table() -> str:
    """The README's table."""
    rows = [f"| `{section}.{key}` | `{json.dumps(default, ensure_ascii=False)}` | {text} |" for section, key, default, text in fields()]
    return "\n".join(["| key | default | meaning |", "| --- | --- | --- |", *rows])


def with_table(readme: str) -> str:
    """The README with its generated part renewed."""
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


def write() -> None:
    """Renews all three files."""
    (ROOT / "config/config.yaml").write_text(config_yaml(), "utf-8")
    (ROOT / "config/config.schema.json").write_text(schema(), "utf-8")
    if README.exists():
        README.write_text(with_table(README.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    write()
