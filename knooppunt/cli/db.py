"""`knooppunt db`: the tables of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from knooppunt.configuratie import ConfiguratieFout
from knooppunt.configuratiebestand import load
from routing.databank import OpslagFout
from routing.opslag import upgrade as upgrade_tables

db = typer.Typer(no_args_is_help=True, help="De tabellen van de database.")


@db.callback()
def database() -> None:
    """Keep `upgrade` a subcommand while it is the only one."""


@db.command()
def upgrade(
    config: Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")] = Path("knooppunt.toml"),
) -> None:
    """Breng de tabellen op de stand van deze versie; wat er al staat, blijft staan."""
    try:
        upgrade_tables(load(config).database.full_url())
    except OpslagFout as fout:
        raise ConfiguratieFout(str(fout)) from None
    except DBAPIError as fout:
        raise ConfiguratieFout(f"De database is niet te gebruiken ({type(fout.orig).__name__}).") from None
    typer.echo("De database is op de stand van deze versie.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(db, name="db")
