"""Text inside a sheet part: what XML or Excel cannot hold as it is.

In: text. Out: the same text escaped, in Python and as a DuckDB expression; both follow one set of rules.

- `&`, `<`, `>` as entities; spaces at the ends survive through `xml:space`.
- Characters that XML forbids, and CR, as Excel writes them: `_x0001_`; text that already looks so gets `_x005F_` before it.
- More than 32,767 UTF-16 units, which is all a cell holds: cut, with `…` at the end.
"""

import re

from dataset_manager.workbook.schema import MAX_TEXT

CUT = "…"
CONTROLS = [*range(9), 0x0B, *range(0x0C, 0x20), 0xFFFE, 0xFFFF]
LOOKS_ESCAPED = re.compile(r"_(x[0-9A-Fa-f]{4}_)")
FORBIDDEN = re.compile("[" + "".join(map(chr, CONTROLS)) + "\ud800-\udfff]")


def cut(text: str) -> str:
    """At most what a cell holds."""
    if len(text) <= MAX_TEXT // 2 or len(text.encode("utf-16-le", "replace")) // 2 <= MAX_TEXT:
        return text
    return text.encode("utf-16-le", "replace")[: 2 * (MAX_TEXT - 1)].decode("utf-16-le", "ignore") + CUT


def escaped(text: str) -> str:
    """The text as the content of `<t xml:space="preserve">`."""
    text = LOOKS_ESCAPED.sub(r"_x005F_\1", cut(text))
    text = FORBIDDEN.sub(lambda match: f"_x{ord(match.group()):04X}_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# What a column of text needs, from the cheapest to the dearest treatment: see `escaped_sql`.
SQL_SPECIAL = r"[&<>]|^\s|\s$"
SQL_FORBIDDEN = r"[\x00-\x08\x0b-\x1f\x{FFFE}\x{FFFF}]"
SQL_LOOKS_ESCAPED = "_x[0-9A-Fa-f]{4}_"


def escaped_sql(text: str, *, special: bool, forbidden: bool, looks_escaped: bool, long: bool) -> str:
    """The DuckDB expression of `escaped` for a column; each flag says that some value of it needs that rule."""
    if long:
        text = _cut_sql(text)
    if looks_escaped:
        text = f"regexp_replace({text}, '_(x[0-9A-Fa-f]{{4}}_)', '_x005F_\\1', 'g')"
    if forbidden:
        for code in CONTROLS:
            text = f"replace({text}, chr({code}), '_x{code:04X}_')"
    if special:
        for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = f"replace({text}, '{character}', '{entity}')"
    return text


def _cut_sql(text: str) -> str:
    """Units are counted as characters plus those outside the basic plane; where those exist, half is kept: never too much."""
    astral = f"regexp_matches({text}, '[\\x{{10000}}-\\x{{10FFFF}}]')"
    kept = f"CASE WHEN {astral} THEN {MAX_TEXT // 2} ELSE {MAX_TEXT} END"
    return f"CASE WHEN length({text}) > {kept} THEN left({text}, {kept} - 1) || '{CUT}' ELSE {text} END"
