"""What counts as a picture in a dataset's folder."""

from pathlib import Path

from dataset_manager.datasets.content import present


def test_only_the_tools_own_files_and_litter_are_left_out(tmp_path: Path) -> None:
    own = ["_summary_d.csv", "_summary_d.html", "README.md", "merge_report.csv", "Thumbs.db", "pera/57/.DS_Store"]
    others = ["_summary_evil.jpg", "README.md.jpg", "pera/57/README.md", "pera/57/a.jpg"]
    for name in [*own, *others]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert sorted(present(tmp_path)) == sorted(others)
