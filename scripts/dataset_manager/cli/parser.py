"""The flags of main.py, from the one table of keys.

In: the words typed. Out: an `argparse.Namespace` with `command` and one attribute per flag that was given.
"""

import argparse
import difflib
from typing import Any, NoReturn

from dataset_manager.errors import UsageError
from dataset_manager.keys import COMMANDS, KEYS

FLAGS = {"generate_reports": "--no-reports", "upload": "--no-s3"}
SHORT = {"dataset_name": ["-d"], "datasets": ["-d"], "input": ["-i"], "output": ["-o"]}
POSITIONAL = {"download_info": "deployment_id"}
GONE = {
    "--excel-file": "el libro es siempre reports/<proceso>.xlsx del proceso activo (elija proceso con active-process --set)",
    "--force": "no hace falta: lo que está hecho no se repite",
    "--max-workers": "use --cores",
    "--parallel-workers": "use --cores",
    "--output-dir": "use la variable OUTPUT_BASE_DIR (entorno o .env)",
    "--index": "use elasticsearch.index_pattern en la configuración",
}


class Parser(argparse.ArgumentParser):
    """Errors in Spanish, as UsageError: main.py turns them into exit code 2."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._optionals.title, self._positionals.title = "opciones", "argumentos"

    def format_usage(self) -> str:
        """argparse writes `usage:` in English."""
        return super().format_usage().replace("usage:", "uso:", 1)

    def format_help(self) -> str:
        """The same word at the head of the help."""
        return super().format_help().replace("usage:", "uso:", 1)

    def error(self, message: str) -> NoReturn:
        """argparse's own words are English; the nearest flag and the usage line say what is allowed."""
        flags = [flag for action in self._actions for flag in action.option_strings if action.help != argparse.SUPPRESS]
        wrong = next((word for word in message.split() if word.startswith("--")), "")
        near = difflib.get_close_matches(wrong, flags, n=1) if "unrecognized" in message else []
        hint = f"; ¿quería decir {near[0]}?" if near else ""
        raise UsageError(f"{translated(message)}{hint}\n{self.format_usage().strip()}\nMás: {self.prog} --help")


def translated(message: str) -> str:
    """The handful of sentences that argparse has."""
    for english, spanish in (
        ("unrecognized arguments:", "argumentos desconocidos:"),
        ("the following arguments are required:", "faltan:"),
        ("expected one argument", "falta su valor"),
        ("invalid choice:", "no existe:"),
        ("choose from", "hay"),
        ("argument ", ""),
    ):
        message = message.replace(english, spanish)
    return message


def build() -> Parser:
    """main.py [global flags] command [flags]; global flags may stand on either side."""
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    add_common(common)
    top = Parser(
        prog="main.py",
        parents=[common],
        add_help=False,
        description="gFresh Dataset Manager: de las transacciones de las balanzas a datasets de entrenamiento.",
        epilog="Cada orden imprime la línea de snakemake equivalente. Guía: README.es.md",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_help(top)
    top.add_argument("--version", action="store_true", default=argparse.SUPPRESS, help="muestra la versión y termina")
    commands = top.add_subparsers(dest="command", metavar="ORDEN", title="órdenes", parser_class=Parser)
    demo = "ejecuta todo con los datos de ejemplo, en output-demo/"
    for name, text in {"demo": demo, **COMMANDS}.items():
        aliases = ["active-process"] if name == "active_process" else []
        command = commands.add_parser(
            name, aliases=aliases, parents=[common], add_help=False, help=text, description=text, argument_default=argparse.SUPPRESS
        )
        add_help(command)
        add_keys(command, name)
    return top


def add_help(parser: argparse.ArgumentParser) -> None:
    """-h in Spanish."""
    parser.add_argument("-h", "--help", action="help", help="muestra esta ayuda y termina")


def add_common(parser: argparse.ArgumentParser) -> None:
    """Flags that every command takes."""
    common = parser.add_argument_group("opciones de todas las órdenes")
    common.add_argument("-c", "--config", metavar="ARCHIVO", help="YAML que se pone encima de config/config.yaml; bastan unas pocas claves")
    common.add_argument("--env", metavar="NOMBRE", help="usa .env_NOMBRE en lugar de .env")
    common.add_argument("--env-file", metavar="ARCHIVO", help="usa este archivo en lugar de .env")
    common.add_argument("-v", "--verbose", action="store_true", help="muestra también lo que dice Snakemake")
    common.add_argument("-n", "--dry-run", action="store_true", help="dice qué se haría y no escribe nada")
    common.add_argument("--cores", metavar="N", help="núcleos que se usan (por defecto, todos)")
    common.add_argument("--profile", metavar="CARPETA", help="perfil de Snakemake, por ejemplo profiles/slurm")
    for flag in GONE:
        common.add_argument(flag, nargs="?", help=argparse.SUPPRESS)


def add_keys(parser: argparse.ArgumentParser, command: str) -> None:
    """The command's keys as flags."""
    for name, key in KEYS.items():
        if command not in key.commands:
            continue
        if POSITIONAL.get(command) == name:
            parser.add_argument(name, nargs="?", metavar="DEPLOYMENT", help=key.help)
        elif name in FLAGS:
            parser.add_argument(FLAGS[name], dest=name, action="store_const", const="false", help=key.help.replace("false: ", ""))
        elif key.kind is bool:
            parser.add_argument(flag_of(name), dest=name, action="store_const", const="true", help=key.help)
        elif key.kind is list:
            parser.add_argument(*SHORT[name], flag_of(name), dest=name, metavar="NOMBRE", action="append", help=key.help)
        else:
            parser.add_argument(*SHORT.get(name, []), flag_of(name), dest=name, metavar="|".join(key.choices) or "VALOR", help=key.help)
            if name == "filter_used":
                parser.add_argument("--no-filter-used", dest=name, action="store_const", const="no", help="lo mismo que --filter-used no")


def flag_of(key: str) -> str:
    """days_back -> --days-back"""
    return "--" + key.replace("_", "-")


def parse(words: list[str]) -> argparse.Namespace:
    """Raises UsageError for what argparse refuses and for flags of the tool of before."""
    for word in words:
        flag = word.split("=")[0]
        if flag in GONE:
            raise UsageError(f"{flag} ya no existe: {GONE[flag]}")
    top = build()
    found, unknown = top.parse_known_args(words)
    if unknown:
        parser_of(top, found.command).error(f"unrecognized arguments: {' '.join(unknown)}")
    if found.command:
        found.command = found.command.replace("-", "_")
    return found


def parser_of(top: Parser, command: str | None) -> Parser:
    """The parser of a command, whose flags a typing error is compared with."""
    choices = next(action.choices for action in top._actions if isinstance(action, argparse._SubParsersAction))
    return choices.get(command, top) if command else top
