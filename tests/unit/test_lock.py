"""The locked requirements, and what must agree with them: the declared dependencies and the environment of the rules."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def locked(name: str) -> list[str]:
    """The pinned lines of a requirements file."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-tests.txt"])
def test_every_requirement_is_pinned_to_one_version(name: str) -> None:
    loose = [line for line in locked(name) if [part.operator for part in Requirement(line).specifier] != ["=="]]
    assert loose == []


def test_the_lock_satisfies_what_the_project_declares() -> None:
    declared = [Requirement(line) for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["tests"]]
    pins = dict(line.split("==") for line in locked("requirements.txt") + locked("requirements-tests.txt"))
    versions = {canonicalize_name(name): version for name, version in pins.items()}
    wrong = [str(need) for need in declared if versions.get(canonicalize_name(need.name), "") not in need.specifier]
    assert wrong == []


def test_the_environment_of_the_rules_is_the_lock() -> None:
    environment = yaml.safe_load((ROOT / "envs" / "dataset_manager.yaml").read_text("utf-8"))
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == locked("requirements.txt")
