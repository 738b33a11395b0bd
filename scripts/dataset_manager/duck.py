"""DuckDB without the Python layer around it: `from dataset_manager.duck import duckdb`.

The package `duckdb` re-exports its extension module `_duckdb` and adds an expression and a relation API that nothing here uses. Importing
them takes 60 ms of the 85, in every job of a command. Where a later version keeps its extension elsewhere, the package serves as well.
"""

try:
    import _duckdb as duckdb
except ImportError:
    import duckdb  # type: ignore[no-redef]

__all__ = ["duckdb"]
