"""A writer of the workbook that kills itself with SIGKILL before its n-th step on the disk. Run by test_workbook_kill.

Arguments: the step (0: never), `build` or `fill`, the process folder. A step is a rename, an fsync, a removal, a copy,
or a part begun or the end written in a zip on the disk. Prints how many steps there were.
"""

import os
import shutil
import signal
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]
from books import book_of, make  # noqa: E402
from dataset_manager.workbook.parts import fill_tab  # noqa: E402

STEPS = [(os, "replace"), (os, "fsync"), (os, "unlink"), (shutil, "copyfile"), (zipfile.ZipFile, "open"), (zipfile.ZipFile, "close")]
count = 0


def counted(real: Callable[..., Any], last: int) -> Callable[..., Any]:
    def step(*args: Any, **kwargs: Any) -> Any:
        global count
        count += writes(args)
        if count == last and writes(args):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    return step


def writes(args: tuple[Any, ...]) -> bool:
    """Zips in memory, and those that are only read, change nothing on the disk."""
    return not isinstance(args[0], zipfile.ZipFile) or (args[0].mode == "w" and args[0].filename is not None and args[0].fp is not None)


def main(last: int, command: str, process: Path) -> None:
    for owner, name in STEPS:
        setattr(owner, name, counted(getattr(owner, name), last))
    if command == "build":
        make(process)
    else:
        fill_tab(book_of(process), "datasets_creados", ["reference_name"], [["Pera"]])
    print(count)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
