"""The tabs and columns of the workbook: the one source for building it, reading its marks and describing it.

In: nothing. Out: constants. A column's name is part of what people and later commands rely on; its text in Spanish is
what they read in the header's note.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "decimal1", "decimal2", "boolean", "date", "datetime"]
Accepts = Literal["si_no", "devices", "whole", "text"]

HEADER_COLOR = "#366092"
YES_NO = ("si", "no")
DEVICE_CHOICES = ("todos", "devices_seleccionados")
MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
MAX_TEXT = 32_767
MAX_WIDTH = 50
NO_ID = "(sin dato)"  # where a transaction came without one of these: an empty cell would look like a fault
IDS = ("transaction_id", "device_id")

ACCEPTED: dict[Accepts, str] = {
    "si_no": "si, no",
    "devices": "todos, devices_seleccionados",
    "whole": "un número entero, 0 o mayor",
    "text": "un texto",
}


@dataclass(frozen=True)
class Column:
    """One column: its kind decides the number format; `accepts` marks it as a person's to edit."""

    name: str
    kind: Kind = "text"
    note: str = ""
    accepts: Accepts | None = None
    wrap: int = 0


@dataclass(frozen=True)
class Tab:
    """One tab: `source` is the analysis table it shows, `key` the column that identifies a row across rebuilds."""

    name: str
    columns: tuple[Column, ...]
    about: str
    source: str = ""
    key: str = ""
    freeze: int = 0
    color: str = HEADER_COLOR
    empty: str = ""

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    @property
    def editable(self) -> dict[str, Column]:
        """The columns that a person fills, by name."""
        return {column.name: column for column in self.columns if column.accepts}


def _top(rank: int) -> tuple[Column, ...]:
    share = f"De las transacciones de cliente de la referencia, porcentaje en el que el modelo dio su clase nº {rank} más frecuente"
    return (
        Column(f"top{rank}_result_index", "integer", f"Índice de la clase nº {rank} más frecuente entre lo que predice el modelo"),
        Column(f"top{rank}_result_label_name", note=f"Nombre de la clase nº {rank} más frecuente"),
        Column(f"top{rank}_%pesadas", "decimal2", share),
        Column(f"top{rank}_pct_ok", "decimal2", f"Porcentaje de esas transacciones (clase nº {rank}) con resultado Ok"),
    )


REFERENCES = Tab(
    "References",
    (
        Column("reference_id", note="Identificador de la referencia. Es la clave de sus marcas: no lo cambie"),
        Column("reference_code", note="Código de la referencia, siempre como texto (00014 no es 14)"),
        Column("reference_name"),
        Column("label_id", note="Label de la referencia en el catálogo; vacío si no tiene"),
        Column("producto_trained", note="Clase del modelo activo que contiene su label"),
        Column("label_name"),
        Column("total_transactions", "integer", "num_cliente + num_manuales"),
        Column("num_cliente", "integer", "Transacciones de cliente en la ventana"),
        Column("num_manuales", "integer", "Fotos tomadas a propósito por el personal"),
        Column("is_trained_elastic", "boolean", "VERDADERO si al menos la mitad de sus transacciones de cliente llegaron como entrenadas"),
        Column("is_in_dataset", "boolean", "VERDADERO si su label está en alguna clase del modelo activo"),
        Column("ok_percentage", "decimal2", "Antes pct_ok_sistema. Transacciones de cliente del modelo activo con resultado Ok, en %"),
        Column("model_ok_percentage", "decimal2", "Antes pct_ok_modelo. De ellas, entre las entrenadas, las que el modelo acertó, en %"),
        Column("revisar_imagenes", note="si: review_images baja imágenes de esta referencia para mirarlas", accepts="si_no"),
        *_top(1),
        *_top(2),
        *_top(3),
        Column("incluir_dataset", note="si: la referencia entra en el próximo dataset", accepts="si_no"),
        Column(
            "devices_incluir", note="De qué dispositivos se toman sus imágenes: de todos o de los marcados en Devices", accepts="devices"
        ),
        Column("num_imagenes_dataset", "integer", "Cuántas imágenes de esta referencia lleva el dataset", "whole"),
        Column("producto_a_entrenar", note="Clase (carpeta) en la que se entrena. Obligatoria si incluir_dataset es si", accepts="text"),
        Column(
            "label_considerar", note="label_id con el que se entrena (véase Labels). Obligatorio si incluir_dataset es si", accepts="text"
        ),
    ),
    "Una fila por referencia: cuánto se vende, cuánto acierta el modelo, y sus marcas (columnas de color)",
    "references",
    key="reference_id",
    freeze=3,
    color="#87CEEB",
)

DEVICES = Tab(
    "Devices",
    (
        Column("device_id", note="Identificador del dispositivo. Es la clave de sus marcas: no lo cambie"),
        Column("device_name"),
        Column("total_transactions", "integer", "num_cliente + num_manual"),
        Column("num_cliente", "integer", "Transacciones de cliente en la ventana"),
        Column("num_manual", "integer", "Fotos tomadas a propósito por el personal"),
        Column("ok_percentage", "decimal1", "Antes pct_ok_sistema. Transacciones de cliente del modelo activo con resultado Ok, en %"),
        Column("model_ok_percentage", "decimal1", "Antes pct_ok_modelo. De ellas, entre las entrenadas, las que el modelo acertó, en %"),
        Column("error_percentage", "decimal1", "Transacciones de cliente del modelo activo con resultado Error, en %"),
        Column("no_result_percentage", "decimal1", "Transacciones de cliente del modelo activo con resultado No_result, en %"),
        Column("revisar_imagenes", note="si: review_images baja imágenes de este dispositivo para mirarlas", accepts="si_no"),
        Column("first_transaction_date", "date", "Primera transacción dentro de la ventana, de cualquier tipo"),
        Column("incluir_dataset", note="si: sus imágenes pueden entrar en el dataset", accepts="si_no"),
        Column(
            "num_imagenes_dataset_adicionales", "integer", "Imágenes de este dispositivo que se añaden a las de las referencias", "whole"
        ),
    ),
    "Una fila por balanza, con sus marcas (columnas de color)",
    "devices",
    key="device_id",
    freeze=2,
    color="#87CEEB",
)

_PICTURES = tuple(
    Column(name)
    for name in (
        "reference_name",
        "product_name",
        "product_type",
        "download_status",
        "transaction_id",
        "device_id",
        "device_name",
        "result_label_name",
        "s3_key",
        "local_path",
        "reason",
    )
)
_DATASETS = tuple(
    Column(name)
    for name in (
        "reference_name",
        "clase_name",
        "label_id",
        "transaction_id",
        "transaction_start_time",
        "device_id",
        "s3_key",
        "local_path",
        "download_status",
        "error_reason",
        "dataset_folder",
        "motivo_descarga",
        "valor_motivo",
        "origen",
        "dataset_original",
        "relative_folder",
    )
)
_TRACKING_COLOR = "#A6A6A6"
TRACKING = (
    Tab(
        "revisar_imagenes_bajadas", _PICTURES, "Lo que bajó review_images por referencia; lo rellena la herramienta", color=_TRACKING_COLOR
    ),
    Tab(
        "devices_imagenes_bajadas", _PICTURES, "Lo que bajó review_images por dispositivo; lo rellena la herramienta", color=_TRACKING_COLOR
    ),
    Tab("datasets_creados", _DATASETS, "Las imágenes de cada dataset creado; lo rellena la herramienta", color=_TRACKING_COLOR),
)

LABELS = Tab(
    "Labels",
    (
        Column("label_id"),
        Column("label_name"),
        Column("created_at", "datetime", "Tal como está en la base de datos"),
        Column("updated_at", "datetime", "Tal como está en la base de datos"),
    ),
    "Todos los labels del catálogo",
    "labels",
    empty="El catálogo no tiene labels",
)
MODEL_DATA = Tab(
    "Model_Data",
    (
        Column("model_id"),
        Column("model_code"),
        Column("class_index", "integer"),
        Column("class_name"),
        Column("label_id"),
        Column("label_name"),
    ),
    "Las clases del modelo activo y los labels con los que se entrenó cada una",
    "model_data",
    empty="No se conoce el modelo activo, o no tiene clases",
)


def _suggestion(rank: int) -> tuple[Column, ...]:
    return (
        Column(f"sugerencia_{rank}_label_id"),
        Column(f"sugerencia_{rank}_label_name"),
        Column(f"sugerencia_{rank}_apariciones", "integer", "Transacciones de cliente en las que el modelo predijo ese label"),
        Column(f"sugerencia_{rank}_porcentaje", "decimal2", "Las mismas, sobre todas las de la referencia, en %"),
    )


def suggestions(ranks: int) -> Tab:
    """`Sugerencias_Labels` with as many suggestions a row as the analysis was asked for."""
    return Tab(
        "Sugerencias_Labels",
        (
            Column("reference_id"),
            Column("reference_code"),
            Column("reference_name"),
            Column("label_id"),
            Column("motivo", note="Por qué se sugiere: no tiene label, o su label no está en el modelo"),
            Column("num_cliente", "integer"),
            *(column for rank in range(1, ranks + 1) for column in _suggestion(rank)),
            Column("confianza", note="alta si la primera sugerencia supera el umbral de confianza; si no, baja"),
        ),
        "Qué label podría tener cada referencia sin label o fuera del modelo",
        "label_suggestions",
        freeze=3,
        empty="Ninguna referencia necesita una sugerencia",
    )


CONSISTENCY = Tab(
    "Consistencia",
    (
        Column("gravedad", note="error: hay que corregirlo; aviso: conviene mirarlo; info: para saberlo; bien: no se encontró nada"),
        Column("descripción", wrap=52),
        Column("casos", "integer"),
        Column("ejemplos", note="Hasta 20", wrap=60),
        Column("qué hacer", wrap=52),
        Column("comprobación", note="Nombre de la comprobación, para citarla"),
    ),
    "Lo que no cuadra en los datos, con ejemplos y qué hacer",
    "consistency",
    color="#C00000",
)
CONSISTENCY_FIELDS = ("severity", "description", "count", "examples", "action", "check_id")

SUMMARY = "Resumen"
TRANSACTIONS = "Datos_Elasticsearch"
TRANSACTIONS_ABOUT = "Las transacciones, una por fila"
VALIDATION = "Validacion"
KEYS = "Claves_"
ORPHANS = "marks_huerfanas"
ORPHANS_ABOUT = "Marcas de filas que ya no están en los datos; si la fila vuelve, se recuperan solas"
ORPHAN_FIXED = ("hoja", "clave", "código", "nombre")
ORPHAN_NOTES = "notas"

MARKED = (REFERENCES, DEVICES)
CODE_AND_NAME = {"References": ("reference_code", "reference_name"), "Devices": ("", "device_name")}
EDITABLE_NAMES = list(dict.fromkeys(name for tab in MARKED for name in tab.editable))
TOOL_TABS = frozenset(
    [
        SUMMARY,
        *(tab.name for tab in (*MARKED, *TRACKING, LABELS, MODEL_DATA, CONSISTENCY)),
        "Sugerencias_Labels",
        TRANSACTIONS,
        VALIDATION,
        ORPHANS,
    ]
)
