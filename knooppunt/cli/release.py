"""`knooppunt release`: the calendar of releases, and a rehearsal of the next one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from istandaarden.releases import NEDERLAND, Moment, Stand, Stroom, ingebouwd
from istandaarden.standaardmap import in_gebruik
from knooppunt.beeld import make_console, safe
from knooppunt.cli import oefen
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect, write
from knooppunt.releasestand import Releasestand, count_held, describe
from routing.klok import now
from routing.register import read_register
from routing.registerimport import Importfout
from routing.releaseimport import read_calendar, store

release = typer.Typer(no_args_is_help=True, help="Wanneer welke release open is, en wat de volgende zou afkeuren.")

Config = Annotated[
    Path | None, typer.Option(help="Configuratiebestand van het knooppunt; zonder: knooppunt.toml, als dat er is.")
]
AlsJson = Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")]
_STANDAARD = Path("knooppunt.toml")
_KOPPEN = {
    Moment.OPEN: "Open",
    Moment.DECLARATIES_DICHT: "Declaraties dicht",
    Moment.HEEN_DICHT: "Heen dicht",
    Moment.RETOUR_DICHT: "Retour dicht",
}


@release.command()
def importeer(
    bestand: Annotated[Path, typer.Argument(help="TOML-bestand met releasemomenten.")],
    config: Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")] = _STANDAARD,
) -> None:
    """Neem releasemomenten over uit een bestand, voor iedereen of voor genoemde partijen.

    Wat het bestand over een release zegt, komt in de plaats van wat daarover eerder is overgenomen, en gaat voor op de
    ingebouwde kalender. Bij één fout in het bestand verandert er niets, en u ziet alle fouten.
    """
    configuratie = load(config)
    inlezing = read_calendar(bestand)
    try:
        aantal = write(configuratie, store, inlezing)
    except Importfout as fout:
        for melding in fout.fouten:
            typer.echo(safe(melding), err=True)
        aantal = len(fout.fouten)
        typer.echo(f"Niets overgenomen: {aantal} {'fout' if aantal == 1 else 'fouten'} in {bestand}.", err=True)
        raise typer.Exit(1) from None
    bekend = {(soort.standaard, soort.release) for soort in in_gebruik()}
    kalender = {*ingebouwd().algemeen, *bekend}
    for standaard, nummer in dict.fromkeys((standaard, nummer) for _, standaard, nummer in inlezing.momenten):
        if (standaard, nummer) not in kalender:
            typer.echo(f"Let op: van {standaard} {nummer} heeft dit knooppunt (nog) geen berichten.", err=True)
    typer.echo(f"Momenten van {aantal} {'release' if aantal == 1 else 'releases'} overgenomen uit {bestand}.")


@release.command()
def toon(
    partij: Annotated[str | None, typer.Option(help="Code van een partij: de kalender zoals die voor haar is.")] = None,
    config: Config = None,
    als_json: AlsJson = False,
) -> None:
    """Toon de releasekalender: wat nu open is, wie eigen momenten heeft, en hoeveel berichten worden aangehouden.

    Zonder knooppunt is dit de ingebouwde kalender.
    """
    if config is None and not _STANDAARD.exists():
        if partij is not None:
            typer.echo("Bij --partij hoort een knooppunt: geef --config.", err=True)
            raise typer.Exit(2)
        standen = describe(ingebouwd(), {}, datetime.now(UTC))
    else:
        with connect(load(config or _STANDAARD)) as conn:
            register, moment, aangehouden = read_register(conn), now(conn), count_held(conn)
        if partij is not None and register.partij(partij) is None:
            typer.echo(f"Partij {safe(partij)} is onbekend.", err=True)
            raise typer.Exit(1)
        standen = describe(register.kalender, aangehouden, moment, partij)
    if als_json:
        typer.echo(json.dumps([_as_json(stand) for stand in standen], indent=2))
        return
    make_console().print(_table(standen))
    if any(stand.patroon for stand in standen):
        typer.echo("≈ niet op de minuut gepubliceerd.")


def _as_json(stand: Releasestand) -> dict[str, object]:
    return {
        "standaard": stand.standaard,
        "release": stand.release,
        "partij": stand.partij,
        "momenten": {moment: tijd and tijd.isoformat() for moment, tijd in stand.momenten.items()},
        "patroon": sorted(stand.patroon),
        "nu": {stroom.value: stand_.value for stroom, stand_ in stand.standen.items()},
        "aangehouden": stand.aangehouden,
    }


def _table(standen: list[Releasestand]) -> Table:
    tabel = Table()
    for kop in ("Release", "Voor", *_KOPPEN.values(), "Nu"):
        tabel.add_column(kop)
    tabel.add_column("Aangehouden", justify="right")
    for stand in standen:
        tabel.add_row(
            f"{stand.titel} {stand.release}",
            Text(safe(stand.partij or "iedereen")),
            *(_moment(stand, moment) for moment in _KOPPEN),
            _now(stand.standen),
            str(stand.aangehouden or ""),
        )
    return tabel


def _moment(stand: Releasestand, moment: Moment) -> str:
    if moment not in stand.momenten:
        return ""
    tijd = stand.momenten[moment]
    if tijd is None:
        return "geen"
    return f"{'≈ ' if moment in stand.patroon else ''}{tijd.astimezone(NEDERLAND):%d-%m-%Y %H:%M}"


def _now(standen: Mapping[Stroom, Stand]) -> Text:
    if len(soorten := set(standen.values())) == 1:
        (stand,) = soorten
        kleur = {Stand.OPEN: "green", Stand.NOG_DICHT: "yellow", Stand.GESLOTEN: "dim"}[stand]
        return Text(stand.value, style=kleur)
    dicht = ", ".join(stroom.value for stroom, stand in standen.items() if stand is not Stand.OPEN)
    return Text(f"open, behalve voor {dicht}", style="yellow")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    release.command("oefen")(oefen.oefen)
    app.add_typer(release, name="release")
