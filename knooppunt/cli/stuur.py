"""`knooppunt stuur`: offer one file to a hub as a partij would, and say in words what came back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from knooppunt.beeld import safe
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.verzending import StufZender
from knooppunt.tls import client_context
from routing.bericht import Envelop
from routing.poorten import Uitkomst, Uitkomstsoort

_UITGANG = {Uitkomstsoort.BEZORGD: 0, Uitkomstsoort.BLIJVEND: 1, Uitkomstsoort.TIJDELIJK: 3}


def stuur(
    bestand: Annotated[Path, typer.Argument(help="Het bericht: XML, of met --bestandsnaam een ander bestand.")],
    *,
    van: Annotated[str, typer.Option(help="Code van de zender.")],
    naar: Annotated[str, typer.Option(help="Code van de ontvanger.")],
    functie: Annotated[str, typer.Option(help="Berichtsoort, bijvoorbeeld WMO301.")],
    url: Annotated[str, typer.Option(help="Adres van het koppelvlak, eindigend op /OntvangAsynchroon.")],
    cert: Annotated[Path, typer.Option(help="PEM-certificaat van de zender.")],
    key: Annotated[Path, typer.Option(help="PEM-sleutel bij het certificaat.")],
    ca: Annotated[Path, typer.Option(help="PEM-certificaat van de autoriteit die het knooppunt vertrouwt.")],
    antwoord_op: Annotated[
        str | None, typer.Option(help="Referentienummer van het bericht dat u beantwoordt; dan gaat er een Du01 uit.")
    ] = None,
    versie: Annotated[str, typer.Option(help="Release van de standaard.")] = "3.2",
    bestandsnaam: Annotated[
        str | None, typer.Option(help="Naam waaronder een ander bestand dan XML meegaat (tekstBestand).")
    ] = None,
) -> None:
    """Stuur één bestand als StUF-bericht naar een knooppunt en vertel wat het antwoord was.

    Uitgangscode 0: aangenomen (Bv03); 1: geweigerd (Fo03); 2: de opdracht klopt niet; 3: geen bruikbaar antwoord,
    probeer het later opnieuw.
    """
    try:
        payload = bestand.read_bytes()
    except OSError as fout:
        _stop(f"{bestand} is niet te lezen: {fout.strerror}.")
    if not payload:
        _stop(f"{bestand} is leeg; een leeg bericht kan niet.")
    if not all(deel.isdecimal() and len(deel) <= 4 for deel in versie.split(".")) or versie.count(".") > 1:
        _stop(f"--versie {versie!r} is geen release; voorbeeld: 3.2.")
    if not url.startswith("https://"):
        _stop("--url moet met https:// beginnen.")
    context = client_context(credentials(cert, key, ca))
    envelop = compose_envelop(
        van=van, naar=naar, functie=functie, antwoord_op=antwoord_op, release=versie, bestandsnaam=bestandsnaam
    )

    async def perform() -> Uitkomst:
        zender = StufZender(url, context)
        try:
            return await zender.send(envelop, payload)
        finally:
            await zender.close()

    uitkomst = asyncio.run(perform())
    typer.echo("\n".join(safe(regel) for regel in _say(envelop, uitkomst).splitlines()))
    raise typer.Exit(_UITGANG[uitkomst.soort])


def _say(envelop: Envelop, uitkomst: Uitkomst) -> str:
    sg = envelop.stuurgegevens
    wie = f"van {sg.zender.organisatie} aan {sg.ontvanger.organisatie}"
    wat = f"{sg.functie} ({sg.berichtcode}) {sg.referentienummer} {wie}"
    if uitkomst.soort is Uitkomstsoort.BEZORGD:
        return f"Aangenomen (Bv03): {wat}."
    if uitkomst.fout is not None:
        fout = uitkomst.fout
        details = f" ({fout.details})" if fout.details else ""
        return f"Geweigerd: {wat}.\nFo03 {fout.code} ({fout.plek}): {fout.omschrijving}{details}"
    oordeel = "Geweigerd" if uitkomst.soort is Uitkomstsoort.BLIJVEND else "Geen bruikbaar antwoord"
    # the client speaks of the ontvanger of its request, which is the hub here
    return f"{oordeel}: {wat}.\n{uitkomst.toelichting.replace('De ontvanger', 'Het knooppunt')}"


def _stop(melding: str) -> None:
    typer.echo(melding, err=True)
    raise typer.Exit(2)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(stuur)
