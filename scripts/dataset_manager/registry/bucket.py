"""An S3 bucket as a place for zips (docs/rules.md, «Upload»).

In: a `Base` with a bucket, a connection. Out: what is there, and objects that replace exactly what was looked at.
"""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dataset_manager.errors import SourceError
from dataset_manager.registry import conditions, leftovers, multipart
from dataset_manager.registry.client import client_of
from dataset_manager.registry.digests import MIB, Measured
from dataset_manager.registry.errors import RegistryError
from dataset_manager.registry.saying import ABSENT, DENIED, code_of, spoken
from dataset_manager.registry.stored import Added, Expected, Status, Stored, Transfer, expected_of, same
from dataset_manager.registry.target import Base, Target
from dataset_manager.sources.connection_types import S3Connection
from dataset_manager.sources.s3_client import place_of
from dataset_manager.wording import number

LOGGER = logging.getLogger(__name__)


class BucketShelf:
    """See `Shelf`."""

    def __init__(self, base: Base, connection: S3Connection, transfer: Transfer, progress: Callable[[str], None]) -> None:
        self.base, self.transfer, self.progress = base, transfer, progress
        self.client = client_of(connection, transfer)
        self.where = place_of(connection, base.bucket)

    def look(self, target: Target) -> Stored | None:
        """403 is an error and never «absent»; a 404 counts only when the bucket is there."""
        from botocore.exceptions import ClientError

        with spoken(self.where, f"mirar {target.url}"):
            try:
                return stored_of(self.client.head_object(Bucket=self.base.bucket, Key=target.key, ChecksumMode="ENABLED"))
            except ClientError as error:
                if code_of(error) in DENIED | {"400"}:
                    self.explain(target)
                if code_of(error) not in ABSENT:
                    raise
        self.require_bucket()
        return None

    def explain(self, target: Target) -> None:
        """A refused HEAD has no body; a listing is refused with the reason in it."""
        self.client.list_objects_v2(Bucket=self.base.bucket, Prefix=target.key, MaxKeys=1)

    def require_bucket(self) -> None:
        """A HEAD of an object answers 404 also where the bucket is not there."""
        from botocore.exceptions import ClientError

        with spoken(self.where, "mirar el bucket"):
            try:
                self.client.head_bucket(Bucket=self.base.bucket)
            except ClientError as error:
                if code_of(error) not in ABSENT:
                    raise
                raise SourceError(f"{self.where}: ese bucket no existe. Revise s3_base={self.base.url} y cree el bucket si falta") from None

    def read(self, target: Target) -> str:
        """Streams the object; a cut answer is an error of the source."""
        with spoken(self.where, f"leer {target.url}"):
            body = self.client.get_object(Bucket=self.base.bucket, Key=target.key)["Body"]
            whole = hashlib.sha256()
            for piece in body.iter_chunks(MIB):
                whole.update(piece)
        return whole.hexdigest()

    def clean(self, target: Target, zip_path: Path) -> None:
        """Unfinished uploads cost money and show in no listing of objects."""
        leftovers.clean(self.client, self.where, self.base.bucket, target, zip_path, self.transfer.stale)

    def add(self, target: Target, zipped: Measured, before: Stored | None) -> Added:
        """Probe, upload in parts, complete under the condition, look at what is there then."""
        header = conditions.header_for(before)
        conditional = conditions.honoured(self.client, self.where, self.base, header)
        sending = multipart.Sending(self.client, self.where, self.base.bucket, target, zipped, self.transfer, self.progress)
        with sending.started() as upload:
            parts = sending.parts(upload)
            if not conditional:
                self.require_unchanged(target, before)
            self.finish(sending, upload, parts, header if conditional else {})
        found = self.require_right(sending)
        status: Status = "ya estaba" if found.upload not in {"", sending.mark} else "sustituido" if before else "subido"
        return Added(status, conditional, len(parts), found.checksum or zipped.sha256, found.part_size)

    def require_unchanged(self, target: Target, before: Stored | None) -> None:
        """The best that a store without conditions allows: a look right before the end."""
        now = self.look(target)
        if (now and now.etag) != (before and before.etag):
            raise changed(target)

    def finish(self, sending: "multipart.Sending", upload: str, parts: list[dict[str, Any]], header: dict[str, str]) -> None:
        """An answer that was lost, or «something is there already», is settled by a look at what is there."""
        from botocore.exceptions import BotoCoreError, ClientError

        with spoken(self.where, f"completar {sending.target.url}"):
            try:
                sending.complete(upload, parts, header)
            except (ClientError, BotoCoreError) as error:
                found = self.look(sending.target)
                if found and found.upload == sending.mark:
                    return
                if not (isinstance(error, ClientError) and code_of(error) in conditions.LOST):
                    raise
                self.require_equal(found, sending)
                sending.abort(upload)

    def require_equal(self, found: Stored | None, sending: "multipart.Sending") -> None:
        """Someone else was quicker; with an equal object nothing is wrong."""
        if not (found and self.is_same(found, sending.target, expected_of(sending.zipped))):
            raise changed(sending.target)

    def is_same(self, found: Stored, target: Target, expected: Expected) -> bool:
        """Reads the object only where the store says nothing of its content."""
        told = same(found, expected)
        return self.read(target) == expected.sha256 if told is None else told

    def require_right(self, sending: "multipart.Sending") -> Stored:
        """The store's own checksum, or what it gives back, is that of the zip: only then is it uploaded."""
        target, zipped, found = sending.target, sending.zipped, self.look(sending.target)
        if found is None:
            raise SourceError(f"{target.url}: el almacén dice que no está, justo después de aceptarlo. Nada se ha registrado; repita")
        if self.is_same(found if found.checksum else without_claims(found), target, expected_of(zipped)):
            return found
        if found.upload not in {"", sending.mark}:
            raise changed(target)
        raise SourceError(
            f"{target.url}: lo que guarda el almacén ({number(found.bytes)} bytes, {found.checksum or 'sin suma'}) no es lo que se envió "
            f"({number(zipped.size)} bytes, {zipped.composite}). Nada se ha registrado; repita con --overwrite (overwrite=true)"
        )


def without_claims(found: Stored) -> Stored:
    """What the uploader wrote proves nothing of what arrived."""
    return Stored(found.bytes, found.etag)


def changed(target: Target) -> RegistryError:
    """Between the look and the end of the upload."""
    return RegistryError(
        f"{target.url}: otra ejecución lo ha escrito o borrado mientras se subía. No se ha tocado lo que hay allí ni se ha registrado "
        "nada; repita la misma orden: dirá qué hay y en qué difiere"
    )


def stored_of(answer: dict[str, Any]) -> Stored:
    """From a HEAD."""
    meta = answer.get("Metadata", {})
    size = meta.get("part-size", "")
    return Stored(
        bytes=answer["ContentLength"],
        etag=answer.get("ETag", ""),
        checksum=answer.get("ChecksumSHA256", ""),
        sha256=meta.get("sha256", ""),
        part_size=int(size) if size.isdecimal() else 0,
        upload=meta.get("upload", ""),
    )
