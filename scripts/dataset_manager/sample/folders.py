"""Which pictures belong to which transaction: rows of the table `folder`, and the keys under `pictures/`.

In: a chunk. Out: rows and keys, pure functions of it. A few pictures are damaged or missing on purpose (`damage`).
"""

from collections.abc import Iterator
from typing import NamedTuple

from dataset_manager.sample.transactions import Chunk

CLIENT_FOLDER = "folders/gfresh/verano_2025"
DAMAGED_EVERY = 2600
DAMAGED = {131: "truncada", 247: "vacía", 371: "no es una imagen", 493: "no existe", 619: "bloque a cero"}  # position: what is wrong
UNREADABLE = {83: None, 211: "", 337: "['captura_1.jpg'", 457: "captura_1.jpg"}  # folder_files that are no list
LEADING_SLASH = 7  # one folder in so many is written with a leading slash


class Picture(NamedTuple):
    """One file of a transaction: `row` is its place in the chunk, `number` that of the file; `damage` is empty for a good one."""

    key: str
    row: int
    number: int
    damage: str


def folder_rows(rows: Chunk) -> Iterator[tuple[int, str, str | None]]:
    """(transaction_id, folder_url, folder_files); no row for half of the transactions without pictures."""
    for number, identifier, files in numbered(rows):
        url = ("/" if number % LEADING_SLASH == 0 else "") + folder(identifier)
        if number % DAMAGED_EVERY in UNREADABLE:
            yield identifier, url, UNREADABLE[number % DAMAGED_EVERY]
        elif count := kept(number, files):
            yield identifier, url, str([name(one) for one in range(count)])
        elif number % 2:
            yield identifier, url, "[]"


def pictures(rows: Chunk) -> Iterator[Picture]:
    """Every file that `folder_rows` names, the missing ones too."""
    for row, (number, identifier, files) in enumerate(numbered(rows)):
        if number % DAMAGED_EVERY in UNREADABLE:
            continue
        for one in range(kept(number, files)):
            yield Picture(folder(identifier) + name(one), row, one, DAMAGED.get(number % DAMAGED_EVERY, "") if one == 0 else "")


def numbered(rows: Chunk) -> Iterator[tuple[int, int, int]]:
    """(number, transaction_id, pictures) of each row."""
    return zip(rows.number.tolist(), rows.identifier.tolist(), rows.files.tolist(), strict=True)


def kept(number: int, files: int) -> int:
    """A transaction whose picture is to be damaged has one."""
    return max(files, 1) if number % DAMAGED_EVERY in DAMAGED else files


def folder(identifier: int) -> str:
    """The folder of a transaction, as a key."""
    return f"{CLIENT_FOLDER}/{identifier}/"


def name(number: int) -> str:
    """A picture's file name in its folder."""
    return f"captura_{number + 1}.jpg"
