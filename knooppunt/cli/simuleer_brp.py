"""`knooppunt simuleer brp`: a BRP with test persons, for onboarding and tests."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from knooppunt.cli.simuleer import run, simuleer, until_stopped
from knooppunt.cli.storing import Bediening, Storing, Zaad, open_switch, read_storingen
from knooppunt.configuratie import ConfiguratieFout
from knooppunt.simulatie.brp.personen import Personenfout, builtin_persons, read_persons
from knooppunt.simulatie.brp.server import KENT, Bevraging, BrpSimulator
from knooppunt.simulatie.brp.velden import VELDEN
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.verlopen import expiring_server


def brp(
    *,
    personen: Annotated[
        Path | None,
        typer.Option(metavar="BESTAND", help="CSV met testpersonen; zonder dit de testpersonen van de RvIG."),
    ] = None,
    poort: Annotated[int, typer.Option(min=0, max=65535, help="Poort op 127.0.0.1; 0 kiest een vrije.")] = 0,
    cert: Annotated[Path | None, typer.Option(help="PEM-certificaat; zonder dit is het gewoon HTTP.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM-sleutel bij het certificaat.")] = None,
    ca: Annotated[Path | None, typer.Option(help="PEM-certificaat van de autoriteit die vragers vertrouwt.")] = None,
    zonder_historie: Annotated[bool, typer.Option(help="Bied de historie niet aan, zoals de RvIG.")] = False,
    zonder_veld: Annotated[
        list[str] | None, typer.Option(metavar="VELD", help="Veld waarvoor de vrager niet is geautoriseerd.")
    ] = None,
    storing: Storing = None,
    zaad: Zaad = 0,
    bediening: Bediening = None,
) -> None:
    """Speel de BRP na met testpersonen: personen en verblijfplaatshistorie, tot Ctrl-C."""
    try:
        bekend = read_persons(personen) if personen is not None else builtin_persons()
    except Personenfout as fout:
        raise ConfiguratieFout(*fout.fouten) from None
    if onbekend := sorted(set(zonder_veld or ()) - VELDEN):
        raise ConfiguratieFout(f"--zonder-veld: de BRP kent geen veld {', '.join(onbekend)}.")
    instellingen = None
    if cert is not None and key is not None and ca is not None:
        instellingen = credentials(cert, key, ca)
    elif (cert, key, ca) != (None, None, None):
        raise ConfiguratieFout("Geef --cert, --key en --ca alle drie, of geen van drieën.")
    storingen = read_storingen(storing, zaad, kent=KENT, certificaat=instellingen)
    simulator = BrpSimulator(
        bekend,
        zonder=zonder_veld or (),
        met_historie=not zonder_historie,
        storingen=storingen,
        tls=expiring_server(instellingen, storingen) if instellingen is not None else None,
        meld=_tell,
    )
    run(lambda: _serve(simulator, len(bekend), poort, bediening))


async def _serve(simulator: BrpSimulator, aantal: int, poort: int, bediening: int | None) -> None:
    async with AsyncExitStack() as stapel:
        stapel.push_async_callback(simulator.close)
        url = await simulator.start(poort)
        typer.echo(f"BRP met {aantal} testpersonen op {url}. Stoppen: Ctrl-C.")
        await open_switch(stapel, simulator.storingen, bediening)
        await until_stopped()


def _tell(bevraging: Bevraging) -> None:
    typer.echo(f"← {bevraging.verrichting}: {len(bevraging.bsns)} gevraagd, {bevraging.gevonden} gevonden")


def register(_app: typer.Typer) -> None:
    """Add the command to the group `simuleer`."""
    simuleer.command("brp")(brp)
