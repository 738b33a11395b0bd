#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# ruff: noqa: PTH100, PTH104, PTH107, PTH110, PTH118, PTH120, PTH123, PTH208, RUF005, UP009, UP031, UP036
"""Creates the tool's own environment: `python3 setup.py`, and with `--tests` also what the tests need.

In: requirements.txt (and requirements-tests.txt). Out: `venv/` with exactly those packages and the library on its path;
with `--tests` the server programs and the Elasticsearch jars as well. A second run finds a stamp and does nothing,
without a network. Packaging is pyproject.toml with hatchling; pip never runs this file.
It must parse on any Python, to say what is needed: no f-strings, no annotations.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, "venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed.txt")
RUNTIME = "requirements.txt"
TESTS = "requirements-tests.txt"
USAGE = "Uso: python3 setup.py [--tests]\n  --tests   instala tambien lo que necesitan las pruebas"
BASE = getattr(sys, "_base_executable", sys.executable)  # not the environment's own Python, which may have to go
# program -> Debian package that brings it
SERVER_PROGRAMS = (("mariadbd", "mariadb-server"), ("nginx", "nginx-light"), ("javac", "default-jdk-headless"), ("mvn", "maven"))


class SetupError(Exception):
    """What is missing and what to do; exit code 1."""


def say(text):
    # type: (str) -> None
    """One line on the terminal, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def refusal():
    # type: () -> str
    """Why this machine or interpreter cannot run the tool, or an empty text. ASCII: an old Python may print it."""
    if os.name == "nt":
        return (
            "Windows nativo no es compatible; use WSL: abra PowerShell como administrador y ejecute una vez: wsl --install\n"
            "Despues abra la terminal de Ubuntu, clone alli el proyecto y repita: python3 setup.py"
        )
    if sys.version_info < (3, 11):
        return "Hace falta Python 3.11 o posterior; este es %s (%s). Pruebe con: python3.11 setup.py" % (
            platform.python_version(),
            sys.executable,
        )
    return ""


def on_debian():
    # type: () -> bool
    """Whether packages can be installed here: Debian, Ubuntu or a relative, as root."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def run(command, what):
    # type: (list[str], str) -> None
    """Runs one command whose output the operator sees; SetupError when it fails."""
    code = subprocess.call(command, stdin=subprocess.DEVNULL, cwd=ROOT)
    if code:
        raise SetupError("%s: falló «%s» (código %d); el motivo está en las líneas de arriba" % (what, " ".join(command[:4]), code))


def apt_install(packages):
    # type: (list[str]) -> None
    """Installs Debian packages; renews the list of packages when the present one does not serve."""
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    command = ["apt-get", "install", "-y", "--no-install-recommends"] + packages
    if subprocess.call(command, stdin=subprocess.DEVNULL):
        run(["apt-get", "update"], "Lista de paquetes de Debian")
        run(command, "Paquetes de Debian")


def require_venv_module():
    # type: () -> None
    """Debian ships Python without the parts that create environments."""
    check = [BASE, "-c", "import ensurepip, venv"]
    if subprocess.call(check, stderr=subprocess.DEVNULL) == 0:
        return
    line = "apt-get install -y python3-venv"
    if not on_debian():
        raise SetupError("A este Python (%s) le falta el módulo venv. Instálelo como root con: %s   y repita" % (BASE, line))
    say("A este Python le falta el módulo venv. Se instala con: " + line)
    apt_install(["python3-venv"])
    if subprocess.call(check, stderr=subprocess.DEVNULL):
        raise SetupError("python3-venv no sirve a este Python (%s); use el de Debian: /usr/bin/python3 setup.py" % BASE)


def wanted(files):
    # type: (tuple[str, ...]) -> dict[str, str]
    """What the stamp must say for these files: interpreter, place, and the content of each."""
    found = {"python": "%d.%d %s" % (sys.version_info[0], sys.version_info[1], os.path.realpath(sys.base_prefix)), "root": ROOT}
    for name in files:
        with open(os.path.join(ROOT, name), "rb") as handle:
            found[name] = hashlib.sha256(handle.read()).hexdigest()
    return found


def stamped():
    # type: () -> dict[str, str]
    """What the environment says that it holds; empty when it does not exist, is unfinished or no longer runs."""
    try:
        with open(STAMP) as handle:
            lines = [line.rstrip("\n").split("=", 1) for line in handle if "=" in line]
    except OSError:
        return {}
    if not os.path.exists(PYTHON) or subprocess.call([PYTHON, "-c", ""], stderr=subprocess.DEVNULL):
        return {}
    return {name: value for name, value in lines}


def write_stamp(content):
    # type: (dict[str, str]) -> None
    """Last of all, and renamed into place: only a finished environment has it."""
    with open(STAMP + ".tmp", "w") as handle:
        handle.write("".join("%s=%s\n" % item for item in sorted(content.items())))
    os.rename(STAMP + ".tmp", STAMP)


def create():
    # type: () -> None
    """A new, empty environment; an unfinished or broken one goes first."""
    if os.path.exists(VENV) and not os.path.exists(os.path.join(VENV, "pyvenv.cfg")) and os.listdir(VENV):
        raise SetupError("%s existe y no es un entorno de Python; apártelo o bórrelo y repita" % VENV)
    if os.path.exists(VENV):
        say("El entorno de venv/ no está completo o es de otro Python: se crea de nuevo")
        shutil.rmtree(VENV)
    say("Creando el entorno en venv/ con Python " + platform.python_version())
    run([BASE, "-m", "venv", VENV], "Crear el entorno")
    with open(os.path.join(purelib(), "dataset_manager.pth"), "w") as handle:
        handle.write(os.path.join(ROOT, "scripts") + "\n")


def purelib():
    # type: () -> str
    """Where the environment keeps its packages."""
    return subprocess.check_output([PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]).decode().strip()


def install(files):
    # type: (tuple[str, ...]) -> None
    """Makes the environment hold these files' packages; does nothing when it already does."""
    goal, present = wanted(files), stamped()
    if all(present.get(name) == value for name, value in goal.items()):
        say("El entorno de venv/ ya está al día")
        return
    if any(present.get(name) != goal[name] for name in ("python", "root")):
        require_venv_module()
        create()
        present = {}
    elif os.path.exists(STAMP):
        os.remove(STAMP)
    say("Instalando las bibliotecas de %s (la primera vez tarda un minuto o dos)" % files[-1])
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--use-pep517"]
    run(pip + ["-r", os.path.join(ROOT, files[-1])], "Instalar las bibliotecas (¿hay red?)")
    write_stamp(goal)


def missing_packages():
    # type: () -> list[str]
    """Debian packages of the server programs that are not here."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])
    return [package for program, package in SERVER_PROGRAMS if shutil.which(program, path=path) is None]


def install_servers():
    # type: () -> None
    """The server programs of the tests. What cannot be had is said; the tests that need it skip."""
    packages = missing_packages()
    line = "apt-get install -y --no-install-recommends " + " ".join(packages)
    if packages and on_debian():
        say("Faltan programas de servidor para las pruebas. Se instalan con: " + line)
        say("(Debian los deja también como servicios del sistema; para quitarlos: systemctl disable --now mariadb nginx)")
        try:
            apt_install(packages)
        except SetupError as error:
            say("%s. Las pruebas que los usan se saltarán" % error)
    elif packages:
        say("Faltan programas de servidor; las pruebas que los usan se saltarán. Para instalarlos, como root: " + line)
    say("Preparando Elasticsearch para las pruebas (la primera vez descarga 40 MB)")
    command = [PYTHON, "-m", "servers.elasticsearch"]
    if subprocess.call(command, stdin=subprocess.DEVNULL, cwd=os.path.join(ROOT, "tests")):
        say("Elasticsearch no se ha podido preparar; las pruebas que lo usan se saltarán")


def main(words):
    # type: (list[str]) -> int
    """Exit codes: 0 done, 1 something is missing, 2 wrong usage."""
    problem = refusal()
    if problem:
        sys.stderr.write("Error: " + problem + "\n")
        return 1
    if set(words) - {"--tests"}:
        (sys.stdout if set(words) & {"-h", "--help"} else sys.stderr).write(USAGE + "\n")
        return 0 if set(words) & {"-h", "--help"} else 2
    tests = "--tests" in words
    try:
        install((RUNTIME, TESTS) if tests else (RUNTIME,))
        if tests:
            install_servers()
    except (SetupError, OSError) as error:
        sys.stderr.write("Error: %s\n" % error)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrumpido: la misma orden continúa\n")
        return 1
    say("Hecho. Use: venv/bin/python main.py --help")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
