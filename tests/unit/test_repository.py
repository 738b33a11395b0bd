"""The house as a whole: rules, profiles and documents agree with the code."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from dataset_manager.cli import parser
from dataset_manager.keys import COMMANDS, KEYS
from dataset_manager.workbook import schema

ROOT = Path(__file__).parents[2]
RULES = {
    name: body
    for path in [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))]
    for name, body in re.findall(r"^\s*rule (\w+):.*?\n(.*?)(?=^\s*rule |^include|^onstart|\Z)", path.read_text("utf-8"), re.M | re.S)
}
README = (ROOT / "README.md").read_text("utf-8")
GUIDE = (ROOT / "README.es.md").read_text("utf-8")
DOCUMENTS = {"README.md": README, "README.es.md": GUIDE, "config/README.md": (ROOT / "config/README.md").read_text("utf-8")}


def bash_blocks(text: str) -> list[str]:
    return re.findall(r"```bash\n(.*?)```", text, re.S)


BLOCKS = bash_blocks(README)


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"all"}))
def test_every_rule_has_a_log_an_environment_and_a_script_of_its_name(rule: str) -> None:
    body = RULES[rule]
    assert "log:" in body
    assert "conda:" in body
    script = re.search(r'script:\s+"(?:\.\./)?scripts/(\w+)\.py"', body)
    assert script
    assert script[1] == rule or rule == "demo"


@pytest.mark.parametrize(
    "rule", sorted(name for name, body in RULES.items() if "localRule" not in body and "localrule: True" not in body and name != "all")
)
def test_every_submitted_rule_has_its_resources_on_the_cluster(rule: str) -> None:
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text("utf-8"))
    assert set(profile["set-resources"][rule]) >= {"runtime", "mem_mb"}
    assert {"elasticsearch", "mysql", "s3"} <= set(profile["resources"])


def test_the_default_profile_holds_nothing_that_another_profile_sets() -> None:
    default = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text("utf-8"))
    for other in ("local", "slurm"):
        assert not set(default) & set(yaml.safe_load((ROOT / f"profiles/{other}/config.yaml").read_text("utf-8")))


def test_the_first_two_blocks_of_the_readme_are_the_demo_and_the_tests() -> None:
    assert BLOCKS[0] == "python3 setup.py && venv/bin/python main.py demo\n"
    assert BLOCKS[1] == "python3 setup.py --tests && venv/bin/python -m pytest tests/ -v\n"
    assert BLOCKS[1].strip() in (ROOT / ".ci/run").read_text("utf-8")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_of_the_documents_parses(document: str) -> None:
    lines = [line for block in bash_blocks(DOCUMENTS[document]) for line in block.splitlines() if "main.py" in line]
    assert lines
    for line in lines:
        words = shlex.split(line.split("&&")[-1])
        assert parser.parse(words[words.index("venv/bin/python") + 2 :]).command


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_snakemake_line_of_the_documents_gives_keys_and_targets_that_exist(document: str) -> None:
    lines = [line for block in bash_blocks(DOCUMENTS[document]) for line in block.splitlines() if line.startswith("snakemake")]
    for words in map(shlex.split, lines):
        typed = words[words.index("--config") + 1 :] if "--config" in words else []
        assert {pair.split("=")[0] for pair in typed} <= set(KEYS)
        assert {word for word in words if "_" in word and "=" not in word} <= set(RULES)


@pytest.mark.parametrize("word", [*COMMANDS, *KEYS])
def test_every_command_and_key_is_in_the_readme(word: str) -> None:
    assert f"`{word}`" in README


@pytest.mark.parametrize("word", [*COMMANDS, "demo", *sorted(schema.TOOL_TABS), *schema.EDITABLE_NAMES])
def test_every_command_tab_and_column_to_fill_is_in_the_guide(word: str) -> None:
    assert f"`{word}`" in GUIDE


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_the_documents_link_to_exists(document: str) -> None:
    here = (ROOT / document).parent
    places = [place.split("#")[0] for place in re.findall(r"\]\(([^)]+)\)", DOCUMENTS[document]) if not place.startswith("http")]
    assert [place for place in places if not (here / place).exists()] == []


def test_screenshots_are_shown_and_small() -> None:
    pictures = sorted((ROOT / "docs/images").iterdir())
    shown = set(re.findall(r"docs/images/[\w.]+", README + GUIDE))
    assert shown == {path.relative_to(ROOT).as_posix() for path in pictures}
    assert [path.name for path in pictures if path.stat().st_size >= 300_000] == []


def test_nothing_refers_to_what_is_not_in_the_repository() -> None:
    texts = [path for kind in ("*.py", "*.smk", "*.sql", "*.md", "*.yaml", "*.toml") for path in ROOT.rglob(kind)]
    mine = [path for path in texts if not {"venv", "output-demo", "output", ".snakemake", ".servers"} & set(path.relative_to(ROOT).parts)]
    words = re.compile(r"\.\./shared|\bD\d{1,2}\b(?=[,.;)]| right)|/work/")
    assert [
        str(path.relative_to(ROOT)) for path in mine if path.name != Path(__file__).name and words.search(path.read_text("utf-8"))
    ] == []
