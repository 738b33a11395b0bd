"""One upload in parts, each with its sha256 for the store to check (docs/rules.md, «Upload»).

In: a measured zip, a target. Out: an upload ready to be completed, or none at all: what fails is aborted.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from dataset_manager.errors import SourceError
from dataset_manager.registry import leftovers
from dataset_manager.registry.digests import Measured, encoded
from dataset_manager.registry.saying import NO_UPLOAD, code_of, spoken
from dataset_manager.registry.stored import Transfer
from dataset_manager.registry.target import Target
from dataset_manager.wording import size_of

LOGGER = logging.getLogger(__name__)
SPOILT = {"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "InvalidDigest", "IncompleteBody", "RequestTimeout"}


@dataclass(frozen=True)
class Sending:
    """What is sent where; `mark` tells our object from an equal one of another run."""

    client: Any
    where: str
    bucket: str
    target: Target
    zipped: Measured
    transfer: Transfer
    progress: Callable[[str], None]
    mark: str = field(default_factory=lambda: uuid4().hex)

    @property
    def place(self) -> dict[str, str]:
        """boto3's name of the object."""
        return {"Bucket": self.bucket, "Key": self.target.key}

    @contextmanager
    def started(self) -> Iterator[str]:
        """The id of a new upload; aborted unless the block ends well. A note beside the zip survives a kill."""
        with spoken(self.where, f"escribir {self.target.url}"):
            upload = str(self.client.create_multipart_upload(**self.place, **self.description())["UploadId"])
        with leftovers.noted(self.client, self.bucket, self.target, self.zipped.path, upload):
            yield upload

    def description(self) -> dict[str, Any]:
        """What the object says of itself."""
        about = {"sha256": self.zipped.sha256, "part-size": str(self.zipped.part_size), "upload": self.mark}
        return {"ChecksumAlgorithm": "SHA256", "ContentType": "application/zip", "Metadata": about}

    def abort(self, upload: str) -> None:
        """Best effort: what cannot be aborted now is aborted by the next run."""
        leftovers.abort(self.client, self.bucket, self.target, upload)

    def parts(self, upload: str) -> list[dict[str, Any]]:
        """Sends every part in a few threads; the list that completion needs."""
        with ThreadPoolExecutor(self.transfer.threads) as pool:
            waiting = [pool.submit(self.part, upload, number) for number in range(1, len(self.zipped.parts) + 1)]
            try:
                self.watch(waiting)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return [one.result() for one in waiting]

    def watch(self, waiting: "list[Future[dict[str, Any]]]") -> None:
        """A line every ten per cent; the first failure is raised."""
        told = 0
        for done, one in enumerate(as_completed(waiting), 1):
            one.result()
            share = done * 10 // len(waiting)
            if share > told:
                told = share
                self.progress(f"Subiendo {self.target.url}: {share * 10} % de {size_of(self.zipped.size)}")

    def part(self, upload: str, number: int) -> dict[str, Any]:
        """One part. boto3 repeats what the network loses; what arrived spoilt is repeated here."""
        from botocore.exceptions import ClientError

        digest = encoded(self.zipped.parts[number - 1])
        body = self.content(number)
        with spoken(self.where, f"escribir {self.target.url} (parte {number} de {len(self.zipped.parts)})"):
            for left in reversed(range(self.transfer.attempts)):
                try:
                    sent = self.client.upload_part(Body=body, PartNumber=number, ChecksumSHA256=digest, UploadId=upload, **self.place)
                    return {"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": digest}
                except ClientError as error:
                    if code_of(error) in NO_UPLOAD:
                        raise SourceError(f"{self.target.url}: otra ejecución ha cancelado esta subida; repita la misma orden") from None
                    if code_of(error) not in SPOILT or not left:
                        raise
        raise AssertionError("attempts is at least 1")

    def content(self, number: int) -> bytes:
        """The bytes of one part."""
        size = self.zipped.part_size
        with self.zipped.path.open("rb") as handle:
            handle.seek((number - 1) * size)
            return handle.read(size)

    def complete(self, upload: str, parts: list[dict[str, Any]], header: dict[str, str]) -> None:
        """Makes the object, under the condition."""
        self.client.complete_multipart_upload(**self.place, UploadId=upload, MultipartUpload={"Parts": parts}, **header)
