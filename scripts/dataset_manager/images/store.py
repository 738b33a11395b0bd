"""Where pictures come from: a bucket (S3, MinIO) or a folder laid out as the bucket.

In: a connection or a path. Out: a `Source`; its `get(key)` gives the content or raises one of `answers.py`. One request per
call, no retries: those are `fetch.py`'s. Both kinds give the same answer to the same key.
"""

import errno
import hashlib
import ipaddress
import os
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from dataset_manager.errors import SourceError
from dataset_manager.images.answers import UNREADABLE_KEY, PermanentError, RetryError, explained
from dataset_manager.images.cache import Place
from dataset_manager.images.verify import Content
from dataset_manager.sources.connection_types import S3Connection
from dataset_manager.sources.s3_client import MISSING
from dataset_manager.wording import size_of

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Store

MAX_BYTES = 50_000_000
BAD_PARTS = {"", ".", ".."}
MAX_KEY_BYTES = 1024  # S3's own limit


@dataclass(frozen=True, slots=True)
class Answer:
    """A content, and the store's own MD5 of it; None when it came from a disk and nothing could happen on the way."""

    data: Content
    md5: str | None = None

    def is_what_is_stored(self) -> bool:
        """Surely. An encrypted object or one uploaded in parts has a tag that is no MD5 of it: then it is not known."""
        return self.md5 is None or hashlib.md5(self.data, usedforsecurity=False).hexdigest() == self.md5


class Source(Protocol):
    """One interface for all sources; safe to use from many threads."""

    @property
    def place(self) -> Place:
        """What its keys belong to, for the cache."""

    @property
    def name(self) -> str:
        """For messages."""

    def get(self, key: str) -> Answer:
        """The content. Raises PermanentError, DoubtfulError, RetryError or RefusedError."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, without a byte arriving, and for a whole picture."""

    connect: float = 5
    read: float = 15
    whole: float = 60


def open_source(origin: S3Connection | Path, timeouts: Timeouts | None = None) -> Source:
    """SourceError when the folder is not there or no credentials are found. Does not ask the server yet."""
    return FolderSource(origin) if isinstance(origin, Path) else BucketSource(origin, timeouts or Timeouts())


def require_key(key: str) -> None:
    """Keys that mean another place as a path, or that the S3 client cannot ask for, are refused by both sources."""
    if not BAD_PARTS.isdisjoint(key.split("/")) or has_control_characters(key):
        raise PermanentError(UNREADABLE_KEY)
    if len(key.encode()) > MAX_KEY_BYTES:
        raise PermanentError(f"la clave pasa de {MAX_KEY_BYTES} bytes")


def has_control_characters(key: str) -> bool:
    """Or halves of a character. What is printable has none, and nearly every key is."""
    return not key.isprintable() and any(unicodedata.category(character) in {"Cc", "Cs"} for character in key)


def require_size(size: int) -> None:
    """An object that is no picture of a scale must not fill the memory."""
    if size > MAX_BYTES:
        raise PermanentError(f"ocupa {size_of(size)} (el máximo son {size_of(MAX_BYTES)})")
    if size == 0:
        raise PermanentError("está vacía")


class FolderSource:
    """Never reads outside its folder, whatever the key or a link in the folder says."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise SourceError(f"{folder}: no existe esa carpeta. sources.pictures debe ser «s3» o una carpeta dispuesta como el bucket")
        self.folder = folder.resolve()
        self.place = Place.of(folder)
        self.name = str(folder)

    def get(self, key: str) -> Answer:
        """See `Source`."""
        require_key(key)
        try:
            path = Path(os.path.realpath(self.folder / key))
            if not path.is_relative_to(self.folder):
                raise PermanentError("la clave lleva fuera de la carpeta")
            if not path.is_file():
                raise PermanentError("no existe")
            require_size(path.stat().st_size)
            return Answer(path.read_bytes())
        except OSError as error:
            raise self.refused(error) from None

    def refused(self, error: OSError) -> PermanentError | RetryError:
        """A file that is not there, one that may not be read, or a disk that fails."""
        if error.errno in {errno.EACCES, errno.EPERM}:
            return PermanentError("sin permiso o inexistente")
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}:
            return PermanentError("no existe")
        return RetryError(f"el disco no la da ({error.strerror})")


class BucketSource:
    """Requests go through one pool of connections, however many threads ask."""

    def __init__(self, connection: S3Connection, timeouts: Timeouts) -> None:
        self.place = Place.of(connection)
        self.name = f"S3 {connection.endpoint_url or connection.region}, bucket {connection.bucket}"
        self.store = bucket(connection, timeouts)

    def get(self, key: str) -> Answer:
        """See `Source`."""
        import obstore
        from obstore.exceptions import BaseError

        require_key(key)
        try:
            answer = obstore.get(self.store, key)
            size, tag = answer.meta["size"], answer.meta["e_tag"]
            require_size(size)
            data = memoryview(answer.bytes())
        except (BaseError, OSError, ValueError) as error:
            raise explained(error) from None
        if len(data) != size:
            raise RetryError("llegó incompleta")
        return Answer(data, (tag or "").strip('"'))


def bucket(connection: S3Connection, timeouts: Timeouts) -> "S3Store":
    """The client; retries are off, what is not given comes from boto3's chain."""
    from obstore.store import S3Store

    endpoint, virtual = address(connection)
    config: dict[str, Any] = {"region": connection.region, "virtual_hosted_style_request": virtual}
    return S3Store(
        connection.bucket,
        config=config | ({"endpoint": endpoint} if endpoint else {}),  # type: ignore[arg-type]
        client_options=client_options(endpoint, connection, timeouts),
        retry_config={"max_retries": 0},
        credential_provider=credentials(connection),
    )


def client_options(endpoint: str, connection: S3Connection, timeouts: Timeouts) -> "ClientConfig":
    """TLS as asked for, with the private authority that boto3 would trust."""
    options: ClientConfig = {
        "allow_http": endpoint.startswith("http://"),
        "allow_invalid_certificates": not connection.verify_ssl,
        "connect_timeout": timedelta(seconds=timeouts.connect),
        "read_timeout": timedelta(seconds=timeouts.read),
        "timeout": timedelta(seconds=timeouts.whole),
    }
    if authority := os.environ.get("AWS_CA_BUNDLE"):
        options["root_certificate"] = Path(authority).read_bytes()
    return options


def address(connection: S3Connection) -> tuple[str, bool]:
    """Endpoint (empty: AWS's own) and whether the bucket is part of the host name, as boto3 decides it."""
    url = (connection.endpoint_url or "").rstrip("/")
    dotted = "." in connection.bucket
    if not url or connection.path_style or dotted or is_number(urlsplit(url).hostname or ""):
        return url, not url and not connection.path_style and not dotted
    parts = urlsplit(url)
    return parts._replace(netloc=f"{connection.bucket}.{parts.netloc}").geturl(), True


def is_number(host: str) -> bool:
    """An IP address has no subdomains."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def credentials(connection: S3Connection) -> Any:
    """A function, so that a session token in the environment never mixes with the keys that were given."""
    if connection.access_key and connection.secret_key:
        given = {"access_key_id": connection.access_key, "secret_access_key": connection.secret_key, "token": None, "expires_at": None}
        return lambda: given
    from botocore.exceptions import BotoCoreError
    from obstore.auth.boto3 import Boto3CredentialProvider

    try:
        return Boto3CredentialProvider()
    except (BotoCoreError, ValueError):
        raise SourceError(f"S3, bucket {connection.bucket}: {MISSING}") from None
