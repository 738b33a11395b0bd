"""How to reach each server. Values come from the environment; secrets never show in a repr, log or error."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ElasticConnection:
    """Elasticsearch 8. `use_ssl` chooses https, `verify_certs` whether its certificate must be valid: two switches."""

    host: str
    port: int = 9243
    use_ssl: bool = True
    verify_certs: bool = True
    ca_certs: str | None = None
    api_key: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: int = 30
    max_retries: int = 3

    @property
    def url(self) -> str:
        """Without credentials, so it may be shown."""
        return f"{'https' if self.use_ssl else 'http'}://{self.host}:{self.port}"


@dataclass(frozen=True)
class DatabaseConnection:
    """MySQL or MariaDB, read only."""

    host: str
    user: str
    database: str
    port: int = 3306
    password: str = field(default="", repr=False)
    ssl_ca: str | None = None
    connect_timeout: int = 10

    @property
    def place(self) -> str:
        """Without credentials, so it may be shown."""
        return f"{self.host}:{self.port}/{self.database}"


@dataclass(frozen=True)
class S3Connection:
    """S3 or MinIO. Without keys the client library's own chain is used."""

    bucket: str
    region: str = "eu-west-2"
    endpoint_url: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    verify_ssl: bool = True
    path_style: bool = False
