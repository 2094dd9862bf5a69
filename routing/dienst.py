"""The lookups that the hub answers: under which law, for which purposes, and as which processing activity.

The catalogue stands in `diensten.toml`; the code of a dienst decides nothing about who may use it, see
`routing.toestemming`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_ACTIVITEIT = "urn:knooppunt:verwerkingsactiviteit:"


class Wet(StrEnum):
    """The law under which a lookup is asked."""

    JEUGDWET = "jeugdwet"
    WMO = "wmo"
    AVG = "avg"


@dataclass(frozen=True, slots=True)
class Dienst:
    """One lookup.

    `wetten` gives per law the first day on which it allows the lookup; None: it does not. `doelen` gives each purpose
    its Dutch description; there are no others. `reden`: a question must say in words why it is asked.
    """

    naam: str
    omschrijving: str
    grondslag: str
    gegevens: tuple[str, ...]
    wetten: Mapping[Wet, date | None]
    doelen: Mapping[str, str]
    reden: bool = False

    @property
    def activiteit(self) -> str:
        """URI of the processing activity (`dpl.core.processing_activity_id` of Logboek Dataverwerkingen)."""
        return _ACTIVITEIT + self.naam

    def is_allowed(self, wet: Wet, dag: date) -> bool:
        """Say whether the law allows the lookup on a day."""
        vanaf = self.wetten.get(wet)
        return vanaf is not None and vanaf <= dag

    def machtiging(self, wet: Wet) -> str:
        """Give what the machtiging of a partij must name: ``woonplaats:jeugdwet``."""
        return f"{self.naam}:{wet}"


@cache
def diensten() -> Mapping[str, Dienst]:
    """Read the catalogue."""
    ruw = tomllib.loads(files("routing").joinpath("diensten.toml").read_text("utf-8"))
    return MappingProxyType(
        {
            naam: Dienst(
                naam=naam,
                omschrijving=velden["omschrijving"],
                grondslag=velden["grondslag"],
                gegevens=tuple(velden["gegevens"]),
                wetten={Wet(wet): None if vanaf == "uit" else vanaf for wet, vanaf in velden["wetten"].items()},
                doelen=velden["doelen"],
                reden=velden.get("reden", False),
            )
            for naam, velden in ruw.items()
        }
    )


def grants() -> tuple[str, ...]:
    """List every machtiging that a partij can have for a lookup."""
    return tuple(dienst.machtiging(wet) for dienst in diensten().values() for wet in dienst.wetten)
