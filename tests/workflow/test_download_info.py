"""download_info by real runs: which process, what is kept, what a second command does."""

import pytest

from workflow.conftest import PROCESS, Tool

ALL_JOBS = {
    "create_process", "fix_window", "keep_parameters", "extract_transactions", "extract_catalogue", "flatten", "analyse",
    "build_workbook", "download_info",
}  # fmt: skip


def test_a_fresh_run_makes_everything_and_a_dry_run_nothing(tool: Tool) -> None:
    before = tool.tree()
    assert tool.main("download_info", "28", "--dry-run") == 0, tool.text
    assert tool.tree() == before
    assert PROCESS in tool.text
    assert "Transacciones en la fuente: 27" in tool.text
    assert tool.main("download_info", "28") == 0, tool.text
    assert set(tool.jobs) == ALL_JOBS
    assert tool.book.exists()
    assert "Transacciones: 27" in tool.text
    assert f"Proceso activo: {PROCESS}" in tool.text


def test_the_same_command_again_changes_nothing(downloaded: Tool) -> None:
    before = downloaded.tree()
    assert downloaded.main("download_info", "28") == 0, downloaded.text
    assert downloaded.jobs == ["download_info"]
    after = downloaded.tree()
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert not [name for name in changed if PROCESS in name and ".locks" not in name and "/logs/" not in name]


def test_a_parameter_given_once_is_kept(downloaded: Tool) -> None:
    assert downloaded.main("download_info", "28", "--min-appearances", "50") == 0, downloaded.text
    assert {"keep_parameters", "analyse", "build_workbook"} <= set(downloaded.jobs)
    assert "extract_transactions" not in downloaded.jobs
    assert downloaded.main("download_info", "28") == 0
    assert downloaded.jobs == ["download_info"]
    assert downloaded.json("data/parameters.json")["min_appearances"] == 50


def test_another_day_makes_another_process_and_leaves_the_first(downloaded: Tool) -> None:
    before = {name: content for name, content in downloaded.tree().items() if PROCESS in name and ".locks" not in name}
    downloaded.clock("2025-08-04T09:00:00")
    assert downloaded.main("download_info", "28") == 0, downloaded.text
    assert downloaded.process("dataset_28_040825_v1").exists()
    assert {name: content for name, content in downloaded.tree().items() if name in before} == before


def test_another_identity_is_the_next_version(downloaded: Tool) -> None:
    assert downloaded.main("download_info", "28", "--days-back", "2") == 0, downloaded.text
    assert downloaded.process("dataset_28_030825_v2").exists()


def test_a_named_process_is_the_same_on_any_day_and_without_its_flags(tool: Tool) -> None:
    assert tool.main("download_info", "28", "--days-back", "10", "--process-name", "agosto_v2") == 0, tool.text
    tool.clock("2025-08-20T09:00:00")
    assert tool.main("download_info", "28", "--process-name", "agosto_v2") == 0, tool.text
    assert tool.jobs == ["download_info"]
    assert tool.main("download_info", "28", "--days-back", "11", "--process-name", "agosto_v2") == 1
    assert "days_back: es 10, se pide 11" in tool.text


def test_refresh_adds_late_documents_and_keeps_marks(downloaded: Tool) -> None:
    downloaded.mark("References", "1", incluir_dataset="si", num_imagenes_dataset=7)
    downloaded.clock("2025-08-04T12:00:00")
    downloaded.hits(1, 2, 3, 4)
    assert downloaded.main("download_info", "28", "--process-name", PROCESS, "--refresh") == 0, downloaded.text
    assert "Transacciones: 36" in downloaded.text
    assert downloaded.cell("References", "1", "num_cliente") == 12
    assert (downloaded.cell("References", "1", "incluir_dataset"), downloaded.cell("References", "1", "num_imagenes_dataset")) == ("si", 7)
    assert downloaded.main("download_info", "28", "--process-name", PROCESS) == 0
    assert downloaded.jobs == ["download_info"]


@pytest.mark.parametrize(
    "seen", ["process_metadata.json", "data/raw/manifest.json", "data/transactions.parquet", "data/analysis/summary.parquet"]
)
def test_a_run_killed_is_continued_the_next_day(tool: Tool, seen: str) -> None:
    tool.kill_when((tool.process() / seen).exists, "download_info", "28")
    assert not (tool.root / "output/active_process.json").exists()
    tool.clock("2025-08-04T09:00:00")
    assert tool.main("download_info", "28") == 0, tool.text
    assert [path.name for path in tool.process().parent.iterdir() if not path.name.startswith(".")] == [PROCESS]
    assert tool.json("process_metadata.json")["created"].startswith("2025-08-03")


def test_a_deleted_workbook_is_named_with_the_line_that_rebuilds_it(downloaded: Tool) -> None:
    downloaded.book.unlink()
    assert downloaded.main("download_info", "28") == 1
    assert "-R build_workbook" in downloaded.text
    line = next(line for line in downloaded.text.splitlines() if "snakemake --cores 1" in line)
    words = line[line.index("snakemake --cores 1") :].split()
    assert downloaded.snakemake(*words[3:6]) == 0, downloaded.text
    assert downloaded.book.exists()


def test_no_reports_makes_tables_and_no_workbook(tool: Tool) -> None:
    assert tool.main("download_info", "28", "--no-reports") == 0, tool.text
    assert "build_workbook" not in tool.jobs
    assert not tool.book.exists()
    assert tool.main("download_info", "28") == 0
    assert tool.jobs == ["download_info"]


def test_a_folder_of_the_tool_of_before_is_left_alone(tool: Tool) -> None:
    legacy = tool.process()
    legacy.mkdir(parents=True)
    (legacy / "process_metadata.json").write_text('{"name": "old", "deployment_id": 28}')
    assert tool.main("download_info", "28") == 0, tool.text
    assert tool.process("dataset_28_030825_v2").exists()
    assert [path.name for path in legacy.iterdir()] == ["process_metadata.json"]
    assert tool.main("active-process", "--list") == 0
    assert "heredado" in tool.text


def test_an_empty_window_is_a_valid_process(tool: Tool) -> None:
    tool.hits()
    assert tool.main("download_info", "28") == 0, tool.text
    assert "No hay transacciones en la ventana" in tool.text
    assert tool.book.exists()
    assert tool.main("status") == 0, tool.text


def test_another_working_directory_changes_nothing(downloaded: Tool) -> None:
    run = downloaded.start("-c", f"import os, runpy, sys; os.chdir('/'); sys.argv = ['main.py', 'download_info', '28', '--config', "
                           f"'{downloaded.overlay}']; runpy.run_path('{downloaded.root}/main.py', run_name='__main__')")  # fmt: skip
    assert downloaded.end(run) == 0, downloaded.text
    assert downloaded.jobs[-1:] == ["download_info"]
    assert "extract_transactions" not in downloaded.jobs
