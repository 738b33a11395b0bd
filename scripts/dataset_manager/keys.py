"""The keys that may be typed after a command, and what text each may hold.

In: the values of `--config key=value` or of main.py's flags. Out: the same values in their declared type.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dataset_manager.configuration import Configuration, nearest
from dataset_manager.errors import UsageError

YES_NO = {"true": True, "si": True, "sí": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Key:
    """One key: its type, the commands that take it, its flag's help, and its limits."""

    kind: type
    commands: tuple[str, ...]
    help: str
    allowed: Callable[[Any], bool] = lambda _: True
    limits: str = ""
    choices: tuple[str, ...] = ()


COMMANDS = {
    "download_info": "descarga las transacciones de un deployment y prepara el libro para marcar",
    "review_images": "descarga imágenes de lo marcado en revisar_imagenes y prepara la hoja de contactos",
    "create_dataset": "hace un dataset class/label_id con lo marcado en incluir_dataset",
    "folder_structure": "tabla de las carpetas con imágenes, con cuántas hay en cada una",
    "merge_datasets": "une varios datasets en uno, sin repetir imágenes",
    "summary_dataset": "resume un dataset tal como está en el disco, y acepta lo que alguien borró o añadió",
    "register_dataset": "comprime, sube y anota un dataset en el registro",
    "verify": "compara carpeta, zip, objeto subido y registro de un dataset con su manifiesto",
    "diff": "muestra en qué se diferencian dos datasets",
    "status": "muestra configuración, rutas y estado del proceso activo",
    "active_process": "muestra, lista, cambia o quita el proceso activo",
}

AT_LEAST_1: tuple[Callable[[Any], bool], str] = (lambda v: v >= 1, "un entero desde 1")
BY_NAME = ("summary_dataset", "register_dataset", "verify")
OF_PROCESS = ("status", "review_images", "create_dataset", "merge_datasets", "folder_structure", "diff", *BY_NAME)
FAST = {"limit_refs": 3, "limit_devices": 1, "images_per_ref": 5, "images_per_device": 2}  # what `fast` alone means
FAST_HELP = ", ".join(f"{name} {number}" for name, number in FAST.items())

KEYS: dict[str, Key] = {
    "deployment_id": Key(int, ("download_info",), "número del deployment", lambda v: v > 0, "un entero mayor que 0"),
    "days_back": Key(int, ("download_info",), "días hacia atrás", lambda v: v >= 1, "un entero desde 1"),
    "model": Key(str, ("download_info",), "solo transacciones de este model_id"),
    "base_model_id": Key(str, ("download_info",), "modelo al que se refieren los porcentajes (si no, el más usado al final de la ventana)"),
    "confidence": Key(
        float,
        ("download_info",),
        "proporción desde la que una sugerencia es de alta confianza",
        lambda v: 0 <= v <= 1,
        "un número de 0 a 1",
    ),
    "min_appearances": Key(
        int,
        ("download_info",),
        "veces que se predice un label para sugerirlo con confianza",
        lambda v: v >= 1,
        "un entero desde 1",
    ),
    "process_name": Key(str, ("download_info",), "nombre propio del proceso"),
    "generate_reports": Key(bool, ("download_info",), "false: sin libro de Excel"),
    "refresh": Key(bool, ("download_info",), "amplía hasta hoy los datos de un proceso que ya existe; las marcas se conservan"),
    "process": Key(str, OF_PROCESS, "proceso al que se refiere la orden (si no, el activo); legacy/NOMBRE, el de la herramienta anterior"),
    "fast": Key(
        bool,
        ("create_dataset", "verify"),
        f"create_dataset: de prueba, {FAST_HELP}, salvo que se den otros límites; verify: solo nombres y tamaños",
    ),
    "limit_refs": Key(int, ("create_dataset",), "como mucho tantas referencias, elegidas al azar", *AT_LEAST_1),
    "limit_devices": Key(int, ("create_dataset",), "como mucho tantos dispositivos con imágenes adicionales, al azar", *AT_LEAST_1),
    "images_per_ref": Key(int, ("create_dataset",), "imágenes de cada referencia, en lugar de num_imagenes_dataset", *AT_LEAST_1),
    "images_per_device": Key(
        int, ("create_dataset",), "imágenes de cada dispositivo que las pide, en lugar de num_imagenes_dataset_adicionales", *AT_LEAST_1
    ),
    "filter_used": Key(
        str,
        ("create_dataset",),
        "no repite transacciones de otros datasets del proceso (process), del deployment (deployment) o de ninguno (no)",
        choices=("process", "deployment", "no"),
    ),
    "include_rejected": Key(bool, ("create_dataset",), "vuelve a admitir imágenes que alguien borró de un dataset anterior"),
    "new_version": Key(bool, ("create_dataset",), "otro dataset con las mismas marcas, de transacciones aún no usadas"),
    "selection": Key(
        str,
        ("create_dataset",),
        "cómo se eligen las imágenes: al azar, equilibradas entre dispositivos y días, dudosas, errores primero, recientes primero",
        choices=("random", "balanced", "uncertain", "errors", "recent"),
    ),
    "seed": Key(int, ("create_dataset",), "número del sorteo: el mismo da las mismas imágenes", lambda v: v >= 0, "un entero desde 0"),
    "dataset_name": Key(str, BY_NAME, "dataset, o proceso (su dataset más nuevo)"),
    "datasets": Key(list, ("merge_datasets",), "datasets que se unen, por orden (si no, todos los del proceso activo)"),
    "name": Key(str, ("merge_datasets",), "nombre del dataset unido"),
    "on_conflict": Key(
        str,
        ("merge_datasets",),
        "imagen con dos labels: error, vale el primero (first) o no entra (skip)",
        choices=("error", "first", "skip"),
    ),
    "input": Key(str, ("folder_structure",), "carpeta con imágenes (si no, los datasets del proceso activo)"),
    "output": Key(str, ("folder_structure",), "CSV que se escribe (si no, folder_structure_<carpeta>.csv)"),
    "extensions": Key(str, ("folder_structure",), "extensiones que cuentan como imagen, por ejemplo jpg,png"),
    "description": Key(str, ("register_dataset",), "descripción para el registro"),
    "trained_model": Key(str, ("register_dataset",), "modelo que se entrenó con el dataset, para el registro"),
    "s3_base": Key(str, ("register_dataset",), "carpeta de S3 (s3://bucket/carpeta) o local (file:///carpeta) para el zip"),
    "registry_csv": Key(str, ("register_dataset",), "CSV del registro"),
    "overwrite": Key(bool, ("register_dataset",), "sustituye el objeto y la fila de otro contenido con el mismo nombre"),
    "upload": Key(bool, ("register_dataset",), "false: lo registra sin subirlo"),
    "skip_summary_copy": Key(bool, ("register_dataset",), "no copia el resumen junto al registro"),
    "old": Key(str, ("diff",), "dataset de partida"),
    "new": Key(str, ("diff",), "dataset con el que se compara"),
    "check": Key(bool, ("status",), "prueba la conexión con cada fuente"),
    "set": Key(str, ("active_process",), "hace activo este proceso"),
    "list": Key(bool, ("active_process",), "lista todos los procesos"),
    "clear": Key(bool, ("active_process",), "deja de haber proceso activo"),
}


def split(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Typed keys (normalised) and configuration sections, which may come by the same way."""
    sections = {name: value for name, value in values.items() if name in Configuration.model_fields}
    return {name: normalise(name, value) for name, value in values.items() if name not in sections}, sections


def normalise(name: str, value: Any) -> Any:
    """The value in the key's type. Raises UsageError naming the key, what was found and what is allowed."""
    if name not in KEYS:
        raise UsageError(f"Clave desconocida «{name}»; {nearest(name, [*KEYS, *Configuration.model_fields])}")
    key = KEYS[name]
    converted = choice(name, value, key.choices) if key.choices else CONVERSIONS[key.kind](name, value)
    if not key.allowed(converted):
        raise UsageError(f"{name}={value} no vale; debe ser {key.limits}")
    return converted


def whole(name: str, value: Any) -> int:
    """An int, or text of digits."""
    text = str(value).strip()
    if isinstance(value, bool) or not text.lstrip("-").isdecimal():
        raise UsageError(f"{name}={value!r} no vale; debe ser {KEYS[name].limits}")
    return int(text)


def number(name: str, value: Any) -> float:
    """A finite number; comma as decimal sign is understood."""
    try:
        found = float(str(value).replace(",", "."))
    except ValueError:
        found = float("nan")
    if isinstance(value, bool) or found != found:
        raise UsageError(f"{name}={value!r} no vale; debe ser {KEYS[name].limits}")
    return found


def yes_no(name: str, value: Any) -> bool:
    """si/sí/true/yes/1 and their opposites."""
    if (text := str(value).strip().lower()) not in YES_NO:
        raise UsageError(f"{name}={value!r} no vale; debe ser si o no")
    return YES_NO[text]


def text(name: str, value: Any) -> str:
    """Text as typed. What Snakemake has already turned into something else cannot be repaired."""
    if not isinstance(value, str):
        raise UsageError(f"{name}: Snakemake ha convertido lo escrito en {value!r}; dé esta clave con main.py (--{name.replace('_', '-')})")
    return value.strip()


def choice(name: str, value: Any, choices: tuple[str, ...]) -> str:
    """One of a few words. YAML reads `no` as false before anyone can look."""
    found = "no" if value is False else str(value).strip().lower()
    if found not in choices:
        raise UsageError(f"{name}={value!r} no vale; debe ser uno de: {', '.join(choices)}")
    return found


def names(name: str, value: Any) -> list[str]:
    """A list, or text with commas, with or without brackets."""
    parts = value if isinstance(value, list) else str(value).strip().strip("[]").split(",")
    return [text(name, part) for part in parts if part != ""]


CONVERSIONS: dict[type, Callable[[str, Any], Any]] = {int: whole, float: number, bool: yes_no, str: text, list: names}
