"""A certificate authority for one test session.

In: a folder. Out: PEM files: the authority, and server certificates that it signed for the loopback address
(valid or expired) or for another host.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PRIVATE = serialization.PrivateFormat.TraditionalOpenSSL
LOOPBACK: tuple[x509.GeneralName, ...] = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
ELSEWHERE: tuple[x509.GeneralName, ...] = (x509.DNSName("otra-maquina.example"),)


@dataclass(frozen=True)
class Certificate:
    """Paths of a certificate and its key."""

    certificate: Path
    key: Path


class Authority:
    """Signs server certificates; `path` is what a client must trust."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = named("CA de pruebas")
        builder = unsigned(self.name, self.name, self.key, days=(-1, 30)).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.path = folder / "ca.pem"
        self.path.write_bytes(pem(builder.sign(self.key, hashes.SHA256())))

    def issue(self, name: str, *, hosts: tuple[x509.GeneralName, ...] = LOOPBACK, days: tuple[int, int] = (-1, 30)) -> Certificate:
        """A server certificate valid from and until so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = unsigned(named("127.0.0.1"), self.name, key, days).add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        issued = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        issued.certificate.write_bytes(pem(builder.sign(self.key, hashes.SHA256())))
        issued.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, PRIVATE, serialization.NoEncryption()))
        return issued


def named(text: str) -> x509.Name:
    """A distinguished name with only a common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def unsigned(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: tuple[int, int]) -> x509.CertificateBuilder:
    """A certificate that still lacks its extensions and signature."""
    today = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(today + timedelta(days=days[0])).not_valid_after(today + timedelta(days=days[1]))


def pem(certificate: x509.Certificate) -> bytes:
    """The certificate as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM)
