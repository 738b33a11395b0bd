"""Credentials and switches from the surroundings: environment, then an environment file, then the credentials file.

In: `os.environ`, `.env` (or the file that `--env`/`--env-file` names), `config/credentials/credentials_elastic_prod.json`.
Out: an `Environment` that answers by variable name and says where an answer came from.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataset_manager.errors import ConfigurationError
from dataset_manager.keys import YES_NO
from dataset_manager.sources.connection_types import DatabaseConnection, ElasticConnection, S3Connection

CREDENTIALS_FILE = Path("config/credentials/credentials_elastic_prod.json")
ENV_FILE_VARIABLE = "DATASET_MANAGER_ENV_FILE"
SECRET = ("PASSWORD", "SECRET", "API_KEY", "ACCESS_KEY")

# field of the credentials file -> variable it stands for
ELASTIC_FIELDS = {
    "host": "ELASTIC_HOST",
    "port": "ELASTIC_PORT",
    "username": "ELASTIC_USERNAME",
    "password": "ELASTIC_PASSWORD",
    "verify_certs": "ELASTIC_VERIFY_CERTS",
    "use_ssl": "ELASTIC_USE_SSL",
    "auth_method": "ELASTIC_AUTH_METHOD",
    "api_key": "ELASTIC_API_KEY",
    "api_key_id": "ELASTIC_API_KEY_ID",
    "api_key_secret": "ELASTIC_API_KEY_SECRET",
    "ca_certs": "ELASTIC_CA_CERTS",
}
S3_FIELDS = {
    "access_key": "REMOTE_STORAGE_ACCESS_KEY",
    "secret_key": "REMOTE_STORAGE_SECRET_KEY",
    "region": "REMOTE_STORAGE_REGION",
    "bucket": "S3_BUCKET",
    "endpoint_url": "REMOTE_STORAGE_ENDPOINT_URL",
}
DATABASE_VARIABLES = ("DB_PROD_RO_HOST", "DB_PROD_RO_USER", "DB_PROD_RO_PASSWORD", "DB_PROD_RO_DATABASE")


@dataclass(frozen=True)
class Environment:
    """Variables by layer, the strongest first. Values never show in a repr."""

    layers: tuple[tuple[str, Mapping[str, str]], ...] = field(repr=False)
    file: str | None = None  # the environment file that was read, if there was one

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first non-empty answer, without the quotes and spaces that people leave around it."""
        return next((value for _, value in self.answers(name)), default)

    def origin(self, name: str) -> str | None:
        """Which layer answers."""
        return next((layer for layer, _ in self.answers(name)), None)

    def answers(self, name: str) -> list[tuple[str, str]]:
        """Every non-empty answer, the strongest first."""
        found = ((layer, values.get(name, "").strip().strip("'\"").strip()) for layer, values in self.layers)
        return [(layer, value) for layer, value in found if value]

    def flag(self, name: str, default: bool) -> bool:
        """A yes/no variable."""
        value = self.get(name)
        if value is None:
            return default
        if value.lower() not in YES_NO:
            raise ConfigurationError(f"{name}={value!r} ({self.origin(name)}) no vale; debe ser si o no (true/false)")
        return YES_NO[value.lower()]

    def port(self, name: str, default: int) -> int:
        """A port number."""
        value = self.get(name)
        if value is None:
            return default
        if not value.isdecimal() or not 0 < int(value) < 65536:
            raise ConfigurationError(f"{name}={value!r} ({self.origin(name)}) no vale; debe ser un puerto de 1 a 65535")
        return int(value)


def load(root: Path, environ: Mapping[str, str]) -> Environment:
    """Reads what there is. The environment always wins; a named file replaces `.env`, it does not add to it."""
    named = environ.get(ENV_FILE_VARIABLE)
    path = Path(named) if named else root / ".env"
    if named and not path.exists():
        raise ConfigurationError(f"No existe el archivo de entorno {path}; corrija --env/--env-file")
    layers = [("entorno", environ), (path.name, read_env_file(path)), (CREDENTIALS_FILE.name, read_credentials(root / CREDENTIALS_FILE))]
    return Environment(tuple(layers), str(path.resolve()) if path.is_file() else None)


def read_env_file(path: Path) -> dict[str, str]:
    """Variables of a .env file; empty where there is none."""
    if not path.is_file():
        return {}
    from dotenv import dotenv_values  # 0.02 s that most clones do not need

    try:
        return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: no se puede leer ({error}); debe ser texto UTF-8 con líneas NOMBRE=valor") from None


def read_credentials(path: Path) -> dict[str, str]:
    """The credentials file in the terms of the variables. The file's content never enters an error."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise ConfigurationError(f"{path}: no es un JSON legible; vea .env.example para los campos") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path}: debe ser un objeto JSON con host, port, username, password…")
    s3 = found.get("s3") if isinstance(found.get("s3"), dict) else {}
    return renamed(found, ELASTIC_FIELDS) | renamed(s3 or {}, S3_FIELDS)


def renamed(found: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, str]:
    """Known fields under their variable's name, as text."""
    return {variable: str(found[name]) for name, variable in fields.items() if found.get(name) is not None}


def has_elastic(environment: Environment) -> bool:
    """Whether an Elasticsearch was configured at all."""
    return environment.get("ELASTIC_HOST") is not None


def elastic(environment: Environment, *, timeout: int, max_retries: int) -> ElasticConnection:
    """The connection, or a ConfigurationError that says which variables are missing."""
    host = environment.get("ELASTIC_HOST")
    if host is None:
        raise ConfigurationError(
            "Faltan las credenciales de Elasticsearch: ELASTIC_HOST no está en el entorno, ni en .env, ni en "
            f"{CREDENTIALS_FILE}. Copie .env.example a .env y rellénelo"
        )
    key, user, password = api_key(environment), environment.get("ELASTIC_USERNAME"), environment.get("ELASTIC_PASSWORD")
    method = environment.get("ELASTIC_AUTH_METHOD") or ("api_key" if key else "basic_auth")
    require_method(method, key, user, password)
    return ElasticConnection(
        host=host.removeprefix("https://").removeprefix("http://").rstrip("/"),
        port=environment.port("ELASTIC_PORT", 9243),
        use_ssl=environment.flag("ELASTIC_USE_SSL", True),
        verify_certs=environment.flag("ELASTIC_VERIFY_CERTS", True),
        ca_certs=environment.get("ELASTIC_CA_CERTS"),
        api_key=key if method == "api_key" else None,
        username=user if method == "basic_auth" else None,
        password=password if method == "basic_auth" else None,
        timeout=timeout,
        max_retries=max_retries,
    )


def api_key(environment: Environment) -> str | None:
    """The single base64 key, or the pair id:secret in that form."""
    import base64

    identity, secret = environment.get("ELASTIC_API_KEY_ID"), environment.get("ELASTIC_API_KEY_SECRET")
    if identity and secret:
        return base64.b64encode(f"{identity}:{secret}".encode()).decode()
    return environment.get("ELASTIC_API_KEY")


def require_method(method: str, key: str | None, user: str | None, password: str | None) -> None:
    """An unprotected server is allowed (no method named, nothing given); a half-given login is not."""
    if method not in ("api_key", "basic_auth"):
        raise ConfigurationError(f"ELASTIC_AUTH_METHOD={method!r} no vale; debe ser api_key o basic_auth")
    if method == "api_key" and not key:
        raise ConfigurationError("ELASTIC_AUTH_METHOD=api_key, pero falta ELASTIC_API_KEY (o ELASTIC_API_KEY_ID y ELASTIC_API_KEY_SECRET)")
    if method == "basic_auth" and bool(user) != bool(password):
        missing = "ELASTIC_PASSWORD" if user else "ELASTIC_USERNAME"
        raise ConfigurationError(f"Falta {missing}: usuario y contraseña de Elasticsearch van juntos")


def database(environment: Environment, *, connect_timeout: int) -> DatabaseConnection:
    """The connection, or a ConfigurationError that names all missing variables."""
    found = {name: environment.get(name) for name in DATABASE_VARIABLES}
    missing = [name for name, value in found.items() if value is None]
    if missing:
        raise ConfigurationError(f"Faltan las credenciales de MySQL: {', '.join(missing)} (entorno o .env; vea .env.example)")
    host, user, password, name = (str(value) for value in found.values())
    port = environment.port("DB_PROD_RO_PORT", 3306)
    return DatabaseConnection(
        host=host,
        user=user,
        password=password,
        database=name,
        port=port,
        ssl_ca=environment.get("DB_PROD_RO_SSL_CA"),
        connect_timeout=connect_timeout,
    )


def s3(environment: Environment) -> S3Connection:
    """MinIO when MINIO_BUCKET and an endpoint or key are given, else S3; without keys the library's own chain."""
    minio_key = environment.get("MINIO_ACCESS_KEY") or environment.get("MINIO_USER")
    if environment.get("MINIO_BUCKET") and (environment.get("MINIO_ENDPOINT") or minio_key):
        return minio(environment, minio_key)
    region = next((v for n in ("REMOTE_STORAGE_REGION", "AWS_REGION", "AWS_DEFAULT_REGION") if (v := environment.get(n))), "eu-west-2")
    endpoint = environment.get("REMOTE_STORAGE_ENDPOINT_URL")
    return S3Connection(
        bucket=environment.get("S3_BUCKET", "grabit-data") or "grabit-data",
        region=region,
        endpoint_url=endpoint,
        access_key=environment.get("REMOTE_STORAGE_ACCESS_KEY") or environment.get("AWS_ACCESS_KEY_ID"),
        secret_key=environment.get("REMOTE_STORAGE_SECRET_KEY") or environment.get("AWS_SECRET_ACCESS_KEY"),
        path_style=endpoint is not None,
    )


def minio(environment: Environment, access_key: str | None) -> S3Connection:
    """Path-style addressing; https unless MINIO_SECURE says no."""
    endpoint = environment.get("MINIO_ENDPOINT")
    if endpoint is None:
        raise ConfigurationError("MINIO_BUCKET está definido, pero falta MINIO_ENDPOINT (servidor:puerto)")
    scheme = "https" if environment.flag("MINIO_SECURE", True) else "http"
    return S3Connection(
        bucket=str(environment.get("MINIO_BUCKET")),
        endpoint_url=endpoint if "://" in endpoint else f"{scheme}://{endpoint}",
        access_key=access_key,
        secret_key=environment.get("MINIO_SECRET_KEY") or environment.get("MINIO_PASSWORD"),
        verify_ssl=environment.flag("MINIO_VERIFY_SSL", True),
        path_style=True,
    )
