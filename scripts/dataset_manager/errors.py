"""What can go wrong, by kind.

Every error carries, in Spanish, where it happened, what was found, what is allowed and what to do: an operator
must be able to act on the text alone. Nothing secret may stand in one.
"""

from collections.abc import Sequence


class ToolError(Exception):
    """Anything the operator can act on; the command ends with exit code 1."""


class UsageError(ToolError):
    """A key, flag or value that was typed cannot be meant; exit code 2 from main.py."""


class ConfigurationError(ToolError):
    """A configuration file, key or credential is missing or wrong."""


class ProcessError(ToolError):
    """No such process, or a name that belongs to something else."""


class SourceError(ToolError):
    """A source (Elasticsearch, MySQL, S3 or an embedded file) cannot give what was asked."""


class WorkbookError(ToolError):
    """The workbook is missing, in use, or cannot be read."""


class MarksError(WorkbookError):
    """Cells that a person filled cannot be read; `problems` has one line per cell."""

    def __init__(self, book: str, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{book}: hay {len(self.problems)} celdas que corregir:\n{lines}")


class CountError(ToolError):
    """Counts that must close do not: rows written, hits reported, pictures wanted."""


class DiskError(ToolError):
    """The disk is full, read-only or otherwise refuses a write."""


class RunLockedError(ToolError):
    """Another run works, or has just worked, on the same process."""
