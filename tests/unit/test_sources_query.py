"""The question put to the transactions, and the slices it is cut into."""

import itertools
from datetime import UTC, datetime, timedelta

from dataset_manager.sources import query
from transactions import METRICS, READ, WINDOW, identity


def test_a_window_is_cut_into_utc_days_without_gap_or_overlap() -> None:
    slices = query.time_slices(WINDOW, 3)
    assert [one.name for one in slices] == ["2025-07-02", "2025-07-03", "2025-07-04", "2025-07-05"]
    assert all(before.lt == after.gte for before, after in itertools.pairwise(slices))
    assert (slices[0].gte.isoformat(), slices[-1].lt.isoformat()) == (WINDOW["gte"], WINDOW["lt"])


def test_a_window_of_decades_stays_a_bounded_number_of_slices() -> None:
    end = datetime(2025, 7, 6, tzinfo=UTC)
    window = {"gte": (end - timedelta(days=10_000)).isoformat(), "lt": end.isoformat()}
    slices = query.time_slices(window, 10_000)
    assert len(slices) <= query.MAX_SLICES + 1
    assert slices[-1].lt == end


def test_a_later_end_keeps_the_edges_of_the_earlier_slices() -> None:
    before = query.time_slices(WINDOW, 400)
    after = query.time_slices(WINDOW | {"lt": "2025-07-20T00:00:00+00:00"}, 400)
    assert [one.gte for one in before] == [one.gte for one in after][: len(before)]


def test_a_slice_is_final_only_an_hour_after_its_end() -> None:
    day = query.time_slices(WINDOW, 3)[0]
    assert not day.final(day.lt + timedelta(minutes=59))
    assert day.final(day.lt + timedelta(minutes=60))


def test_the_query_filters_metrics_deployment_and_time() -> None:
    asked = query.asked(identity(), query.moment(WINDOW["gte"]), query.moment(WINDOW["lt"]))
    assert asked["bool"]["filter"] == [
        {"terms": {"transaction_metric.keyword": METRICS}},
        {"terms": {"deployment_id": [130]}},
        {
            "range": {
                "transaction_start_time": {
                    "gte": "2025-07-02T00:00:00+00:00",
                    "lt": "2025-07-06T00:00:00+00:00",
                    "format": "strict_date_optional_time",
                }
            }
        },
    ]


def test_the_model_is_asked_for_only_when_the_process_has_one() -> None:
    clause = {"terms": {"transaction_data.model_id": ["32"]}}
    times = query.moment(WINDOW["gte"]), query.moment(WINDOW["lt"])
    assert clause in query.asked(identity(model="32"), *times)["bool"]["filter"]
    assert clause not in query.asked(identity(), *times)["bool"]["filter"]


def test_the_question_in_words_names_everything_that_was_asked() -> None:
    text = query.described(identity(model="32"), WINDOW)
    assert text == (
        "deployment 130, modelo 32, métricas WSPROCESSCOMPLETED03, GFRSUSERPROCESSCOM03, WSREFERENCEIMAGEAC01, "
        "de 2025-07-02 00:00 a 2025-07-06 00:00 UTC"
    )
    assert READ not in text
