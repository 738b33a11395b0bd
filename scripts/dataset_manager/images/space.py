"""Is there room for the pictures? Asked before a byte of them is.

In: the cache's folder, how many pictures are to come, and the sizes of those that are there. Out: nothing, or a DiskError.
"""

import shutil
from collections.abc import Collection
from pathlib import Path

from dataset_manager.errors import DiskError
from dataset_manager.wording import PICTURES, counted, size_of

TYPICAL = 75_000  # bytes of a picture of these scales, where the cache has none to measure
MARGIN = 200_000_000


def require_space(folder: Path, missing: int, sizes: Collection[int]) -> None:
    """`missing` pictures of the mean size, and a margin, fit on the disk of `folder`, which may not be there yet."""
    if not missing:
        return
    each = sum(sizes) / len(sizes) if sizes else TYPICAL
    needed = missing * each + MARGIN
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise DiskError(
            f"{folder}: no hay sitio para las imágenes: hacen falta {size_of(needed)} ({counted(missing, *PICTURES)} de unos "
            f"{size_of(each)}, y {size_of(MARGIN)} de margen) y en ese disco quedan {size_of(free)} libres. No se ha descargado nada: "
            "libere espacio, o ponga la salida en otro disco (OUTPUT_BASE_DIR), y repita la misma orden"
        )
