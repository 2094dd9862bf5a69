"""`knooppunt standaard`: looking at the standards, and making schemas, a reference and samples."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from istandaarden.catalogus import Onbekend
from istandaarden.model import ROOT, Berichtmodel, Samengesteld
from istandaarden.naslag.naslagwerk import write_reference
from istandaarden.standaardmap import in_gebruik
from istandaarden.voorbeeld import Voorbeeldfout, make_voorbeeld
from istandaarden.woorden import describe_value
from istandaarden.xsd import write_all
from knooppunt.cli.valideer import describe_source

MISLUKT = 2

standaard = typer.Typer(no_args_is_help=True, help="De standaarden: welke berichten er zijn, en hun schema's.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(standaard, name="standaard")


@standaard.command("toon")
def show(
    berichtsoort: Annotated[str | None, typer.Argument(help="Bijvoorbeeld WMO305; zonder: alle berichten.")] = None,
    release: Annotated[str | None, typer.Option(help="Release, bijvoorbeeld 3.2; zonder: de nieuwste.")] = None,
) -> None:
    """Toon welke berichten er zijn, of hoe één bericht is opgebouwd."""
    if berichtsoort is None:
        regels = _catalogue_lines(release)
    else:
        try:
            regels = _message_lines(in_gebruik().model(in_gebruik().find(berichtsoort, release)))
        except Onbekend as fout:
            typer.echo(str(fout), err=True)
            raise typer.Exit(MISLUKT) from None
    for regel in regels:
        typer.echo(regel)


def _catalogue_lines(release: str | None) -> Iterator[str]:
    rijen: list[tuple[str, ...]] = [("Standaard", "Bericht", "Code", "Naam", "Van", "Naar", "Antwoord", "Schema")]
    catalogus = in_gebruik()
    for soort in catalogus:
        van, naar = (_PARTIJ.get(zijde, zijde) for zijde in (soort.van, soort.naar))
        if release is None or soort.release == release:
            uitgave, schema = f"{soort.titel} {soort.release}", catalogus.herkomst(soort)
            rijen.append((uitgave, soort.code, soort.berichtcode, soort.naam, van, naar, soort.retour or "", schema))
    if {rij[-1] for rij in rijen[1:]} == {"ingebouwd"}:
        rijen = [rij[:-1] for rij in rijen]
    breedtes = [max(map(len, kolom)) for kolom in zip(*rijen, strict=True)]
    for rij in rijen:
        yield "  ".join(tekst.ljust(breedte) for tekst, breedte in zip(rij, breedtes, strict=True)).rstrip()


_PARTIJ = {"zorgaanbieder": "aanbieder"}


def _message_lines(model: Berichtmodel) -> Iterator[str]:
    soort = model.soort
    yield f"{soort}: {soort.naam}, berichtcode {soort.berichtcode}"
    yield soort.naamruimte
    if (herkomst := in_gebruik().herkomst(soort)) != "ingebouwd":
        yield f"Schema: {describe_source(herkomst)}"
    yield ROOT
    yield from _element_lines(model.wortel, "")


def _element_lines(soort: Samengesteld, marge: str) -> Iterator[str]:
    for nummer, element in enumerate(soort.elementen, 1):
        laatste = nummer == len(soort.elementen)
        kop = f"{marge}{'└─' if laatste else '├─'} {element.naam} [{element.aantal}]"
        if isinstance(element.type, Samengesteld):
            yield kop
            yield from _element_lines(element.type, f"{marge}{'   ' if laatste else '│  '}")
        else:
            yield f"{kop} {element.type.xsdnaam}: {describe_value(element)}"


@standaard.command("xsd")
def write_schemas(
    uit: Annotated[Path, typer.Option("--uit", help="Map waarin de schema's komen; per standaard en release een map.")],
) -> None:
    """Schrijf de schema's (XSD) van alle berichten."""
    _write_files(uit, write_all(in_gebruik().models()), "schema's")


@standaard.command("documentatie")
def write_documentation(
    uit: Annotated[Path, typer.Option("--uit", help="Map waarin de bladzijden komen; per release een map.")],
) -> None:
    """Schrijf de naslag in Markdown: per bericht de opbouw en de regels, per release de typen en codelijsten.

    Ook van wat in de eigen map met standaarden staat: een eigen modelbestand of een officieel pakket.
    """
    _write_files(uit, write_reference(in_gebruik()), "bladzijden")


def _write_files(uit: Path, bestanden: Mapping[str, str], wat: str) -> None:
    try:
        for naam, tekst in bestanden.items():
            pad = uit / naam
            pad.parent.mkdir(parents=True, exist_ok=True)
            pad.write_text(tekst, encoding="utf-8")
    except OSError as fout:
        typer.echo(f"Schrijven in {uit} lukt niet: {fout.strerror}.", err=True)
        raise typer.Exit(MISLUKT) from None
    typer.echo(f"{len(bestanden)} {wat} geschreven in {uit}.")


@standaard.command("voorbeeld")
def sample(  # noqa: PLR0917 - each parameter is an option
    berichtsoort: Annotated[str, typer.Argument(help="Bijvoorbeeld WMO301.")],
    grootte: Annotated[int, typer.Option(min=1, help="Hoeveel producten of prestaties.")] = 1,
    fout: Annotated[str | None, typer.Option(help="De ene regel die het bericht overtreedt, zoals TR101.")] = None,
    release: Annotated[str | None, typer.Option(help="Release, bijvoorbeeld 3.2; zonder: de nieuwste.")] = None,
    zaad: Annotated[int, typer.Option(help="Een ander getal geeft een ander voorbeeld.")] = 0,
    uit: Annotated[Path | None, typer.Option("--uit", help="Bestand; zonder: standaarduitvoer.")] = None,
) -> None:
    """Maak een voorbeeldbericht met verzonnen inhoud: geldig, of met precies één fout."""
    try:
        soort = in_gebruik().find(berichtsoort, release)
        bericht = make_voorbeeld(soort, grootte=grootte, zaad=zaad, fout=fout)
    except (Onbekend, Voorbeeldfout) as fout_:
        typer.echo(str(fout_), err=True)
        raise typer.Exit(MISLUKT) from None
    if uit is None:
        sys.stdout.buffer.write(bericht)
        return
    try:
        uit.write_bytes(bericht)
    except OSError as fout_:
        typer.echo(f"Schrijven van {uit} lukt niet: {fout_.strerror}.", err=True)
        raise typer.Exit(MISLUKT) from None
    typer.echo(f"{soort} geschreven in {uit}.")
