"""What a database driver's error means to an operator.

In: the driver's exception and the place. Out: one Spanish message: where, what was found, what to do. Never a password.
"""

import ssl
from typing import Any

WHO = "Revise DB_PROD_RO_USER y DB_PROD_RO_PASSWORD"
WHERE = "Revise DB_PROD_RO_HOST y DB_PROD_RO_PORT, y que el servidor esté en marcha"
KNOWN: dict[int, tuple[str, str]] = {
    1044: ("el usuario no tiene permiso para esa base de datos", "Revise DB_PROD_RO_DATABASE o pida permiso de lectura"),
    1045: ("no acepta el usuario o la contraseña", f"{WHO}; si el servidor exige TLS, indique también la autoridad (DB_PROD_RO_SSL_CA)"),
    1049: ("esa base de datos no existe", "Revise DB_PROD_RO_DATABASE"),
    1142: (
        "el usuario no puede leer una de las tablas",
        "Pida permiso de lectura (SELECT) sobre deployment, reference, label, model y folder",
    ),
    1143: (
        "el usuario no puede leer una de las columnas",
        "Pida permiso de lectura (SELECT) sobre deployment, reference, label, model y folder",
    ),
    1146: ("falta una tabla", "Revise que sea la base de datos correcta"),
    1040: ("no admite más conexiones", "Repita la orden más tarde"),
    1203: ("el usuario tiene demasiadas conexiones abiertas", "Repita la orden más tarde"),
    3159: ("exige una conexión cifrada (TLS)", "Indique el fichero de la autoridad en DB_PROD_RO_SSL_CA"),
    2006: ("se cortó la conexión", "Repita la orden"),
    2013: ("se cortó la conexión", "Repita la orden"),
}


def explained(error: BaseException | None, place: str) -> str:
    """The whole message."""
    found, advice = meaning(error)
    return f"{place}: {found}. {advice}"


def meaning(error: BaseException | None) -> tuple[str, str]:
    """(what was found, what to do)."""
    code, text = code_of(error), str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or isinstance(error, ssl.SSLError):
        return certificate(text)
    if code == 2003 or isinstance(error, OSError):
        return unreachable(text)
    if code in KNOWN:
        return f"{KNOWN[code][0]} (error {code})", KNOWN[code][1]
    if "file is not a database" in text:
        return "no es un fichero SQLite", "sources.catalogue debe ser «mysql» o un fichero .sqlite con las mismas tablas"
    if "malformed" in text:
        return "el fichero SQLite está dañado", "Recupérelo de una copia"
    if "locked" in text:
        return "otro programa tiene bloqueado el fichero SQLite", "Ciérrelo y repita la orden"
    return f"la base de datos responde con un error: {text[:300]}", "Compruebe que el usuario pueda leer las tablas y repita la orden"


def code_of(error: Any) -> int | None:
    """The server's or driver's number."""
    first = error.args[0] if getattr(error, "args", None) else None
    return first if isinstance(first, int) else None


def certificate(text: str) -> tuple[str, str]:
    """TLS could not be agreed on."""
    if "expired" in text:
        return "su certificado está caducado", "Renuévelo en el servidor"
    if "mismatch" in text or "not valid for" in text:
        return "su certificado no es para ese nombre de servidor", "Use en DB_PROD_RO_HOST el nombre que figura en el certificado"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return (
            "su certificado no está firmado por la autoridad indicada",
            "Ponga en DB_PROD_RO_SSL_CA el fichero PEM de la autoridad que lo firma",
        )
    return f"falla el cifrado (TLS): {text[:200]}", "Revise DB_PROD_RO_SSL_CA y que el servidor ofrezca TLS"


def unreachable(text: str) -> tuple[str, str]:
    """Nobody there."""
    if "timed out" in text:
        return "no respondió a tiempo", WHERE
    if "Name or service not known" in text or "getaddrinfo" in text or "nodename" in text or "Temporary failure in name" in text:
        return "el nombre del servidor no existe", "Revise DB_PROD_RO_HOST"
    if "refused" in text:
        return "nadie escucha en esa dirección", WHERE
    if "No such file" in text:
        return "no se encuentra el fichero de la autoridad (DB_PROD_RO_SSL_CA)", "Revise DB_PROD_RO_SSL_CA"
    return f"no se pudo conectar ({text[:200]})", WHERE
