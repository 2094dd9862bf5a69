"""`knooppunt simuleer ciz`: the Wlz-register of the CIZ, for onboarding and tests."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from knooppunt.beeld import safe
from knooppunt.cli.simuleer import Ca, Cert, Key, Poort, run, simuleer, until_stopped
from knooppunt.configuratie import ConfiguratieFout
from knooppunt.pki import PkiFout, Proefautoriteit
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.ciz import TOKEN, VERSIE1, VERSIE2, Cizregister, Registervraag, Storing
from knooppunt.tls import server_context

_DAG = timedelta(days=1)


def ciz(
    *,
    cert: Cert,
    key: Key,
    ca: Ca,
    poort: Poort = 0,
    indicaties: Annotated[
        Path | None, typer.Option(metavar="BESTAND", help="TOML met eigen indicaties; zonder gelden de ingebouwde.")
    ] = None,
    fout: Annotated[Storing | None, typer.Option(help="Wat er misgaat bij elke vraag.")] = None,
    keer: Annotated[
        int | None, typer.Option(min=1, help="Bij hoeveel vragen het misgaat; daarna gaat het goed.")
    ] = None,
) -> None:
    """Speel het Wlz-register van het CIZ na (GraphQL, zoals het indicatieregister van iWlz), tot Ctrl-C."""
    tls = _expired(ca) if fout is Storing.CERTIFICAAT_VERLOPEN else server_context(credentials(cert, key, ca))
    register = Cizregister(tls, indicaties, _tell)
    register.storing, register.keer = fout, keer
    run(lambda: _serve(register, poort))


def _expired(ca: Path) -> ssl.SSLContext:
    """Make a server context with a certificate that ended yesterday; needs the key of a test authority."""
    nu = datetime.now(UTC)
    try:
        uitgifte = Proefautoriteit.read(ca.parent).issue("CIZ (TEST)", van=nu - 9 * _DAG, tot=nu - _DAG)
    except PkiFout as reden:
        raise ConfiguratieFout(f"--ca: {reden}") from None
    with tempfile.TemporaryDirectory() as map_:
        return server_context(credentials(*uitgifte.write(Path(map_), "ciz"), ca))


async def _serve(register: Cizregister, poort: int) -> None:
    try:
        url = await register.start(poort)
        typer.echo(f"CIZ antwoordt op {url} ({TOKEN}, {VERSIE1}, {VERSIE2}). Stoppen: Ctrl-C.")
        await until_stopped()
    finally:
        await register.close()


def _tell(vraag: Registervraag) -> None:
    typer.echo(safe(f"← {vraag.operatie} (versie {vraag.versie}): {vraag.antwoord}"))


def register(_app: typer.Typer) -> None:
    """Add the command to the group that `knooppunt.cli.simuleer` adds."""
    simuleer.command()(ciz)
