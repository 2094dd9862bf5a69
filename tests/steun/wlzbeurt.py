"""One turn of the daily round in a process of its own, which may be killed: ``python -m wlzbeurt URL SLEUTELS DAGEN``.

The register holds one indication for each of the first `AANTAL` test BSNs; DAGEN is how far the clock runs ahead.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from proefwlz import BSNS, DAG_MS, Dagronde, indicatie

from routing.klok import Klok
from routing.kluis import Kluis
from routing.opslag import Opslag

AANTAL = 1200


async def turn(url: str, sleutels: Path, dagen: int) -> None:
    """Take the turn."""
    opslag = Opslag(url, klok=Klok(dagen * DAG_MS))
    try:
        dag = Dagronde(opslag, Kluis(sleutels))
        dag.bron.inhoud = {BSNS[nr]: [indicatie(nr + 1)] for nr in range(AANTAL)}
        await dag.run()
    finally:
        await opslag.close()


if __name__ == "__main__":
    asyncio.run(turn(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
