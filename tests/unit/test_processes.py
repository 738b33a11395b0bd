"""Which process a command is about, without running anything."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dataset_manager import active_process, processes, settings, status, storage
from dataset_manager.errors import ConfigurationError, ProcessError, UsageError
from dataset_manager.files import write_json
from dataset_manager.wording import size_of
from dataset_sets import dataset, pictures

EXPORT = {"sources": {"transactions": "h.ndjson", "catalogue": "c.sqlite", "pictures": "p"}}


def load(
    root: Path, moment: str = "2025-08-03T12:00:00", config: dict[str, Any] | None = None, **typed: Any
) -> settings.ProcessAwareSettings:
    found = settings.load(root, typed, EXPORT if config is None else config, {})
    object.__setattr__(found, "now", datetime.fromisoformat(moment).replace(tzinfo=UTC))
    return found


def create(found: settings.ProcessAwareSettings, finished: bool = True) -> str:
    """What the rules would write."""
    name = processes.for_download(found)
    here = found.folder(name)
    for file, value in (
        ("process_metadata.json", processes.metadata_to_write(found, name)),
        ("data/parameters.json", processes.parameters(found, name)),
        ("data/raw/window.json", window := processes.window(found, name)),
    ):
        write_json(here / file, value)
    if finished:
        write_json(here / "reports/workbook_state.json", {"window": window})
    return name


def test_the_name_has_the_date_of_madrid(tmp_path: Path) -> None:
    assert processes.for_download(load(tmp_path, "2025-08-03T22:30:00", deployment_id=28)) == "dataset_28_040825_v1"


def test_the_window_is_whole_utc_days(tmp_path: Path) -> None:
    found = load(tmp_path, deployment_id=28, days_back=2)
    assert processes.window(found, "p") == {
        "gte": "2025-08-01T00:00:00+00:00",
        "lt": "2025-08-04T00:00:00+00:00",
        "read": "2025-08-03T12:00:00+00:00",
    }


def test_an_unfinished_process_of_another_day_is_continued(tmp_path: Path) -> None:
    name = create(load(tmp_path, deployment_id=28), finished=False)
    assert processes.for_download(load(tmp_path, "2025-08-05T12:00:00", deployment_id=28)) == name


def test_refresh_on_another_day_extends_the_newest(tmp_path: Path) -> None:
    name = create(load(tmp_path, deployment_id=28))
    later = load(tmp_path, "2025-08-05T12:00:00", deployment_id=28, refresh=True)
    assert processes.for_download(later) == name
    assert processes.window(later, name)["lt"] == "2025-08-06T00:00:00+00:00"
    assert processes.window(later, name)["gte"] == "2025-07-04T00:00:00+00:00"


def test_a_window_stays_without_refresh(tmp_path: Path) -> None:
    name = create(load(tmp_path, deployment_id=28))
    assert processes.window(load(tmp_path, "2025-08-05T12:00:00", deployment_id=28), name)["lt"] == "2025-08-04T00:00:00+00:00"


def test_a_name_taken_by_a_stray_file_is_skipped(tmp_path: Path) -> None:
    found = load(tmp_path, deployment_id=28)
    found.processes.mkdir(parents=True)
    (found.processes / "dataset_28_030825_v1").write_text("")
    assert processes.for_download(found) == "dataset_28_030825_v2"


def test_a_folder_with_only_logs_of_a_run_that_died_is_free(tmp_path: Path) -> None:
    found = load(tmp_path, deployment_id=28)
    (found.processes / "dataset_28_030825_v1/logs").mkdir(parents=True)
    (found.processes / "dataset_28_030825_v1/logs/create_process.log").write_text("")
    assert processes.for_download(found) == "dataset_28_030825_v1"


def test_a_name_that_differs_only_in_case_is_refused(tmp_path: Path) -> None:
    create(load(tmp_path, deployment_id=28, process_name="Agosto"))
    with pytest.raises(ProcessError, match="solo se distingue en mayúsculas"):
        processes.for_download(load(tmp_path, deployment_id=28, process_name="agosto"))


def test_given_now_beats_kept_beats_configured(tmp_path: Path) -> None:
    found = load(tmp_path, deployment_id=28, confidence="0.9")
    name = create(found)
    again = load(tmp_path, deployment_id=28)
    assert processes.parameters(again, name)["confidence"] == 0.9
    assert processes.parameters(load(tmp_path, deployment_id=28, confidence=0.7), name)["confidence"] == 0.7


def test_active_never_falls_back_to_another_process(tmp_path: Path) -> None:
    found = load(tmp_path, deployment_id=28)
    create(found)
    with pytest.raises(ProcessError, match="No hay proceso activo"):
        processes.active(found)
    write_json(found.out / "active_process.json", {"process": "gone"})
    with pytest.raises(ProcessError, match="No existe el proceso gone"):
        processes.active(found)


def test_without_credentials_a_typed_deployment_never_becomes_the_demo(tmp_path: Path) -> None:
    found = settings.load(tmp_path, {"deployment_id": 130}, {}, {})
    assert not found.demo
    with pytest.raises(ConfigurationError, match=r"ELASTIC_HOST(.|\n)*DB_PROD_RO_HOST(.|\n)*main.py demo"):
        processes.for_download(found)


def test_nothing_at_hand_is_the_demo_on_its_own_day(tmp_path: Path) -> None:
    found = settings.load(tmp_path, {}, {}, {})
    assert found.demo
    assert found.out == tmp_path / "output-demo"
    assert processes.for_download(found) == "dataset_130_010825_v1"


def test_the_demo_refuses_a_folder_with_real_processes(tmp_path: Path) -> None:
    create(load(tmp_path, deployment_id=28))
    with pytest.raises(ConfigurationError, match="tiene procesos reales"):
        settings.load(tmp_path, {}, {"sources": settings.ALL_SAMPLE}, {"OUTPUT_BASE_DIR": "output"})


def test_the_demos_folder_stays_the_demo_whatever_is_configured(tmp_path: Path) -> None:
    demo = settings.load(tmp_path, {}, {}, {})
    create(demo)
    real = settings.load(tmp_path, {"deployment_id": 130}, EXPORT, {"OUTPUT_BASE_DIR": "output-demo", "ELASTIC_HOST": "h"})
    assert real.demo
    assert processes.for_download(real) == "dataset_130_010825_v1"


def test_the_sample_does_not_mix_with_a_server(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="para las tres fuentes o para ninguna"):
        settings.load(tmp_path, {}, {"sources": {"transactions": "sample"}}, {})


def test_too_many_days_back_is_a_slip(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"days_back=10000 no vale; debe ser un entero de 1 a 365"):
        load(tmp_path, deployment_id=28, days_back=10_000)


def test_a_legacy_folder_is_told_from_a_process(tmp_path: Path) -> None:
    found = load(tmp_path, deployment_id=28)
    old = found.processes / "dataset_28_010125_v1"
    old.mkdir(parents=True)
    (old / "process_metadata.json").write_text(json.dumps({"name": old.name, "deployment_id": 28}))
    assert processes.is_legacy(found, old)
    assert not processes.is_legacy(found, found.folder(create(found)))


def test_metadata_of_a_later_version_is_refused(tmp_path: Path) -> None:
    found = load(tmp_path, deployment_id=28)
    write_json(found.folder("p") / "process_metadata.json", {"format": 99})
    with pytest.raises(ProcessError, match=r"processes/p lo hizo una versión más nueva .*formato 99.* Actualice la herramienta"):
        found.metadata("p")


def test_a_process_of_a_later_version_stops_no_command_about_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = load(tmp_path, deployment_id=28)
    name = create(found)
    write_json(found.folder("dataset_28_030825_v9") / "process_metadata.json", {"format": 99, "identity": "?"})
    assert processes.for_download(found) == name
    active_process.run(load(tmp_path, list=True))
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "03/08/2025, completo" in lines[name] and "versión más nueva" in lines["dataset_28_030825_v9"]
    active_process.run(load(tmp_path, set=name))
    status.show(load(tmp_path))
    said = capsys.readouterr().out
    assert "versión más nueva" in said and "  dataset_28_030825_v9\n" in said


def test_status_goes_on_when_the_active_process_is_of_a_later_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = load(tmp_path)
    write_json(found.folder("p") / "process_metadata.json", {"format": 99})
    write_json(found.out / "active_process.json", {"process": "p"})
    status.show(found)
    said = capsys.readouterr().out
    assert "p: lo hizo una versión más nueva" in said and "Caché de imágenes" in said
    with pytest.raises(ProcessError, match="Actualice la herramienta"):
        processes.active(found)


def test_the_environment_file_of_its_creation_is_kept_and_another_one_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".env").write_text("DB_PROD_RO_PASSWORD=hunter2\n")
    found = load(tmp_path, deployment_id=28)
    name = create(found)
    written = (found.folder(name) / "process_metadata.json").read_text()
    assert json.loads(written)["environment_file"] == str(tmp_path / ".env") and "hunter2" not in written
    active_process.run(load(tmp_path, set=name))
    active_process.run(load(tmp_path))
    assert f"Archivo de entorno: {tmp_path / '.env'}\n" in capsys.readouterr().out
    (tmp_path / ".env").unlink()
    assert processes.for_download(load(tmp_path, deployment_id=28)) == name  # it is no part of the question
    active_process.run(load(tmp_path))
    assert f"Archivo de entorno: {tmp_path / '.env'} (ahora: ninguno)\n" in capsys.readouterr().out


def test_status_shows_local_time_and_the_bytes_of_what_each_stage_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = load(tmp_path, deployment_id=28)
    here = found.folder(create(found))
    for file, size in (
        ("data/raw/manifest.json", 10), ("data/raw/2025-08-01.ndjson.zst", 5_000), ("data/references.parquet", 100),
        ("data/labels.parquet", 1_900), ("data/analysis/summary.parquet", 100), ("data/analysis/references.parquet", 3_900),
        (f"reports/{here.name}.xlsx", 7_000_000), ("images/review.request.json", 50), ("images/review.json", 60),
        ("images/productos/pera/57/a.jpg", 30_000), ("images/revision.html", 10_000),
    ):  # fmt: skip
        (here / file).parent.mkdir(parents=True, exist_ok=True)
        (here / file).write_bytes(b"x" * size)
    lines = {line[2:26].strip(): line for line in status.stage_lines(here, storage.Sizes(here))}
    for stage, size in (
        ("transacciones leídas", "5,1 kB"), ("catálogo", "2,0 kB"), ("análisis", "4,0 kB"), ("libro de Excel", "7,0 MB"),
        ("revisión hecha", "40,0 kB"),
    ):  # fmt: skip
        assert f"({size})" in lines[stage]
    active_process.run(load(tmp_path, set=here.name))
    active_process.run(load(tmp_path))
    assert "Creado: 03/08/2025 14:00 (hora de Europe/Madrid)" in capsys.readouterr().out


def test_status_shows_the_bytes_of_each_dataset(tmp_path: Path) -> None:
    counts = {"placed": 1, "short": 2, "failed": 0}
    made = dataset(tmp_path, "p_v01", pictures(1), counts=counts)
    size = sum(path.stat().st_size for path in made.tree.rglob("*.jpg"))
    assert list(status.dataset_lines(made.home.parent, storage.Sizes(made.home.parent)))[1].startswith(
        f"  p_v01: 1 imagen, faltan 2, fallidas 0 ({size_of(size)})"
    )
