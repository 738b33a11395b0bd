"""What happened at the scales, chunk by chunk: the random part of the sample, as columns of numbers.

In: a Plan and the number of a chunk. Out: its transactions as numpy columns, a pure function of both, so that any process
can make any chunk again (the pictures do) and memory does not grow with the size.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dataset_manager.sample import catalogue
from dataset_manager.sample.catalogue import DEVICES, NEW_MODEL, OLD_MODEL, UNKNOWN_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    Column = np.ndarray[Any, Any]

CHUNK = 1000
DAYS_BACK = 30
LAST_HOUR = time(12, tzinfo=UTC)  # of the last day: the sample was "read" then
FIRST_ID = 70_214_000
MANUAL_SHARE, USER_SHARE = 0.045, 0.24  # of all transactions; the rest is the other customer metric
UNKNOWN_CODE_SHARE = 0.0015
PICTURES_WANTED = 195  # transactions with pictures per product, where there are as many
SALES_SHIFT, SALES_FALL = 7.0, 1.42  # sales of the n-th product: (n + shift) ** -fall
# Madrid, by weekday and hour.
WEEKDAYS = (0.92, 0.88, 0.90, 0.97, 1.22, 1.45, 0.42)
HOURS = {9: 0.35, 10: 0.75, 11: 1.1, 12: 1.35, 13: 1.3, 14: 0.8, 15: 0.45, 16: 0.4, 17: 0.7, 18: 1.1, 19: 1.45, 20: 1.2, 21: 0.4}
SUNDAY_CLOSES = 15
HIGH, MEDIUM, LOW = 0, 1, 2
CONFIDENCE = ("HIGH", "MEDIUM", "LOW")
SKILL_BEST, SKILL_SPREAD, OLD_MODEL_COST = 0.965, 0.14, 0.035
NEIGHBOURS = (0.52, 0.74, 0.87, 0.94, 1.0)  # cumulative share of a wrong answer among the similar classes
CLIENT, USER, MANUAL = 0, 1, 2


@dataclass(frozen=True)
class Plan:
    """What decides the whole content: number of transactions inside the window, seed, last day."""

    transactions: int
    seed: int
    end: date

    @property
    def chunks(self) -> int:
        """How many there are."""
        return -(-self.transactions // CHUNK)

    @cached_property
    def start(self) -> datetime:
        """UTC midnight, `DAYS_BACK` days before the last day."""
        return datetime.combine(self.end - timedelta(days=DAYS_BACK), time(), UTC)

    @cached_property
    def hours(self) -> int:
        """From the start to the last hour."""
        return int((datetime.combine(self.end, LAST_HOUR) - self.start).total_seconds()) // 3600

    @cached_property
    def clock(self) -> "Column":
        """Cumulative share of sales at the end of each hour since the start."""
        import numpy as np

        return np.cumsum([0.0, *(busy(self.start + timedelta(hours=hour)) for hour in range(self.hours))])

    @cached_property
    def sessions(self) -> "Column":
        """What the staff photographs on purpose: per day and device one product."""
        import numpy as np

        rank = np.arange(len(catalogue.products()))
        odds = 1.0 / (1 + np.abs(rank - 40) / 12)  # mostly what sells little
        return np.random.default_rng([self.seed, 1]).choice(len(rank), (DAYS_BACK + 1, len(DEVICES)), p=odds / odds.sum())


@dataclass(frozen=True)
class Chunk:
    """Columns of one chunk, one value per transaction. Products are positions in `catalogue.products()`, -1 the unknown one."""

    number: "Column"
    identifier: "Column"
    start: "Column"  # milliseconds since 1970
    seconds: "Column"
    device: "Column"
    metric: "Column"
    product: "Column"
    model: "Column"
    trained: "Column"
    own_class: "Column"  # -1: none in that model
    result: "Column"
    topk: "Column"
    confidence: "Column"
    files: "Column"
    dice: "Column"  # one more random number per row, for the details


def busy(hour: datetime) -> float:
    """How much is sold in an hour, relative to others."""
    local = hour.astimezone(ZoneInfo("Europe/Madrid"))
    closed = local.weekday() == 6 and local.hour >= SUNDAY_CLOSES
    return 0.0 if closed else WEEKDAYS[local.weekday()] * HOURS.get(local.hour, 0.0)


@cache
def sales() -> "Column":
    """Share of each product among the customers' transactions."""
    import numpy as np

    weight = (np.arange(1, len(catalogue.products()) + 1) + SALES_SHIFT) ** -SALES_FALL
    return np.asarray(weight / weight.sum())


@cache
def own_classes(model: int) -> "Column":
    """Class index of each product's picture, whether or not its reference has a label."""
    import numpy as np

    names = {name: index for index, name in enumerate(catalogue.classes(model))}
    return np.array([names.get(one.class_name, -1) for one in catalogue.products()] + [-1])


@cache
def is_trained(model: int) -> "Column":
    """Whether the reference is in the model: its label must be in a class."""
    import numpy as np

    labels = {label for name in catalogue.classes(model) for label in catalogue.trained_labels(name)}
    return np.array([catalogue.label_id(one) in labels for one in catalogue.products()] + [False])


@cache
def skills() -> "Column":
    """How often the newer model is right, per product."""
    import numpy as np

    luck = np.random.default_rng(41).random(len(catalogue.products()) + 1)
    return SKILL_BEST - SKILL_SPREAD * luck**2


@cache
def mistakes(model: int) -> "Column":
    """Per product, the class indices it is taken for, likeliest first, as many as NEIGHBOURS."""
    import numpy as np

    names = {name: index for index, name in enumerate(catalogue.classes(model))}
    rows = []
    for name, class_name in [*((one.name, one.class_name) for one in catalogue.products()), (UNKNOWN_NAME, "")]:
        known = [names[other] for other in (*catalogue.MISTAKEN.get(name, ()), *catalogue.similar(class_name)) if other in names]
        rows.append((list(dict.fromkeys(known)) * len(NEIGHBOURS))[: len(NEIGHBOURS)])
    return np.array(rows)


def chunk(plan: Plan, which: int) -> Chunk:
    """The transactions `which * CHUNK` and on, in order of time."""
    import numpy as np

    draw = np.random.default_rng([plan.seed, 2, which])
    number = np.arange(which * CHUNK, min((which + 1) * CHUNK, plan.transactions))
    size = len(number)
    start = moments(plan, number, draw.random(size))
    days = (start - plan.start.timestamp() * 1000) / 86_400_000
    device = devices(days, draw.random(size), number)
    luck = draw.random(size)
    metric = np.where(luck < MANUAL_SHARE, MANUAL, np.where(luck < USER_SHARE, USER, CLIENT))
    product = bought(draw.random(size), draw.random(size))
    product = np.where(metric == MANUAL, plan.sessions[days.astype(int), device], product)
    new = days >= np.array([one.new_model for one in DEVICES])[device]
    own, trained = pick(own_classes, new, product), pick(is_trained, new, product)
    right = (own >= 0) & (draw.random(size) < skills()[product] - ~new * OLD_MODEL_COST - np.array([one.skill for one in DEVICES])[device])
    wrong = mistaken(new, product, draw.random(size))
    return Chunk(
        number=number,
        identifier=FIRST_ID + number * 3 + draw.integers(0, 3, size),
        start=start,
        seconds=(4000 + 9000 * draw.random(size) ** 2).astype(int),
        device=device,
        metric=metric,
        product=product,
        model=np.where(new, NEW_MODEL, OLD_MODEL),
        trained=trained,
        own_class=np.where(trained, own, -1),
        result=np.where(right, own, wrong),
        topk=positions(right, trained, draw.random(size)),
        confidence=confidences(right, draw.random(size)),
        files=pictures(plan, metric, product, draw.random(size), draw.random(size)),
        dice=draw.random(size),
    )


def moments(plan: Plan, number: "Column", luck: "Column") -> "Column":
    """Start times in milliseconds: the share of sales that number and luck stand for, read off the clock."""
    import numpy as np

    share = (number + luck) / plan.transactions * plan.clock[-1]
    hours = np.interp(share, plan.clock, np.arange(len(plan.clock)))
    return np.asarray(plan.start.timestamp() * 1000 + (hours * 3_600_000)).astype(np.int64)


def devices(days: "Column", luck: "Column", number: "Column") -> "Column":
    """By weight; what a device not yet installed would have weighed goes to the others in turn."""
    import numpy as np

    weights = np.cumsum([one.weight for one in DEVICES])
    chosen = np.searchsorted(weights, luck * weights[-1], side="right")
    early = days < np.array([one.starts for one in DEVICES])[chosen]
    return np.where(early, number % (len(DEVICES) - 1), chosen)


def bought(luck: "Column", rare: "Column") -> "Column":
    """The product a customer chose; now and then a code that the catalogue does not have."""
    import numpy as np

    chosen = np.minimum(np.searchsorted(np.cumsum(sales()), luck, side="right"), len(sales()) - 1)
    return np.where(rare < UNKNOWN_CODE_SHARE, -1, chosen)


def pick(table: "Callable[[int], Column]", new: "Column", product: "Column") -> "Column":
    """A per-model table looked up for each row's model."""
    import numpy as np

    return np.where(new, table(NEW_MODEL)[product], table(OLD_MODEL)[product])


def mistaken(new: "Column", product: "Column", luck: "Column") -> "Column":
    """The class of a wrong answer."""
    import numpy as np

    rank = np.searchsorted(NEIGHBOURS, luck, side="right")
    return np.where(new, mistakes(NEW_MODEL)[product, rank], mistakes(OLD_MODEL)[product, rank])


def positions(right: "Column", trained: "Column", luck: "Column") -> "Column":
    """Where the customer's choice stood among the candidates; -1 when it had to be searched for."""
    import numpy as np

    first = np.where(luck < 0.97, 0, 1)
    later = np.where(luck < 0.38, -1, np.where(luck < 0.72, 1, np.where(luck < 0.87, 2, np.where(luck < 0.95, 3, 5))))
    unknown = np.where(luck < 0.88, -1, 4)
    return np.where(~trained, unknown, np.where(right, first, later))


def confidences(right: "Column", luck: "Column") -> "Column":
    """Sure when right, mostly."""
    import numpy as np

    sure = np.where(luck < 0.86, HIGH, np.where(luck < 0.978, MEDIUM, LOW))
    unsure = np.where(luck < 0.34, HIGH, np.where(luck < 0.72, MEDIUM, LOW))
    return np.where(right, sure, unsure)


def pictures(plan: Plan, metric: "Column", product: "Column", luck: "Column", many: "Column") -> "Column":
    """How many pictures were kept: of what sells much only a part of the transactions."""
    import numpy as np

    kept = np.append(np.clip(PICTURES_WANTED / (plan.transactions * sales()), 0.12, 0.97), 0.5)[product]
    kept = np.where(metric == MANUAL, 0.98, kept)
    count = 1 + (many > np.where(metric == MANUAL, 0.6, 0.9)) + (many > 0.98)
    return np.where(luck < kept, count, 0)


def index_of(start: str) -> str:
    """One index a month, by the text of a time."""
    return f"device_transaction-{start[:4]}.{start[5:7]}"
