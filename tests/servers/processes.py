"""Starting, watching and stopping one server program.

In: a command line and a test of readiness. Out: a running process whose output is in a log file, and which
cannot outlive the test session.
"""

import atexit
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".servers"
INSTALL = "python3 setup.py --tests"
START_SECONDS = 60
STOP_SECONDS = 30


class MissingProgramError(Exception):
    """A server cannot be started here because something is not installed; the text holds the install line."""

    def __init__(self, what: str, packages: str = "") -> None:
        line = f"apt-get install -y {packages}, o todo lo de las pruebas como root: {INSTALL}" if packages else INSTALL
        super().__init__(f"falta {what}; instálelo con: {line}")


class StartError(Exception):
    """A server program ended or did not answer; the text holds the end of its log."""


def program(name: str, packages: str) -> str:
    """Path of an installed program, also of those that a plain user's PATH does not show."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    if not found:
        raise MissingProgramError(f"el programa {name}", packages)
    return found


def temporary_folder(name: str) -> Path:
    """A new private folder with a short path: a Unix socket's may not be longer than 107 characters."""
    return Path(tempfile.mkdtemp(prefix=f"dm-{name}-"))


def free_port() -> int:
    """A loopback port that is free together with port + 10000, which SeaweedFS takes as well.

    Chosen at random below the range from which the system gives ports to clients, so that nothing else takes it meanwhile.
    """
    for _ in range(1000):
        port = random.randint(20_000, 22_500)
        if can_listen(port) and can_listen(port + 10_000):
            return port
    raise StartError("no hay ningún puerto libre entre 20000 y 22500")


def can_listen(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def die_with_parent() -> None:
    """Runs in the child: the kernel ends it when the test session is killed (`PR_SET_PDEATHSIG`, Linux)."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM)


class Server:
    """One running server program and its folder; `stop` ends the first and removes the second."""

    def __init__(self, name: str, folder: Path, *, end: signal.Signals = signal.SIGTERM) -> None:
        self.name = name
        self.folder = folder
        self.end = end
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)

    def start(self, command: Sequence[str], ready: Callable[[], bool], seconds: float = START_SECONDS) -> None:
        """Starts the program and waits until `ready()`; StartError with the log's end when that never comes."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise StartError(self.failure(f"{self.name} terminó al arrancar (código {self.process.returncode})", command))
            if time.monotonic() > deadline:
                message = self.failure(f"{self.name} no responde tras {seconds:.0f} s", command)
                self.end_process()
                raise StartError(message)
            time.sleep(0.05)

    def run(self, command: Sequence[str], seconds: float = START_SECONDS) -> None:
        """Runs a program that prepares something and ends."""
        with self.log.open("ab") as log:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, check=False, timeout=seconds)
        if done.returncode:
            raise StartError(self.failure(f"{self.name}: código {done.returncode}", command))

    def failure(self, what: str, command: Sequence[str]) -> str:
        """What happened, the command, and the last lines of the log."""
        tail = self.log.read_text("utf-8", "replace").splitlines()[-40:] if self.log.exists() else []
        return "\n".join([what, f"orden: {' '.join(command)}", f"últimas líneas de {self.log}:", *(f"  {line}" for line in tail)])

    def end_process(self) -> None:
        """Asks the process to end, and kills it when it does not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.end)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """Ends the program and removes its folder; may be called again."""
        atexit.unregister(self.stop)
        self.end_process()
        shutil.rmtree(self.folder, ignore_errors=True)


def start_retrying(attempt: Callable[[], Server]) -> Server:
    """Another program may take a free port before the server does: the attempt is then repeated with other ports."""
    for _ in range(2):
        try:
            return attempt()
        except StartError as error:
            if "in use" not in str(error):
                raise
    return attempt()
