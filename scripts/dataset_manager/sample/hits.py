"""The documents of the sample as Elasticsearch holds them: `_index`, `_id`, `_source`.

In: a Plan. Out: hits in order of time, one chunk in memory at once; `oddities` then bends a few of them.
"""

import base64
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from dataset_manager.sample import catalogue, oddities
from dataset_manager.sample.catalogue import DEPLOYMENT, DEVICES, STORES, UNKNOWN_CODE, UNKNOWN_NAME
from dataset_manager.sample.transactions import CONFIDENCE, MANUAL, Chunk, Plan, chunk, index_of

Json = dict[str, Any]
METRICS = ("WSPROCESSCOMPLETED03", "GFRSUSERPROCESSCOM03", "WSREFERENCEIMAGEAC01")
CANDIDATES = 8


def iter_hits(plan: Plan, *, unique: bool = False) -> Iterator[Json]:
    """Every hit. `unique` leaves out the second copies of an (`_index`, `_id`), which an export may hold and a server cannot."""
    for which in range(plan.chunks):
        for number, hit in chunk_hits(plan, chunk(plan, which)):
            yield from oddities.bent(number, hit, unique=unique)


def chunk_hits(plan: Plan, rows: Chunk) -> Iterator[tuple[int, Json]]:
    """(number, hit) of each transaction of a chunk, before anything is bent."""
    import numpy as np

    starts = np.datetime_as_string(rows.start.astype("datetime64[ms]")).tolist()
    ends = np.datetime_as_string((rows.start + rows.seconds).astype("datetime64[ms]")).tolist()
    names = base64.urlsafe_b64encode(np.random.default_rng([plan.seed, 3, int(rows.number[0])]).bytes(15 * len(starts))).decode()
    columns = (rows.number, rows.identifier, rows.device, rows.metric, rows.product, rows.model, rows.trained, rows.own_class)
    answers = (rows.result, rows.topk, rows.confidence, rows.dice)
    for at, row in enumerate(zip(*(column.tolist() for column in (*columns, *answers)), strict=True)):
        source = document(starts[at] + "Z", ends[at] + "Z", *row[1:])
        yield row[0], {"_index": index_of(starts[at]), "_id": names[at * 20 : at * 20 + 20], "_source": source}


def document(
    start: str, end: str, identifier: int, device: int, metric: int, product: int, model: int, trained: bool, own: int, *answer: Any
) -> Json:
    """One `_source`: the fields that are used, and others as software of several versions writes them."""
    scale, dice = DEVICES[device], answer[-1]
    code, name, _ = choices()[product]
    data: Json = {
        "model_id": model,
        "selected_reference_code": code,
        "selected_reference_name": name,
        "selected_reference_index": own if trained else None,
        "selected_reference_is_trained": trained,
        "timings": {"capture_ms": int(180 + 140 * dice), "total_ms": int(900 + 1400 * dice)},
    }
    source: Json = {
        "transaction_id": identifier,
        "transaction_metric": METRICS[metric],
        "deployment_id": DEPLOYMENT,
        "device_id": scale.device_id,
        "device_name": scale.name,
        "transaction_start_time": start,
        "transaction_end_time": end,
        "app_version": scale.version,
        "store": store(scale.store),
        "weight_kg": round(0.15 + 1.9 * dice * dice, 3),
        "transaction_data": data,
    }
    if metric != MANUAL:
        data |= answered(model, product, metric == 1, *answer)
    if scale.version[0] == "4":
        source["time"] = end
    return source


def answered(model: int, product: int, by_user: bool, result: int, topk: int, confidence: int, dice: float) -> Json:
    """What the model said and where the customer found the product."""
    codes, names = candidates(model, result, product, topk, 3 + int(dice * 997) % 5)
    found: Json = {
        "confidence": CONFIDENCE[confidence],
        "topk": topk,
        "result_index": result,
        "result_label_name": catalogue.classes(model)[result],
        "predicted_codes": codes,
        "predicted_names": names,
        "score": round((0.97, 0.74, 0.41)[confidence] - 0.12 * dice, 4),
    }
    if by_user:
        found["selected_reference"] = choices()[product][1]
    return found


@lru_cache(maxsize=1)
def choices() -> tuple[tuple[str, str, str], ...]:
    """(code, name, class) by product number; the last is the one that the catalogue lacks (number -1)."""
    return (*((one.code, one.name, one.class_name) for one in catalogue.products()), (UNKNOWN_CODE, UNKNOWN_NAME, ""))


@lru_cache(maxsize=16)
def store(number: int) -> Json:
    """The shop of a scale."""
    name, city = STORES[number]
    return {"id": number, "name": name, "address": {"city": city, "country": "ES"}}


@lru_cache(maxsize=20_000)
def candidates(model: int, result: int, product: int, topk: int, count: int) -> tuple[list[str], list[str]]:
    """Codes and names offered: those of the predicted class first, the chosen one at its place when it was among them."""
    offered = [one for one in ranked(model, result) if one != product][: max(count, topk)]
    if topk >= 0:
        offered.insert(topk, product)
    return [choices()[one][0] for one in offered], [choices()[one][1] for one in offered]


@lru_cache(maxsize=256)
def ranked(model: int, result: int) -> tuple[int, ...]:
    """The products of a class, then those of the classes it is confused with, then what sells most."""
    first = catalogue.classes(model)[result]
    near = [number for name in (first, *catalogue.similar(first)) for number, one in enumerate(choices()) if one[2] == name]
    return tuple(dict.fromkeys([*near, *range(CANDIDATES)]))
