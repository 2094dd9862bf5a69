"""`knooppunt pgb`: which gemeenten have their pgb's paid by the SVB, and which by VWS."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.table import Table
from rich.text import Text

from istandaarden.releases import NEDERLAND
from knooppunt.beeld import make_console, safe
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect, write
from routing.klok import now
from routing.partij import Partijsoort
from routing.pgb import payer
from routing.pgbimport import IEDEREEN, Wijziging, make_change, read_changes, store
from routing.register import Register, read_register
from routing.registerimport import Importfout

pgb = typer.Typer(no_args_is_help=True, help="Wie de pgb's van een gemeente uitbetaalt: de SVB of VWS.")

Config = Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")]
_STANDAARD = Path("knooppunt.toml")


@dataclass(frozen=True, slots=True)
class _Regel:
    gemeente: str
    naam: str
    betaler: str
    datum: date | None
    tkb_tot: date | None
    bron: str


@pgb.command()
def overstap(
    gemeenten: Annotated[list[str] | None, typer.Argument(help="Gemeentecodes; geen: alle aangesloten.")] = None,
    *,
    datum: Annotated[str | None, typer.Option(help="Leg vast: vanaf deze dag betaalt VWS (2026-01-31).")] = None,
    tkb_tot: Annotated[
        str | None, typer.Option(help="Tot en met deze dag mag nog een TKB over een ouder budget naar de SVB.")
    ] = None,
    iedereen: Annotated[
        bool, typer.Option("--iedereen", help="Voor iedere gemeente zonder eigen datum, in plaats van genoemde.")
    ] = False,
    vervalt: Annotated[bool, typer.Option("--vervalt", help="Haal de datum weg.")] = False,
    config: Config = _STANDAARD,
    als_json: Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")] = False,
) -> None:
    """Toon welke gemeente bij de SVB is en welke bij VWS, of leg een overstapdatum vast.

    Voor die dag gaan toekenningen als TKB naar de SVB, vanaf die dag als 501 naar VWS. Wat over oudere budgetten gaat
    vindt zijn weg: een BAB komt ook daarna van de SVB.
    """
    configuratie = load(config)
    codes = gemeenten or []
    if datum is not None or vervalt:
        if bool(codes) == iedereen or (vervalt and (datum or tkb_tot)) or not (vervalt or datum):
            typer.echo("Noem gemeenten of --iedereen, en --datum of --vervalt: telkens een van de twee.", err=True)
            raise typer.Exit(2)
        wie = [IEDEREEN] if iedereen else list(dict.fromkeys(codes))
        try:
            wijzigingen = [make_change(code, datum or "", tkb_tot or "") for code in wie]
            _store(config, wijzigingen)
        except (Importfout, ValueError) as fout:
            _refuse(fout)
    elif tkb_tot is not None or iedereen:
        typer.echo("Zonder --datum of --vervalt wordt er niets vastgelegd; laat --tkb-tot en --iedereen weg.", err=True)
        raise typer.Exit(2)
    with connect(configuratie) as conn:
        register, vandaag = read_register(conn), now(conn).astimezone(NEDERLAND).date()
    if vreemd := [code for code in codes if not _is_gemeente(register, code)]:
        typer.echo(safe(f"Gemeente {vreemd[0]} is onbekend."), err=True)
        raise typer.Exit(1)
    regels = [_describe(register, code, vandaag) for code in codes or _shown(register)]
    if als_json:
        typer.echo(json.dumps([_as_json(regel) for regel in regels], indent=2))
    elif regels:
        make_console().print(_table(regels))
    else:
        typer.echo("Er is nog geen gemeente aangesloten, en er is geen overstapdatum vastgelegd.")


@pgb.command()
def importeer(
    bestand: Annotated[Path, typer.Argument(help="CSV-bestand met gemeente, datum en tkb_tot.")],
    config: Config = _STANDAARD,
) -> None:
    """Neem overstapdatums over uit een CSV-bestand; bij één fout verandert er niets, en u ziet alle fouten.

    Een lege datum haalt de datum van die gemeente weg; * staat voor iedere gemeente zonder eigen datum.
    """
    try:
        aantal = _store(config, read_changes(bestand))
    except Importfout as fout:
        _refuse(fout)
    typer.echo(f"{aantal} {'overstapdatum' if aantal == 1 else 'overstapdatums'} overgenomen uit {bestand}.")


def _store(config: Path, wijzigingen: Sequence[Wijziging]) -> int:
    return write(load(config), store, wijzigingen)


def _refuse(fout: Exception) -> NoReturn:
    meldingen = fout.fouten if isinstance(fout, Importfout) else (str(fout),)
    for melding in meldingen:
        typer.echo(safe(melding), err=True)
    typer.echo("Er is niets vastgelegd.", err=True)
    raise typer.Exit(1) from None


def _is_gemeente(register: Register, code: str) -> bool:
    partij = register.partij(code)
    return partij is not None and partij.soort is Partijsoort.GEMEENTE


def _shown(register: Register) -> list[str]:
    """Give whom the overview is about: everybody first, then who is connected or has a date."""
    aangesloten = {code for code in register.aansluitingen if _is_gemeente(register, code)}
    return sorted(aangesloten | register.overstappen.keys())


def _describe(register: Register, code: str, vandaag: date) -> _Regel:
    overstap_ = register.overstap(code)
    partij = register.partij(code)
    bron = "geen" if overstap_ is None else "eigen" if overstap_.gemeente else "iedereen"
    return _Regel(
        gemeente=code or IEDEREEN,
        naam=partij.naam if partij else "iedere andere gemeente",
        betaler=payer(overstap_, vandaag),
        datum=overstap_.datum if overstap_ else None,
        tkb_tot=overstap_.tkb_tot if overstap_ else None,
        bron=bron,
    )


def _as_json(regel: _Regel) -> dict[str, str | None]:
    return {
        "gemeente": regel.gemeente,
        "naam": regel.naam,
        "betaler": regel.betaler,
        "datum": regel.datum.isoformat() if regel.datum else None,
        "tkb_tot": regel.tkb_tot.isoformat() if regel.tkb_tot else None,
        "bron": regel.bron,
    }


def _table(regels: list[_Regel]) -> Table:
    tabel = Table()
    for kop in ("Gemeente", "Naam", "Nu bij", "Overstap", "TKB nog tot en met", "Volgens"):
        tabel.add_column(kop)
    for r in regels:
        datums = (f"{dag:%d-%m-%Y}" if dag else "" for dag in (r.datum, r.tkb_tot))
        volgens = {"geen": "er is geen datum", "eigen": "eigen datum", "iedereen": "datum voor iedereen"}[r.bron]
        tabel.add_row(r.gemeente, Text(safe(r.naam)), r.betaler, *datums, volgens)
    return tabel


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(pgb, name="pgb")
