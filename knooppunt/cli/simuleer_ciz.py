"""`knooppunt simuleer ciz`: the Wlz-register of the CIZ, for onboarding and tests."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from knooppunt.beeld import safe
from knooppunt.cli.simuleer import Ca, Cert, Key, Poort, run, simuleer, until_stopped
from knooppunt.cli.storing import Bediening, Storing, Zaad, open_switch, read_storingen
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.ciz import STORINGEN, TOKEN, VERSIE1, VERSIE2, Cizregister, Registervraag
from knooppunt.simulatie.verlopen import expiring_server


def ciz(
    *,
    cert: Cert,
    key: Key,
    ca: Ca,
    poort: Poort = 0,
    indicaties: Annotated[
        Path | None, typer.Option(metavar="BESTAND", help="TOML met eigen indicaties; zonder gelden de ingebouwde.")
    ] = None,
    storing: Storing = None,
    zaad: Zaad = 0,
    bediening: Bediening = None,
) -> None:
    """Speel het Wlz-register van het CIZ na (GraphQL, zoals het indicatieregister van iWlz), tot Ctrl-C."""
    instellingen = credentials(cert, key, ca)
    storingen = read_storingen(storing, zaad, kent=STORINGEN, certificaat=instellingen)
    register = Cizregister(expiring_server(instellingen, storingen), indicaties, _tell, storingen)
    run(lambda: _serve(register, poort, bediening))


async def _serve(register: Cizregister, poort: int, bediening: int | None) -> None:
    async with AsyncExitStack() as stapel:
        stapel.push_async_callback(register.close)
        url = await register.start(poort)
        typer.echo(f"CIZ antwoordt op {url} ({TOKEN}, {VERSIE1}, {VERSIE2}). Stoppen: Ctrl-C.")
        await open_switch(stapel, register.storingen, bediening)
        await until_stopped()


def _tell(vraag: Registervraag) -> None:
    typer.echo(safe(f"← {vraag.operatie} (versie {vraag.versie}): {vraag.antwoord}"))


def register(_app: typer.Typer) -> None:
    """Add the command to the group that `knooppunt.cli.simuleer` adds."""
    simuleer.command()(ciz)
