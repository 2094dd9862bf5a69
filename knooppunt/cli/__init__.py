"""The one entry point, `knooppunt`: every command group stands in a module of its own beside this file."""

from __future__ import annotations

import os
import sys

import typer
from typer.exceptions import TyperException

from istandaarden.standaardmap import Standaardfout
from knooppunt.cli import (
    bericht,
    db,
    demo,
    partij,
    pki,
    retour,
    serve,
    simuleer,
    sleutel,
    standaarden,
    standaardpakket,
    stuur,
)
from knooppunt.cli.gebruiksfout import explain
from knooppunt.configuratie import ConfiguratieFout

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals may hold a payload or a key
    help="Knooppunt: berichtenknooppunt voor het sociaal domein.",
)

for _module in (serve, db, sleutel, pki, partij, bericht, stuur, simuleer, standaarden, standaardpakket, retour, demo):
    _module.register(app)


def main() -> None:
    """Run the command line.

    A fault in what was typed or in the configuration is one line per fault on standard error, and exit code 2.
    """
    try:
        sys.exit(app(standalone_mode=False, prog_name="knooppunt"))
    except TyperException as fout:
        if fout.format_message():  # empty after the help that a command without arguments gives
            print(explain(fout), file=sys.stderr)
        sys.exit(fout.exit_code)
    except typer.Abort:
        print("Afgebroken.", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # who reads the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except ConfiguratieFout as fout:
        for melding in fout.meldingen:
            print(melding, file=sys.stderr)
        sys.exit(2)
    except Standaardfout as fout:
        print(fout, file=sys.stderr)
        sys.exit(2)
