"""Fault vocabulary: a cause (oorzaak) of ours, and its code, melder and plek in both generations of the chain's lists.

The table itself is data (`fouten.toml`). The lists of 2018 and 2025 reuse numbers, so a code says nothing without its
melder and text (GGk fault lists FC18 and FC25).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

from istandaarden.bevinding import Bevinding
from istandaarden.xmltekens import GEEN_XML

GENERATIES = ("A", "B")


@dataclass(frozen=True, slots=True)
class Fout:
    """A fault as the hub reports it.

    `oorzaak` is our own stable name of the cause; `code` is unique only together with `melder` (who raises it)
    and the generation. `plek` is ``client`` or ``server``. `omschrijving` and `toelichting` are Dutch and hold no
    personal data; `toelichting` says what was wrong this time and what to do. What others put in a text that no XML
    can hold becomes U+FFFD: a fault that cannot be written would be a fault of which nobody hears.
    """

    oorzaak: str
    code: str
    melder: str
    plek: str
    omschrijving: str
    toelichting: str = ""
    bevindingen: tuple[Bevinding, ...] = ()

    def __post_init__(self) -> None:
        """Make every text one that can be written."""
        for veld in fields(self):
            waarde = getattr(self, veld.name)
            if isinstance(waarde, str) and GEEN_XML.search(waarde):
                object.__setattr__(self, veld.name, GEEN_XML.sub("\ufffd", waarde))


@dataclass(frozen=True, slots=True)
class Oorzaak:
    """One row of the fault table; `codes` maps a generation to (code, melder, plek)."""

    naam: str
    synchroon: bool
    codes: Mapping[str, tuple[str, str, str]]
    omschrijving: str
    wat_te_doen: str


@cache
def oorzaken() -> Mapping[str, Oorzaak]:
    """Return the fault table by name of the cause."""
    ruw = tomllib.loads(files("routing").joinpath("fouten.toml").read_text(encoding="utf-8"))
    return {
        naam: Oorzaak(
            naam=naam,
            synchroon=rij["klasse"] == "synchroon",
            codes={g: (rij[g]["code"], rij[g]["melder"], rij[g]["plek"]) for g in GENERATIES},
            omschrijving=rij["omschrijving"],
            wat_te_doen=rij["wat_te_doen"],
        )
        for naam, rij in ruw.items()
    }


def make_fout(oorzaak: str, generatie: str, bijzonderheid: str = "", bevindingen: tuple[Bevinding, ...] = ()) -> Fout:
    """Make the fault for a cause.

    Args:
        oorzaak: name in the fault table.
        generatie: ``A`` (2018) or ``B`` (2025), as the receiver of the fault wants it.
        bijzonderheid: Dutch sentence on this very case, without personal data.
        bevindingen: findings to carry along.

    Raises:
        KeyError: no such cause or generation.
    """
    rij = oorzaken()[oorzaak]
    code, melder, plek = rij.codes[generatie]
    toelichting = " ".join(deel for deel in (bijzonderheid, rij.wat_te_doen) if deel)
    return Fout(oorzaak, code, melder, plek, rij.omschrijving, toelichting, bevindingen)
