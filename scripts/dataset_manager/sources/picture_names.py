"""`folder.folder_files`: text that holds a Python list of file names.

In: the text as the database gives it. Out: the names, and whether the text could be read.
Rules: docs/rules.md, «Pictures of a transaction».
"""

import ast

import orjson


def picture_names(text: str | None) -> tuple[list[str], bool]:
    """Nothing there is an empty list that reads well; anything but a list of texts is an empty list that does not."""
    if text is None or not text.strip():
        return [], True
    names = quick(text)
    if names is None:
        names = literal(text)
    return ([], False) if names is None else (names, True)


def quick(text: str) -> list[str] | None:
    """Most lists become JSON by changing the quotes: ten times faster. None when this one may not."""
    if "\\" in text or ('"' in text and "'" in text):
        return None
    try:
        return only_names(orjson.loads(text.replace("'", '"')))
    except orjson.JSONDecodeError:
        return None


def literal(text: str) -> list[str] | None:
    """Any Python literal; None when it is not a list of texts."""
    try:
        return only_names(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def only_names(value: object) -> list[str] | None:
    """The list, if it holds nothing but texts."""
    return value if isinstance(value, list) and all(isinstance(name, str) for name in value) else None
