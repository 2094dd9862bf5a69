"""Who takes part in the demo, and the register file that makes the hub know them.

The two gemeenten exist (the register takes no others) and so do the SVB, VWS and VECOZO; the zorgaanbieders, their AGB
codes and all OINs are invented. Behind VECOZO is one more zorgaanbieder, whom the register does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from knooppunt.demo.casus import AANBIEDER_PULL, AANBIEDER_PUSH, GEMEENTE_JEUGD, GEMEENTE_WMO
from routing.partij import TUSSENPARTIJ, Kanaal, Protocol
from routing.pgb import SVB as CODE_SVB
from routing.pgb import VWS as CODE_VWS


@dataclass(frozen=True, slots=True)
class Deelnemer:
    """One simulated partij.

    `stam` names its certificate files, `mag` what it may send and receive, `bevraagt` the lookups that it may do.
    """

    stam: str
    code: str
    naam: str
    oin: str
    kanaal: Kanaal
    protocol: Protocol
    mag: tuple[str, ...]
    bevraagt: tuple[str, ...] = ()


ZWOLLE = Deelnemer(
    "zwolle", GEMEENTE_WMO, "Gemeente Zwolle", "00000001999999990193", Kanaal.PUSH, Protocol.STUF, ("WMO*",)
)
UTRECHT = Deelnemer(
    "utrecht",
    GEMEENTE_JEUGD,
    "Gemeente Utrecht",
    "00000001999999990344",
    Kanaal.PUSH,
    Protocol.STUF,
    ("WMO*", "JW*", "TKB*", "BAB*"),
    # the machtiging for the Jeugdwet shows that it does not help: the law does not allow that toets
    ("woonplaats:jeugdwet", "wlz-toets:wmo", "wlz-toets:jeugdwet", "wlz-signalen:wmo", "inzage:avg"),
)
WILG = Deelnemer(
    "wilg", AANBIEDER_PUSH, "Thuiszorg De Wilg", "00000001999999991001", Kanaal.PUSH, Protocol.STUF, ("WMO*",)
)
ANKER = Deelnemer(
    "anker", AANBIEDER_PULL, "Jeugdhulp Het Anker", "00000001999999992002", Kanaal.PULL, Protocol.VSP, ("JW*", "WMO*")
)
SVB = Deelnemer("svb", CODE_SVB, "SVB", "00000001999999993001", Kanaal.PUSH, Protocol.STUF, ("TKB*", "BAB*"))
VWS = Deelnemer(
    "vws", CODE_VWS, "VWS, PGB 2.0-systeem", "00000001999999993002", Kanaal.PUSH, Protocol.STUF, ("WMO5*", "JW5*")
)
VECOZO = Deelnemer("vecozo", TUSSENPARTIJ, "VECOZO", "00000001999999993003", Kanaal.PUSH, Protocol.VSP, ("WMO*", "JW*"))
DEELNEMERS = (ZWOLLE, UTRECHT, WILG, ANKER, SVB, VWS, VECOZO)

REGISTERS = (("brp", "00000001999999994001"), ("ciz", "00000001999999994002"))
"""Who is asked and sends no berichten, so that the register does not name them: name of certificate files, and OIN."""


def register_toml(adressen: Mapping[str, str]) -> str:
    """Write the register file of the demo.

    Args:
        adressen: delivery address of every partij with kanaal push, by code.
    """
    blokken = ["# Partijen van de demo. Alles behalve de gemeenten en de landelijke partijen is verzonnen."]
    for deelnemer in DEELNEMERS:
        mag = _list(deelnemer.mag)
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
        if deelnemer.bevraagt:
            regels.append(f"mag_bevragen = [{_list(deelnemer.bevraagt)}]")
        if deelnemer.kanaal is Kanaal.PUSH:
            regels.insert(5, f'url = "{adressen[deelnemer.code]}"')
        blokken.append("\n".join(regels))
    return "\n\n".join(blokken) + "\n"


def _list(waarden: tuple[str, ...]) -> str:
    return ", ".join(f'"{waarde}"' for waarde in waarden)
