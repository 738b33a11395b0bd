"""From a process's frozen identity to something that can be read: a connection or a path.

An existing process keeps its sources whatever the configuration says now; credentials always come from the surroundings.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dataset_manager import environment
from dataset_manager.settings import ProcessAwareSettings
from dataset_manager.sources.connection_types import DatabaseConnection, ElasticConnection, S3Connection


def transactions(settings: ProcessAwareSettings, identity: Mapping[str, Any]) -> ElasticConnection | Path:
    """Elasticsearch, or the file of an export."""
    path = settings.source_path(identity["sources"]["transactions"], "transactions")
    return path if path is not None else elastic(settings)


def catalogue(settings: ProcessAwareSettings, identity: Mapping[str, Any]) -> DatabaseConnection | Path:
    """MySQL, or an SQLite file."""
    path = settings.source_path(identity["sources"]["catalogue"], "catalogue")
    return path if path is not None else database(settings)


def pictures(settings: ProcessAwareSettings, identity: Mapping[str, Any]) -> S3Connection | Path:
    """S3, or a folder laid out as the bucket."""
    path = settings.source_path(identity["sources"]["pictures"], "pictures")
    return path if path is not None else environment.s3(settings.environment)


def elastic(settings: ProcessAwareSettings) -> ElasticConnection:
    """Raises ConfigurationError naming what is missing."""
    options = settings.config.elasticsearch
    return environment.elastic(settings.environment, timeout=options.timeout, max_retries=options.max_retries)


def database(settings: ProcessAwareSettings) -> DatabaseConnection:
    """Raises ConfigurationError naming what is missing."""
    return environment.database(settings.environment, connect_timeout=settings.config.database.connect_timeout)
