"""The typed library of the gFresh Dataset Manager: files, tables and services. It never imports Snakemake."""

__version__ = "3.0.0"
