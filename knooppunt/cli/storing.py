"""Options with which every `knooppunt simuleer` command takes faults on demand, and the running of what has them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Annotated

import typer
from rich.markup import escape

from knooppunt.configuratie import ConfiguratieFout, Koppelvlak
from knooppunt.simulatie.bediening import serve_switch
from knooppunt.simulatie.storing import ALGEMEEN, UITLEG, Storingen, Storingsfout, Storingsoort, read_storing
from knooppunt.simulatie.verlopen import can_expire

Storing = Annotated[
    list[str] | None,
    typer.Option(
        help=escape(  # rich would take what stands between brackets for markup
            "Storing op verzoek, meermalen te geven: SOORT[:WAARDE][@KEER][/WAARBIJ]. "
            + " ".join(f"{soort}: {uitleg}." for soort, uitleg in UITLEG.items())
            + " KEER is een deel (0.1) of elke zoveelste (3). WAARBIJ is een functie (WMO301, WMO*) of een "
            "verrichting. Voorbeeld: laat:5s@0.1 of fout:503@3/WMO301."
        )
    ),
]
Zaad = Annotated[int, typer.Option(help="Zaad van het toeval: hetzelfde zaad treft dezelfde berichten.")]
Bediening = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        help="Poort op 127.0.0.1 waarop storingen te wisselen zijn terwijl de partij draait; 0 kiest een vrije.",
    ),
]


def read_storingen(
    regels: list[str] | None,
    zaad: int,
    *,
    kent: Iterable[Storingsoort] = ALGEMEEN,
    certificaat: Koppelvlak | None = None,
) -> Storingen:
    """Read the faults of the command line.

    Args:
        regels: as they were typed.
        zaad: seed of what is left to chance.
        kent: the kinds the simulator can have.
        certificaat: that of the simulator; without the key of its authority it cannot show an expired one.

    Raises:
        ConfiguratieFout: one cannot be read, or is not for this simulator.
    """
    soorten = frozenset(kent)
    if certificaat is None or not can_expire(certificaat):
        soorten -= {Storingsoort.VERLOPEN}
    try:
        return Storingen(map(read_storing, regels or []), zaad=zaad, kent=soorten)
    except Storingsfout as fout:
        raise ConfiguratieFout(str(fout)) from None


async def open_switch(stapel: AsyncExitStack, storingen: Storingen, poort: int | None) -> None:
    """Serve the page on which faults are switched, when a port for it was given, and say where it is."""
    if poort is not None:
        adres = await stapel.enter_async_context(serve_switch(storingen, poort))
        typer.echo(f"Storingen wisselen: curl -X PUT --data 'laat:5s@0.1' {adres}")
