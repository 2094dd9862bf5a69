"""`knooppunt db`: the tables of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from knooppunt.beeld import make_console
from knooppunt.configuratie import ConfiguratieFout
from knooppunt.configuratiebestand import load
from routing.databank import OpslagFout
from routing.opslag import upgrade as upgrade_tables
from routing.verhuizing import VerhuizingGeweigerd, move

db = typer.Typer(no_args_is_help=True, help="De tabellen van de database.")


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


@db.command()
def verhuis(
    van: Annotated[str, typer.Option(help="URL van de database die er nu is: sqlite:///bestand of postgresql://…")],
    naar: Annotated[str, typer.Option(help="URL van de lege database waar alles naartoe gaat.")],
) -> None:
    """Zet alles over naar een andere database, van SQLite naar PostgreSQL of terug: alles, gecontroleerd, of niets.

    Stop eerst alle knooppunten. De bron blijft zoals zij is; start daarna het knooppunt met de nieuwe database.url, en
    niet meer op de oude. Wachtwoorden staan niet in de URL maar in PGPASSWORD of ~/.pgpass.
    """
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), transient=True) as balk:
        taken: dict[str, TaskID] = {}

        def report(tabel: str, gedaan: int, totaal: int) -> None:
            if tabel not in taken:
                taken[tabel] = balk.add_task(tabel, total=totaal)
            balk.update(taken[tabel], completed=gedaan)

        try:
            standen = move(van, naar, report)
        except VerhuizingGeweigerd as fout:
            balk.stop()
            typer.echo(str(fout), err=True)
            raise typer.Exit(1) from None
        except OpslagFout as fout:
            raise ConfiguratieFout(str(fout)) from None
    tabel = Table()
    for kop in ("Tabel", "Rijen", "Controlegetal (bron en doel gelijk)"):
        tabel.add_column(kop, justify="right" if kop == "Rijen" else "left", no_wrap=True)
    for stand in standen:
        tabel.add_row(stand.tabel, str(stand.rijen), stand.digest[:32])
    make_console().print(tabel)
    typer.echo(
        "Alles staat over. Start het knooppunt met de nieuwe database.url, en bewaar de oude database als kopie."
    )


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(db, name="db")
