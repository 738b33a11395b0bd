"""The sample's catalogue: what a deployment's shops sell, and what its two models know of it.

In: nothing but the tables below. Out: values: products (the deployment's references), labels, models and devices, the
same for every size and seed. Odd on purpose: codes `00014` and `14`, an alphanumeric code, references without label, one
whose label does not exist, a label in two classes, classes without labels, products that only the newer model knows.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

DEPLOYMENT, OTHER_DEPLOYMENT = 130, 122
OLD_MODEL, NEW_MODEL = 31, 32
UNKNOWN_LABEL = 9041  # a reference points to it, `label` has no such row
UNKNOWN_CODE, UNKNOWN_NAME = "00998", "FRUTA VARIOS"  # sold, but not in the catalogue
CREATED = "2024-11-05 09:12:40"

# In order of sales: code | name on the scale | label | class of the newer model. Class "+x": only the newer model has it.
# Label "-": none; label "?": an id that does not exist; class "-": not trained.
PRODUCTS = """
00003 | PLÁTANO DE CANARIAS | plátano de canarias | plátano
00014 | TOMATE RAMA | tomate rama | tomate rama
00021 | NARANJA MESA | naranja mesa | naranja
00075 | SANDÍA RAYADA | sandía rayada | sandía rayada
00007 | MANZANA GOLDEN | manzana golden | manzana golden
00040 | PATATA GRANEL | patata blanca | patata
00055 | CALABACÍN VERDE | calabacín verde | calabacín
00081 | MELOCOTÓN AMARILLO | melocotón amarillo | melocotón amarillo
00031 | CEBOLLA GRANEL | cebolla dorada | cebolla
00024 | LIMÓN | limón | limón
00051 | PEPINO | pepino | pepino
00061 | PIMIENTO ROJO | pimiento rojo | pimiento rojo
00071 | MELÓN PIEL DE SAPO | melón piel de sapo | melón piel de sapo
00016 | TOMATE PERA | tomate pera | tomate pera
00083 | NECTARINA | nectarina | nectarina
00011 | PERA CONFERENCIA | pera conferencia | pera conferencia
00062 | PIMIENTO VERDE ITALIANO | pimiento italiano | pimiento italiano
00104 | CEREZA PICOTA | cereza picota | cereza
00044 | ZANAHORIA GRANEL | zanahoria | zanahoria
00084 | PARAGUAYO | paraguayo | paraguayo
00091 | AGUACATE HASS | aguacate hass | aguacate
00008 | MANZANA FUJI | manzana fuji | manzana fuji
00102 | UVA NEGRA SIN SEMILLA | - | +uva negra
00053 | BERENJENA | berenjena | berenjena
00085 | ALBARICOQUE | albaricoque | albaricoque
00004 | BANANA | banana | banana
00101 | UVA BLANCA | uva blanca | uva blanca
00018 | TOMATE ENSALADA | tomate ensalada | tomate ensalada
00019 | TOMATE KUMATO | - | tomate kumato
00093 | KIWI VERDE | kiwi verde | kiwi verde
00087 | CIRUELA ROJA | ciruela roja | ciruela roja
00033 | AJO MORADO | ajo | ajo
00097 | PITAHAYA ROJA | pitahaya roja | -
00009 | MANZANA GRANNY SMITH | manzana granny smith | manzana granny smith
14 | BREVA | breva | breva
00131 | BRÓCOLI | brócoli | brócoli
00095 | MANGO | mango | +mango
00036 | PUERRO | puerro | puerro
00010 | MANZANA ROYAL GALA | manzana royal gala | manzana royal gala
00121 | LECHUGA ICEBERG | lechuga iceberg | lechuga iceberg
00076 | SANDÍA NEGRA | sandía negra | sandía negra
00046 | BONIATO | boniato | boniato
00141 | JUDÍA VERDE PLANA | judía verde plana | judía verde
ECO07 | MANZANA GOLDEN ECOLÓGICA | manzana golden | manzana golden
00072 | MELÓN GALIA | melón galia | melón galia
00017 | TOMATE CHERRY | tomate cherry | tomate cherry
00064 | PIMIENTO AMARILLO | pimiento amarillo | pimiento amarillo
00022 | NARANJA ZUMO | naranja zumo | naranja
00151 | CHAMPIÑÓN | champiñón | champiñón
00025 | LIMA | lima | lima
00032 | CEBOLLA MORADA | cebolla morada | cebolla morada
00023 | MANDARINA | mandarina | mandarina
00012 | PERA BLANQUILLA | pera blanquilla | pera blanquilla
00088 | CIRUELA CLAUDIA | ciruela claudia | ciruela claudia
00161 | PIÑA | piña | piña
00041 | PATATA ROJA | patata roja | patata roja
00122 | LECHUGA ROMANA | lechuga romana | lechuga romana
00132 | COLIFLOR | coliflor | coliflor
00103 | FRESA | fresa | fresa
00092 | AGUACATE BACON | aguacate bacon | aguacate
00026 | POMELO | pomelo | pomelo
00111 | CALABAZA CACAHUETE | calabaza cacahuete | calabaza
00133 | ALCACHOFA | alcachofa | +alcachofa
00094 | KIWI AMARILLO | kiwi amarillo | +kiwi amarillo
00162 | PAPAYA | papaya | papaya
00134 | COL LOMBARDA | col lombarda | col lombarda
00047 | REMOLACHA | remolacha | remolacha
00105 | GRANADA | granada | granada
00048 | RÁBANO | rábano | rábano
00163 | COCO | coco | coco
00171 | MAÍZ MAZORCA | ? | -
00049 | JENGIBRE | - | -
00065 | PIMIENTO PADRÓN | pimiento padrón | -
00056 | CALABACÍN BLANCO | calabacín blanco | -
"""

# Labels that no reference of this deployment has; after ":" the class that they train too.
OTHER_LABELS = """
plátano maduro: plátano | naranja sanguina: naranja | tomate rama pequeño: tomate rama | patata nueva: patata
cebolla tierna: cebolla | limón verde: limón | pepino holandés: pepino | manzana fuji pequeña: manzana fuji
pera conferencia verde: pera conferencia | melocotón viña: melocotón amarillo | calabacín pequeño: calabacín
berenjena rayada: berenjena | uva moscatel: uva blanca | uva negra: uva negra | tomate kumato: tomate kumato
champiñón portobello: champiñón | zanahoria manojo: zanahoria | sandía mini: sandía rayada | bolsa | mano | bandeja vacía | acelga
apio | arándano | cardo | castaña | chirimoya | chirivía | col china | endibia | escarola | espinaca | frambuesa | guisante | haba
higo chumbo | hinojo | kaki | lichi | lombarda mini | membrillo | mora | nabo | níspero | nuez | perejil | pimiento de asar
repollo | seta de cardo | uva roja | yuca
"""
EMPTY_CLASSES = ["bolsa", "mano", "fondo"]  # index and name, no label
SECOND_CLASS = {"nectarina": "melocotón amarillo"}  # a label that a second class lists as well

FAMILIES = """
plátano, banana | naranja, mandarina, pomelo, limón, lima | tomate rama, tomate ensalada, tomate pera, tomate cherry, tomate kumato
manzana golden, manzana granny smith, pera blanquilla, manzana fuji, manzana royal gala, pera conferencia
patata, patata roja, cebolla, boniato | melocotón amarillo, nectarina, albaricoque, paraguayo, ciruela roja, cereza
calabacín, pepino, pimiento italiano, judía verde, berenjena | pimiento rojo, pimiento amarillo, pimiento italiano, tomate pera
melón piel de sapo, melón galia, sandía rayada, sandía negra, papaya | aguacate, breva, kiwi verde, kiwi amarillo, mango
uva blanca, uva negra, cereza, ciruela claudia, ciruela roja
lechuga romana, lechuga iceberg, brócoli, col lombarda, coliflor, alcachofa | cebolla morada, cebolla, ajo, remolacha, rábano
puerro, ajo, cebolla | zanahoria, boniato, calabaza | champiñón, ajo, coliflor | piña, coco, melón galia
fresa, cereza, granada, rábano
"""
# What a model takes a product for that it does not know.
MISTAKEN = {
    "UVA NEGRA SIN SEMILLA": ["ciruela roja", "cereza", "uva blanca"],
    "MANGO": ["papaya", "melocotón amarillo", "aguacate"],
    "PITAHAYA ROJA": ["granada", "remolacha", "pimiento rojo"],
    "ALCACHOFA": ["brócoli", "lechuga iceberg", "aguacate"],
    "KIWI AMARILLO": ["kiwi verde", "patata", "aguacate"],
    "MAÍZ MAZORCA": ["plátano", "pimiento amarillo", "zanahoria"],
    "JENGIBRE": ["patata", "boniato", "ajo", "champiñón", "cebolla"],
    "PIMIENTO PADRÓN": ["pimiento italiano", "judía verde", "lima"],
    "CALABACÍN BLANCO": ["calabacín", "pepino", "pera blanquilla"],
    UNKNOWN_NAME: ["manzana golden", "naranja", "melocotón amarillo", "ciruela roja"],
}


@dataclass(frozen=True)
class Product:
    """One reference of the deployment. `class_name` is empty when no model knows it."""

    reference_id: int
    code: str
    name: str
    label: str
    class_name: str
    only_new: bool


@dataclass(frozen=True)
class Device:
    """A scale. `skill` is what its camera costs the models; `starts` the day of the window it was installed."""

    device_id: int
    name: str
    store: int
    weight: float
    skill: float
    starts: int
    new_model: float
    version: str


STORES = {11: ("Gfresh Alcalá", "Madrid"), 12: ("Gfresh Getafe Sur", "Getafe"), 13: ("Gfresh Móstoles", "Móstoles")}
DEVICES = [
    Device(1301, "Alcalá - Balanza 1", 11, 1.30, 0.00, 0, 17.4, "4.2.1"),
    Device(1302, "Alcalá - Balanza 2", 11, 1.15, 0.01, 0, 17.5, "4.2.1"),
    Device(1303, "Alcalá - Autoservicio", 11, 0.95, 0.02, 0, 17.6, "4.2.0"),
    Device(1304, "Getafe Sur - Balanza 1", 12, 1.10, 0.00, 0, 18.3, "4.2.1"),
    Device(1305, "Getafe Sur - Balanza 2", 12, 0.90, 0.01, 0, 18.4, "4.1.7"),
    Device(1306, "Getafe Sur - Autoservicio", 12, 0.60, 0.03, 0, 18.5, "3.9.4"),
    Device(1307, "Móstoles - Balanza 1", 13, 1.00, 0.00, 0, 19.3, "4.2.1"),
    Device(1308, "Móstoles - Balanza 2", 13, 0.55, 0.09, 0, 19.6, "3.9.4"),
    Device(1309, "Móstoles - Autoservicio", 13, 0.75, 0.01, 12, 17.3, "4.2.1"),
]


@cache
def products() -> tuple[Product, ...]:
    """The references, most sold first."""
    return tuple(product(number, line) for number, line in enumerate(PRODUCTS.strip().splitlines()))


def product(number: int, line: str) -> Product:
    """One line of the table; ids do not follow the order of sales."""
    code, name, label, class_name = (part.strip() for part in line.split("|"))
    return Product(4100 + (number * 29) % 74, code, name, "" if label == "-" else label, class_name.strip("+-"), class_name.startswith("+"))


@cache
def other_labels() -> dict[str, str]:
    """Labels outside the deployment, with the class they train or nothing."""
    parts = (part.split(":") for part in OTHER_LABELS.replace("\n", "|").split("|") if part.strip())
    return {part[0].strip(): part[1].strip() if len(part) > 1 else "" for part in parts}


@cache
def label_ids() -> dict[str, int]:
    """Every row of `label`, by name."""
    names = sorted({one.label for one in products() if one.label not in ("", "?")} | set(other_labels()))
    return {name: 101 + number for number, name in enumerate(names)}


def label_id(one: Product) -> int | None:
    """As the reference has it: none, real, or one that does not exist."""
    return None if not one.label else label_ids().get(one.label, UNKNOWN_LABEL)


@cache
def classes(model: int) -> tuple[str, ...]:
    """Class names of a model by index; the newer model adds its classes at the end."""
    old = sorted({one.class_name for one in products() if one.class_name and not one.only_new})
    new = sorted({one.class_name for one in products() if one.only_new})
    return (*old, *EMPTY_CLASSES, *(new if model == NEW_MODEL else ()))


def trained_labels(class_name: str) -> list[int]:
    """The labels that a class lists."""
    own = {one.label for one in products() if one.class_name == class_name and one.label not in ("", "?")}
    more = {label for label, name in [*other_labels().items(), *SECOND_CLASS.items()] if name == class_name}
    return sorted(label_ids()[label] for label in own | more)


def model_data(model: int) -> Any:
    """The class list of a model: bare for the old one, inside an object for the new one, as both exist in the wild."""
    found = [{"index": index, "index_name": name, "trained_labels": trained_labels(name)} for index, name in enumerate(classes(model))]
    return {"version": 2, "framework": "tflite", "classes": found} if model == NEW_MODEL else found


@cache
def families() -> list[list[str]]:
    """Classes that look alike."""
    return [[name.strip() for name in family.split(",")] for family in FAMILIES.replace("\n", "|").split("|") if family.strip()]


@cache
def similar(class_name: str) -> tuple[str, ...]:
    """The classes it is confused with, likeliest first."""
    near = []
    for family in families():
        if class_name in family:
            near += sorted(family, key=lambda one: abs(family.index(one) - family.index(class_name)))
    return tuple(name for name in dict.fromkeys(near) if name != class_name)


def reference_rows() -> list[tuple[Any, ...]]:
    """Rows of `reference`: this deployment's, and a few of another one that shares products."""
    own = [(one.reference_id, one.code, one.name, label_id(one), DEPLOYMENT, CREATED, "2025-06-12 08:30:11") for one in products()]
    other = [(2200 + n, one.code, one.name, label_id(one), OTHER_DEPLOYMENT, CREATED, CREATED) for n, one in enumerate(products()[:8])]
    return sorted(own) + other


def label_rows() -> list[tuple[Any, ...]]:
    """Rows of `label`."""
    return [(number, name, "2023-02-01 10:00:00", f"2025-03-{1 + number % 28:02d} 16:05:00") for name, number in label_ids().items()]


def model_rows() -> list[tuple[Any, ...]]:
    """Rows of `model`."""
    made = {OLD_MODEL: ("GF-2025-02", "2025-02-20 18:00:00"), NEW_MODEL: ("GF-2025-07", "2025-07-15 17:40:00")}
    return [(model, code, json.dumps(model_data(model), ensure_ascii=False), time, time) for model, (code, time) in made.items()]


def deployment_rows() -> list[tuple[Any, ...]]:
    """Rows of `deployment`."""
    return [(OTHER_DEPLOYMENT, OLD_MODEL), (DEPLOYMENT, NEW_MODEL)]
