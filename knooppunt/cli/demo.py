"""`knooppunt demo`: the whole hub at work, with simulated partijen, in one command."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from knooppunt.beeld import make_console
from knooppunt.demo.afspelen import run
from knooppunt.demo.hubproces import OpstartFout


def demo(
    eenmalig: Annotated[bool, typer.Option("--eenmalig", help="Stop na het oordeel, met uitgangscode 0 of 1.")] = False,
    map_: Annotated[
        Path | None, typer.Option("--map", help="Lege map voor alle bestanden; anders een tijdelijke.")
    ] = None,
) -> None:
    """Speel zorgverhalen, tegenslagen, opvragingen, pgb en VECOZO door een echt knooppunt, en controleer alles.

    Alle personen en berichten zijn verzonnen. Er zijn geen andere diensten nodig.
    """
    console = make_console()

    async def perform() -> bool:
        taak = asyncio.ensure_future(run(console, map_, eenmalig=eenmalig))
        for teken in (signal.SIGINT, signal.SIGTERM):  # the hub is a process of its own and must stop with us
            asyncio.get_running_loop().add_signal_handler(teken, taak.cancel)
        return await taak

    try:
        goed = asyncio.run(perform())
    except (OpstartFout, FileExistsError) as fout:
        typer.echo(str(fout), err=True)
        raise typer.Exit(2) from None
    except asyncio.CancelledError:
        typer.echo("\nDe demo is afgebroken.", err=True)
        raise typer.Exit(130) from None
    raise typer.Exit(0 if goed else 1)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)
