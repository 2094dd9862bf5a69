"""`knooppunt partij` and `knooppunt machtiging`: the register of who exists and who may do what."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from knooppunt.beeld import make_console, safe
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect, write
from routing.partij import Machtiging, Partij, Richting
from routing.register import Register, read_register
from routing.registerimport import Importfout, read_file, store

partij = typer.Typer(no_args_is_help=True, help="Partijen en hun aansluitingen.")
machtiging = typer.Typer(
    no_args_is_help=True, help="Wie welke berichten mag verzenden en ontvangen, en wat mag bevragen."
)

Config = Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")]
AlsJson = Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")]
Code = Annotated[str | None, typer.Argument(help="Gemeentecode, AGB-code of vaste naam zoals SVB.")]
_STANDAARD = Path("knooppunt.toml")


@partij.command()
def importeer(
    bestand: Annotated[Path, typer.Argument(help="TOML- of CSV-bestand met partijen.")],
    config: Config = _STANDAARD,
) -> None:
    """Neem partijen, aansluitingen en machtigingen over uit een bestand.

    Wat over een partij in het bestand staat, vervangt wat er was; andere partijen blijven. Bij één fout in het
    bestand verandert er niets, en u ziet alle fouten.
    """
    configuratie = load(config)
    try:
        inschrijvingen = read_file(bestand)
    except Importfout as fout:
        for melding in fout.fouten:
            typer.echo(melding, err=True)
        aantal = len(fout.fouten)
        typer.echo(f"Niets overgenomen: {aantal} {'fout' if aantal == 1 else 'fouten'} in {bestand}.", err=True)
        raise typer.Exit(1) from None
    aantal = write(configuratie, store, inschrijvingen)
    typer.echo(f"{aantal} {'partij' if aantal == 1 else 'partijen'} overgenomen uit {bestand}.")


@partij.command("toon")
def toon_partij(code: Code = None, config: Config = _STANDAARD, als_json: AlsJson = False) -> None:
    """Toon de aangesloten partijen, of één partij met aansluiting en machtigingen."""
    register = _register(config)
    if code is None:
        codes = sorted(register.aansluitingen)
        if als_json:
            _print_json([_describe(register, c) for c in codes])
        elif codes:
            make_console().print(_table(register, codes))
        else:
            typer.echo("Er is nog geen partij aangesloten; neem er over met `knooppunt partij importeer`.")
        return
    gevonden = _find(register, code)
    if als_json:
        _print_json(_describe(register, gevonden.code))
        return
    make_console().print(_table(register, [gevonden.code]))
    aansluiting = register.aansluiting(gevonden.code)
    if aansluiting is None:
        typer.echo("Deze partij is niet aangesloten.")
    else:
        for kenmerk in aansluiting.identiteiten:
            typer.echo(f"certificaat: {kenmerk}")
    _print_machtigingen(register, [gevonden.code])


@machtiging.command("toon")
def toon_machtiging(code: Code = None, config: Config = _STANDAARD, als_json: AlsJson = False) -> None:
    """Toon wie welke berichtsoorten mag verzenden en ontvangen, en welke diensten mag bevragen."""
    register = _register(config)
    codes = sorted({c for c, _ in register.machtigingen}) if code is None else [_find(register, code).code]
    if als_json:
        _print_json([asdict(m) for c in codes for m in _machtigingen(register, c)])
    else:
        _print_machtigingen(register, codes)


def _register(config: Path) -> Register:
    with connect(load(config)) as conn:
        return read_register(conn)


def _find(register: Register, code: str) -> Partij:
    gevonden = register.partij(code)
    if gevonden is None:
        typer.echo(f"Partij {code} is onbekend.", err=True)
        raise typer.Exit(1)
    return gevonden


def _machtigingen(register: Register, code: str) -> list[Machtiging]:
    return [m for richting in Richting for m in register.machtigingen.get((code, richting), ())]


def _describe(register: Register, code: str) -> dict[str, object]:
    aansluiting = register.aansluiting(code)
    return {
        **asdict(register.partijen[code]),
        "aansluiting": asdict(aansluiting) if aansluiting else None,
        "machtigingen": [asdict(m) for m in _machtigingen(register, code)],
    }


def _table(register: Register, codes: list[str]) -> Table:
    tabel = Table()
    for kop in ("Code", "Naam", "Soort", "Kanaal", "Protocol", "Adres"):
        tabel.add_column(kop, overflow="fold")
    for code in codes:
        p, a = register.partijen[code], register.aansluiting(code)
        aansluiting = (a.kanaal.value, a.protocol.value, a.url or "") if a else ("", "", "")
        tabel.add_row(*(Text(safe(tekst)) for tekst in (p.code, p.naam, p.soort.value, *aansluiting)))
    return tabel


def _print_machtigingen(register: Register, codes: list[str]) -> None:
    tabel = Table()
    for kop in ("Partij", "Naam", "Mag", "Berichtsoorten of diensten"):
        tabel.add_column(kop)
    for code in codes:
        for richting in Richting:
            lijst = register.machtigingen.get((code, richting), ())
            if lijst:
                soorten = ", ".join(m.berichtsoort for m in lijst)
                tabel.add_row(code, Text(safe(register.partijen[code].naam)), richting.value, soorten)
    if tabel.row_count:
        make_console().print(tabel)
    else:
        typer.echo("Geen machtigingen.")


def _print_json(waarde: object) -> None:
    typer.echo(json.dumps(waarde, indent=2))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(partij, name="partij")
    app.add_typer(machtiging, name="machtiging")
