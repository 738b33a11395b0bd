"""Retries, and what is the picture's fault and what the store's."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from dataset_manager.images.answers import AnswerError, DoubtfulError, Failure, PermanentError, RefusedError, RetryError, explained
from dataset_manager.images.cache import Place
from dataset_manager.images.fetch import Patience, fetch
from dataset_manager.images.parallel import in_parallel
from dataset_manager.images.store import Answer
from dataset_manager.images.verify import Damage

QUICK = Patience(threads=4, attempts=3, first_wait=0.0001, longest_wait=0.001, give_up_after=5)


class Script:
    """A source that answers the n-th request for a key as told, with a tag that is no MD5; otherwise with the key itself."""

    place = Place("test", "test")
    name = "prueba"

    def __init__(self, answers: Mapping[str, Callable[[int], Answer | bytes | AnswerError]]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.lock = threading.Lock()

    def get(self, key: str) -> Answer:
        with self.lock:
            self.asked.append(key)
            number = self.asked.count(key)
        given = self.answers.get(key, lambda _: key.encode())(number)
        if isinstance(given, AnswerError):
            raise given
        return given if isinstance(given, Answer) else Answer(given, "tag")


def take(key: str, data: bytes) -> bytes | Damage:
    return Damage("está dañada") if data.startswith(b"bad") else data


def run(source: Script, keys: str, **options: Any) -> dict[str, bytes | Failure]:
    return dict(fetch(source, keys.split(), take, patience=QUICK, **options))


def test_each_key_comes_once() -> None:
    source = Script({})
    assert run(source, "a b c d e f") == {key: key.encode() for key in "abcdef"}
    assert sorted(source.asked) == list("abcdef")


def test_trouble_that_passes_is_not_seen() -> None:
    source = Script({"a": lambda number: RetryError("503") if number < 3 else b"good"})
    assert run(source, "a b")["a"] == b"good"


def test_trouble_that_stays_is_transient() -> None:
    source = Script({"a": lambda _: RetryError("el servidor responde 503")})
    assert run(source, "a b")["a"] == Failure("transient", "el servidor responde 503")
    assert source.asked.count("a") == QUICK.attempts


def test_a_missing_picture_is_asked_for_once() -> None:
    source = Script({"a": lambda _: PermanentError("no existe")})
    assert run(source, "a b")["a"] == Failure("permanent", "no existe")
    assert source.asked.count("a") == 1


@pytest.mark.parametrize("md5", [None, "bae60998ffe4923b131e3d6e4c19993e"])
def test_damage_of_what_is_stored_is_known_at_once(md5: str | None) -> None:
    source = Script({"a": lambda _: Answer(b"bad", md5)})
    assert run(source, "a")["a"] == Failure("permanent", "está dañada")
    assert source.asked.count("a") == 1


def test_without_a_sum_damage_counts_when_the_same_bytes_come_every_time() -> None:
    source = Script({"a": lambda _: b"bad"})
    assert run(source, "a")["a"] == Failure("permanent", "está dañada")
    assert source.asked.count("a") == QUICK.attempts


def test_damage_seen_once_between_other_trouble_is_not_the_pictures() -> None:
    source = Script({"a": lambda number: RetryError("503") if number < 3 else b"bad"})
    assert run(source, "a")["a"] == Failure("transient", "llega dañada, y no siempre igual")


def test_damage_on_the_way_is_cured_by_asking_again() -> None:
    source = Script({"a": lambda number: b"bad%d" % number if number < 3 else b"good"})
    assert run(source, "a")["a"] == b"good"


def test_damage_that_differs_every_time_is_not_the_pictures() -> None:
    source = Script({"a": lambda number: b"bad%d" % number})
    assert run(source, "a")["a"] == Failure("transient", "llega dañada, y no siempre igual")


def test_403_on_one_key_is_that_keys() -> None:
    source = Script({"a": lambda _: DoubtfulError("sin permiso o inexistente")})
    assert run(source, "a b c") == {"a": Failure("permanent", "sin permiso o inexistente"), "b": b"b", "c": b"c"}


def test_403_on_everything_says_nothing_about_the_pictures() -> None:
    source = Script(dict.fromkeys("abc", lambda _: DoubtfulError("sin permiso o inexistente")))
    results = run(source, "a b c")
    assert {one.kind for one in results.values() if isinstance(one, Failure)} == {"transient"}
    assert "revise las credenciales" in str(results["a"])


def test_403_on_the_only_key_that_is_left_is_judged_by_a_picture_of_an_earlier_run() -> None:
    source = Script({"a": lambda _: DoubtfulError("sin permiso o inexistente")})
    assert run(source, "a", witness="antes")["a"] == Failure("permanent", "sin permiso o inexistente")
    assert source.asked == ["a", "a", "antes"]


def test_the_witness_is_asked_again_after_trouble() -> None:
    answers = {"a": lambda _: DoubtfulError("403"), "antes": lambda number: RetryError("503") if number == 1 else b"good"}
    assert run(Script(answers), "a", witness="antes")["a"] == Failure("permanent", "403")


def test_403_since_the_credentials_ended_midway_is_transient() -> None:
    def ended(number: int) -> bytes | AnswerError:
        return b"b" if number == 1 else DoubtfulError("403")

    results = run(Script({"b": ended, "a": lambda _: DoubtfulError("403")}), "b a")
    assert results["b"] == b"b"
    assert isinstance(results["a"], Failure) and results["a"].kind == "transient"


def test_403_that_passes_is_a_picture_after_all() -> None:
    source = Script({"a": lambda number: DoubtfulError("403") if number == 1 else b"good"})
    assert run(source, "a b")["a"] == b"good"


def test_a_store_that_is_gone_is_not_asked_for_everything() -> None:
    keys = [f"k{number}" for number in range(500)]
    source = Script(dict.fromkeys(keys, lambda _: RetryError("no se puede conectar")))
    results = run(source, " ".join(keys))
    assert len(results) == 500 and {one.kind for one in results.values() if isinstance(one, Failure)} == {"transient"}
    assert len(source.asked) < 60
    assert Failure("transient", "no se ha pedido: el almacén no responde") in results.values()


def test_wrong_credentials_are_not_repeated_for_everything() -> None:
    keys = [f"k{number}" for number in range(500)]
    source = Script(dict.fromkeys(keys, lambda _: RefusedError("el servidor no acepta las credenciales")))
    assert len(run(source, " ".join(keys))) == 500
    assert len(source.asked) < 20


def test_an_error_of_the_disk_ends_the_fetch() -> None:
    def broken(key: str, data: bytes) -> bytes:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        list(fetch(Script({}), ["a", "b", "c"], broken, patience=QUICK))


def test_leaving_early_stops_the_threads() -> None:
    asked: list[int] = []

    def slow(item: int) -> None:
        asked.append(item)
        time.sleep(0.001)

    results = in_parallel(slow, range(10_000), 4)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert len(asked) < 10_000


class PermissionDeniedError(Exception):
    """Named like obstore's."""


class GenericError(Exception):
    """Named like obstore's."""


def s3_text(status: str, code: str) -> str:
    body = f"<Error><Code>{code}</Code></Error>" if code else ""
    return f"Error performing GET http://x/y in 1ms - Server returned non-2xx status code: {status}: {body}"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (FileNotFoundError(s3_text("404 Not Found", "NoSuchKey")), PermanentError, "no existe"),
        (FileNotFoundError(s3_text("404 Not Found", "")), DoubtfulError, "no existe"),
        (FileNotFoundError(s3_text("404 Not Found", "NoSuchBucket")), RefusedError, "ese bucket no existe"),
        (PermissionDeniedError(s3_text("403 Forbidden", "AccessDenied")), DoubtfulError, "sin permiso o inexistente"),
        (PermissionDeniedError(s3_text("403 Forbidden", "SignatureDoesNotMatch")), RefusedError, "no acepta las credenciales"),
        (GenericError(s3_text("503 Service Unavailable", "SlowDown")), RetryError, "el servidor responde 503 (SlowDown)"),
        (GenericError(s3_text("429 Too Many Requests", "")), RetryError, "el servidor responde 429"),
        (GenericError(s3_text("400 Bad Request", "RequestTimeout")), RetryError, "RequestTimeout"),
        (GenericError(s3_text("400 Bad Request", "ExpiredToken")), RefusedError, "ExpiredToken"),
        (GenericError("HTTP error: request or response body error: TimedOut"), RetryError, "no respondió a tiempo"),
        (GenericError("HTTP error\n kind: Connect"), RetryError, "no se puede conectar"),
        (GenericError("HTTP error: connection closed"), RetryError, "la conexión se cortó"),
        (GenericError("invalid peer certificate: UnknownIssuer"), RefusedError, "certificado"),
    ],
)
def test_what_an_answer_means(error: Exception, kind: type[AnswerError], words: str) -> None:
    found = explained(error)
    assert type(found) is kind and words in str(found)
