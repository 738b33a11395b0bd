"""What only the book knows: rows of `Consistencia` and `Resumen` about the marks, what was carried, and what is not shown.

In: the merged tabs and the plan of the big one. Out: rows in those tabs' columns; nothing where there is nothing to say.
"""

from dataclasses import dataclass
from typing import Any

from dataset_manager.wording import number
from dataset_manager.workbook.big_sheet import BigSheet
from dataset_manager.workbook.merge import Merged, Orphan
from dataset_manager.workbook.schema import ORPHANS, TRANSACTIONS

EXAMPLES = 20
BLOCK = "ESTE LIBRO"
PASSED = "bien"
SEVERITIES = ("error", "aviso", "info")


@dataclass(frozen=True)
class BookFacts:
    """What there is to say about a book."""

    merged: list[Merged]
    sheet: BigSheet
    lost: list[str]

    @property
    def orphans(self) -> list[Orphan]:
        """Of both tabs."""
        return [orphan for one in self.merged for orphan in one.orphans]

    def summary(self) -> list[tuple[str, str, str]]:
        """The last block of Resumen."""
        rows = [(BLOCK, TRANSACTIONS, rows_shown(self.sheet))]
        rows += [(BLOCK, f"Filas en {ORPHANS}", str(len(self.orphans)))] if self.orphans else []
        return rows + ([(BLOCK, "No se pudo trasladar", f"{len(self.lost)} (véase Consistencia)")] if self.lost else [])

    def checks(self) -> list[list[Any]]:
        """The last rows of Consistencia."""
        found = (self._below(), self._orphans(), self._returned(), self._lost(), self._capped(), self._cut())
        return [
            [severity, text, len(cases), "; ".join(cases[:EXAMPLES]), action, name]
            for severity, text, cases, action, name in found
            if cases
        ]

    def _below(self) -> "Check":
        text = "Referencias que superan el umbral y cuya marca incluir_dataset dice no"
        return "aviso", text, self.merged[0].below_choice, "Cambie incluir_dataset si deben entrar", "umbral_sin_incluir"

    def _orphans(self) -> "Check":
        gone = [f"{orphan.sheet} {orphan.key} {orphan.name}".strip() for orphan in self.orphans]
        return (
            "aviso",
            "Marcas de filas que ya no están en los datos",
            gone,
            f"Véase {ORPHANS}; nada que hacer si se esperaba",
            "marcas_huerfanas",
        )

    def _returned(self) -> "Check":
        returned = [f"{one.tab.name} {key}" for one in self.merged for key in one.returned]
        action = "Han vuelto con valores por defecto; para dejarlas fuera, marque no"
        return "info", "Filas que se habían borrado del libro", returned, action, "filas_borradas"

    def _lost(self) -> "Check":
        return (
            "aviso",
            "Cosas añadidas al libro que no se pudieron trasladar",
            self.lost,
            "Están en la copia más reciente de .history",
            "no_trasladado",
        )

    def _capped(self) -> "Check":
        cases = [TRANSACTIONS] * (self.sheet.rows < self.sheet.total) + [f"columna {name}" for name in self.sheet.left_out]
        text = f"{TRANSACTIONS} no muestra todo: {rows_shown(self.sheet)}"
        return "info", text, cases, "Todas están en data/transactions.parquet", "datos_recortados"

    def _cut(self) -> "Check":
        cases = [f"{number(self.sheet.cut_texts)} textos"] if self.sheet.cut_texts else []
        return "info", "Textos que no caben en una celda, cortados", cases, "Enteros están en data/transactions.parquet", "textos_cortados"


def ordered(rows: list[list[Any]]) -> list[list[Any]]:
    """What needs a person first, by severity; checks that found nothing last, as passed."""
    found = [row for row in rows if row[2]]
    passed = [[PASSED, f"Comprobado, sin incidencias: «{text}»", 0, "", "", name] for _, text, count, _, _, name in rows if not count]
    return sorted(found, key=lambda row: SEVERITIES.index(row[0])) + passed


Check = tuple[str, str, list[str], str, str]


def rows_shown(sheet: BigSheet) -> str:
    """How much of the table the tab shows."""
    if sheet.rows == sheet.total:
        return f"las {number(sheet.total)} transacciones"
    return f"las {number(sheet.rows)} más recientes de {number(sheet.total)} transacciones"
