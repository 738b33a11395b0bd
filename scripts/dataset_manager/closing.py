"""The last step of download_info: what was promised is there, counts close, then the process becomes the active one.

In: the small files that the rules of a process wrote. Out: `<output>/active_process.json` and the lines an operator reads.
"""

from pathlib import Path
from typing import Any

from dataset_manager.errors import CountError
from dataset_manager.files import read_json, write_json
from dataset_manager.logs import LOGGER
from dataset_manager.processes import has_workbook
from dataset_manager.settings import ProcessAwareSettings, is_sample
from dataset_manager.wording import moment_of, number

Json = dict[str, Any]


def close_download(settings: ProcessAwareSettings, process: str) -> Json:
    """Raises CountError or WorkbookError; returns the metrics for the commands log."""
    here = settings.folder(process)
    counts, manifest = read_json(here / "data/flatten.json"), read_json(here / "data/raw/manifest.json")
    require_closed(process, counts, manifest)
    state = require_workbook(here, counts["rows"]) if has_workbook(read_json(here / "data/parameters.json")) else None
    write_json(settings.out / "active_process.json", {"process": process})
    say(settings, process, counts, state)
    return {"proceso": process, "recibidas": counts["hits"], "filas": counts["rows"]}


def require_closed(process: str, counts: Json, manifest: Json) -> None:
    """Hits reported == hits read == rows + dropped."""
    dropped = counts["hits"] - counts["rows"]
    if manifest["hits"] != counts["hits"] or dropped != counts["dropped_same_document"] + counts["dropped_same_transaction"]:
        raise CountError(f"{process}: Elasticsearch informó de {manifest['hits']} y hay {counts}; las cuentas no cuadran. Repita la orden")


def require_workbook(here: Path, rows: int) -> Json:
    """The book is there and was made from the present tables."""
    from dataset_manager.workbook.history import require_book

    state_file = here / "reports/workbook_state.json"
    require_book(here / f"reports/{here.name}.xlsx", state_file)
    state: Json = read_json(state_file)
    if state["rows"] != rows or state["window"] != read_json(here / "data/raw/window.json"):
        raise CountError(f"{here.name}: el libro no corresponde a la tabla actual ({state['rows']} filas, la tabla tiene {rows})")
    return state


def say(settings: ProcessAwareSettings, process: str, counts: Json, state: Json | None) -> None:
    """The result as a person reads it."""
    here = settings.folder(process)
    metadata, window = settings.metadata(process) or {}, read_json(here / "data/raw/window.json")
    zone = settings.config.excel.timezone
    LOGGER.info("")
    LOGGER.info("Proceso activo: %s%s", process, " (datos de ejemplo)" if is_sample(metadata) else "")
    rows, hits, dropped = (number(count) for count in (counts["rows"], counts["hits"], counts["hits"] - counts["rows"]))
    LOGGER.info("  Transacciones: %s (recibidas %s, duplicadas %s)", rows, hits, dropped)
    if counts["rows"] == 0:
        LOGGER.warning(
            "  No hay transacciones en la ventana: el proceso es válido pero está vacío. Amplíe --days-back (days_back=) o espere datos"
        )
    LOGGER.info(
        "  Datos hasta: %s (%s). Con --refresh (refresh=true) se amplían; las marcas se conservan", moment_of(window["read"], zone), zone
    )
    if state is None:
        LOGGER.info("  Sin libro de Excel (--no-reports o generate_reports=false)")
    else:
        LOGGER.info("  Libro para marcar: %s", here / f"reports/{process}.xlsx")
