"""`knooppunt bewaar`: removing what need not be kept any longer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from knooppunt.configuratiebestand import load
from knooppunt.databank import perform
from knooppunt.melden import retention_terms
from knooppunt.onderhoudstaken import BEWAREN
from routing.bewaring import Opgeschoond, clean
from routing.onderhoud import Beurt, Onderhoud, Taak
from routing.opslag import Opslag

bewaar = typer.Typer(no_args_is_help=True, help="Bewaartermijnen.")


@bewaar.command()
def opschonen(
    config: Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")] = Path("knooppunt.toml"),
) -> None:
    """Verwijder nu wat langer is bewaard dan de termijnen in [bewaren]; een draaiend knooppunt doet dit ook zelf."""
    configuratie = load(config)
    uitslag: list[Opgeschoond] = []

    async def doe(beurt: Beurt) -> None:
        uitslag.append(await clean(beurt, retention_terms(configuratie)))

    async def run(opslag: Opslag) -> None:
        await Onderhoud(opslag, ()).run(Taak(BEWAREN, 0, doe))  # due at any moment, but not while another has it

    perform(configuratie, run)
    if not uitslag:
        typer.echo("Een ander knooppunt is hier nu mee bezig.", err=True)
        raise typer.Exit(1)
    typer.echo(f"Verwijderd: de inhoud van {uitslag[0].inhoud} berichten, en alles van {uitslag[0].berichten} andere.")
    if uitslag[0].beheer:
        typer.echo(f"Van incidenten en herzendingen die voorbij zijn: {uitslag[0].beheer} regels.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(bewaar, name="bewaar")
