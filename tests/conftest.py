"""Puts the library and the test helpers on the path."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
for folder in (ROOT, ROOT / "scripts", ROOT / "tests"):
    sys.path.insert(0, str(folder))

pytest_plugins = ["servers.fixtures"]
