"""Which keys the documents of an extraction have: what the table of transactions needs to know before it reads them.

In: documents, as they are checked on their way into a part. Out: JSON in the record of each slice and in `manifest.json`, and
back from there. Rules: docs/rules.md, «Fields».
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

NESTED, SECOND = "transaction_data", "metric_data"


@dataclass
class DocumentKeys:
    """The keys at the top and in each container. `odd`: some document needs more care than a plain struct can give, because its
    `transaction_data` is no object with keys. (Of a key twice in one object nothing is seen here.)
    """

    top: set[str] = field(default_factory=set)
    nested: set[str] = field(default_factory=set)
    second: set[str] = field(default_factory=set)
    odd: bool = False

    def add(self, source: Mapping[str, Any]) -> None:
        """Of one document."""
        self.top.update(source)
        nested = source.get(NESTED)
        if isinstance(nested, dict) and nested:
            self.nested.update(nested)
        elif NESTED in source:
            self.odd = True
        if SECOND in source and isinstance(second := source[SECOND], dict):
            self.second.update(second)

    def update(self, other: "DocumentKeys") -> None:
        """Of many."""
        self.top |= other.top
        self.nested |= other.nested
        self.second |= other.second
        self.odd |= other.odd

    def to_json(self) -> dict[str, Any]:
        """In a fixed order."""
        return {"top": sorted(self.top), "nested": sorted(self.nested), "second": sorted(self.second), "odd": self.odd}

    @classmethod
    def of(cls, written: Iterable[Mapping[str, Any]]) -> "DocumentKeys":
        """All that `to_json` wrote, together."""
        found = cls()
        for one in written:
            found.update(cls(set(one["top"]), set(one["nested"]), set(one["second"]), one["odd"]))
        return found
