"""Whether the included rows of the workbook are complete and agree with each other, before a dataset is frozen.

In: the marks, the catalogue's labels, the references of the tables, the configured defaults. Out: `Included`, or one
MarksError with every problem (sheet, row, cell, column, value, what is allowed). Rules: docs/rules.md, «Dataset marks».
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dataset_manager.configuration import Dataset
from dataset_manager.errors import MarksError, WorkbookError
from dataset_manager.workbook.marks import DeviceMark, Marks, ReferenceMark
from dataset_manager.workbook.schema import DEVICE_CHOICES

ALL_DEVICES, CHOSEN_DEVICES = DEVICE_CHOICES


@dataclass(frozen=True)
class Catalogue:
    """What the marks are checked against: label ids, and reference_id -> reference_code."""

    labels: frozenset[str]
    codes: Mapping[str, str]


@dataclass(frozen=True)
class IncludedReference:
    """One row that goes into the dataset."""

    reference_id: str
    reference_code: str
    name: str
    clase: str
    label_id: str
    images: int
    devices: str


@dataclass(frozen=True)
class Included:
    """The complete rows, by key; `devices` are the selected ones with their extra pictures."""

    references: tuple[IncludedReference, ...]
    devices: tuple[tuple[str, int], ...]


def check(book: Path, marks: Marks, catalogue: Catalogue, defaults: Dataset) -> Included:
    """Raises MarksError with every problem at once, WorkbookError when nothing is included."""
    wanted = sorted((mark for mark in marks.references if mark.incluir_dataset), key=lambda mark: mark.row)
    selected = [mark for mark in marks.devices if mark.incluir_dataset]
    if not wanted:
        raise WorkbookError(
            f"{book}: ninguna referencia tiene incluir_dataset = si. Póngalo en las que quiera entrenar (hoja References), guarde y repita"
        )
    problems = [
        *(line for mark in wanted for line in incomplete(mark, catalogue, defaults)),
        *twice(wanted, catalogue.codes),
        *two_classes(wanted),
        *twin_classes(wanted),
        *without_device(wanted, selected, defaults),
    ]
    if problems:
        raise MarksError(str(book), problems)
    return Included(tuple(resolved(mark, catalogue, defaults) for mark in wanted), tuple(extra(mark, defaults) for mark in selected))


def place(mark: ReferenceMark, column: str) -> str:
    """`References!Z12 (label_considerar) de Tomate`."""
    return f"References!{mark.cells[column]} ({column}) de {mark.name or mark.reference_id}"


def incomplete(mark: ReferenceMark, catalogue: Catalogue, defaults: Dataset) -> Iterator[str]:
    """What is missing or impossible in one row."""
    if mark.reference_id not in catalogue.codes:
        yield f"References, fila {mark.row}: {mark.reference_id} no está en los datos del proceso; quite incluir_dataset o la fila"
    if not mark.producto_a_entrenar:
        yield f"{place(mark, 'producto_a_entrenar')}: vacío; ponga la clase (carpeta) en la que se entrena"
    if not mark.label_considerar:
        yield f"{place(mark, 'label_considerar')}: vacío; ponga un label_id de la hoja Labels"
    elif mark.label_considerar not in catalogue.labels:
        yield f"{place(mark, 'label_considerar')}: «{mark.label_considerar}» no está en la hoja Labels; ponga uno de sus label_id"
    if mark.num_imagenes_dataset == 0:
        yield f"{place(mark, 'num_imagenes_dataset')}: «0»; ponga un número desde 1, déjelo vacío (el configurado) o quite incluir_dataset"
    elif mark.num_imagenes_dataset is None and defaults.num_imagenes_dataset_default == 0:
        yield (
            f"{place(mark, 'num_imagenes_dataset')}: vacío, y el configurado (dataset.num_imagenes_dataset_default) es 0; "
            "ponga un número desde 1 o quite incluir_dataset"
        )


def twice(wanted: Iterable[ReferenceMark], codes: Mapping[str, str]) -> Iterator[str]:
    """Two rows of one code would share out the same transactions."""
    first: dict[str, ReferenceMark] = {}
    for mark in wanted:
        code = codes.get(mark.reference_id, "")
        if code and first.setdefault(code, mark) is not mark:
            other = first[code]
            yield (
                f"{place(mark, 'incluir_dataset')}: su código {code} es también el de {other.name or other.reference_id} "
                f"(References!{other.cells['incluir_dataset']}); incluya solo una de las dos"
            )


def two_classes(wanted: Iterable[ReferenceMark]) -> Iterator[str]:
    """One label is one class."""
    first: dict[str, ReferenceMark] = {}
    for mark in wanted:
        if not mark.label_considerar or not mark.producto_a_entrenar:
            continue
        other = first.setdefault(mark.label_considerar, mark)
        if other.producto_a_entrenar != mark.producto_a_entrenar and folded(other.producto_a_entrenar) != folded(mark.producto_a_entrenar):
            yield (
                f"{place(mark, 'producto_a_entrenar')}: el label {mark.label_considerar} va a la clase «{mark.producto_a_entrenar}» y en "
                f"References!{other.cells['producto_a_entrenar']} a «{other.producto_a_entrenar}»; un label solo puede estar en una clase"
            )


def twin_classes(wanted: Iterable[ReferenceMark]) -> Iterator[str]:
    """Two classes that a person would read as one."""
    first: dict[str, ReferenceMark] = {}
    known: set[str] = set()
    for mark in wanted:
        name = mark.producto_a_entrenar
        if not name or name in known:
            continue
        known.add(name)
        other = first.setdefault(folded(name), mark)
        if other is not mark:
            yield (
                f"{place(mark, 'producto_a_entrenar')}: la clase «{name}» solo se distingue en mayúsculas, acentos o espacios de "
                f"«{other.producto_a_entrenar}» (References!{other.cells['producto_a_entrenar']}); escríbalas igual o de otra manera"
            )


def folded(name: str) -> str:
    """Without case, accents and spaces."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return "".join(plain.casefold().split())


def without_device(wanted: Iterable[ReferenceMark], selected: list[DeviceMark], defaults: Dataset) -> Iterator[str]:
    """Nobody selected is never «everybody»."""
    asking = [mark for mark in wanted if (mark.devices_incluir or defaults.devices_incluir_default) == CHOSEN_DEVICES]
    if asking and not selected:
        more = f" (y {len(asking) - 1} más)" if len(asking) > 1 else ""
        yield (
            f"{place(asking[0], 'devices_incluir')}{more}: {CHOSEN_DEVICES}, y en la hoja Devices ninguno tiene incluir_dataset = si; "
            f"marque los dispositivos, o ponga {ALL_DEVICES}"
        )


def resolved(mark: ReferenceMark, catalogue: Catalogue, defaults: Dataset) -> IncludedReference:
    """Empty cells take the configured default."""
    images = mark.num_imagenes_dataset
    return IncludedReference(
        mark.reference_id,
        catalogue.codes[mark.reference_id],
        mark.name,
        mark.producto_a_entrenar,
        mark.label_considerar,
        defaults.num_imagenes_dataset_default if images is None else images,
        mark.devices_incluir or defaults.devices_incluir_default,
    )


def extra(mark: DeviceMark, defaults: Dataset) -> tuple[str, int]:
    """The device and how many pictures it adds."""
    number = mark.num_imagenes_dataset_adicionales
    return mark.device_id, defaults.num_imagenes_dataset_adicionales_default if number is None else number
