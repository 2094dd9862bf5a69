"""`knooppunt standaard importeer`: official packages of schemas, beside or over what comes with us."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from istandaarden.catalogus import ingebouwd
from istandaarden.pakket import Pakketfout, read_packages
from istandaarden.pakketinstallatie import Installatie, PakketGeweigerd, install, remove
from istandaarden.standaardmap import VARIABELE, from_folder, standaardmap
from knooppunt.cli.standaarden import standaard

GEDAAN, GEWEIGERD = 0, 2

_Map = Annotated[
    Path | None,
    typer.Option(
        "--naar", help=f"Map met de eigen standaarden; zonder: {VARIABELE}, of ~/.local/share/knooppunt/standaarden."
    ),
]


def register(_app: typer.Typer) -> None:
    """Add the commands of this module to the group `standaard`."""
    standaard.command("importeer")(import_package)
    standaard.command("pakketten")(list_packages)
    standaard.command("verwijder")(remove_package)


def import_package(
    bron: Annotated[Path, typer.Argument(metavar="MAP|ZIP", help="Map of ZIP met de gepubliceerde XSD's (en XSLT's).")],
    naar: _Map = None,
    naam: Annotated[str | None, typer.Option(help="Naam van het pakket; zonder: die van de map of het ZIP.")] = None,
    vervang: Annotated[bool, typer.Option("--vervang", help="Vervang een ander pakket met dezelfde naam.")] = False,
) -> None:
    """Installeer een officieel pakket; de schema's erin gaan voor op de ingebouwde.

    Een pakket wordt in zijn geheel geïnstalleerd of in zijn geheel geweigerd, met alle redenen. Een knooppunt dat al
    draait leest het pakket als het opnieuw wordt gestart.
    """
    map_ = _folder(naar)
    standaarden = {soort.standaard for soort in ingebouwd()}
    try:
        gedaan = install(bron, map_, standaarden, naam=naam, vervang=vervang)
    except PakketGeweigerd as fout:
        typer.echo(f"{bron} is geweigerd; er is niets veranderd.", err=True)
        for reden in fout.redenen:
            typer.echo(f"  {reden}", err=True)
        raise typer.Exit(GEWEIGERD) from None
    except OSError as fout:
        typer.echo(f"Schrijven in {map_} lukt niet: {fout.strerror}.", err=True)
        raise typer.Exit(GEWEIGERD) from None
    from_folder.cache_clear()
    for regel in _report(gedaan, naar):
        typer.echo(regel)


def _report(gedaan: Installatie, naar: Path | None) -> list[str]:
    pakket = gedaan.pakket
    if not gedaan.nieuw:
        return [f"Pakket {pakket.naam} staat al in {pakket.map}."]
    regels = [f"Pakket {pakket.naam} staat in {pakket.map}: {len(pakket.berichten)} berichten."]
    if pakket.controles:
        wat = "1 bericht" if len(pakket.controles) == 1 else f"{len(pakket.controles)} berichten"
        regels.append(
            f"De stylesheets (XSLT) erin controleren de regels van {wat}; ze gaan voor op de ingebouwde regels."
        )
    elif pakket.stijlen:
        regels.append(f"Stylesheets (XSLT) erin: {len(pakket.stijlen)}. Geen ervan is de controle van een bericht.")
    if pakket.te_nieuw:
        regels.append(
            f"Van XSLT 2 of later, en dus niet uit te voeren: {', '.join(pakket.te_nieuw)}. Daarvoor gelden de "
            "ingebouwde regels."
        )
    if gedaan.overgeslagen:
        regels.append(f"{gedaan.overgeslagen} andere bestanden zijn overgeslagen.")
    if naar is not None and standaardmap() != naar:
        regels.append(f"Zet {VARIABELE}={naar} om ze te gebruiken.")
    return regels


def list_packages(naar: _Map = None) -> None:
    """Toon welke pakketten er zijn geïnstalleerd."""
    try:
        pakketten = read_packages(_folder(naar))
    except Pakketfout as fout:
        typer.echo(str(fout), err=True)
        raise typer.Exit(GEWEIGERD) from None
    for pakket in pakketten:
        controles = len(pakket.controles)
        typer.echo(f"{pakket.naam}: {len(pakket.berichten)} berichten, {controles} met eigen controle ({pakket.map})")
    if not pakketten:
        typer.echo("Er zijn geen pakketten geïnstalleerd.")


def remove_package(naam: Annotated[str, typer.Argument(help="Naam van het pakket.")], naar: _Map = None) -> None:
    """Verwijder een geïnstalleerd pakket; daarna gelden de ingebouwde schema's weer."""
    if not remove(naam, _folder(naar)):
        typer.echo(f"Er is geen pakket {naam}.", err=True)
        raise typer.Exit(GEWEIGERD)
    from_folder.cache_clear()
    typer.echo(f"Pakket {naam} is verwijderd.")


def _folder(naar: Path | None) -> Path:
    map_ = naar or standaardmap()
    if map_ is None:
        typer.echo(f"Geef met --naar of {VARIABELE} een map voor de standaarden.", err=True)
        raise typer.Exit(GEWEIGERD)
    return map_
