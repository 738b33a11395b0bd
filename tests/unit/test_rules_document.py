"""docs/rules.md keeps up with the code: its sections, its checks, its examples."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RULES = (ROOT / "docs/rules.md").read_text("utf-8")
HEADINGS = re.findall(r"^## (.+)$", RULES, re.MULTILINE)
NAMED = re.compile(r"docs/rules\.md,\s*(?:--\s*)?((?:«[^»]+»[\s,.]*(?:and\s+)?(?:--\s*)?)+)")


def sections_named() -> dict[str, set[str]]:
    """Section -> the files that name it as «Section» after `docs/rules.md`."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "scripts").rglob("*")):
        if path.suffix in (".py", ".sql"):
            for names in NAMED.findall(path.read_text("utf-8")):
                for name in re.findall("«([^»]+)»", names):
                    found.setdefault(name, set()).add(path.name)
    return found


def test_every_section_that_code_names_exists() -> None:
    named = sections_named()
    assert len(named) > 15
    assert {name: files for name, files in named.items() if name not in HEADINGS} == {}


def test_every_section_has_an_example() -> None:
    bodies = re.split(r"^## .+$", RULES, flags=re.MULTILINE)[1:]
    assert [name for name, body in zip(HEADINGS, bodies, strict=True) if "> *Example.*" not in body] == []


def test_links_lead_to_sections() -> None:
    anchors = {re.sub(r"[^a-z0-9_ -]", "", name.lower()).replace(" ", "-") for name in HEADINGS}
    assert set(re.findall(r"\]\(#([^)]+)\)", RULES)) <= anchors


def test_the_table_of_checks_is_that_of_the_sql() -> None:
    sql = (ROOT / "scripts/dataset_manager/analysis/consistency.sql").read_text("utf-8")
    checks = re.findall(r"^    \(\d+, '(\w+)', '(\w+)'", sql, re.MULTILINE)
    assert re.findall(r"^\| `(\w+)` \| (error|aviso|info) \|", RULES, re.MULTILINE) == checks


def test_every_known_field_is_in_the_table_of_types() -> None:
    from dataset_manager.analysis.fields import KNOWN

    table = RULES.split("**Known fields**")[1].split("**Place.**")[0]
    assert set(re.findall(r"`(\w+)`", table)) == set(KNOWN)
