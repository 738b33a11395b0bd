"""What publishing would do (dry run).

In: the `Publication` and `Destination` of `publish`. Out: Spanish lines. The bucket and the registry are looked at, nothing is written.
"""

from collections.abc import Iterator

from dataset_manager.registry import table
from dataset_manager.registry.errors import RegistryError
from dataset_manager.registry.publishing import Destination, Publication, is_copied, row_for, summary_copy
from dataset_manager.registry.stored import Expected
from dataset_manager.registry.target import Base
from dataset_manager.registry.upload import check_object, look_at
from dataset_manager.wording import size_of

SILENT = ("registered_at", "tool_version")


def plan(what: Publication, where: Destination) -> list[str]:
    """A zip that is not made yet has no sha256: then only what is there already can be said."""
    return [*plan_object(what, where), *plan_row(what, where), *plan_summary(what, where), f"Recibo: {where.receipt_path}"]


def plan_object(what: Publication, where: Destination) -> Iterator[str]:
    """Asks the bucket."""
    if where.base is None:
        yield "ZIP: no se sube (--no-s3 o upload=false)"
        return
    url, size = where.base.object(what.zip_path.name).url, size_of(what.bytes) if what.bytes else "aún sin hacer"
    refused = "se sustituirá (--overwrite)" if where.overwrite else "se rechazará; para sustituirlo, --overwrite (overwrite=true)"
    yield {
        "ausente": f"ZIP: se subirá a {url} ({size})",
        "igual": f"ZIP: ya está igual en {url}; no se sube",
        "distinto": f"ZIP: en {url} hay otro objeto: {refused} ({size})",
        "sin comparar": f"ZIP: en {url} ya hay un objeto; se comparará cuando el ZIP esté hecho, y si es distinto {refused}",
    }[seen(what, where, where.base)]


def seen(what: Publication, where: Destination, base: Base) -> str:
    """What `check_object` says; without a zip, only whether something is there."""
    name = what.zip_path.name
    if not what.sha256:
        return "sin comparar" if look_at(name, base, where.connection, transfer=where.transfer) else "ausente"
    zipped = what.zip_path if what.zip_path.is_file() else None
    return check_object(name, base, where.connection, Expected(what.bytes, what.sha256, zip_path=zipped), transfer=where.transfer)


def plan_row(what: Publication, where: Destination) -> Iterator[str]:
    """Reads the registry."""
    row = {**row_for(what, None), "s3_path": where.base.object(what.zip_path.name).url if where.base else None}
    old = table.row_of(where.registry_csv, what.dataset_name)
    try:
        change, new = table.decide(where.registry_csv, old, row, overwrite=where.overwrite)
    except RegistryError as error:
        yield f"Registro: se rechazará: {error}"
        return
    yield {
        "añadida": f"Registro: se añadirá la fila {what.dataset_name} a {where.registry_csv}",
        "igual": f"Registro: la fila {what.dataset_name} ya está igual en {where.registry_csv}",
        "actualizada": f"Registro: se actualizará la fila {what.dataset_name} de {where.registry_csv}: {differences(old or {}, new)}",
    }[change]


def differences(old: dict[str, str], new: dict[str, str]) -> str:
    """Column by column."""
    pairs = [(column, old.get(column, ""), cell) for column, cell in new.items() if column not in SILENT]
    return "; ".join(f"{column}: «{before}» → «{cell}»" for column, before, cell in pairs if before != cell)


def plan_summary(what: Publication, where: Destination) -> Iterator[str]:
    """Compares the copy."""
    copy = summary_copy(what, where)
    if what.summary_csv is None:
        yield "Resumen: no se copia"
    elif is_copied(what, copy):
        yield f"Resumen: ya está igual en {copy}"
    else:
        yield f"Resumen: se copiará a {copy}"
