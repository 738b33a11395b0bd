"""Whether a store honours «only if nothing is there» and «only if it is still this one» when an upload is completed.

In: a client, a base. Out: the header, and whether it can be trusted: tried on an object of a few bytes that is removed again.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import uuid4

from dataset_manager.registry.digests import encoded
from dataset_manager.registry.saying import NOT_OFFERED, code_of, spoken
from dataset_manager.registry.stored import Stored
from dataset_manager.registry.target import Base

LOGGER = logging.getLogger(__name__)
FAILED = {"PreconditionFailed", "412"}
LOST = FAILED | {"ConditionalRequestConflict", "OperationAborted", "409", "NoSuchUpload", "NoSuchKey", "404"}
IGNORES = NOT_OFFERED | {"InvalidRequest", "InvalidArgument", "400"}
CONTENT = b"-"
DIGEST = encoded(hashlib.sha256(CONTENT).digest())
NEVER = '"00000000000000000000000000000000"'


def header_for(before: Stored | None) -> dict[str, str]:
    """boto3's argument: a new key, or exactly the object that was looked at."""
    return {"IfMatch": before.etag} if before else {"IfNoneMatch": "*"}


def honoured(client: Any, where: str, base: Base, header: dict[str, str]) -> bool:
    """Completes over an object under a condition that does not hold: a store that accepts this takes no notice of conditions."""
    place = {"Bucket": base.bucket, "Key": f"{base.prefix}.gfresh-probe-{uuid4().hex}"}
    with spoken(where, f"escribir en {base.url}"), probe_object(client, place):
        told = refuses(client, place, {name: "*" if name == "IfNoneMatch" else NEVER for name in header})
    if not told:
        LOGGER.warning("%s no admite escrituras condicionales: se mira el objeto justo antes de terminar, que no es del todo seguro", where)
    return told


@contextmanager
def probe_object(client: Any, place: dict[str, str]) -> Iterator[None]:
    """There while it is needed."""
    from botocore.exceptions import BotoCoreError, ClientError

    client.put_object(**place, Body=CONTENT, ChecksumSHA256=DIGEST)
    try:
        yield
    finally:
        try:
            client.delete_object(**place)
        except (BotoCoreError, ClientError):
            LOGGER.warning("No se ha podido borrar el objeto de prueba s3://%s/%s: bórrelo cuando pueda", place["Bucket"], place["Key"])


def refuses(client: Any, place: dict[str, str], header: dict[str, str]) -> bool:
    """Whether a completion under this header fails as it must."""
    from botocore.exceptions import ClientError

    upload = place | {"UploadId": client.create_multipart_upload(**place, ChecksumAlgorithm="SHA256")["UploadId"]}
    with ExitStack() as undo:
        undo.callback(client.abort_multipart_upload, **upload)
        tag = client.upload_part(**upload, PartNumber=1, Body=CONTENT, ChecksumSHA256=DIGEST)["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": tag, "ChecksumSHA256": DIGEST}]}
        try:
            client.complete_multipart_upload(**upload, MultipartUpload=parts, **header)
        except ClientError as error:
            if code_of(error) in FAILED:
                return True
            if code_of(error) not in IGNORES:
                raise
            return False
        undo.pop_all()
    return False
