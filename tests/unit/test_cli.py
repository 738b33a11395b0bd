"""main.py's words: what they become, and exit code 2 for what cannot be meant."""

import subprocess
import sys
from pathlib import Path

import pytest
from dataset_manager.cli import app, parser, runs
from dataset_manager.keys import COMMANDS, KEYS

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout: no credentials, no processes."""
    for name in ("ELASTIC_HOST", "DB_PROD_RO_HOST", "OUTPUT_BASE_DIR", "DATASET_MANAGER_ENV_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(root: Path, *words: str) -> int:
    return app.main(list(words), root)


def test_the_lines_that_operators_know_are_understood() -> None:
    found = parser.parse(["download_info", "130", "--days-back", "45", "--confidence", "0.78", "--process-name", "dataset_130_aug_v2"])
    assert (found.command, found.deployment_id, found.days_back, found.confidence, found.process_name) == (
        "download_info", "130", "45", "0.78", "dataset_130_aug_v2",
    )  # fmt: skip
    assert parser.parse(["active-process", "--list"]).command == "active_process"


@pytest.mark.parametrize("words", [["--config", "x.yaml", "status"], ["status", "--config", "x.yaml"]])
def test_global_flags_stand_on_either_side(words: list[str]) -> None:
    assert parser.parse(words).config == "x.yaml"


def test_every_command_and_flag_has_a_help_text(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            parser.parse([command, "--help"])
        shown = capsys.readouterr().out
        assert shown.startswith("uso: main.py")
        for name, key in KEYS.items():
            if command in key.commands and name not in ("deployment_id", *parser.FLAGS):
                assert parser.flag_of(name) in shown


@pytest.mark.parametrize("flag", parser.GONE)
def test_a_flag_that_is_gone_says_what_to_use(elsewhere: Path, capsys: pytest.CaptureFixture[str], flag: str) -> None:
    assert run(elsewhere, "download_info", "130", flag, "x") == 2
    assert f"{flag} ya no existe: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["download_info", "130", "--day-back", "3"], "¿quería decir --days-back?"),
        (["downlod_info"], "no existe: 'downlod_info'"),
        (["download_info", "ciento"], "deployment_id='ciento' no vale"),
        (["download_info", "130", "--days-back", "10000"], "un entero de 1 a 365"),
        (["download_info", "130", "--days-back"], "falta su valor"),
        (["status", "--env", "prod"], "no existe"),
        (["active-process", "--list", "--clear"], "no van juntos"),
    ],
)
def test_wrong_usage_is_exit_code_2(elsewhere: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert run(elsewhere, *words) == 2
    assert said in capsys.readouterr().err


def test_missing_credentials_are_exit_code_1_and_write_nothing(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(elsewhere, "download_info", "130") == 1
    assert "ELASTIC_HOST" in capsys.readouterr().err
    assert not (elsewhere / "output").exists()


def test_a_configuration_file_that_is_missing_or_no_yaml(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(elsewhere, "status", "--config", "none.yaml") == 1
    assert "No existe el archivo de configuración none.yaml" in capsys.readouterr().err
    (elsewhere / "bad.yaml").write_text("a: [")
    assert run(elsewhere, "status", "--config", "bad.yaml") == 1
    assert "bad.yaml: no se puede leer como YAML" in capsys.readouterr().err


def test_a_file_with_a_few_keys_is_laid_over_the_configuration(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "few.yaml").write_text("image_review: {num_imagenes_revision: 9}")
    assert run(elsewhere, "status", "--config", "few.yaml") == 0
    assert "Imágenes por revisión: 9" in capsys.readouterr().out


def test_status_masks_secrets_and_says_who_spoke(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / ".env").write_text("ELASTIC_HOST=es.example\nELASTIC_USERNAME=u\nELASTIC_PASSWORD=hunter2\n")
    assert run(elsewhere, "status") == 0
    said = capsys.readouterr().out
    assert "hunter2" not in said
    assert "ELASTIC_PASSWORD = ******** (.env)" in said


def test_the_equivalent_line_keeps_what_snakemake_would_change() -> None:
    given = parser.parse(["download_info", "130", "--cores", "2"])
    plain = runs.shown("download_info", {"deployment_id": "130", "process_name": "agosto"}, given)
    assert plain == "$ snakemake --cores 2 download_info --config deployment_id=130 process_name=agosto"
    assert "main.py lo pasa en un archivo" in runs.shown("download_info", {"model": "00014"}, given)


@pytest.mark.parametrize(("profile", "loaded"), [([], False), (["--profile", "profiles/slurm"], True)])
def test_the_cluster_is_loaded_only_where_a_profile_may_ask_for_it(profile: list[str], loaded: bool) -> None:
    said = subprocess.run([sys.executable, runs.LAUNCHER, "--help", *profile], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ("--slurm-" in said.stdout) is loaded
