"""An export answers the same question as Elasticsearch."""

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import pytest
import zstandard
from dataset_manager.errors import SourceError
from dataset_manager.sources.extraction import count_hits, extract
from transactions import METRICS, WINDOW, export, hit, identity, part_hits, part_lines, raw_folder, spread


def ids(process: Path, source: Path, **other: Any) -> list[str]:
    """Ids of the hits that an extraction of this file keeps."""
    window, manifest = raw_folder(process)
    extract(identity(**other), window, manifest, source=source)
    return [one["_id"] for one in part_hits(manifest)]


def test_every_hit_of_the_window_lands_in_the_part_of_its_day(tmp_path: Path) -> None:
    window, manifest_file = raw_folder(tmp_path)
    manifest = extract(identity(), window, manifest_file, source=export(tmp_path / "hits.ndjson", spread(100)))
    assert manifest["hits"] == 100
    assert manifest["source"] == "embedded"
    assert manifest["window"] == WINDOW
    assert [(one["file"], one["hits"], one["total"]) for one in manifest["slices"]] == [
        (f"2025-07-0{d}.ndjson.zst", 25, 25) for d in (2, 3, 4, 5)
    ]
    assert json.loads(manifest_file.read_text()) == manifest


def test_metric_deployment_window_and_model_are_applied(tmp_path: Path) -> None:
    hits = [
        hit(1),
        hit(2, transaction_metric="OTRA"),
        hit(3, deployment_id=131),
        hit(4, "2025-07-01T23:59:59.999Z"),
        hit(5, "2025-07-06T00:00:00Z"),
        hit(6, data={"model_id": 33}),
        hit(7, deployment_id="130", transaction_metric=METRICS[2], data={"model_id": "32"}),
    ]
    source = export(tmp_path / "hits.ndjson", hits)
    assert ids(tmp_path / "a", source) == ["id-1", "id-6", "id-7"]
    assert ids(tmp_path / "b", source, model="32") == ["id-1", "id-7"]


def test_lists_and_dotted_names_are_looked_into_as_an_index_does(tmp_path: Path) -> None:
    dotted = hit(2)
    dotted["_source"]["transaction_data.model_id"] = dotted["_source"].pop("transaction_data")["model_id"]
    source = export(tmp_path / "hits.ndjson", [hit(1, deployment_id=[1, 130], data={"model_id": [31, 32]}), dotted])
    assert ids(tmp_path, source, model="32") == ["id-1", "id-2"]


def test_times_of_every_form_fall_into_their_day(tmp_path: Path) -> None:
    times = ["2025-07-03T01:00:00", 1751504400000, "1751504400000", "2025-07-02T23:30:00-01:30", "2025-07-03T01:00:00.123456+00:00"]
    window, manifest_file = raw_folder(tmp_path)
    manifest = extract(
        identity(), window, manifest_file, source=export(tmp_path / "hits.ndjson", [hit(n, time) for n, time in enumerate(times)])
    )
    assert [one["hits"] for one in manifest["slices"]] == [0, 5, 0, 0]


def test_documents_without_a_usable_time_are_counted_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = export(tmp_path / "hits.ndjson", [hit(1), hit(2, "ayer"), hit(3, None)])
    assert ids(tmp_path, source) == ["id-1"]
    assert "2 documentos sin fecha legible en transaction_start_time no entran en ninguna ventana (el primero, línea 2)" in caplog.text


def test_sources_keep_their_text(tmp_path: Path) -> None:
    source = json.dumps(hit(1)["_source"])[:-1] + ', "big": 12345678901234567890123, "price": 1.10}'
    lines = [
        f'{{"_index": "i", "_id": "1", "_source": {source}}}',
        f'{{"_source":{source},"_id":"2","_type":"_doc","_index":"i"}}',
        f'{{"_index":"i","_id":"3","extra":{{"_source":1}},"_source":{source}}}',
    ]
    window, manifest = raw_folder(tmp_path)
    extract(identity(), window, manifest, source=export(tmp_path / "hits.ndjson", lines))
    assert part_lines(manifest) == [f'{{"_index":"i","_id":"{n}","_source":{source}}}'.encode() for n in (1, 2, 3)]


def test_half_a_character_in_a_document_is_no_obstacle(tmp_path: Path) -> None:
    assert ids(tmp_path, export(tmp_path / "hits.ndjson", [hit(1, note="x\ud800y")])) == ["id-1"]
    assert part_hits(tmp_path / "data/raw/manifest.json")[0]["_source"]["note"] == "x\ufffdy"


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_compressed_export_is_the_same(tmp_path: Path, ending: str) -> None:
    plain = export(tmp_path / "hits.ndjson", spread(50))
    half = plain.stat().st_size // 2
    pack = gzip.compress if ending == ".gz" else zstandard.compress
    packed = tmp_path / f"hits.ndjson{ending}"
    packed.write_bytes(pack(plain.read_bytes()[:half]) + pack(plain.read_bytes()[half:]))
    assert ids(tmp_path / "a", packed) == ids(tmp_path / "b", plain)


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_cut_export_is_an_error_not_fewer_rows(tmp_path: Path, ending: str) -> None:
    content = "".join(json.dumps(one) + "\n" for one in spread(2_000)).encode()
    packed = tmp_path / f"hits.ndjson{ending}"
    whole = gzip.compress(content) if ending == ".gz" else zstandard.compress(content)
    packed.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(SourceError, match=r"hits\.ndjson\S+: el fichero está dañado o incompleto después de la línea \d+"):
        ids(tmp_path, packed)
    assert not list((tmp_path / "data/raw").glob("2025*"))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "no es JSON válido"),
        ("[1]", "no es un objeto JSON"),
        ('{"_id":"1","_source":{}}', "falta _index, o no es un texto"),
        ('{"_index":"i","_id":7,"_source":{}}', "falta _id, o no es un texto"),
        ('{"_index":"i","_id":"1","_source":[]}', "falta _source, o no es un objeto"),
        ('{"_index":"i","_id":"1","_source":{"a":NaN}}', "no es JSON válido"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, problem: str) -> None:
    source = export(tmp_path / "hits.ndjson", [hit(1), "", line])
    with pytest.raises(SourceError) as error:
        ids(tmp_path, source)
    assert f"{source}, línea 3: {problem}" in str(error.value)
    assert "elasticdump" in str(error.value)


def test_a_missing_file_says_what_the_key_may_hold(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no existe\. sources\.transactions debe ser «elasticsearch» o un fichero hits\.ndjson"):
        ids(tmp_path, tmp_path / "no.ndjson")


def test_nothing_found_is_a_valid_empty_result_and_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    window, manifest_file = raw_folder(tmp_path)
    with caplog.at_level(logging.WARNING):
        manifest = extract(identity(deployment_id=999), window, manifest_file, source=export(tmp_path / "hits.ndjson", [hit(1)]))
    assert (manifest["hits"], len(manifest["slices"])) == (0, 4)
    assert part_lines(manifest_file) == []
    assert "No hay transacciones: se preguntó por deployment 999" in caplog.text


def test_counting_for_a_plan_writes_nothing(tmp_path: Path) -> None:
    source = export(tmp_path / "hits.ndjson", spread(30))
    assert count_hits(identity(), WINDOW, source=source) == 30
    assert [path.name for path in tmp_path.iterdir()] == ["hits.ndjson"]


def test_a_second_run_for_the_same_window_does_not_read_the_file_again(tmp_path: Path) -> None:
    source = export(tmp_path / "hits.ndjson", spread(30))
    before = ids(tmp_path, source)
    source.unlink()
    assert ids(tmp_path, source) == before
