"""Elasticsearch's failures: which pass by themselves, and what the others mean to an operator.

In: exceptions of the client. Out: yes or no, and one Spanish message: what was asked of which host, what was found, what to do.
"""

from typing import Any

from dataset_manager.sources.connection_types import ElasticConnection

PASSING_STATUS = {429, 502, 503, 504}
CREDENTIALS = "ELASTIC_API_KEY, o ELASTIC_USERNAME y ELASTIC_PASSWORD"
LOST_NODE = ("search_context_missing_exception", "no search context found", "point in time id")


def failures() -> tuple[type[Exception], ...]:
    """Everything the client raises for a request."""
    from elasticsearch import ApiError, TransportError

    return (ApiError, TransportError)


def status(error: Exception) -> int | None:
    """The HTTP status, when the server answered."""
    return getattr(getattr(error, "meta", None), "status", None)


def all_text(error: Exception) -> str:
    """The message with those of its causes: the client wraps twice."""
    causes = getattr(error, "errors", ())
    return " | ".join([str(error), *(str(cause) for cause in causes), str(error.__cause__ or "")])


def is_expired_pit(error: Exception) -> bool:
    """A 404 that speaks of the search context, not of an index."""
    text = str(getattr(error, "body", ""))
    return status(error) == 404 and any(sign in text for sign in LOST_NODE)


def is_passing(error: Exception, reached: bool) -> bool:
    """Whether asking again may help. A server never reached yet that refuses the connection will refuse the next one."""
    from elasticsearch import ConnectionError as ClientConnectionError
    from elasticsearch import ConnectionTimeout, SSLError

    if status(error) is not None:
        return status(error) in PASSING_STATUS
    if isinstance(error, SSLError):
        return False
    if isinstance(error, ClientConnectionError) and not isinstance(error, ConnectionTimeout):
        return reached or not nobody_there(error)
    return type(error).__name__ in {"ConnectionTimeout", "PartialAnswerError"}


def nobody_there(error: Exception) -> bool:
    """Refused, no such name, no route: nothing behind the address."""
    text = all_text(error)
    return any(sign in text for sign in ("refused", "Name or service not known", "NameResolution", "No route", "getaddrinfo", "nodename"))


def short(error: Exception) -> str:
    """One line for the log."""
    return f"respuesta {status(error)}" if status(error) else str(error).splitlines()[0][:200]


def explained(error: Exception, connection: ElasticConnection, pattern: str, attempts: int) -> str:
    """The whole message for an error that ends the job."""
    found, advice = answered(error, pattern) if status(error) else unanswered(error, connection)
    tried = f" (tras {attempts} intentos)" if attempts > 1 else ""
    return f"Elasticsearch {connection.url}, índices {pattern}: {found}{tried}. {advice}"


def answered(error: Exception, pattern: str) -> tuple[str, str]:
    """The server spoke: (what it said, what to do)."""
    code = status(error)
    reason = server_reason(getattr(error, "body", None))
    if code == 401:
        return "no acepta las credenciales (401)", f"Revise {CREDENTIALS} (o config/credentials/credentials_elastic_prod.json)"
    if code == 403:
        return f"las credenciales no tienen permiso para leer (403{reason})", f"Pida lectura sobre {pattern} para ese usuario o clave"
    if code == 404:
        return (
            f"no encuentra lo pedido (404{reason})",
            f"Revise elasticsearch.index_pattern ({pattern}) y que ELASTIC_HOST y ELASTIC_PORT sean los del clúster",
        )
    if code == 400 and "HTTPS port" in str(getattr(error, "body", "")):
        return speaks_https()
    if code in PASSING_STATUS:
        return f"está ocupado o no disponible ({code}{reason})", "Repita la orden más tarde: continúa donde quedó"
    if type(error).__name__ == "UnsupportedProductError":
        return "responde, pero no es Elasticsearch", "Revise ELASTIC_HOST y ELASTIC_PORT"
    return (
        f"rechaza la consulta ({code}{reason})",
        "Si el motivo nombra un campo, ese campo tiene otro tipo en el índice; compare la consulta con su mapping",
    )


def server_reason(body: Any) -> str:
    """The server's own words, from the innermost cause."""
    if not isinstance(body, dict) or not isinstance(body.get("error"), dict):
        return ""
    error = body["error"]
    causes = error.get("root_cause") or [error]
    failed = [shard.get("reason", {}) for shard in error.get("failed_shards", [])]
    inner = (failed or causes)[0]
    return f": {inner.get('caused_by', inner).get('reason', inner.get('reason'))}"


def unanswered(error: Exception, connection: ElasticConnection) -> tuple[str, str]:
    """No answer at all: (what happened, what to do)."""
    text = all_text(error)
    kind = type(error).__name__
    if kind == "PartialAnswerError":
        return f"respondió incompleto: {error}", "No se acepta una lectura con menos filas. Repita la orden más tarde: continúa donde quedó"
    if kind in {"SSLError", "TlsError"}:
        return tls_problem(text, connection)
    if kind == "ConnectionTimeout" or "timed out" in text:
        return f"no respondió en {connection.timeout} s", "Compruebe la red y ELASTIC_HOST, o suba elasticsearch.timeout"
    if any(sign in text for sign in ("Name or service not known", "NameResolution", "getaddrinfo", "nodename")):
        return f"el nombre {connection.host} no existe", "Revise ELASTIC_HOST"
    if "refused" in text:
        return (
            f"nadie escucha en {connection.host}:{connection.port}",
            "Revise ELASTIC_HOST y ELASTIC_PORT, y que el servidor esté en marcha",
        )
    if kind in {"SerializationError", "UnsupportedProductError"}:
        return "responde, pero no es Elasticsearch", "Revise ELASTIC_HOST y ELASTIC_PORT"
    if not connection.use_ssl and any(
        sign in text for sign in ("aborted", "reset", "RemoteDisconnected", "BadStatusLine", "closed connection")
    ):
        return "corta la conexión http", "Si el servidor habla https, ponga ELASTIC_USE_SSL=true; si no, revise la red"
    return f"no se pudo hablar con él: {str(error).splitlines()[0][:200]}", "Compruebe la red y repita la orden: continúa donde quedó"


def tls_problem(text: str, connection: ElasticConnection) -> tuple[str, str]:
    """Certificates and protocol."""
    if any(sign in text for sign in ("WRONG_VERSION_NUMBER", "wrong version number", "RECORD_LAYER_FAILURE", "record layer failure")):
        return "responde http, no https", "Ponga ELASTIC_USE_SSL=false o el puerto de https en ELASTIC_PORT"
    if "expired" in text:
        return (
            "su certificado está caducado",
            "Renuévelo en el servidor; ELASTIC_VERIFY_CERTS=false lo acepta sin comprobar, bajo su responsabilidad",
        )
    if "mismatch" in text or "doesn't match" in text or "not valid for" in text:
        return f"su certificado no es para el nombre {connection.host}", "Use en ELASTIC_HOST el nombre que figura en el certificado"
    if "self-signed" in text or "self signed" in text or "unable to get" in text or "verify failed" in text:
        known = f"la autoridad de ELASTIC_CA_CERTS ({connection.ca_certs})" if connection.ca_certs else "ninguna autoridad conocida"
        return f"su certificado no está firmado por {known}", "Ponga en ELASTIC_CA_CERTS el fichero PEM de la autoridad que lo firma"
    return f"falla el cifrado: {text.split(' | ')[0][:200]}", "Revise ELASTIC_USE_SSL, ELASTIC_VERIFY_CERTS y ELASTIC_CA_CERTS"


def speaks_https() -> tuple[str, str]:
    """http was spoken to an https port."""
    return "responde https, no http", "Ponga ELASTIC_USE_SSL=true"


def no_index(connection: ElasticConnection, pattern: str) -> str:
    """The cluster has no index of that name."""
    return (
        f"Elasticsearch {connection.url}: ningún índice responde a {pattern}. "
        "Revise elasticsearch.index_pattern, que el clúster sea el correcto y que las credenciales vean esos índices"
    )


def unmapped(fields: list[str], pattern: str) -> str:
    """Why nothing may have been found."""
    return f"Ningún índice de {pattern} tiene {', '.join(fields)}: compruebe elasticsearch.index_pattern y el mapping de esos índices"


def lost_pit(connection: ElasticConnection) -> str:
    """It expired again and again."""
    return f"Elasticsearch {connection.url}: perdió el punto en el tiempo que acababa de abrir. Repita la orden: continúa donde quedó"


def bad_settings(error: Exception, connection: ElasticConnection) -> str:
    """The client could not even be made."""
    if connection.ca_certs and isinstance(error, OSError):
        cause = f"no se puede leer como certificados PEM ({type(error).__name__})"
        return f"ELASTIC_CA_CERTS={connection.ca_certs}: {cause}. Indique el fichero de la autoridad"
    return (
        f"Elasticsearch {connection.url}: los datos de conexión no sirven ({error}). Revise ELASTIC_HOST, ELASTIC_PORT y las credenciales"
    )
