"""nginx in front of an Elasticsearch: TLS with a private authority, and login.

In: the system's `nginx` and a server. Out: ports that differ in their certificate and, on all of them, the same logins.
The node of the tests has no security of its own; the refusals here have the form that Elasticsearch gives them.
"""

import base64
import os
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from servers.certificates import ELSEWHERE, Authority, Certificate
from servers.elasticsearch import ElasticServer, basic
from servers.processes import Server, can_listen, free_port, program, start_retrying, temporary_folder

PACKAGE = "nginx-light"
USER, PASSWORD = "lector", "clave: 100%"
KEY_ID, KEY_SECRET = "idDeLaClave", "secreto-de-la-clave"

CONFIGURATION = Template("""
daemon off;
$user
pid $folder/pid;
error_log stderr warn;
worker_processes 1;
events { worker_connections 256; }
http {
  access_log $folder/access.log;
  client_max_body_size 200m;
  proxy_read_timeout 300s;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  map_hash_bucket_size 256;
  map $$http_authorization $$login {
    "ApiKey $api_key" accepted;
    "$basic" accepted;
    "ApiKey $forbidden_api_key" forbidden;
    default refused;
  }
$servers
}
""")

SERVER = Template("""
  server {
    listen 127.0.0.1:$port$tls
    location / {
      default_type application/json;
      add_header X-Elastic-Product Elasticsearch always;
      if ($$login = refused) { return 401 '{"error":{"type":"security_exception","reason":"unable to authenticate"},"status":401}'; }
      if ($$login = forbidden) { return 403 '{"error":{"type":"security_exception","reason":"action is unauthorized"},"status":403}'; }
      proxy_pass $url;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "$authorization";
      proxy_hide_header X-Elastic-Product;
    }
  }
""")


@dataclass(frozen=True)
class NginxServer:
    """Four ports before the same Elasticsearch, the authority that signed their certificates, and who may enter.

    `https_port` is as it should be; `expired_port` and `wrong_host_port` have a certificate that must be refused;
    `http_port` asks for the login without TLS. The forbidden key is known but may do nothing (403).
    """

    https_port: int
    expired_port: int
    wrong_host_port: int
    http_port: int
    ca: Path
    access_log: Path
    host: str = "127.0.0.1"
    user: str = USER
    password: str = field(default=PASSWORD, repr=False)
    api_key_id: str = KEY_ID
    api_key_secret: str = field(default=KEY_SECRET, repr=False)

    @property
    def api_key(self) -> str:
        """The encoded key, as `ELASTIC_API_KEY` holds it."""
        return encoded(self.api_key_id, self.api_key_secret)

    @property
    def forbidden_api_key(self) -> str:
        """A key that is known and may do nothing."""
        return encoded(self.api_key_id, "sin permisos")


def encoded(identity: str, secret: str) -> str:
    """An API key as one base64 text."""
    return base64.b64encode(f"{identity}:{secret}".encode()).decode()


def start(elastic: ElasticServer) -> tuple[Server, NginxServer]:
    """nginx on four free ports."""
    server = start_retrying(lambda: attempt(elastic))
    return server, described(server)


def attempt(elastic: ElasticServer) -> Server:
    """One try; the ports are kept in the folder, where `described` finds them."""
    nginx = program("nginx", PACKAGE)
    server = Server("nginx", temporary_folder("nginx"))
    ports: list[int] = []
    while len(ports) < 4:
        ports = sorted({*ports, free_port()})
    (server.folder / "ports").write_text(" ".join(map(str, ports)))
    configuration = server.folder / "nginx.conf"
    configuration.write_text(configured(server.folder, described(server), elastic))
    server.start([nginx, "-p", str(server.folder), "-c", str(configuration), "-e", "stderr"], lambda: not any(map(can_listen, ports)))
    return server


def configured(folder: Path, nginx: NginxServer, elastic: ElasticServer) -> str:
    """The configuration file."""
    authority = Authority(folder)
    certificates = {
        nginx.https_port: authority.issue("valid"),
        nginx.expired_port: authority.issue("expired", days=(-30, -1)),
        nginx.wrong_host_port: authority.issue("elsewhere", hosts=ELSEWHERE),
        nginx.http_port: None,
    }
    upstream = {"url": elastic.url, "authorization": elastic.authorization}
    return CONFIGURATION.substitute(
        folder=folder,
        user="user root;" if os.geteuid() == 0 else "",
        api_key=nginx.api_key,
        forbidden_api_key=nginx.forbidden_api_key,
        basic=basic(nginx.user, nginx.password),
        servers="".join(SERVER.substitute(port=port, tls=listening(certificate), **upstream) for port, certificate in certificates.items()),
    )


def listening(certificate: Certificate | None) -> str:
    """The rest of the `listen` line, and the certificate."""
    return f" ssl;\n    ssl_certificate {certificate.certificate};\n    ssl_certificate_key {certificate.key};" if certificate else ";"


def described(server: Server) -> NginxServer:
    """Ports and files of the server in this folder."""
    https, expired, wrong_host, http = map(int, (server.folder / "ports").read_text().split())
    return NginxServer(https, expired, wrong_host, http, ca=server.folder / "ca.pem", access_log=server.folder / "access.log")
