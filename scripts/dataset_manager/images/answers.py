"""What an answer of the store says about a picture: not there, no right to it, or only trouble on the way.

In: the errors of obstore. Out: one of the four exceptions below, its text in Spanish and without secrets. `Failure` is what
is left of them when no more is to be tried.
"""

import re
from dataclasses import dataclass
from typing import Literal

STATUS = re.compile(r"non-2xx status code: (\d{3})")
CODE = re.compile(r"<Code>(\w+)</Code>")
DEBUG = "\n\nDebug source"  # obstore appends the whole chain of causes
RETRIED_CODES = {"RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException"}
UNREADABLE_KEY = "la clave no es válida: partes vacías, «.», «..» o caracteres de control"


@dataclass(frozen=True, slots=True)
class Failure:
    """`permanent`: the picture is at fault, take another. `transient`: the store or the way to it, give the command again."""

    kind: Literal["transient", "permanent"]
    reason: str


class AnswerError(Exception):
    """The text is the reason."""


class PermanentError(AnswerError):
    """This key will never give a picture."""


class DoubtfulError(AnswerError):
    """Means «this key» only if other keys can be read at the same time (`fetch.py` finds out)."""


class RetryError(AnswerError):
    """May work in a moment."""


class RefusedError(AnswerError):
    """Credentials, bucket or region: nothing can be read, and asking again does not help."""


def explained(error: Exception) -> AnswerError:
    """The exception to raise for an error of obstore."""
    kind, text = type(error).__name__, str(error)
    status, code = found(STATUS, text), found(CODE, text)
    if kind == "ValueError":
        return PermanentError(UNREADABLE_KEY)
    if code == "NoSuchBucket":
        return RefusedError("ese bucket no existe")
    if isinstance(error, FileNotFoundError):
        return PermanentError("no existe") if code == "NoSuchKey" else DoubtfulError("no existe")
    if kind == "PermissionDeniedError" and code in {"", "AccessDenied"}:
        return DoubtfulError("sin permiso o inexistente")
    if kind in {"PermissionDeniedError", "UnauthenticatedError"}:
        return RefusedError(f"el servidor no acepta las credenciales ({code or status})")
    return with_status(status, code) if status else without_answer(text)


def found(pattern: re.Pattern[str], text: str) -> str:
    """The first match's group, or nothing."""
    match = pattern.search(text)
    return match[1] if match else ""


def with_status(status: str, code: str) -> AnswerError:
    """Another refusal of the server."""
    words = f"el servidor responde {status}{f' ({code})' if code else ''}"
    passing = status[0] == "5" or status in {"408", "425", "429"} or code in RETRIED_CODES
    return RetryError(words) if passing else RefusedError(words)


def without_answer(text: str) -> AnswerError:
    """Nothing came, or not all of it."""
    if "certificate" in text or "UnknownIssuer" in text:
        return RefusedError("su certificado no es de confianza")
    if "TimedOut" in text or "timed out" in text:
        return RetryError("no respondió a tiempo")
    if "kind: Connect" in text or "ConnectError" in text:
        return RetryError("no se puede conectar")
    return RetryError("la conexión se cortó")
