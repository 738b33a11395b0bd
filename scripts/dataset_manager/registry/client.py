"""The boto3 client that publishing uses.

In: an `S3Connection` (without keys: boto3's own chain). Out: a client whose repeats and timeouts are ours.
"""

from typing import Any

from dataset_manager.errors import SourceError
from dataset_manager.registry.stored import Transfer
from dataset_manager.sources.connection_types import S3Connection
from dataset_manager.sources.s3_client import s3_client


def client_of(connection: S3Connection, transfer: Transfer) -> Any:
    """Safe to use from many threads. No checksums but those we give: old stores refuse what they do not know."""
    from botocore.exceptions import BotoCoreError

    try:
        return s3_client(
            connection,
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=transfer.threads + 2,
            retries={"mode": "standard", "total_max_attempts": transfer.attempts},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
    except (BotoCoreError, ValueError):
        raise SourceError(f"S3 {connection.endpoint_url}: no es una dirección válida. Debe ser http(s)://servidor:puerto") from None
