"""DuckDB without the Python layer around it: `from dataset_manager.duck import duckdb`.

The package `duckdb` re-exports its extension module `_duckdb` and adds what takes 60 ms of the 85 that it needs to be imported, in every
job of a command: an expression and a relation API, which nothing here uses, and the reading of Arrow tables. The two modules that hand
such a table over import the package. Where a later version keeps its extension elsewhere, the package serves here as well.
"""

try:
    import _duckdb as duckdb
except ImportError:
    import duckdb  # type: ignore[no-redef]

__all__ = ["duckdb"]
