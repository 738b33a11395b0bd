"""The last step of review_images: counts close, too many failures are an error, and a person reads where the pictures are.

In: `images/review.json`, `images/review.request.json`. Out: lines for the operator.
"""

from typing import Any

from dataset_manager.errors import CountError, SourceError
from dataset_manager.files import read_json
from dataset_manager.logs import LOGGER
from dataset_manager.settings import ProcessAwareSettings
from dataset_manager.wording import DEVICES, FAILED, FOLDERS, PICTURES, REFERENCES, counted, few, first_of, number

Json = dict[str, Any]
EXAMPLES = 20


def close_review(settings: ProcessAwareSettings, process: str) -> Json:
    """Raises CountError when a picture is neither there nor listed, SourceError above `images.max_failed_fraction`."""
    images = settings.folder(process) / "images"
    review, request = read_json(images / "review.json"), read_json(images / "review.request.json")
    good = [row for row in review["rows"] if row["status"] == "ok"]
    missing = [row["target"] for row in good if not (images / row["target"]).is_file()]
    if missing:
        raise CountError(
            f"{images}: imágenes colocadas que faltan: {number(len(missing))} ({few(missing, EXAMPLES)}); dé la orden otra vez"
        )
    say(settings, process, review, request)
    require_few_failures(review, settings.config.images.max_failed_fraction)
    return {name: review[name] for name in ("placed", "failed", "groups")}


def say(settings: ProcessAwareSettings, process: str, review: Json, request: Json) -> None:
    """The result as a person reads it."""
    images = settings.folder(process) / "images"
    LOGGER.info("")
    LOGGER.info("Revisión de %s (marcado: %s)", process, marked(request))
    if not request["references"] and not request["devices"]:
        LOGGER.warning("  No hay nada marcado: ponga «si» en revisar_imagenes, guarde y cierre el libro, y repita la orden")
    placed, failed = number(review["placed"]), counted(review["failed"], *FAILED)
    LOGGER.info("  Imágenes: %s en %s (%s)", placed, counted(review["groups"], *FOLDERS), failed)
    for one in review["short"][:EXAMPLES]:
        LOGGER.info("  Faltan: %s, %s: %d de %d", one["reference_name"], one["product_name"], one["placed"], one["quota"])
    LOGGER.info("  Carpetas: %s", images)
    LOGGER.info("  Hoja de contactos: %s", images / "revision.html")


def marked(request: Json) -> str:
    """What was asked to be looked at."""
    return f"{counted(len(request['references']), *REFERENCES)} y {counted(len(request['devices']), *DEVICES)}"


def require_few_failures(review: Json, most: float) -> None:
    """failed ÷ tried over the whole command."""
    if review["tried"] and review["failed"] / review["tried"] > most:
        names = [f"{row['key']}: {row['reason']}" for row in review["rows"] if row["status"] != "ok"]
        raise SourceError(
            f"Fallaron {number(review['failed'])} de {counted(review['tried'], *PICTURES)}, más de images.max_failed_fraction "
            f"({most:.0%}):" + "".join(f"\n  {name}" for name in first_of(names, EXAMPLES))
        )
