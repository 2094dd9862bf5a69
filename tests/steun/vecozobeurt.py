"""Collecting at VECOZO once, in a process that may be killed: ``python -m vecozobeurt DB SLEUTELS URL``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from adapters.vsp.halen import Haler
from adapters.vsp.tussenpartij import Tussenpartij
from routing.foutbericht import Afzender, Foutmelder
from routing.intake import Intake
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.partij import Aansluiting, Kanaal, Machtiging, Protocol, Richting
from routing.register import Register, RegisterBron
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen

GEMEENTE = "0344"
_DAG_MS = 24 * 3600 * 1000


async def turn(url: str, sleutels: Path, vecozo: str) -> int:
    """Collect, and return how many berichten were confirmed."""
    opslag = Opslag(url)
    bron = RegisterBron(
        Register.of(
            [],
            [
                Aansluiting(GEMEENTE, ("oin:00000001999999990344",), Kanaal.PULL, Protocol.VSP),
                Aansluiting("VECOZO", ("oin:00000001999999990777",), Kanaal.PUSH, Protocol.VSP, vecozo),
            ],
            [Machtiging(wie, richting, "WMO*") for wie in (GEMEENTE, "VECOZO") for richting in Richting],
        )
    )
    tussenpartij = Tussenpartij(bron)
    try:
        melder = Foutmelder(Kluis(sleutels), bron, Termijnen(_DAG_MS, _DAG_MS), Afzender())
        return await Haler(tussenpartij, Intake(opslag, melder, Toetser(), lambda _lane: None), Afzender()).turn()
    finally:
        await tussenpartij.close()
        await opslag.close()


if __name__ == "__main__":
    print(asyncio.run(turn(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
