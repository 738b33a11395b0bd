"""Raw hits: each document's `_source` as the server wrote it, never decoded and written again.

In: bytes of a search response or of one line of an export. Out: lines `{"_index":…,"_id":…,"_source":…}` whose source
is the original text, so that a long integer or a long fraction survives. A page is cut at the text between hits and
every line is then checked to be whole JSON; a page in any other shape is walked value by value, slowly.
"""

import json
import re
from dataclasses import dataclass
from json.decoder import WHITESPACE  # type: ignore[attr-defined]
from typing import Any

import orjson

from dataset_manager.errors import SourceError
from dataset_manager.sources.document_keys import DocumentKeys

TEXT = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
IGNORED = rb'(?:"_ignored":\[[^\]]*\],)?'  # fields left out of the index; some versions write it before the score, some after
HEAD = re.compile(rb'\{"_index":(' + TEXT + rb'),"_id":(' + TEXT + rb")," + IGNORED + rb'"_score":null,' + IGNORED + rb'"_source":')
TAIL = re.compile(rb',"sort":(\[-?\d+\])\}(?:,(?=\{"_index":)|\Z)')
ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL)
OPENING, CLOSING = b'"hits":[', b"]}}"
DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Page:
    """A search response: everything but the hits, the hits as lines, the keys of their documents, and where the next page starts."""

    envelope: dict[str, Any]
    lines: list[bytes]
    keys: DocumentKeys
    last_sort: list[Any] | None


def read_page(body: bytes) -> Page:
    """Of a search response."""
    return cut_page(body) or walk_page(body)


def cut_page(body: bytes) -> Page | None:
    """The quick way; None when the text is not shaped as Elasticsearch writes it."""
    start = body.find(OPENING) + len(OPENING)
    if start < len(OPENING) or not body.endswith(CLOSING):
        return None
    end = len(body) - len(CLOSING)
    lines, keys, last, at = [], DocumentKeys(), None, start
    for tail in TAIL.finditer(body, start, end):
        line = cut_hit(body, at, tail.start(), keys)
        if line is None:
            return None
        lines.append(line)
        last, at = tail, tail.end()
    if at != end:
        return None
    return Page(orjson.loads(body[:start] + CLOSING), lines, keys, orjson.loads(last[1]) if last else None)


def cut_hit(body: bytes, start: int, end: int, keys: DocumentKeys) -> bytes | None:
    """One hit, without its closing brace at `end`. A cut inside a document leaves half a JSON value: None."""
    head = HEAD.match(body, start, end)
    if head is None:
        return None
    line = hit_line(head[1], head[2], body[head.end() : end])
    try:
        keys.add(orjson.loads(line)["_source"])
    except orjson.JSONDecodeError:
        return None
    return line


def hit_line(index: bytes, document: bytes, source: bytes) -> bytes:
    """On one line: a line break outside a string is only white space."""
    if b"\n" in source or b"\r" in source:
        source = source.replace(b"\n", b" ").replace(b"\r", b" ")
    return b'{"_index":%b,"_id":%b,"_source":%b}\n' % (index, document, source)


def walk_page(body: bytes) -> Page:
    """The slow way, for any valid JSON. SourceError for a document that no reader of JSON accepts (the server does)."""
    try:
        envelope = json.loads(body)
    except ValueError as error:
        raise SourceError(
            f"Elasticsearch devolvió una página que no es JSON válido ({error}): corrija en el índice ese documento"
        ) from None
    hits, envelope["hits"]["hits"] = envelope["hits"]["hits"], []
    raw = elements(members(members(body.decode())["hits"])["hits"])
    lines, keys = [walk_hit(text) for text in raw], DocumentKeys()
    for line in lines:
        keys.add(orjson.loads(line)["_source"])
    return Page(envelope, lines, keys, hits[-1].get("sort") if hits else None)


def walk_hit(text: str) -> bytes:
    """A hit in any order of keys. SourceError when it has no source, or one that no later step could read."""
    parts = members(text)
    document = f"El documento {parts.get('_index')} / {parts.get('_id')}"
    if "_source" not in parts:
        raise SourceError(f"{document} viene sin _source: el índice no lo guarda y no se puede leer")
    line = hit_line(parts["_index"].encode(), parts["_id"].encode(), mended(parts["_source"]).encode())
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{document} no es JSON válido ({error}): corríjalo o quítelo en la fuente") from None
    return line


def mended(text: str) -> str:
    """Half a UTF-16 pair (`\\ud800` alone), which servers accept and readers refuse, becomes the replacement character."""
    return ESCAPE.sub(lambda found: "\\ufffd" if found["half"] else found[0], text)


def skip(text: str, at: int) -> int:
    """Past white space."""
    return int(WHITESPACE.match(text, at).end())


def members(text: str) -> dict[str, str]:
    """The values of a JSON object as they are written; of a repeated key the last, as JSON readers do."""
    found: dict[str, str] = {}
    at = skip(text, skip(text, 0) + 1)
    while text[at] != "}":
        key, at = DECODER.raw_decode(text, at)
        start = skip(text, skip(text, at) + 1)
        end = DECODER.raw_decode(text, start)[1]
        found[key] = text[start:end]
        at = past_comma(text, end)
    return found


def elements(text: str) -> list[str]:
    """The values of a JSON array as they are written."""
    found = []
    at = skip(text, skip(text, 0) + 1)
    while text[at] != "]":
        end = DECODER.raw_decode(text, at)[1]
        found.append(text[at:end])
        at = past_comma(text, end)
    return found


def past_comma(text: str, at: int) -> int:
    """At the next member, or at the closing bracket."""
    at = skip(text, at)
    return skip(text, at + 1) if text[at] == "," else at
