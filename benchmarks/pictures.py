"""Pictures per second from a real S3 that is 40 ms away: `venv/bin/python benchmarks/pictures.py [--quick]` (Linux, 10 GB of disk).

Three contenders in turn, each a process of its own, its start included:
- `boto3`: the way of before, five threads per class folder, a plain write to the final name, no checks;
- `bare`: obstore in 128 threads that throws the bytes away: nothing in Python comes faster;
- `ours`: `download_shard`, with strict checks, sealed atomic writes, the flush to the disk and the outcome file: one job, as the command
  runs it up to `images.shard_size` pictures.

Server, proxy and contender share this machine's cores, so the CPU of each is given per picture: it is what limits. All objects
are real, under keys of their own. Nothing is deleted before the end: ext4 does not reuse the inodes of deleted files for five
minutes and searches past them, which would be charged to whoever comes next. Prints a table, keeps benchmarks/pictures.json.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

DELAY = 0.040
PER_CLASS = 150
KINDS = 64
IN_FLIGHT = 128


@dataclass(frozen=True)
class Run:
    """One contender once; milliseconds of CPU are per picture."""

    who: str
    pictures: int
    rate: float
    cpu_ms: float
    server_ms: float
    proxy_ms: float
    peak_mb: float


def key(number: int) -> str:
    """Where picture `number` is."""
    return f"clase{number // PER_CLASS}/{number:06d}.jpg"


def picture(seed: int) -> bytes:
    """640x480, soft colours under the noise of a camera: 60 to 90 KB."""
    import numpy as np
    from PIL import Image

    dice = np.random.default_rng(seed)
    soft = Image.fromarray(dice.integers(40, 215, (12, 16, 3)).astype(np.uint8)).resize((640, 480), Image.Resampling.BICUBIC)
    noise = 17 + seed % 13
    pixels = np.clip(np.asarray(soft).astype(int) + dice.integers(-noise, noise + 1, (480, 640, 3)), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=80)
    return out.getvalue()


# --- the contenders, each in a child process -------------------------------------------------------------------------


def boto3_way(place: dict[str, Any], work: Path, pictures: int) -> None:
    """Class after class, five threads each."""
    import boto3
    from botocore.config import Config

    login = {"aws_access_key_id": place["access_key"], "aws_secret_access_key": place["secret_key"], "region_name": place["region"]}
    client = boto3.client("s3", endpoint_url=place["endpoint_url"], config=Config(s3={"addressing_style": "path"}), **login)

    def one(number: int) -> None:
        (work / key(number)).write_bytes(client.get_object(Bucket=place["bucket"], Key=key(number))["Body"].read())

    for start in range(0, pictures, PER_CLASS):
        (work / key(start)).parent.mkdir()
        with ThreadPoolExecutor(5) as pool:
            list(pool.map(one, range(start, min(start + PER_CLASS, pictures))))


def bare_way(place: dict[str, Any], _: Path, pictures: int) -> None:
    """Only the bytes."""
    import obstore
    from dataset_manager.images.store import Timeouts, bucket
    from dataset_manager.sources.connection_types import S3Connection

    store = bucket(S3Connection(**place), Timeouts())
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        assert all(pool.map(lambda number: len(obstore.get(store, key(number)).bytes()) > 50_000, range(pictures)))


def ours_way(place: dict[str, Any], work: Path, pictures: int) -> None:
    """As the rule's script calls it."""
    from dataset_manager.images.cache import PictureCache
    from dataset_manager.images.shards import download_shard
    from dataset_manager.images.store import open_source
    from dataset_manager.sources.connection_types import S3Connection

    source, cache = open_source(S3Connection(**place)), PictureCache(work / "cache")
    counts = download_shard(work / "manifest.parquet", 0, 1, source=source, cache=cache, outcome_file=work / "outcome.parquet")
    assert counts.ok == counts.wanted == pictures


WAYS: dict[str, Callable[[dict[str, Any], Path, int], None]] = {
    "boto3": boto3_way,
    "bare": bare_way,
    "ours": ours_way,
}


# --- the measurement --------------------------------------------------------------------------------------------------


def write_manifest(path: Path, pictures: int) -> None:
    """Every class is a group that wants all of its pictures."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sizes = {number: min(PER_CLASS, pictures - number * PER_CLASS) for number in range(-(-pictures // PER_CLASS))}
    rows = [
        {
            "key": key(number),
            "group": f"clase{number // PER_CLASS}",
            "quota": sizes[number // PER_CLASS],
            "rank": number,
            "shard": 0,
        }
        for number in range(pictures)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)


@dataclass
class Bench:
    """The server, the proxy before it, and where a contender reaches them."""

    place: dict[str, Any]
    server: int
    proxy: int
    base: Path
    runs: list[Run]

    def run(self, who: str, pictures: int) -> None:
        """One contender in a new folder."""
        work = self.base / f"{len(self.runs)}-{who}"
        work.mkdir()
        write_manifest(work / "manifest.parquet", pictures)
        before, started = (cpu(self.server), cpu(self.proxy)), time.perf_counter()
        words = [sys.executable, __file__, "--child", who, json.dumps(self.place), str(work), str(pictures)]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        peak = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - started
        if child.returncode:
            raise SystemExit(f"{who} failed")
        spent = (usage.ru_utime + usage.ru_stime, cpu(self.server) - before[0], cpu(self.proxy) - before[1])
        own, server, proxy = (1000 * seconds / pictures for seconds in spent)
        self.runs.append(Run(who, pictures, pictures / wall, own, server, proxy, int(peak) / 1024))
        print(shown(self.runs[-1]), f" proxy busy {100 * spent[2] / wall:.0f} %", flush=True)

    def middle(self, who: str, pictures: int, what: str) -> float:
        """The median of a figure."""
        return float(median(getattr(one, what) for one in self.runs if (one.who, one.pictures) == (who, pictures)))


def cpu(pid: int) -> float:
    """Seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory() -> str:
    """Of this process, in KB. What `wait4` says of a child counts its parent's memory before the new program began."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("VmHWM"))


def shown(run: Run) -> str:
    """A line of the table."""
    return (
        f"{run.who:<6} {run.pictures:>6,} {run.rate:7.0f}/s  CPU ms a picture: {run.cpu_ms:.3f} (server {run.server_ms:.3f}, "
        f"proxy {run.proxy_ms:.3f})  peak {run.peak_mb:4.0f} MB"
    )


@contextmanager
def started(base: Path, pictures: int) -> Iterator[Bench]:
    """The S3 of the tests, filled, behind the proxy."""
    from servers import seaweedfs

    server, s3 = seaweedfs.start()
    proxy = None
    try:
        place = {"bucket": s3.make_bucket("banco"), "region": s3.region, "path_style": True}
        fill(place | {"endpoint_url": s3.endpoint, "access_key": s3.access_key, "secret_key": s3.secret_key}, pictures)
        words = [sys.executable, str(ROOT / "benchmarks/delay_proxy.py"), s3.endpoint.rpartition(":")[2], str(DELAY)]
        proxy = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert proxy.stdout is not None and server.process is not None
        place |= {"endpoint_url": f"http://127.0.0.1:{int(proxy.stdout.readline())}"}
        place |= {"access_key": s3.readonly_access_key, "secret_key": s3.readonly_secret_key}
        yield Bench(place, server.process.pid, proxy.pid, base, [])
    finally:
        if proxy is not None:
            proxy.kill()
            proxy.wait()
        server.stop()


def fill(place: dict[str, Any], pictures: int) -> None:
    """Each key an object of its own."""
    import obstore
    from dataset_manager.images.store import Timeouts, bucket
    from dataset_manager.sources.connection_types import S3Connection

    store, contents = bucket(S3Connection(**place), Timeouts()), [picture(seed) for seed in range(KINDS)]
    print(f"{pictures:,} pictures of {min(map(len, contents)):,} to {max(map(len, contents)):,} bytes", flush=True)
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda number: obstore.put(store, key(number), contents[number % KINDS]), range(pictures)))


def measure(quick: bool) -> None:
    """Everything, in turn; medians at the end."""
    small, large, few = (1_000, 2_000, 150) if quick else (5_000, 50_000, 600)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, started(Path(folder), large) as bench:
        for _ in range(3):
            bench.run("boto3", few)
            bench.run("bare", small)
            bench.run("ours", small)
        for who in ("bare", "ours"):
            bench.run(who, large)
    rate = {who: bench.middle(who, number, "rate") for who, number in (("boto3", few), ("bare", small), ("ours", small))}
    memory = bench.middle("ours", large, "peak_mb") / bench.middle("ours", small, "peak_mb")
    result = {"ours / boto3": rate["ours"] / rate["boto3"], "ours / bare": rate["ours"] / rate["bare"], "memory": memory}
    result["ours / boto3, large"] = bench.middle("ours", large, "rate") / rate["boto3"]
    result["ours / bare, large"] = bench.middle("ours", large, "rate") / bench.middle("bare", large, "rate")
    result["CPU boto3 / ours"] = bench.middle("boto3", few, "cpu_ms") / bench.middle("ours", small, "cpu_ms")
    print(*(f"{name:<20} {value:6.2f}×" for name, value in result.items()), sep="\n")
    kept = {"cores": os.cpu_count(), "quick": quick, "ratios": result, "runs": [asdict(one) for one in bench.runs]}
    (ROOT / "benchmarks/pictures.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="hundreds instead of thousands")
    options.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.child:
        name, connection, work_folder, number_of = given.child
        WAYS[name](json.loads(connection), Path(work_folder), int(number_of))
        print(peak_memory())
    else:
        measure(given.quick)
