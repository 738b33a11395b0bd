"""The one source of configuration keys: names, defaults, limits and descriptions.

In: dictionaries read from YAML. Out: a validated, immutable `Configuration`. The commented `config/config.yaml`, the
JSON schema and the README's table are generated from these models (`configuration_docs`), and a test compares them.
"""

import difflib
from collections.abc import Mapping
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dataset_manager.errors import ConfigurationError

CLIENT_METRICS = ["WSPROCESSCOMPLETED03", "GFRSUSERPROCESSCOM03"]
MANUAL_METRICS = ["WSREFERENCEIMAGEAC01"]


class Section(BaseModel):
    """Closed: a typing error must not pass as a new key."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Sources(Section):
    """Where each kind of data comes from: a server, or a path (an export or the sample)."""

    transactions: str = Field(
        "elasticsearch", min_length=1, description="`elasticsearch`, or the path of an export (`.ndjson`, also `.gz` or `.zst`)"
    )
    catalogue: str = Field("mysql", min_length=1, description="`mysql` (MariaDB too), or the path of an SQLite file with the same tables")
    pictures: str = Field("s3", min_length=1, description="`s3` (MinIO too), or the path of a folder laid out as the bucket")


class Deployment(Section):
    """Defaults of download_info."""

    default_days_back: int = Field(30, ge=1, description="days before today that are asked for when days_back is not given")
    max_days_back: int = Field(365, ge=1, description="greatest days_back that is accepted")


class Elasticsearch(Section):
    """How transactions are asked for. Address and credentials come from the environment."""

    index_pattern: str = Field("device_transaction-*", min_length=1, description="indices that hold the transactions")
    transaction_metrics: list[str] = Field(
        [*CLIENT_METRICS, *MANUAL_METRICS], min_length=1, description="values of transaction_metric asked for"
    )
    client_metrics: list[str] = Field(CLIENT_METRICS, description="metrics that count as `cliente`")
    manual_metrics: list[str] = Field(MANUAL_METRICS, description="metrics that count as `manual`")
    max_results: int = Field(5_000, ge=1, le=10_000, description="hits in one page")
    scroll_timeout: str = Field("5m", pattern=r"^\d+[smh]$", description="how long the server keeps the point in time between two pages")
    timeout: int = Field(30, ge=1, description="seconds that one request may take")
    max_retries: int = Field(3, ge=0, description="times that a request is repeated after 429, 502, 503, 504 or a timeout")


class Database(Section):
    """How the catalogue is read. Address and credentials come from the environment."""

    connect_timeout: int = Field(10, ge=1, description="seconds to wait for a connection")


class Dataset(Section):
    """What the editable columns of the workbook hold before a person changes them."""

    min_transacciones_cliente: int = Field(
        150, ge=0, description="client transactions from which a reference starts as incluir_dataset = si"
    )
    num_imagenes_dataset_default: int = Field(150, ge=0, description="num_imagenes_dataset of an included reference")
    devices_incluir_default: Literal["todos", "devices_seleccionados"] = Field(
        "devices_seleccionados", description="devices_incluir of every reference"
    )
    num_imagenes_dataset_adicionales_default: int = Field(0, ge=0, description="num_imagenes_dataset_adicionales of every device")
    color_columnas_especiales: str = Field("#87CEEB", pattern=r"^#[0-9A-Fa-f]{6}$", description="fill of the editable columns")


class ReferenceAnalysis(Section):
    """Label suggestions."""

    min_appearances: int = Field(
        3, ge=1, description="times the first suggested label must have been predicted to count as high confidence"
    )
    confidence_threshold: float = Field(
        0.70, ge=0, le=1, description="share of the first suggestion from which it counts as high confidence"
    )
    top_suggestions: int = Field(3, ge=1, le=3, description="labels suggested per reference")


class Reports(Section):
    """The workbook as a whole."""

    enabled: bool = Field(True, description="whether download_info makes the workbook")


class Excel(Section):
    """Limits of the workbook."""

    max_rows_per_sheet: int = Field(
        200_000, ge=0, le=1_048_575, description="rows of Datos_Elasticsearch; above it the newest are kept and the tab says so"
    )
    history_copies: int = Field(20, ge=1, description="copies of the workbook kept in reports/.history")
    timezone: str = Field("Europe/Madrid", description="time zone of the dates a person reads (files and tables are UTC)")

    @field_validator("timezone")
    @classmethod
    def known(cls, value: str) -> str:
        """A name of the IANA database."""
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("no es una zona horaria IANA (ejemplo: Europe/Madrid)") from None
        return value


class ImageReview(Section):
    """Pictures to look at (review_images)."""

    num_imagenes_revision: int = Field(5, ge=1, description="pictures per marked reference or device, and per similar product")
    tipo_transacciones: Literal["correctas", "incorrectas", "ambas"] = Field("ambas", description="whether the model was right")
    origen_transacciones: Literal["cliente", "manuales", "ambas"] = Field(
        "ambas", description="who weighed; `cliente` is every client metric"
    )
    tipo_imagenes_bajar: Literal["solo_clase", "clase_y_similares"] = Field(
        "clase_y_similares", description="only the reference's own pictures, or those of the classes it is confused with too"
    )
    imagenes_por_transaccion: Literal["1", "todas"] = Field("1", description="one picture per transaction, or every one")
    clear_output_folder: bool = Field(True, description="whether the pictures of the review before are removed")


class DatasetCreation(Section):
    """How create_dataset chooses when its keys are not given."""

    imagenes_por_transaccion: Literal["1", "todas"] = Field("1", description="one picture per transaction, or every one")
    selection: Literal["random", "balanced", "uncertain", "errors", "recent"] = Field("random", description="how pictures are chosen")
    seed: int = Field(42, ge=0, description="number that draws the pictures; the same gives the same")
    filter_used: Literal["process", "deployment", "no"] = Field("process", description="whose datasets' transactions count as used")

    @field_validator("filter_used", mode="before")
    @classmethod
    def no(cls, value: Any) -> Any:
        """YAML reads an unquoted `no` as false."""
        return "no" if value is False else value


class Images(Section):
    """How pictures are downloaded."""

    shard_size: int = Field(100_000, ge=1, description="pictures per download job, at most 64 jobs; each keeps two cores busy")
    max_failed_fraction: float = Field(
        0.05, ge=0, le=1, description="damaged or missing pictures, of those tried, above which a command fails"
    )


class Registry(Section):
    """Where register_dataset puts datasets."""

    s3_base: str = Field("s3://grabit-data/datasets/", min_length=1, description="folder of the zips: `s3://…`, or a local `file:///…`")
    csv: str = Field("", description="registry file; empty: `<output>/registry/datasets_gfresh.csv`")


class Logging(Section):
    """The log files under logs/."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="least severe message written (LOG_LEVEL in the environment wins)"
    )


class Configuration(Section):
    """Every key of config/config.yaml."""

    sources: Sources = Sources()
    deployment: Deployment = Deployment()
    elasticsearch: Elasticsearch = Elasticsearch()
    database: Database = Database()
    dataset: Dataset = Dataset()
    reference_analysis: ReferenceAnalysis = ReferenceAnalysis()
    reports: Reports = Reports()
    excel: Excel = Excel()
    image_review: ImageReview = ImageReview()
    dataset_creation: DatasetCreation = DatasetCreation()
    images: Images = Images()
    registry: Registry = Registry()
    logging: Logging = Logging()


def known_keys() -> dict[str, list[str]]:
    """Section name -> its keys."""
    return {name: list(section_of(name).model_fields) for name in Configuration.model_fields}


def section_of(name: str) -> type[Section]:
    """The model of a section."""
    model = Configuration.model_fields[name].annotation
    assert isinstance(model, type)
    assert issubclass(model, Section)
    return model


def nearest(wrong: str, known: list[str]) -> str:
    """«; ¿quería decir X?», or what is allowed where nothing is near."""
    near = difflib.get_close_matches(wrong, known, n=1, cutoff=0.5)
    return f"¿quería decir «{near[0]}»?" if near else f"claves conocidas: {', '.join(known)}"


def validated(values: Mapping[str, Any], origin: str) -> Configuration:
    """Raises ConfigurationError that names every wrong key at once. `origin` names the files for the message."""
    try:
        return Configuration.model_validate(dict(values))
    except ValidationError as error:
        lines = "\n".join(f"  - {explain(dict(problem))}" for problem in error.errors())
        raise ConfigurationError(f"Configuración no válida ({origin}):\n{lines}") from None


def explain(problem: dict[str, Any]) -> str:
    """One line: the key, what was found, what is allowed."""
    place = [str(part) for part in problem["loc"]]
    key = ".".join(place)
    if problem["type"] == "extra_forbidden":
        known = list(Configuration.model_fields) if len(place) == 1 else known_keys()[place[0]]
        return f"{key}: clave desconocida; {nearest(place[-1], known)}"
    if len(place) == 1:
        return f"{key}: {problem['input']!r}; debe ser una sección con: {', '.join(known_keys()[place[0]])}"
    return f"{key}: {problem['input']!r} no vale; {allowed(problem)}"


def allowed(problem: dict[str, Any]) -> str:
    """What may stand there, in Spanish."""
    limit = problem.get("ctx", {})
    texts = {
        "int_type": "debe ser un número entero",
        "float_type": "debe ser un número",
        "bool_type": "debe ser true o false",
        "string_type": "debe ser un texto",
        "list_type": "debe ser una lista",
        "string_too_short": "no puede estar vacío",
        "too_short": "no puede estar vacía",
        "greater_than_equal": f"debe ser al menos {limit.get('ge')}",
        "less_than_equal": f"debe ser como mucho {limit.get('le')}",
        "string_pattern_mismatch": f"debe tener la forma {limit.get('pattern')}",
        "literal_error": f"debe ser uno de: {limit.get('expected')}",
        "value_error": str(limit.get("error")),
    }
    return texts.get(str(problem["type"]), str(problem["msg"]))
