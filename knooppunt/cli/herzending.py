"""`knooppunt herzending`: offer many berichten again, as a job that can be looked at first, slowed down and stopped."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Concatenate, ParamSpec, TypeVar

import typer
from rich.table import Table
from sqlalchemy import Connection

from knooppunt.beeld import local, make_console, safe
from knooppunt.cli.bericht import VORMEN, print_json, zoned
from knooppunt.configuratie import Configuratie
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect, write
from routing import herzendtaak
from routing.herzendtaak import HOOGSTENS, Deel, NietToegestaan, Selectie, Stand
from routing.notificatie import iso
from routing.status import Status

herzending = typer.Typer(no_args_is_help=True, help="Veel berichten opnieuw aanbieden: eerst kijken, dan starten.")

Config = Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")]
AlsJson = Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")]
Nummer = Annotated[int, typer.Argument(help="Nummer van de herzending, uit `knooppunt herzending voorbeeld`.")]
_P = ParamSpec("_P")
_T = TypeVar("_T")
_STANDAARD = Path("knooppunt.toml")
_STATUSSEN = (Status.BEZORGING_AFGEBROKEN.value, Status.VERVALLEN.value)


@herzending.command()
def voorbeeld(
    config: Config = _STANDAARD,
    *,
    status: Annotated[str | None, typer.Option(help=f"Alleen met status {' of '.join(_STATUSSEN)}.")] = None,
    ontvanger: Annotated[str | None, typer.Option(help="Code van de ontvanger.")] = None,
    zender: Annotated[str | None, typer.Option(help="Code van de zender.")] = None,
    foutcode: Annotated[str | None, typer.Option(help="Foutcode waarmee de bezorging ophield, zoals KNP001.")] = None,
    vanaf: Annotated[
        datetime | None, typer.Option(formats=VORMEN, help="Ontvangen op of na (Nederlandse tijd).")
    ] = None,
    tot: Annotated[
        datetime | None, typer.Option(formats=VORMEN, help="Ontvangen voor; een dag telt helemaal mee.")
    ] = None,
    als_json: AlsJson = False,
) -> None:
    """Zet klaar welke berichten opnieuw aangeboden kunnen worden, en toon hoeveel per ontvanger; er gebeurt nog niets.

    De lijst ligt daarmee vast: `knooppunt herzending start` biedt precies deze berichten aan, en slaat over wat
    intussen al opnieuw is aangeboden.
    """
    if status is not None and status not in _STATUSSEN:
        typer.echo(f"Status {status!r} kan niet; kies uit {' of '.join(_STATUSSEN)}.", err=True)
        raise typer.Exit(1)
    if tot is not None and tot.time() == datetime.min.time():
        tot += timedelta(days=1)
    selectie = Selectie(status, ontvanger, zender, foutcode, _ms(vanaf), _ms(tot))
    nummer, delen = _perform(load(config), _prepare, selectie, _wie())
    if als_json:
        print_json({"nummer": nummer, "ontvangers": [_moments(deel) for deel in delen]})
        return
    tabel = Table(title=f"Herzending {nummer}", title_justify="left", title_style="bold")
    for kop in ("Ontvanger", "Berichten", "Oudste", "Nieuwste"):
        tabel.add_column(kop, justify="right" if kop == "Berichten" else "left", no_wrap=True)
    for deel in delen:
        tabel.add_row(safe(deel.ontvanger), str(deel.aantal), _moment(deel.oudste), _moment(deel.nieuwste))
    make_console().print(tabel)
    typer.echo(f"{sum(deel.aantal for deel in delen)} berichten staan klaar; er is nog niets aangeboden.")
    typer.echo(f"Starten: knooppunt herzending start {nummer} --per-minuut 300")


@herzending.command()
def start(
    nummer: Nummer,
    config: Config = _STANDAARD,
    per_minuut: Annotated[int, typer.Option(min=1, max=HOOGSTENS, help="Hoogstens zoveel berichten per minuut.")] = 300,
) -> None:
    """Start een herzending, of laat een gestopte verdergaan; van een lopende verandert alleen het tempo."""
    _perform(load(config), herzendtaak.start, nummer, per_minuut, _wie())
    typer.echo(
        f"Herzending {nummer} loopt, hoogstens {per_minuut} berichten per minuut. Het draaiende knooppunt doet het."
    )


@herzending.command()
def stop(nummer: Nummer, config: Config = _STANDAARD) -> None:
    """Stop een herzending; wat al opnieuw is aangeboden blijft dat, de rest wacht op `start`."""
    _perform(load(config), herzendtaak.stop, nummer, _wie())
    typer.echo(f"Herzending {nummer} is gestopt.")


@herzending.command()
def toon(
    nummer: Annotated[int | None, typer.Argument(help="Nummer van de herzending; zonder: alle.")] = None,
    config: Config = _STANDAARD,
    als_json: AlsJson = False,
) -> None:
    """Toon hoe ver herzendingen zijn."""
    with connect(load(config)) as conn:
        standen = herzendtaak.read_stand(conn, nummer)
    if nummer is not None and not standen:
        typer.echo(f"Herzending {nummer} bestaat niet.", err=True)
        raise typer.Exit(1)
    if als_json:
        print_json([_moments(stand) for stand in standen])
        return
    if not standen:
        typer.echo("Er zijn geen herzendingen.")
        return
    tabel = Table()
    for kop in ("Nr", "Toestand", "Per minuut", "Wacht", "Aangeboden", "Overgeslagen", "Door", "Sinds"):
        tabel.add_column(kop, no_wrap=True)
    for s in standen:
        aantallen = (str(s.per_minuut or ""), str(s.wachtend), str(s.aangeboden), str(s.overgeslagen))
        tabel.add_row(str(s.nummer), s.toestand.value, *aantallen, safe(s.gewijzigd_door), _moment(s.gewijzigd_op))
    make_console().print(tabel)
    if nummer is not None:
        for reden, aantal in standen[0].redenen.items():
            typer.echo(f"{aantal} overgeslagen: {reden}")


def _prepare(conn: Connection, selectie: Selectie, wie: str) -> tuple[int, tuple[Deel, ...]]:
    nummer = herzendtaak.prepare(conn, selectie, wie)
    return nummer, herzendtaak.preview(conn, nummer)


def _perform(
    configuratie: Configuratie, fn: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    """Run an operation; what is not allowed is said in Dutch, with exit code 1."""
    try:
        return write(configuratie, fn, *args, **kwargs)
    except NietToegestaan as fout:
        typer.echo(str(fout), err=True)
        raise typer.Exit(1) from None


def _wie() -> str:
    return f"opdrachtregel ({getpass.getuser()})"


def _ms(moment: datetime | None) -> int | None:
    lokaal = zoned(moment)
    return None if lokaal is None else round(lokaal.timestamp() * 1000)


def _moment(ms: int) -> str:
    return local(datetime.fromtimestamp(ms / 1000, UTC))


def _moments(wat: Deel | Stand) -> dict[str, object]:
    """Return the fields with moments as ISO 8601."""
    momenten = ("oudste", "nieuwste", "gemaakt_op", "gewijzigd_op")
    return {veld: iso(waarde) if veld in momenten else waarde for veld, waarde in asdict(wat).items()}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(herzending, name="herzending")
