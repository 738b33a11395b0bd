"""A real Elasticsearch 8 node.

In: the jars that Maven Central publishes and the Java sources of `elasticsearch_node/`, kept together compiled under
`.servers/` (git-ignored), so that only the first time needs a network. Out: the address of a node that answers.
`python -m servers.elasticsearch` (from `tests/`) only prepares them; `setup.py --tests` does that.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from servers.processes import CACHE, MissingProgramError, Server, program, temporary_folder

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

SOURCES = Path(__file__).parent / "elasticsearch_node"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
MEMORY = ("-Xms512m", "-Xmx1g")
JAVA = "default-jdk-headless"
BULK = 5_000
NUMBERS = count(1)


@dataclass(frozen=True)
class ElasticServer:
    """Where an Elasticsearch listens, and the few requests that tests need to fill it."""

    url: str
    authorization: str = field(default="", repr=False)
    ca: Path | None = None

    @property
    def host(self) -> str:
        """Host name of the address."""
        return str(urlsplit(self.url).hostname)

    @property
    def port(self) -> int:
        """Port of the address, 9200 where it names none."""
        return urlsplit(self.url).port or 9200

    def client(self) -> "Elasticsearch":
        """The official client, logged in."""
        from elasticsearch import Elasticsearch

        trust: dict[str, Any] = {"ca_certs": str(self.ca)} if self.ca else {}
        return Elasticsearch(self.url, headers={"authorization": self.authorization} if self.authorization else {}, **trust)

    def unique(self, prefix: str = "device_transaction") -> str:
        """An index name that no other test has; `<name>-*` matches only what a test makes below it."""
        return f"{prefix}-t{os.getpid()}x{next(NUMBERS)}"

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """One request with a JSON body (text is sent as it is); the JSON answer, or AssertionError with the server's words."""
        data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path.lstrip('/')}", data, self.headers(), method=method)
        context = ssl.create_default_context(cafile=self.ca) if self.url.startswith("https:") else None
        try:
            with urllib.request.urlopen(request, timeout=120, context=context) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode('utf-8', 'replace')}") from error

    def headers(self) -> dict[str, str]:
        """Content type and login."""
        login = {"Authorization": self.authorization} if self.authorization else {}
        return {"Content-Type": "application/json", **login}

    def load(self, hits: Iterable[Mapping[str, Any]]) -> int:
        """Stores hits of the embedded form (`_index`, optional `_id`, `_source`), visible to searches at once; how many."""
        hits, total, touched = iter(hits), 0, set()
        while chunk := list(islice(hits, BULK)):
            answer = self.request("POST", "_bulk", "".join(bulk_lines(chunk)))
            refused = [item["index"] for item in answer["items"] if "error" in item["index"]]
            assert not refused, f"Elasticsearch refused {len(refused)} documents, the first: {refused[0]}"
            touched |= {str(hit["_index"]) for hit in chunk}
            total += len(chunk)
        for index in sorted(touched):
            self.request("POST", f"{index}/_refresh")
        return total

    def index(self, name: str, documents: Iterable[Mapping[str, Any]]) -> int:
        """Stores documents in one index, under ids that the server chooses; how many."""
        return self.load({"_index": name, "_source": document} for document in documents)

    def remove(self, pattern: str) -> None:
        """Deletes the indices that match (by name: a server may refuse wildcards)."""
        for name in self.request("GET", f"{pattern}/_settings?allow_no_indices=true"):
            self.request("DELETE", name)


def bulk_lines(hits: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The two lines of the bulk format for each hit."""
    for hit in hits:
        yield json.dumps({"index": {key: hit[key] for key in ("_index", "_id") if key in hit}}) + "\n"
        yield json.dumps(hit["_source"]) + "\n"


def from_environment() -> ElasticServer | None:
    """The server of `TEST_ELASTIC_URL` (`https://user:password@host:9200`), `TEST_ELASTIC_API_KEY`, `TEST_ELASTIC_CA`."""
    given = os.environ.get("TEST_ELASTIC_URL")
    if not given:
        return None
    parts = urlsplit(given)
    login, key = "", os.environ.get("TEST_ELASTIC_API_KEY")
    if parts.username:
        login = basic(unquote(parts.username), unquote(parts.password or ""))
    url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
    ca = os.environ.get("TEST_ELASTIC_CA")
    return ElasticServer(url, f"ApiKey {key}" if key else login, Path(ca) if ca else None)


def basic(user: str, password: str) -> str:
    """The header of a login with user and password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def java_files() -> list[Path]:
    """The sources of the launcher."""
    return sorted((SOURCES / "src").rglob("*.java"))


def node_folder() -> Path:
    """Where the jars and classes of exactly these sources are kept."""
    content = b"".join(path.read_bytes() for path in [SOURCES / "pom.xml", *java_files()])
    return CACHE / f"elasticsearch-{hashlib.sha256(content).hexdigest()[:12]}"


def prepare() -> Path:
    """The folder with jars and classes, made the first time (network) and whole whenever it carries its name."""
    folder = node_folder()
    if folder.exists():
        return folder
    maven, compiler = program("mvn", "maven"), program("javac", JAVA)
    half = CACHE / f".{folder.name}.{os.getpid()}.tmp"
    try:
        half.mkdir(parents=True)
        fetch = [COPY, f"-DoutputDirectory={half / 'lib'}", "-f", str(SOURCES / "pom.xml")]
        build([maven, "-B", "-q", "-Dstyle.color=never", *fetch], "la descarga de Elasticsearch (red, solo la primera vez)")
        classes = ["-cp", f"{half / 'lib'}/*", "-d", str(half / "classes"), *map(str, java_files())]
        build([compiler, "-proc:none", "-encoding", "UTF-8", *classes], "Java 17 o posterior")
        half.rename(folder)
    except OSError:
        if not folder.exists():  # else another session was faster
            raise
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return folder


def build(command: list[str], what: str) -> None:
    """Runs one step of the preparation; MissingProgramError with its first words when it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        words = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr).strip().partition("\n")[0]
        raise MissingProgramError(f"{what}: {Path(command[0]).name} termina con «{words[:600] or done.returncode}»")


def start() -> tuple[Server, ElasticServer]:
    """A node on a port that the system gives it."""
    java, folder = program("java", JAVA), prepare()
    server = Server("elasticsearch", temporary_folder("elastic"))
    home = server.folder / "home"
    (home / "config").mkdir(parents=True)
    answer = home / "http.port"
    classes = f"{folder / 'classes'}:{folder / 'lib'}/*"
    server.start([java, *MEMORY, "-cp", classes, "org.elasticsearch.node.TestNode", str(home)], answer.exists)
    return server, ElasticServer(f"http://127.0.0.1:{answer.read_text()}")


if __name__ == "__main__":
    try:
        print(f"Elasticsearch de las pruebas: {prepare()}")
    except MissingProgramError as missing:
        raise SystemExit(str(missing)) from missing
