"""The one entry point, `knooppunt`: every command group stands in a module of its own beside this file."""

from __future__ import annotations

import sys

import typer

from istandaarden.standaardmap import Standaardfout
from knooppunt.cli import (
    bericht,
    bewaar,
    db,
    demo,
    herzending,
    incident,
    lane,
    partij,
    pki,
    quarantaine,
    retour,
    serve,
    simuleer,
    sleutel,
    standaarden,
    standaardpakket,
    stuur,
)
from knooppunt.configuratie import ConfiguratieFout

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals may hold a payload or a key
    help="Knooppunt: berichtenknooppunt voor het sociaal domein.",
)

for _module in (
    serve,
    db,
    sleutel,
    pki,
    partij,
    bericht,
    herzending,
    incident,
    lane,
    quarantaine,
    bewaar,
    stuur,
    simuleer,
    standaarden,
    standaardpakket,
    retour,
    demo,
):
    _module.register(app)


def main() -> None:
    """Run the command line; a fault in the configuration is one line per fault on standard error and exit code 2."""
    try:
        app()
    except ConfiguratieFout as fout:
        for melding in fout.meldingen:
            print(melding, file=sys.stderr)
        sys.exit(2)
    except Standaardfout as fout:
        print(fout, file=sys.stderr)
        sys.exit(2)
