"""What was published, where and when: `registry/<dataset>.json` in the process.

In: the result of publishing. Out: a JSON file that verify reads; written last, so it says that everything before it was done.
"""

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from dataset_manager.errors import ConfigurationError
from dataset_manager.files import read_json, write_json
from dataset_manager.registry.stored import Expected


@dataclass(frozen=True)
class Receipt:
    """`url`, `checksum` and `part_size` are empty without upload; `row` is the row as registered."""

    dataset_name: str
    dataset_id: str
    content_id: str
    url: str
    bytes: int
    sha256: str
    checksum: str
    part_size: int
    registry_csv: str
    row: dict[str, str]
    summary_csv: str
    summary_sha256: str
    published_at: str
    tool_version: str

    def expected(self) -> Expected:
        """What the object must be, for `check_object`."""
        return Expected(self.bytes, self.sha256, self.checksum, self.part_size)


def load(path: Path) -> Receipt | None:
    """None where there is none; fields of a later version are ignored."""
    found = read_json(path)
    if found is None:
        return None
    names = [one.name for one in fields(Receipt)]
    missing = [name for name in names if not isinstance(found, dict) or name not in found]
    if missing:
        raise ConfigurationError(f"{path}: no es un recibo (faltan {', '.join(missing)}). Bórrelo y repita register_dataset, que lo rehace")
    return Receipt(**{name: found[name] for name in names})


def save(path: Path, receipt: Receipt) -> Receipt:
    """Writes it unless it says the same already; then the first time and version stay."""
    old = load(path)
    if old and replace(receipt, published_at=old.published_at, tool_version=old.tool_version) == old:
        return old
    write_json(path, asdict(receipt))
    return receipt
