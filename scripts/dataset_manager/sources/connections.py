"""`status --check`: can each source be reached, how fast, and if not, exactly why.

In: the three sources as resolved (a connection, a path, or the ToolError that resolving gave). Out: one CheckResult each.
Nothing is written and nothing is repeated: the first answer is the answer.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from dataset_manager.errors import SourceError, ToolError
from dataset_manager.sources import embedded
from dataset_manager.sources.connection_types import DatabaseConnection, ElasticConnection, S3Connection
from dataset_manager.sources.database import TABLES, snapshot
from dataset_manager.sources.s3_client import KEYS, MISSING, place_of, s3_client
from dataset_manager.wording import number, size_of

DENIED = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}


@dataclass(frozen=True)
class CheckResult:
    """`detail` says what was found, or what is wrong and what to do."""

    source: str
    ok: bool
    latency_ms: int
    detail: str


def check_all(
    *,
    transactions: ElasticConnection | Path | ToolError,
    catalogue: DatabaseConnection | Path | ToolError,
    pictures: S3Connection | Path | ToolError,
    index_pattern: str,
) -> list[CheckResult]:
    """In the order transactions, catalogue, pictures."""
    return [
        timed("transactions", lambda: check_transactions(transactions, index_pattern)),
        timed("catalogue", lambda: check_catalogue(catalogue)),
        timed("pictures", lambda: check_pictures(pictures)),
    ]


def timed(source: str, check: Callable[[], str]) -> CheckResult:
    """Runs one check; its error becomes the detail."""
    start = time.perf_counter()
    try:
        ok, detail = True, check()
    except ToolError as error:
        ok, detail = False, str(error)
    return CheckResult(source, ok, round((time.perf_counter() - start) * 1000), detail)


def check_transactions(place: ElasticConnection | Path | ToolError, pattern: str) -> str:
    """Counts the pattern's documents, or reads the first hit of the file."""
    if isinstance(place, ToolError):
        raise place
    if isinstance(place, Path):
        for place_in_file, line in islice(embedded.numbered(place), 1):
            embedded.parsed(place, place_in_file, line)
        return f"{place} ({size_of(place.stat().st_size)})"
    from dataset_manager.sources.elastic import Server

    with Server(replace(place, max_retries=0), pattern) as server:
        return f"{place.url}: {number(server.documents())} documentos en {pattern}"


def check_catalogue(place: DatabaseConnection | Path | ToolError) -> str:
    """Opens the snapshot: it checks tables and columns."""
    if isinstance(place, ToolError):
        raise place
    with snapshot(place) as database:
        return f"{database.place}: tablas {', '.join(TABLES)}"


def check_pictures(place: S3Connection | Path | ToolError) -> str:
    """Lists one key of the bucket, or looks for the folder."""
    if isinstance(place, ToolError):
        raise place
    if isinstance(place, S3Connection):
        return check_bucket(place)
    if not place.is_dir():
        raise SourceError(f"{place}: no existe esa carpeta. sources.pictures debe ser «s3» o una carpeta dispuesta como el bucket")
    return str(place)


def check_bucket(place: S3Connection) -> str:
    """SourceError in words an operator can act on."""
    from botocore.exceptions import BotoCoreError, ClientError

    where = place_of(place, place.bucket)
    try:
        client = s3_client(place, connect_timeout=10, read_timeout=20, retries={"total_max_attempts": 1})
        client.list_objects_v2(Bucket=place.bucket, MaxKeys=1)
    except ClientError as error:
        raise SourceError(f"{where}: {refused(error.response)}") from None
    except (BotoCoreError, ValueError) as error:
        raise SourceError(f"{where}: {unreachable(error)}") from None
    return where


def refused(response: dict[str, Any]) -> str:
    """The server answered with an error."""
    code = str(response["Error"]["Code"])
    if code in DENIED:
        return f"no acepta las credenciales, o no permiten listar ({code}). Revise {KEYS}"
    if code in {"404", "NoSuchBucket"}:
        return "ese bucket no existe. Revise S3_BUCKET (o MINIO_BUCKET)"
    if code in {"301", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}:
        return f"el bucket está en otra región ({code}). Revise REMOTE_STORAGE_REGION"
    return f"responde con un error ({code}: {response['Error'].get('Message', '')})"


def unreachable(error: Exception) -> str:
    """There was no answer."""
    kind, text = type(error).__name__, str(error)
    if kind in {"NoCredentialsError", "PartialCredentialsError"}:
        return MISSING
    if kind == "SSLError" or "SSL" in text:
        return f"falla el cifrado o su certificado no es de confianza ({text[:200]}). Revise MINIO_SECURE y MINIO_VERIFY_SSL"
    if "imeout" in kind:
        return "no respondió a tiempo. Compruebe la red y el endpoint"
    if kind == "EndpointConnectionError":
        return "nadie responde en esa dirección. Revise MINIO_ENDPOINT (o la región) y la red"
    return f"no se pudo conectar ({text[:200]}). Revise el endpoint y la red"
