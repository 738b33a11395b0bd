"""The boto3 client that publishing uses.

In: an `S3Connection` (without keys: boto3's own chain). Out: a client whose repeats and timeouts are ours.
"""

from typing import Any

from dataset_manager.errors import SourceError
from dataset_manager.registry.stored import Transfer
from dataset_manager.sources.connection_types import S3Connection


def client_of(connection: S3Connection, transfer: Transfer) -> Any:
    """Safe to use from many threads. No checksums but those we give: old stores refuse what they do not know."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=transfer.threads + 2,
        retries={"mode": "standard", "total_max_attempts": transfer.attempts},
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if connection.path_style else "auto"},
    )
    try:
        return boto3.client(
            "s3",
            region_name=connection.region,
            endpoint_url=connection.endpoint_url,
            aws_access_key_id=connection.access_key,
            aws_secret_access_key=connection.secret_key,
            verify=connection.verify_ssl,
            config=config,
        )
    except (BotoCoreError, ValueError):
        raise SourceError(f"S3 {connection.endpoint_url}: no es una dirección válida. Debe ser http(s)://servidor:puerto") from None


def place_of(connection: S3Connection, bucket: str) -> str:
    """For messages; without credentials."""
    return f"S3 {connection.endpoint_url or connection.region}, bucket {bucket}"
