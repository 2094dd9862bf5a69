"""`knooppunt bericht`: track & trace, the explanation of a decision, and a safe resend."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Connection

from knooppunt import inzicht
from knooppunt.beeld import berichten_table, dossier_view, make_console, safe, uitleg_view
from knooppunt.bewaarinzicht import retention
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect, write
from knooppunt.melden import delivery_terms, retention_terms
from routing.herzending import NietMogelijk, resend
from routing.status import Status

bericht = typer.Typer(no_args_is_help=True, help="Berichten volgen, uitleg vragen en veilig opnieuw aanbieden.")

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_DAGVORM = "%Y-%m-%d"
VORMEN = [_DAGVORM, "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]

Config = Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")]
AlsJson = Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")]
Referentie = Annotated[str, typer.Argument(help="Referentienummer, of het begin ervan.", metavar="REF")]
Zender = Annotated[str | None, typer.Option(help="Code van de zender, als meer zenders dit nummer gebruikten.")]
_STANDAARD = Path("knooppunt.toml")


@bericht.command()
def zoek(
    referentie: Annotated[str | None, typer.Argument(help="Referentienummer, of het begin ervan.")] = None,
    *,
    config: Config = _STANDAARD,
    zender: Annotated[str | None, typer.Option(help="Code van de zender.")] = None,
    ontvanger: Annotated[str | None, typer.Option(help="Code van de ontvanger.")] = None,
    functie: Annotated[str | None, typer.Option(help="Berichtsoort, bijvoorbeeld WMO301.")] = None,
    status: Annotated[str | None, typer.Option(help="Status, bijvoorbeeld Bezorgd of Afgekeurd.")] = None,
    vanaf: Annotated[
        datetime | None, typer.Option(formats=VORMEN, help="Ontvangen op of na (Nederlandse tijd).")
    ] = None,
    tot: Annotated[
        datetime | None, typer.Option(formats=VORMEN, help="Ontvangen voor; een dag telt helemaal mee.")
    ] = None,
    aantal: Annotated[int, typer.Option(min=1, max=1000, help="Hoogstens zoveel, nieuwste eerst.")] = 50,
    als_json: AlsJson = False,
) -> None:
    """Zoek berichten; elk gegeven dat u invult, moet kloppen."""
    if status is not None and status.capitalize() not in set(Status):
        typer.echo(f"Er is geen status {safe(status)}; kies uit: {', '.join(Status)}.", err=True)
        raise typer.Exit(2)
    if tot is not None and tot.time() == datetime.min.time():
        tot += timedelta(days=1)
    vraag = inzicht.Zoekvraag(
        referentie=referentie,
        zender=zender,
        ontvanger=ontvanger,
        functie=functie,
        status=status.capitalize() if status else None,
        vanaf=zoned(vanaf),
        tot=zoned(tot),
        aantal=aantal,
    )
    with connect(load(config)) as conn:
        gevonden = inzicht.search(conn, vraag)
    if als_json:
        print_json([asdict(b) for b in gevonden])
    elif gevonden:
        make_console().print(berichten_table(gevonden))
        if len(gevonden) == aantal:
            typer.echo(f"De nieuwste {aantal}; geef --aantal of een scherpere vraag voor meer.")
    else:
        typer.echo("Geen berichten gevonden.")


@bericht.command()
def toon(referentie: Referentie, config: Config = _STANDAARD, zender: Zender = None, als_json: AlsJson = False) -> None:
    """Toon één bericht met zijn gebeurtenissen, aflevering en gesprek."""
    configuratie = load(config)
    with connect(configuratie) as conn:
        dossier = inzicht.dossier(conn, find_or_exit(conn, referentie, zender))
        bewaring = retention(conn, dossier.bericht, retention_terms(configuratie))
    if als_json:
        print_json(asdict(dossier) | {"bewaring": asdict(bewaring)})
    else:
        make_console().print(dossier_view(dossier, bewaring))


@bericht.command()
def uitleg(
    referentie: Referentie, config: Config = _STANDAARD, zender: Zender = None, als_json: AlsJson = False
) -> None:
    """Leg stap voor stap uit waarom een bericht is doorgestuurd of afgekeurd."""
    with connect(load(config)) as conn:
        gevonden = find_or_exit(conn, referentie, zender)
        verklaring = inzicht.explain(inzicht.events(conn, gevonden.id))
    if als_json:
        print_json({"bericht": asdict(gevonden), **asdict(verklaring)})
    else:
        make_console().print(uitleg_view(gevonden, verklaring))


@bericht.command()
def opnieuw(referentie: Referentie, config: Config = _STANDAARD, zender: Zender = None) -> None:
    """Bied een bericht waarvan de bezorging is afgebroken opnieuw aan, onder hetzelfde referentienummer."""
    configuratie = load(config)
    with connect(configuratie) as conn:
        gevonden = find_or_exit(conn, referentie, zender)
    try:
        status = write(
            configuratie, resend, gevonden.id, delivery_terms(configuratie), f"opdrachtregel ({getpass.getuser()})"
        )
    except NietMogelijk as fout:
        typer.echo(str(fout), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{gevonden.referentienummer} wordt opnieuw aangeboden aan {gevonden.ontvanger} (status: {status}).")


def find_or_exit(conn: Connection, referentie: str, zender: str | None) -> inzicht.Bericht:
    """Return the one bericht that is meant; otherwise say why not and end with exit code 1."""
    try:
        return inzicht.find(conn, referentie, zender)
    except inzicht.Onbekend as fout:
        typer.echo(fout.args[0], err=True)
    except inzicht.Meerduidig as fout:
        typer.echo(fout.args[0], err=True)
        make_console(stderr=True).print(berichten_table(fout.berichten))
    raise typer.Exit(1)


def print_json(waarde: Any) -> None:
    """Print JSON; moments in ISO 8601, UTC, and days as a date."""
    typer.echo(json.dumps(waarde, indent=2, default=lambda moment: moment.isoformat()))


def zoned(moment: datetime | None) -> datetime | None:
    """Return a moment as it was typed: in Dutch local time."""
    return None if moment is None else moment.replace(tzinfo=_AMSTERDAM)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(bericht, name="bericht")
