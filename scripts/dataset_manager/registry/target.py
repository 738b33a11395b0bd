"""Where a dataset's zip goes (docs/rules.md, «Upload»).

In: `s3_base` as typed, `s3://bucket/prefix` or `file:///absolute/folder`. Out: a `Base` that gives the URL and key of an object.
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from dataset_manager.errors import UsageError

DEFAULT_BASE = "s3://grabit-data/datasets/"
ALLOWED = "debe ser s3://bucket/prefijo (por ejemplo, s3://grabit-data/datasets/) o file:///carpeta/absoluta"
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
MAX_KEY_BYTES = 1024  # S3's own limit


@dataclass(frozen=True)
class Target:
    """One object: its URL for people and the registry, its key in the bucket or name in the folder."""

    url: str
    key: str


@dataclass(frozen=True)
class Base:
    """A bucket and prefix (empty or ending in `/`), or a folder that stands for one."""

    bucket: str = ""
    prefix: str = ""
    folder: Path | None = None

    def object(self, name: str) -> Target:
        """URL and key of `name`, one path part."""
        if not is_part(name):
            raise UsageError(f"{name!r} no vale como nombre de objeto; debe ser un solo nombre, sin «/» ni caracteres de control")
        if self.folder:
            return Target(f"file://{quote(str(self.folder / name), safe='/')}", name)
        key = self.prefix + name
        if len(key.encode()) > MAX_KEY_BYTES:
            raise UsageError(f"s3_base: la clave {key[:60]}… pasa de {MAX_KEY_BYTES} bytes; acorte el prefijo")
        return Target(f"s3://{self.bucket}/{key}", key)

    @property
    def url(self) -> str:
        """For messages."""
        return f"file://{quote(str(self.folder), safe='/')}" if self.folder else f"s3://{self.bucket}/{self.prefix}"


def parse(s3_base: str) -> Base:
    """UsageError on anything that is neither form."""
    text = s3_base.strip()
    if text.startswith("s3://"):
        return bucket_base(text)
    if text.startswith("file:///"):
        return folder_base(text)
    raise refused(s3_base, "no empieza por s3:// ni por file:///")


def bucket_base(text: str) -> Base:
    """Everything after the bucket is the prefix, as it stands: no character of a key is special."""
    bucket, _, prefix = text.removeprefix("s3://").partition("/")
    if not BUCKET.fullmatch(bucket):
        raise refused(text, f"{bucket!r} no vale como nombre de bucket")
    prefix = prefix.removesuffix("/")
    if prefix and not all(map(is_part, prefix.split("/"))):
        raise refused(text, "el prefijo tiene una parte vacía, «.», «..» o caracteres de control")
    return Base(bucket, f"{prefix}/" if prefix else "")


def folder_base(text: str) -> Base:
    """The path may be written plainly or with %20 and the like."""
    path = unquote(text.removeprefix("file://")).rstrip("/")
    if not path or not all(map(is_part, path[1:].split("/"))):
        raise refused(text, "no es la ruta absoluta de una carpeta")
    return Base(folder=Path(path))


def is_part(name: str) -> bool:
    """Whether it is one name of a path, without control characters or halves of characters."""
    return name not in {"", ".", ".."} and "/" not in name and not any(unicodedata.category(c) in {"Cc", "Cs"} for c in name)


def refused(value: str, why: str) -> UsageError:
    """Names the value, what is wrong with it and what is allowed."""
    return UsageError(f"s3_base={value!r} no vale: {why}; {ALLOWED}")
