"""Names from people and databases as path parts (docs/rules.md, «Names»).

In: any text. Out: one path part that is recognisable, harmless on Linux and Windows, and never collides.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from dataset_manager.errors import UsageError

LONGEST = 80
RESERVED = {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}
PROCESS_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def path_part(name: str) -> str:
    """The name without separators, control and bidirectional characters, leading dots, trailing dots or spaces.

    A name that had to lose something gets 8 hex digits of its own hash, so that two names never become one.
    """
    text = unicodedata.normalize("NFC", name)
    kept = "".join(c if is_harmless(c) else "_" for c in text).strip().strip(".").strip()
    if kept.split(".")[0].strip().lower() in RESERVED:
        kept = f"_{kept}"
    if kept and kept == name and len(kept) <= LONGEST:
        return kept
    return f"{kept[:LONGEST].rstrip(' .') or 'sin_nombre'}-{mark_of(name)}"


def is_harmless(character: str) -> bool:
    """Printable and without a meaning in a path on Linux or Windows."""
    return unicodedata.category(character)[0] != "C" and character not in '/\\:*?"<>|'


def mark_of(name: str) -> str:
    """8 hex digits of the name's sha256."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def path_parts(names: Iterable[str]) -> dict[str, str]:
    """Each distinct name -> its path part; names that differ only in case or Unicode form get their hash too."""
    distinct = sorted(set(names))
    parts = {name: path_part(name) for name in distinct}
    seen: dict[str, list[str]] = {}
    for name, part in parts.items():
        seen.setdefault(unicodedata.normalize("NFKC", part).casefold(), []).append(name)
    doubled = {name for same in seen.values() if len(same) > 1 for name in same}
    return {
        name: f"{part}-{mark_of(name)}" if name in doubled and not part.endswith(mark_of(name)) else part for name, part in parts.items()
    }


def require_process_name(name: str) -> str:
    """A process name is a folder, a file and a Snakemake wildcard: letters, digits, `.`, `_` and `-` only."""
    if PROCESS_NAME.fullmatch(name) and len(name) <= LONGEST and path_part(name) == name:
        return name
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    proposal = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._-")[:LONGEST]
    hint = f"; por ejemplo «{proposal}»" if proposal and path_part(proposal) == proposal else ""
    raise UsageError(f"process_name={name!r} no vale: letras sin acento, cifras, «.», «_» y «-», hasta {LONGEST} caracteres{hint}")
