"""What S3 refuses, in words an operator can act on.

In: boto3's exceptions. Out: one SourceError that says where, what was being done, what was answered, what to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dataset_manager.errors import SourceError
from dataset_manager.sources.connections import refused, unreachable
from dataset_manager.sources.s3_client import KEYS

UNKNOWN_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "401"}
DENIED = {"403", "AccessDenied", "AllAccessDisabled", "AccountProblem", "Forbidden"}
ABSENT = {"404", "NoSuchKey", "NotFound"}
NO_UPLOAD = {"NoSuchUpload"}
NO_BUCKET = {"NoSuchBucket"}
NOT_OFFERED = {"NotImplemented", "MethodNotAllowed", "XNotImplemented", "501", "405"}


def code_of(error: Any) -> str:
    """The code of a ClientError, or the HTTP status where there is no body to say it."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def spoken(where: str, doing: str) -> Iterator[None]:
    """`doing` is what was tried, as an infinitive: «leer s3://…»."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise SourceError(f"{where}, al {doing}: {answered(error, doing)}") from None
    except ResponseParserError:
        raise SourceError(f"{where}, al {doing}: lo que responde no es S3. Revise el endpoint") from None
    except (BotoCoreError, ValueError) as error:
        raise SourceError(f"{where}, al {doing}: {unreachable(error)}. Repita la misma orden") from None


def answered(error: Any, doing: str) -> str:
    """Wrong keys, no permission, no bucket: each its own text."""
    code = code_of(error)
    if code in UNKNOWN_KEYS:
        return f"no acepta las credenciales ({code}). Revise {KEYS}"
    if code in DENIED:
        return f"sin permiso ({code}): estas credenciales no dejan {doing}. Pida ese permiso o revise {KEYS}"
    if code in NO_BUCKET:
        return "ese bucket no existe. Revise s3_base"
    return f"{refused(error.response)}. Repita; si sigue, avise a quien lleva el almacén"
