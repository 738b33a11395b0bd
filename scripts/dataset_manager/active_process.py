"""The command active_process: show, list, set, clear. It never touches a process's own metadata.

In: settings. Out: lines for the operator; `set` and `clear` change only `<output>/active_process.json`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dataset_manager import processes
from dataset_manager.errors import ProcessError, UsageError
from dataset_manager.files import write_errors, write_json
from dataset_manager.settings import ProcessAwareSettings
from dataset_manager.wording import moment_of


def run(settings: ProcessAwareSettings) -> None:
    """One of the four; more than one at once is an error."""
    asked = [name for name in ("set", "list", "clear") if settings.typed.get(name)]
    if len(asked) > 1:
        raise UsageError(f"active_process: {', '.join(asked)} no van juntos; dé solo uno")
    actions = {"set": set_active, "list": show_list, "clear": clear}
    (actions[asked[0]] if asked else show)(settings)


def show(settings: ProcessAwareSettings) -> None:
    """The active process and what it was made for."""
    name = processes.pointer(settings)
    if name is None:
        print("No hay proceso activo. download_info crea uno; active_process --list (list=true) muestra los que hay")
        return
    metadata = settings.metadata(name)
    if metadata is None:
        raise ProcessError(
            f"El proceso activo {name} ya no existe en {settings.processes}. Elija otro: active_process --set NOMBRE (set=NOMBRE)"
        )
    print(f"Proceso activo: {name}\n  Carpeta: {settings.folder(name)}")
    for label, value in described(settings, metadata):
        print(f"  {label}: {value}")


def described(settings: ProcessAwareSettings, metadata: dict[str, Any]) -> list[tuple[str, Any]]:
    """The frozen identity in words; a file of the environment that is not the one it was made with is said."""
    identity, zone = metadata["identity"], settings.config.excel.timezone
    sources = identity["sources"]
    return [
        ("Creado", f"{moment_of(metadata['created'], zone)} (hora de {zone})"),
        ("Deployment", identity["deployment_id"]),
        ("Días hacia atrás", identity["days_back"]),
        ("Modelo pedido", identity["model"] or "todos"),
        ("Fuentes", f"transacciones: {sources['transactions']}, catálogo: {sources['catalogue']}, imágenes: {sources['pictures']}"),
        *environment_file(settings, metadata),
    ]


def environment_file(settings: ProcessAwareSettings, metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Of its creation, where that is known; another one now may mean other servers."""
    if "environment_file" in metadata:
        then, now = (file or "ninguno" for file in (metadata["environment_file"], settings.environment.file))
        yield "Archivo de entorno", then if then == now else f"{then} (ahora: {now})"


def show_list(settings: ProcessAwareSettings) -> None:
    """Every folder, with what it is."""
    found, current = processes.folders(settings), processes.pointer(settings)
    if not found:
        print(f"No hay procesos en {settings.processes}")
    width = max((len(folder.name) for folder in found), default=0)
    for folder in found:
        print(f"{'*' if folder.name == current else ' '} {folder.name:<{width}}  {kind_of(settings, folder)}")


def kind_of(settings: ProcessAwareSettings, folder: Path) -> str:
    """Deployment, date and stage; or that the tool of before made it."""
    if settings.is_newer(folder.name):
        return "hecho por una versión más nueva de la herramienta (actualícela para usarlo; no se toca)"
    metadata = settings.metadata(folder.name)
    if metadata is None:
        return "heredado (herramienta anterior; solo lectura)" if processes.is_legacy(settings, folder) else "no es un proceso"
    stage = "completo" if processes.finished(settings, folder.name) else "incompleto"
    day = moment_of(metadata["created"], settings.config.excel.timezone)[:10]
    return f"deployment {metadata['identity']['deployment_id']}, {day}, {stage}"


def set_active(settings: ProcessAwareSettings) -> None:
    """Only an existing process of this version."""
    name = settings.typed["set"]
    if "/" in name or settings.metadata(name) is None:
        names = ", ".join(processes.known(settings))
        raise ProcessError(f"No existe el proceso {name} en {settings.processes}; hay: {names or 'ninguno'}")
    write_json(settings.out / "active_process.json", {"process": name})
    print(f"Proceso activo: {name}")


def clear(settings: ProcessAwareSettings) -> None:
    """The processes themselves stay."""
    path = settings.out / "active_process.json"
    with write_errors(path):
        path.unlink(missing_ok=True)
    print("Ya no hay proceso activo")
