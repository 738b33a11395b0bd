"""What is asked of the transactions, as pure values.

In: a process's identity and window. Out: the Elasticsearch query (also written into the manifest) and the time
slices it is read in. The embedded source applies the same clauses itself (`embedded.Question`).
Rules: docs/rules.md, «Window» and «Which rows count».
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
TIME_FIELD = "transaction_start_time"
DEPLOYMENT_FIELD = "deployment_id"
METRIC_FIELD = "transaction_metric.keyword"
MODEL_FIELD = "transaction_data.model_id"
MAX_SLICES = 120  # a window of years is read in slices of some days: one request and two files each
LATE = timedelta(hours=1)  # documents arrive up to so late: only then a slice counts as final


@dataclass(frozen=True)
class TimeSlice:
    """A span of whole UTC days, `lt` excluded."""

    gte: datetime
    lt: datetime

    @property
    def name(self) -> str:
        """Also the name of its files."""
        return self.gte.strftime("%Y-%m-%d")

    def final(self, read: datetime) -> bool:
        """True when nothing more is expected in it: it ended an hour before it was read."""
        return self.lt + LATE <= read

    def __str__(self) -> str:
        return f"{self.gte:%Y-%m-%d %H:%M} a {self.lt:%Y-%m-%d %H:%M} UTC"


def moment(text: str) -> datetime:
    """An ISO time of window.json, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def time_slices(window: Mapping[str, str], days_back: int) -> list[TimeSlice]:
    """One per UTC day, or per `days_back / 120` days. The edges depend on what a refresh keeps: `gte` and days_back."""
    start, end = moment(window["gte"]), moment(window["lt"])
    step = timedelta(days=max(1, -(-days_back // MAX_SLICES)))
    count = max(0, -((start - end) // step))
    return [TimeSlice(start + step * n, min(start + step * (n + 1), end)) for n in range(count)]


def time_range(gte: datetime, lt: datetime) -> Json:
    """The bounds carry their own format: the field's mapping may accept another."""
    return {"range": {TIME_FIELD: {"gte": gte.isoformat(), "lt": lt.isoformat(), "format": "strict_date_optional_time"}}}


def asked(identity: Mapping[str, Any], gte: datetime, lt: datetime) -> Json:
    """The question: metrics, deployment, time and, when the process was made with one, the model."""
    clauses: list[Json] = [
        {"terms": {METRIC_FIELD: list(identity["transaction_metrics"])}},
        {"terms": {DEPLOYMENT_FIELD: [identity["deployment_id"]]}},
        time_range(gte, lt),
    ]
    if identity["model"]:
        clauses.append({"terms": {MODEL_FIELD: [identity["model"]]}})
    return {"bool": {"filter": clauses}}


def totals_body(identity: Mapping[str, Any], slices: Sequence[TimeSlice]) -> Json:
    """One request that counts every slice."""
    return {
        "size": 0,
        "track_total_hits": True,
        "query": asked(identity, slices[0].gte, slices[-1].lt),
        "aggs": {"slices": {"filters": {"filters": {one.name: time_range(one.gte, one.lt) for one in slices}}}},
    }


def described(identity: Mapping[str, Any], window: Mapping[str, str]) -> str:
    """The question in words, for warnings and errors."""
    model = f", modelo {identity['model']}" if identity["model"] else ""
    span = TimeSlice(moment(window["gte"]), moment(window["lt"]))
    return f"deployment {identity['deployment_id']}{model}, métricas {', '.join(identity['transaction_metrics'])}, de {span}"
