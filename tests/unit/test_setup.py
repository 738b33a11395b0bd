"""`setup.py`: what it refuses and how it says so, and what it installs only when needed."""

import ast
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
NEW_SYNTAX = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Match, ast.AsyncFunctionDef, ast.Nonlocal)


@pytest.fixture
def setup(tmp_path: Path) -> ModuleType:
    """The script as a module that believes to live in an empty project."""
    spec = spec_from_file_location("setup_script", ROOT / "setup.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements.txt").write_text("one==1\n")
    (tmp_path / "requirements-tests.txt").write_text("-r requirements.txt\ntwo==2\n")
    venv = tmp_path / "venv"
    paths = {"ROOT": tmp_path, "VENV": venv, "PYTHON": venv / "bin" / "python", "STAMP": venv / "installed.txt"}
    for name, path in paths.items():
        setattr(module, name, str(path))
    return module


@pytest.fixture
def commands(setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What it would run, in order; making the environment only leaves the files that count."""
    ran: list[str] = []

    def run(command: list[str], what: str) -> None:
        ran.append(" ".join(command))
        if "venv" in command:
            (tmp_path / "venv" / "bin").mkdir(parents=True)
            (tmp_path / "venv" / "pyvenv.cfg").touch()
            (tmp_path / "venv" / "bin" / "python").symlink_to(sys.executable)

    monkeypatch.setattr(setup, "run", run)
    monkeypatch.setattr(setup, "purelib", lambda: str(tmp_path))
    return ran


@pytest.mark.parametrize("script", ["setup.py", "main.py"])
def test_an_old_python_can_parse_the_script(script: str) -> None:
    tree = ast.parse((ROOT / script).read_text("utf-8"), feature_version=(3, 5))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert [ast.dump(node) for node in ast.walk(tree) if isinstance(node, NEW_SYNTAX)] == []
    assert [node.name for node in functions if node.returns or node.args.kwonlyargs or any(arg.annotation for arg in node.args.args)] == []


def test_an_old_python_is_told_what_is_needed(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(setup.platform, "python_version", lambda: "3.9.2")
    assert setup.main([]) == 1
    error = capsys.readouterr().err
    assert "Hace falta Python 3.11 o posterior; este es 3.9.2" in error
    assert error.isascii()


def test_native_windows_is_told_to_use_wsl(setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(setup.os, "name", "nt")
        code = setup.main([])
    assert code == 1
    error = capsys.readouterr().err
    assert "wsl --install" in error
    assert "python3 setup.py" in error


def test_without_the_venv_module_the_line_is_printed(
    setup: ModuleType, commands: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup.subprocess, "call", lambda *words, **options: 1)
    monkeypatch.setattr(setup, "on_debian", lambda: False)
    assert setup.main([]) == 1
    assert "le falta el módulo venv. Instálelo como root con: apt-get install -y python3-venv" in capsys.readouterr().err
    assert commands == []


def test_as_root_on_debian_the_venv_module_is_installed_saying_so_first(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter([1, 0])
    monkeypatch.setattr(setup.subprocess, "call", lambda *words, **options: next(answers))
    monkeypatch.setattr(setup, "on_debian", lambda: True)
    monkeypatch.setattr(setup, "apt_install", lambda packages: print("apt", *packages))
    setup.require_venv_module()
    said = capsys.readouterr().out.splitlines()
    assert said == ["A este Python le falta el módulo venv. Se instala con: apt-get install -y python3-venv", "apt python3-venv"]


def test_an_unknown_word_is_wrong_usage(setup: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert setup.main(["--test"]) == 2
    assert "Uso: python3 setup.py [--tests]" in capsys.readouterr().err


def test_the_second_run_does_nothing(setup: ModuleType, commands: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert setup.main([]) == 0
    first = len(commands)
    assert setup.main([]) == 0
    assert len(commands) == first == 2
    assert "El entorno de venv/ ya está al día" in capsys.readouterr().out


def test_the_environment_finds_the_library(setup: ModuleType, commands: list[str], tmp_path: Path) -> None:
    setup.main([])
    assert (tmp_path / "dataset_manager.pth").read_text() == f"{tmp_path}/scripts\n"


def test_tests_are_added_to_an_environment_that_is_kept(setup: ModuleType, commands: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "install_servers", lambda: None)
    setup.main([])
    setup.main(["--tests"])
    assert len(commands) == 3
    assert commands[-1].endswith(f"-r {setup.ROOT}/requirements-tests.txt")
    setup.main([])
    assert len(commands) == 3


def test_another_lock_is_installed_into_the_same_environment(setup: ModuleType, commands: list[str], tmp_path: Path) -> None:
    setup.main([])
    (tmp_path / "requirements.txt").write_text("one==2\n")
    setup.main([])
    assert ["venv" in command.split() for command in commands] == [True, False, False]


def test_an_interrupted_installation_starts_anew(setup: ModuleType, commands: list[str], tmp_path: Path) -> None:
    setup.main([])
    (tmp_path / "venv" / "installed.txt").unlink()
    setup.main([])
    assert len(commands) == 4


def test_an_environment_whose_python_vanished_starts_anew(setup: ModuleType, commands: list[str], tmp_path: Path) -> None:
    setup.main([])
    (tmp_path / "venv" / "bin" / "python").unlink()
    setup.main([])
    assert len(commands) == 4


def test_a_folder_that_is_no_environment_is_left_alone(
    setup: ModuleType, commands: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "mine.txt").touch()
    assert setup.main([]) == 1
    assert "existe y no es un entorno de Python; apártelo o bórrelo" in capsys.readouterr().err
    assert (tmp_path / "venv" / "mine.txt").exists()


def test_a_failed_installation_names_what_failed(setup: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(setup.SetupError, match=r"Instalar: falló «false» \(código 1\)"):
        setup.run(["false"], "Instalar")


def test_missing_server_programs_are_named_and_do_not_stop_the_rest(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "missing_packages", lambda: ["mariadb-server", "maven"])
    monkeypatch.setattr(setup, "on_debian", lambda: False)
    monkeypatch.setattr(setup.subprocess, "call", lambda *words, **options: 0)
    setup.install_servers()
    assert "como root: apt-get install -y --no-install-recommends mariadb-server maven" in capsys.readouterr().out


def test_as_root_on_debian_they_are_installed_saying_so_first(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "missing_packages", lambda: ["nginx-light"])
    monkeypatch.setattr(setup, "on_debian", lambda: True)
    monkeypatch.setattr(setup, "apt_install", lambda packages: print("apt", *packages))
    monkeypatch.setattr(setup.subprocess, "call", lambda *words, **options: 0)
    setup.install_servers()
    said = capsys.readouterr().out.splitlines()
    assert (
        said[0] == "Faltan programas de servidor para las pruebas. Se instalan con: apt-get install -y --no-install-recommends nginx-light"
    )
    assert "apt nginx-light" in said[1:]


def test_what_cannot_be_installed_is_said_and_the_tests_go_on(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "missing_packages", lambda: ["nginx-light"])
    monkeypatch.setattr(setup, "on_debian", lambda: True)
    monkeypatch.setattr(setup.subprocess, "call", lambda *words, **options: 100)
    setup.install_servers()
    said = capsys.readouterr().out
    assert "Lista de paquetes de Debian: falló «apt-get update» (código 100)" in said
    assert "Elasticsearch no se ha podido preparar; las pruebas que lo usan se saltarán" in said


def test_the_list_of_packages_is_renewed_only_when_it_does_not_serve(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def call(command: list[str], **options: object) -> int:
        ran.append(" ".join(command))
        return int(len(ran) == 1)

    monkeypatch.setattr(setup.subprocess, "call", call)
    setup.apt_install(["maven"])
    install = "apt-get install -y --no-install-recommends maven"
    assert ran == [install, "apt-get update", install]
