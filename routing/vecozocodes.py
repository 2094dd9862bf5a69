"""What VECOZO says is wrong, in the codes and words a zender here knows; and the other way round.

The table is data (`vecozocodes.toml`). The number that is passed on is that of the generation of the zender; the one
VECOZO gave stands in the explanation, and VECOZO stays the melder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from routing.fouten import GENERATIES, Fout
from routing.partij import TUSSENPARTIJ

_ONBEKEND: Final = "geweigerd_door_ontvanger"
_STANDAARDCODE: Final = "KNP002"
_MAX_CODE, _MAX_TEKST = 7, 1000


@dataclass(frozen=True, slots=True)
class Vecozocode:
    """One code of VECOZO: the code per generation, our cause, and a Dutch text."""

    code: str
    generaties: Mapping[str, str]
    oorzaak: str
    omschrijving: str


@cache
def vecozocodes() -> Mapping[str, Vecozocode]:
    """Return the table by the code of VECOZO."""
    ruw = tomllib.loads(files("routing").joinpath("vecozocodes.toml").read_text(encoding="utf-8"))
    return {
        code: Vecozocode(code, {g: rij[g] for g in GENERATIES}, rij["oorzaak"], rij["omschrijving"])
        for code, rij in ruw.items()
    }


def from_vecozo(code: str | None, tekst: str, generatie: str) -> Fout:
    """Make the fault for the zender out of what VECOZO said.

    Args:
        code: the code VECOZO gave, of its own list or of the chain's; None when it gave none.
        tekst: what VECOZO said with it.
        generatie: ``A`` or ``B``, as the zender wants it.
    """
    bekend = vecozocodes().get(code or "")
    gegeven = code if code != _STANDAARDCODE else None  # ours: it stands for no code at all
    gemeld = f"{TUSSENPARTIJ} meldde {gegeven}: {tekst}" if gegeven else f"{TUSSENPARTIJ} meldde: {tekst}"
    gemeld = gemeld[:_MAX_TEKST]
    if bekend is not None:
        return Fout(bekend.oorzaak, bekend.generaties[generatie], TUSSENPARTIJ, "client", bekend.omschrijving, gemeld)
    past = code if code is not None and 0 < len(code) <= _MAX_CODE else _STANDAARDCODE
    return Fout(_ONBEKEND, past, TUSSENPARTIJ, "client", "VECOZO heeft het bericht afgekeurd", gemeld)


def to_vecozo(oorzaak: str) -> str | None:
    """Return the code with which VECOZO reports a cause of ours, the first of several; None when it has none."""
    eigen = oorzaak != _ONBEKEND
    return next((c.code for c in vecozocodes().values() if eigen and c.oorzaak == oorzaak), None)
