"""Who takes part in the demo, and the register file that makes the hub know them.

Two gemeenten exist (the register takes no others); the zorgaanbieders, their AGB codes and all OINs are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from knooppunt.demo.casus import AANBIEDER_PULL, AANBIEDER_PUSH, GEMEENTE_JEUGD, GEMEENTE_WMO
from routing.partij import Kanaal, Protocol


@dataclass(frozen=True, slots=True)
class Deelnemer:
    """One simulated partij; `stam` names its certificate files, `mag` the families it may send and receive."""

    stam: str
    code: str
    naam: str
    oin: str
    kanaal: Kanaal
    protocol: Protocol
    mag: tuple[str, ...]


ZWOLLE = Deelnemer(
    "zwolle", GEMEENTE_WMO, "Gemeente Zwolle", "00000001999999990193", Kanaal.PUSH, Protocol.STUF, ("WMO*",)
)
UTRECHT = Deelnemer(
    "utrecht", GEMEENTE_JEUGD, "Gemeente Utrecht", "00000001999999990344", Kanaal.PUSH, Protocol.STUF, ("WMO*", "JW*")
)
WILG = Deelnemer(
    "wilg", AANBIEDER_PUSH, "Thuiszorg De Wilg", "00000001999999991001", Kanaal.PUSH, Protocol.STUF, ("WMO*",)
)
ANKER = Deelnemer(
    "anker", AANBIEDER_PULL, "Jeugdhulp Het Anker", "00000001999999992002", Kanaal.PULL, Protocol.VSP, ("JW*", "WMO*")
)
DEELNEMERS = (ZWOLLE, UTRECHT, WILG, ANKER)


def register_toml(adressen: Mapping[str, str]) -> str:
    """Write the register file of the demo.

    Args:
        adressen: delivery address of every partij with kanaal push, by code.
    """
    blokken = ["# Partijen van de demo. Alles behalve de twee gemeenten is verzonnen."]
    for deelnemer in DEELNEMERS:
        mag = ", ".join(f'"{familie}"' for familie in deelnemer.mag)
        regels = [
            "[[partij]]",
            f'code = "{deelnemer.code}"',
            f'naam = "{deelnemer.naam}"',
            f'kanaal = "{deelnemer.kanaal}"',
            f'protocol = "{deelnemer.protocol}"',
            f'identiteiten = ["oin:{deelnemer.oin}"]',
            f"mag_zenden = [{mag}]",
            f"mag_ontvangen = [{mag}]",
        ]
        if deelnemer.kanaal is Kanaal.PUSH:
            regels.insert(5, f'url = "{adressen[deelnemer.code]}"')
        blokken.append("\n".join(regels))
    return "\n\n".join(blokken) + "\n"
