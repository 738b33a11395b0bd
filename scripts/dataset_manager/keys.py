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
    "status": "muestra configuración, rutas y estado del proceso activo",
    "active_process": "muestra, lista, cambia o quita el proceso activo",
}

AT_LEAST_1: tuple[Callable[[Any], bool], str] = (lambda v: v >= 1, "un entero desde 1")
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
    "process": Key(str, ("status", "review_images", "create_dataset"), "proceso al que se refiere la orden (si no, el activo)"),
    "fast": Key(bool, ("create_dataset",), f"dataset de prueba: {FAST_HELP}, salvo que se den otros límites"),
    "limit_refs": Key(int, ("create_dataset",), "como mucho tantas referencias, elegidas al azar", *AT_LEAST_1),
    "limit_devices": Key(int, ("create_dataset",), "como mucho tantos devices con imágenes adicionales, elegidos al azar", *AT_LEAST_1),
    "images_per_ref": Key(int, ("create_dataset",), "imágenes de cada referencia, en lugar de num_imagenes_dataset", *AT_LEAST_1),
    "images_per_device": Key(
        int, ("create_dataset",), "imágenes de cada device que las pide, en lugar de num_imagenes_dataset_adicionales", *AT_LEAST_1
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
        "cómo se eligen las imágenes: al azar, equilibradas entre devices y días, dudosas, errores primero, recientes primero",
        choices=("random", "balanced", "uncertain", "errors", "recent"),
    ),
    "seed": Key(int, ("create_dataset",), "número del sorteo: el mismo da las mismas imágenes", lambda v: v >= 0, "un entero desde 0"),
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


CONVERSIONS: dict[type, Callable[[str, Any], Any]] = {int: whole, float: number, bool: yes_no, str: text}
