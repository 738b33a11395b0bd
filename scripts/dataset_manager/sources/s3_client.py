"""One boto3 client for everything that asks or writes to S3 by itself.

In: an `S3Connection` (without keys: boto3's own chain) and botocore's options. Out: the client, and its place for messages.
"""

from typing import Any

from dataset_manager.sources.connection_types import S3Connection

KEYS = "REMOTE_STORAGE_ACCESS_KEY y REMOTE_STORAGE_SECRET_KEY (o MINIO_ACCESS_KEY y MINIO_SECRET_KEY)"
MISSING = f"faltan las credenciales de S3. Ponga {KEYS} en .env (o en el archivo de --env) o en el entorno; vea .env.example"


def s3_client(connection: S3Connection, **options: Any) -> Any:
    """Does not ask the server yet. Raises BotoCoreError or ValueError for an address that is none."""
    import boto3
    from botocore.config import Config

    config = Config(signature_version="s3v4", s3={"addressing_style": "path" if connection.path_style else "auto"}, **options)
    return boto3.client(
        "s3",
        region_name=connection.region,
        endpoint_url=connection.endpoint_url,
        aws_access_key_id=connection.access_key,
        aws_secret_access_key=connection.secret_key,
        verify=connection.verify_ssl,
        config=config,
    )


def place_of(connection: S3Connection, bucket: str) -> str:
    """For messages; without credentials."""
    return f"S3 {connection.endpoint_url or connection.region}, bucket {bucket}"
