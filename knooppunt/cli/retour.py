"""`knooppunt retour`: make the retourbericht of a heenbericht offline."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from istandaarden.bestanden import open_all
from istandaarden.bulktoets import Uitslag
from istandaarden.herkenning import Onherkenbaar
from istandaarden.ketenmap import Volgordefout, accept, find_in_order
from istandaarden.regels.ketenverloop import Ketenverloop
from istandaarden.regels.registers import Contractfout, Contractlijst, Vasteregisters
from istandaarden.retour import REGELVERSIE, Afloop, Retourfout, build_retour, new_identification, outcome
from istandaarden.toets import BERICHT_MAX, Oordeel, validate, validate_stream
from istandaarden.veilig import XmlGeweigerd
from knooppunt.cli.valideer import as_text
from routing.fouten import make_fout

GEMAAKT, FOUTBERICHT, NIET_TE_MAKEN = 0, 1, 2

_WOORDEN = {
    Afloop.AKKOORD: "akkoord",
    Afloop.DEELS: "deels afgewezen",
    Afloop.AFGEKEURD: "afgekeurd",
}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("retour")(retour)


def retour(  # noqa: PLR0917 - each parameter is an option
    bestand: Annotated[Path, typer.Argument(metavar="BESTAND", help="Het heenbericht.")],
    keten: Annotated[
        Path | None,
        typer.Option(help="Map met de berichten ervoor: toets het bericht ook tegen die berichten (niveau 3)."),
    ] = None,
    niveau: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=4,
            help="Toets tot en met dit niveau: 1 het schema, 2 binnen het bericht, 3 over berichten heen, 4 tegen "
            "registers. Zonder deze optie 2, met --keten 4.",
        ),
    ] = None,
    uit: Annotated[
        Path | None, typer.Option(help="Bestand voor het retourbericht; zonder deze optie de standaarduitvoer.")
    ] = None,
    identificatie: Annotated[
        str | None,
        typer.Option(help="Identificatie van het retourbericht, 1 tot 12 tekens; zonder deze optie een willekeurige."),
    ] = None,
    contract: Annotated[
        Path | None, typer.Option(help="CSV met de afgesproken productcodes en tarieven (categorie;code;eenheid;…).")
    ] = None,
) -> None:
    """Maak het retourbericht van een heenbericht, compleet en klaar om te versturen.

    Wat er mis is staat op de foutuitvoer. Eindigt met 0 als er een retourbericht is, met 1 als het heenbericht niet aan
    het schema voldoet, zodat er een foutbericht terug gaat, en met 2 als er niets van te maken is.
    """
    niveau = niveau or (4 if keten else 2)
    if niveau == 3 and keten is None:
        raise _give_up("Bij niveau 3 hoort --keten: een map met de berichten ervoor.")
    try:
        data = _read(bestand)
        oordeel = _judge(bestand, data, keten, niveau, contract)
        antwoord = build_retour(
            data,
            oordeel.bevindingen,
            identificatie=new_identification() if identificatie is None else identificatie,
            dagtekening=datetime.now(ZoneInfo("Europe/Amsterdam")).date(),
            xslt_versie=oordeel.xslt_versie or REGELVERSIE,
        )
        _tell(bestand, oordeel)
        if antwoord is not None:
            _write(antwoord, bestand, uit)
    except (OSError, Contractfout, Volgordefout, Retourfout, XmlGeweigerd, Onherkenbaar) as fout:
        raise _give_up(str(fout)) from None
    if antwoord is None:
        raise typer.Exit(FOUTBERICHT)


def _read(bestand: Path) -> bytes:
    try:
        with bestand.open("rb") as stroom:
            return stroom.read(BERICHT_MAX + 1)
    except OSError as fout:
        raise OSError(f"{bestand} is niet te lezen ({fout.strerror}).") from fout


def _judge(bestand: Path, data: bytes, map_: Path | None, niveau: int, contract: Path | None) -> Oordeel:
    registers = Vasteregisters(Contractlijst.read(contract) if contract else None)
    if map_ is None:
        return validate(data, niveau=niveau, registers=registers)
    if not map_.is_dir():
        raise OSError(f"{map_} is geen map.")
    keten = Ketenverloop()
    for vondst, chunks in open_all(find_in_order([map_])):
        if vondst.ingang is None and bestand.samefile(vondst.pad):
            break  # what comes after it was not known when it came
        if vondst.reden is None:
            accept(validate_stream(chunks, niveau=4, keten=keten, registers=registers), keten)
    return validate(data, niveau=niveau, keten=keten, registers=registers)


def _tell(bestand: Path, oordeel: Oordeel) -> None:
    """Say on standard error what was found, and what that means."""
    soort, bevindingen = oordeel.berichtsoort, oordeel.bevindingen
    if bevindingen:
        geldig = oordeel.geldig if soort else None
        uitslag = Uitslag(str(bestand), geldig, soort, bevindingen, oordeel.schema, oordeel.regels)
        typer.echo(as_text(uitslag), err=True)
    afloop = Afloop.FOUTBERICHT if soort is None else outcome(bevindingen, soort)
    if afloop is not Afloop.FOUTBERICHT and soort is not None:
        typer.echo(f"{soort.retour}: {_WOORDEN[afloop]}.", err=True)
        return
    fout = make_fout("payload_ongeldig", "B")
    typer.echo(
        "Er is geen retourbericht: bij een fout op niveau 1 gaat er een foutbericht (Fo01) terug, met code "
        f"{fout.code} van {fout.melder}: {fout.omschrijving}. {fout.toelichting}",
        err=True,
    )


def _write(antwoord: bytes, bestand: Path, uit: Path | None) -> None:
    if uit is None:
        sys.stdout.buffer.write(antwoord)
        return
    if uit.exists() and uit.samefile(bestand):
        raise OSError(f"{uit} is het heenbericht zelf; kies een ander bestand voor het retourbericht.")
    try:
        uit.write_bytes(antwoord)
    except OSError as fout:
        raise OSError(f"Schrijven van {uit} lukt niet ({fout.strerror}).") from fout


def _give_up(melding: str) -> typer.Exit:
    typer.echo(melding, err=True)
    return typer.Exit(NIET_TE_MAKEN)
