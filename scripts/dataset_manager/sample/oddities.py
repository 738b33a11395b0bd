"""What no real deployment is free of: a few documents that are not like the others.

In: the number of a transaction and its hit. Out: that hit, changed or not, and the ones that come with it. Which numbers
are bent, and how, is fixed: one of each kind among the first 700 transactions, and again every 5,000.
"""

import copy
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dataset_manager.sample.catalogue import OTHER_DEPLOYMENT
from dataset_manager.sample.transactions import index_of

Json = dict[str, Any]
EVERY, FIRST, STEP = 5000, 17, 23
FAR = timedelta(days=40)  # from anywhere in the window to outside of it
FROM_OTHERS = 12
START, END = "transaction_start_time", "transaction_end_time"


class Kind(NamedTuple):
    """`adds` hits come with the transaction; `asked`: the usual question finds them. `only_export`: a server cannot hold them."""

    bend: Callable[[Json], list[Json] | None]
    adds: int = 0
    asked: bool = False
    only_export: bool = False


def bent(number: int, hit: Json, *, unique: bool = False) -> Iterator[Json]:
    """The hit, as its number demands, and what comes with it."""
    kind = AT.get(number % EVERY)
    if kind is None or (unique and kind.only_export):
        yield hit
        return
    more = kind.bend(hit)
    yield hit
    yield from more or ()


def added(transactions: int) -> tuple[int, int]:
    """(hits that come with the transactions, those of them that a process of the sample's deployment and window asks for)."""
    times = {place: len(range(place, transactions, EVERY)) for place in AT}
    return sum(AT[place].adds * times[place] for place in AT), sum(AT[place].adds * times[place] for place in AT if AT[place].asked)


def setting(changes: Json, *, nested: bool = False) -> Kind:
    """Other values in a document or in its `transaction_data`."""

    def bend(hit: Json) -> None:
        target = hit["_source"]["transaction_data"] if nested else hit["_source"]
        target |= changes

    return Kind(bend)


def writing(field: str, write: Callable[[datetime], Any]) -> Kind:
    """A time in another format."""

    def bend(hit: Json) -> None:
        hit["_source"][field] = write(datetime.fromisoformat(hit["_source"][field]))

    return Kind(bend)


def as_text(field: str) -> Kind:
    """A number that arrives in quotes."""

    def bend(hit: Json) -> None:
        hit["_source"][field] = str(hit["_source"][field])

    return Kind(bend)


def in_metric_data(hit: Json) -> None:
    """Old software calls the nested object by another name."""
    hit["_source"]["metric_data"] = hit["_source"].pop("transaction_data")


def same_document(hit: Json) -> list[Json]:
    """An export that holds a document twice."""
    return [hit]


def other(hit: Json, suffix: str, **changes: Any) -> Json:
    """Another document made from this one."""
    made = copy.deepcopy(hit)
    made["_id"] = made["_id"][: -len(suffix)] + suffix
    made["_source"] |= changes
    return made


def finished_twice(hit: Json) -> list[Json]:
    """A second event of the same kind, a little later: the newest counts."""
    later = datetime.fromisoformat(hit["_source"][END]) + timedelta(seconds=2)
    return [other(hit, "-b", transaction_metric="GFRSUSERPROCESSCOM03", transaction_end_time=later.isoformat(timespec="milliseconds"))]


def manual_too(hit: Json) -> list[Json]:
    """A weighing that the staff also kept as a reference picture: two rows."""
    return [other(hit, "-m", transaction_metric="WSREFERENCEIMAGEAC01")]


def from_others(hit: Json) -> list[Json]:
    """Another deployment in the same index."""
    number = hit["_source"]["transaction_id"] + 500_000_000
    place = {"deployment_id": OTHER_DEPLOYMENT, "device_id": 1221, "device_name": "Lugo - Balanza 1"}
    return [other(hit, f"-{n:02d}", transaction_id=number + n, **place) for n in range(FROM_OTHERS)]


def of_other_metrics(hit: Json) -> list[Json]:
    """Events that are not asked for."""
    return [other(hit, "-s", transaction_metric="WSSESSIONSTART01"), other(hit, "-t", transaction_metric="WSTIMEOUT01")]


def outside(hit: Json) -> list[Json]:
    """Before the window, and after it: a scale whose clock runs ahead."""
    return [moved(hit, "-p", -FAR), moved(hit, "-f", FAR)]


def moved(hit: Json, suffix: str, by: timedelta) -> Json:
    """The same event at another time."""
    source = hit["_source"]
    times = {field: (datetime.fromisoformat(source[field]) + by).isoformat().replace("+00:00", "Z") for field in (START, END)}
    made = other(hit, suffix, transaction_id=source["transaction_id"] + 600_000_000 + by.days, **times)
    made["_index"] = index_of(times[START])
    return made


def without_time(hit: Json) -> list[Json]:
    """No time range finds it."""
    return [other(hit, "-n", transaction_id=hit["_source"]["transaction_id"] + 700_000_000, transaction_start_time="sin hora")]


def seconds(time: datetime) -> str:
    """Without fraction."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def with_offset(time: datetime) -> str:
    """The shop's time."""
    return (time + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+02:00")


KINDS = (
    writing(START, seconds),
    writing(START, with_offset),
    writing(START, lambda time: int(time.timestamp() * 1000)),
    writing(START, lambda time: time.isoformat(timespec="microseconds").replace("+00:00", "")),
    writing(END, seconds),
    writing(END, lambda time: time.strftime("%Y-%m-%d %H:%M:%S")),
    writing(END, lambda time: time.strftime("%d/%m/%Y %H:%M")),
    setting({"topk": "2"}, nested=True),
    setting({"topk": "n/a"}, nested=True),
    setting({"result_index": "desconocido"}, nested=True),
    setting({"selected_reference_is_trained": "true"}, nested=True),
    setting({"selected_reference_code": 14, "selected_reference_name": "BREVA"}, nested=True),  # a number: still `14`, never `00014`
    setting({"predicted_codes": [], "predicted_names": []}, nested=True),
    setting({"device_id": None, "device_name": None}),
    as_text("device_id"),
    as_text("transaction_id"),
    setting({"transaction_id": None}),
    setting({"confidence": 0.912, "sequence": 9007199254740993}),  # the name of a nested field; more than a double holds
    setting({"label_id": 7, "Ok": "sí"}, nested=True),  # names of a join column and of a derived one
    setting({"debug": {"retries": 2, "reason": "glare"}, "tags": ["promo", "bolsa"]}),
    setting({"debug": "reinicio"}),
    Kind(in_metric_data),
    Kind(same_document, adds=1, asked=True, only_export=True),
    Kind(finished_twice, adds=1, asked=True),
    Kind(manual_too, adds=1, asked=True),
    Kind(from_others, adds=FROM_OTHERS),
    Kind(of_other_metrics, adds=2),
    Kind(outside, adds=2),
    Kind(without_time, adds=1),
)
AT = {FIRST + STEP * place: kind for place, kind in enumerate(KINDS)}
