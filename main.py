#!/usr/bin/env python3
# ruff: noqa: PTH100, PTH118, PTH120, UP036
"""The tool's familiar command line; `python main.py --help`. Must parse on any Python, to say what is needed."""

import os
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))


def refusal():
    # type: () -> str
    """Why this machine or interpreter cannot run the tool, or an empty text."""
    if os.name == "nt":
        return "Windows nativo no es compatible: abra WSL (wsl --install, una vez) y ejecute alli la misma orden."
    if sys.version_info < (3, 11):
        found = ".".join(str(part) for part in sys.version_info[:3])
        return "Hace falta Python 3.11 o posterior; este es " + found + ". Pruebe con: venv/bin/python main.py"
    return ""


def start(words):
    # type: (list[str]) -> int
    """Checks the interpreter first, then the installation, then runs."""
    problem = refusal()
    if problem:
        sys.stderr.write("Error: " + problem + "\n")
        return 1
    sys.path.insert(0, os.path.join(ROOT, "scripts"))
    try:
        from dataset_manager.cli.app import main
    except ImportError as error:
        sys.stderr.write(
            "Error: falta instalar el entorno (" + str(error) + "). Ejecute: python3 setup.py, y despues venv/bin/python main.py\n"
        )
        return 1
    return main(words)


if __name__ == "__main__":
    sys.exit(start(sys.argv[1:]))
