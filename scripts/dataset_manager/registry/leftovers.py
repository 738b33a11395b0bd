"""Uploads that a killed run left unfinished (docs/rules.md, «Upload»).

In: an object's key, the note beside its zip. Out: those uploads are aborted; one that another run may be working on is left alone.
"""

import fcntl
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO

from dataset_manager.files import now, write_json
from dataset_manager.registry.saying import ABSENT, DENIED, NO_UPLOAD, NOT_OFFERED, code_of, spoken
from dataset_manager.registry.target import Target

LOGGER = logging.getLogger(__name__)


def note_of(zip_path: Path) -> Path:
    """Which upload of this zip is under way."""
    return zip_path.with_name(f".{zip_path.name}.upload.json")


@contextmanager
def noted(client: Any, bucket: str, target: Target, zip_path: Path, upload: str) -> Iterator[None]:
    """Aborts the upload unless the block ends well. The note stays when the process is killed or the abort fails."""
    note = note_of(zip_path)
    write_json(note, {"url": target.url, "upload": upload})
    with note.open("rb") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        try:
            yield
        except BaseException:
            if abort(client, bucket, target, upload):
                note.unlink(missing_ok=True)
            raise
        note.unlink(missing_ok=True)


def left_by_the_dead(note: Path, target: Target) -> str:
    """The upload that the note names; empty when its run is still at work, or it is of another place."""
    try:
        with note.open("rb") as handle:
            found = json.load(handle) if is_free(handle) else {}
    except (FileNotFoundError, ValueError):
        return ""
    return str(found.get("upload", "")) if found.get("url") == target.url else ""


def is_free(handle: BinaryIO) -> bool:
    """Whether no running process holds the lock of this file."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def clean(client: Any, where: str, bucket: str, target: Target, zip_path: Path, stale: float) -> None:
    """Aborts the noted one, and those of the same key that got no part for `stale` seconds. Who may not list them goes on without."""
    from botocore.exceptions import ClientError

    note = note_of(zip_path)
    mine = left_by_the_dead(note, target)
    with spoken(where, f"buscar subidas a medias de {target.url}"):
        try:
            left = unfinished(client, bucket, target.key)
            dead = [one for one in left if one["UploadId"] == mine or idle(client, bucket, one) > stale]
        except ClientError as error:
            if code_of(error) not in DENIED | NOT_OFFERED:
                raise
            LOGGER.warning("%s no deja ver las subidas a medias (%s): si las hay, no se cancelan", where, code_of(error))
            return
    gone = [abort(client, bucket, target, one["UploadId"]) for one in dead]
    if all(gone) and mine:
        note.unlink(missing_ok=True)


def unfinished(client: Any, bucket: str, key: str) -> list[dict[str, Any]]:
    """Uploads of exactly this key; `now` is the server's clock."""
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=key)
    return [one | {"now": clock_of(page)} for page in pages for one in page.get("Uploads", ()) if one["Key"] == key]


def clock_of(answer: dict[str, Any]) -> datetime:
    """The server's time, as its dates are compared with it; ours where it does not say."""
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(said) if said else now()


def idle(client: Any, bucket: str, upload: dict[str, Any]) -> float:
    """Seconds since its start or its newest part; 0 when it has just ended."""
    from botocore.exceptions import ClientError

    try:
        pages = client.get_paginator("list_parts").paginate(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        times = [part["LastModified"] for page in pages for part in page.get("Parts", ())]
    except ClientError as error:
        if code_of(error) not in NO_UPLOAD | ABSENT:
            raise
        return 0
    seconds: float = (upload["now"] - max([upload["Initiated"], *times])).total_seconds()
    return seconds


def abort(client: Any, bucket: str, target: Target, upload: str) -> bool:
    """Whether it is gone. Only a line in the log when it is not: the error that led here must not be hidden by another."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client.abort_multipart_upload(Bucket=bucket, Key=target.key, UploadId=upload)
        LOGGER.info("Cancelada la subida a medias de %s", target.url)
    except (BotoCoreError, ClientError) as error:
        if not (isinstance(error, ClientError) and code_of(error) in NO_UPLOAD):
            LOGGER.warning("No se ha podido cancelar la subida a medias de %s; lo hará la próxima ejecución", target.url)
            return False
    return True
