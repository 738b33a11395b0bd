"""Analysis: raw hits to tables, in DuckDB SQL over Parquet."""
