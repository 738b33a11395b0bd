"""What status says about the disk, and the command that frees it."""

import os
import subprocess
from pathlib import Path

from dataset_manager.storage import CacheUse, cache_use, freeing


def test_the_command_frees_exactly_what_only_the_cache_holds(tmp_path: Path) -> None:
    root = tmp_path / "la caché/pictures"
    for name, size in (("aa/used.jpg", 10), ("ab/alone.jpg", 7), (".incoming/half.tmp", 99)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x" * size)
    os.link(root / "aa/used.jpg", tmp_path / "linked.jpg")
    assert cache_use(root) == CacheUse(2, 17, 7)
    assert (root / "ab/alone.jpg").exists()
    subprocess.run(freeing(root), shell=True, check=True)
    assert cache_use(root) == CacheUse(1, 10, 0)
    assert (root / ".incoming/half.tmp").exists()


def test_without_a_cache_there_is_nothing(tmp_path: Path) -> None:
    assert cache_use(tmp_path / "none") == CacheUse()
