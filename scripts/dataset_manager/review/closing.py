"""The last step of review_images: counts close, too many failures are an error, and a person reads where the pictures are.

In: `images/review.json`, `images/review.request.json`. Out: lines for the operator.
"""

from typing import Any

from dataset_manager.errors import CountError, SourceError
from dataset_manager.files import read_json
from dataset_manager.logs import LOGGER
from dataset_manager.settings import ProcessAwareSettings

Json = dict[str, Any]
EXAMPLES = 20


def close_review(settings: ProcessAwareSettings, process: str) -> Json:
    """Raises CountError when a picture is neither there nor listed, SourceError above `images.max_failed_fraction`."""
    images = settings.folder(process) / "images"
    review, request = read_json(images / "review.json"), read_json(images / "review.request.json")
    good = [row for row in review["rows"] if row["status"] == "ok"]
    missing = [row["target"] for row in good if not (images / row["target"]).is_file()]
    if missing:
        raise CountError(f"{images}: faltan {len(missing)} imágenes colocadas ({', '.join(missing[:EXAMPLES])}); dé la orden otra vez")
    say(settings, process, review, request)
    require_few_failures(review, settings.config.images.max_failed_fraction)
    return {name: review[name] for name in ("placed", "failed", "groups")}


def say(settings: ProcessAwareSettings, process: str, review: Json, request: Json) -> None:
    """The result as a person reads it."""
    images = settings.folder(process) / "images"
    LOGGER.info("")
    LOGGER.info("Revisión de %s: %d referencias y %d dispositivos marcados", process, len(request["references"]), len(request["devices"]))
    if not request["references"] and not request["devices"]:
        LOGGER.warning("  No hay nada marcado: ponga «si» en revisar_imagenes, guarde y cierre el libro, y repita la orden")
    LOGGER.info("  Imágenes: %d en %d carpetas (%d fallidas)", review["placed"], review["groups"], review["failed"])
    for one in review["short"][:EXAMPLES]:
        LOGGER.info("  Faltan: %s, %s: %d de %d", one["reference_name"], one["product_name"], one["placed"], one["quota"])
    LOGGER.info("  Carpetas: %s", images)
    LOGGER.info("  Hoja de contactos: %s", images / "revision.html")


def require_few_failures(review: Json, most: float) -> None:
    """failed ÷ tried over the whole command."""
    if review["tried"] and review["failed"] / review["tried"] > most:
        names = [f"{row['key']}: {row['reason']}" for row in review["rows"] if row["status"] != "ok"]
        raise SourceError(
            f"Fallaron {review['failed']} de {review['tried']} imágenes, más de images.max_failed_fraction ({most:.0%}):\n  "
            + "\n  ".join(names[:EXAMPLES])
        )
