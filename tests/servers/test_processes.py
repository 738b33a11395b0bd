"""What the fixtures promise about any server: clear errors, and nothing left behind however the session ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from servers.processes import MissingProgramError, Server, StartError, can_listen, free_port, program

SESSION = """
import sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from servers.processes import Server
server = Server("sleep", Path({folder!r}))
server.start(["sleep", "600"], lambda: True)
print(server.process.pid, flush=True)
{then}
"""


def session(folder: Path, then: str) -> tuple["subprocess.Popen[str]", int]:
    """Another Python with a running server, and that server's process id."""
    code = SESSION.format(tests=str(Path(__file__).parents[1]), folder=str(folder), then=then)
    python = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert python.stdout
    return python, int(python.stdout.readline())


def alive(pid: int) -> bool:
    """Whether the process still runs (one that only waits to be reaped does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(pid: int) -> bool:
    """Whether it ends by itself within a generous time."""
    for _ in range(600):
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_a_server_that_ends_while_starting_shows_its_log(tmp_path: Path) -> None:
    server = Server("ejemplo", tmp_path)
    with pytest.raises(StartError, match=r"(?s)ejemplo terminó al arrancar \(código 3\).*orden: sh.*no encuentro la configuración"):
        server.start(["sh", "-c", "echo no encuentro la configuración; exit 3"], lambda: False)


def test_a_server_that_never_answers_is_ended_and_shows_its_log(tmp_path: Path) -> None:
    server = Server("ejemplo", tmp_path)
    with pytest.raises(StartError, match=r"(?s)ejemplo no responde tras 0 s.*sleep 600"):
        server.start(["sleep", "600"], lambda: False, seconds=0.1)
    assert server.process is not None
    assert not alive(server.process.pid)


def test_a_missing_program_names_the_line_that_installs_it() -> None:
    with pytest.raises(
        MissingProgramError, match=r"falta el programa no-existe; instálelo con: apt-get install -y el-paquete, .*python3 setup.py --tests"
    ):
        program("no-existe", "el-paquete")


def test_stopping_removes_process_and_folder(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    server = Server("ejemplo", folder)
    server.start(["sleep", "600"], lambda: True)
    server.stop()
    server.stop()
    assert server.process is not None
    assert not alive(server.process.pid)
    assert not folder.exists()


@pytest.mark.parametrize("then", ["raise KeyboardInterrupt", "raise SystemExit(1)"])
def test_a_server_ends_with_an_interrupted_session(tmp_path: Path, then: str) -> None:
    python, pid = session(tmp_path, then)
    python.wait()
    assert not alive(pid)


def test_a_server_ends_with_a_killed_session(tmp_path: Path) -> None:
    python, pid = session(tmp_path, "time.sleep(600)")
    os.kill(python.pid, signal.SIGKILL)
    python.wait()
    assert ends(pid)


def test_free_ports_are_free_with_the_one_ten_thousand_above() -> None:
    port = free_port()
    assert can_listen(port)
    assert can_listen(port + 10_000)
