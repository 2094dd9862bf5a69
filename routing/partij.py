"""What a partij is, how it is connected, and what it may send and receive: the values of the register."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Partijsoort(StrEnum):
    """Kinds of partij; the value is what users and import files write."""

    GEMEENTE = "gemeente"
    ZORGAANBIEDER = "zorgaanbieder"
    KETENPARTIJ = "ketenpartij"


KETENPARTIJEN: Mapping[str, str] = MappingProxyType(
    {
        "CAK": "Centraal Administratie Kantoor",
        "CBS": "Centraal Bureau voor de Statistiek",
        "CIZ": "Centrum indicatiestelling zorg",
        "SVB": "Sociale Verzekeringsbank",
        "UWV": "Uitvoeringsinstituut Werknemersverzekeringen",
        "VECOZO": "VECOZO",
        "VWS": "Ministerie van VWS (PGB 2.0)",
    }
)
"""National parties with a fixed code in the envelope (StUF-GGk 2.1 §3.1); CIZ has none there, the code is ours."""


class Kanaal(StrEnum):
    """How berichten reach a partij."""

    PUSH = "push"
    PULL = "pull"


class Protocol(StrEnum):
    """Which adapter speaks to a partij."""

    STUF = "stuf"
    VSP = "vsp"


class Richting(StrEnum):
    """Direction of a machtiging, seen from the partij."""

    ZENDEN = "zenden"
    ONTVANGEN = "ontvangen"
    BEVRAGEN = "bevragen"  # a lookup: what the machtiging is for is a dienst under a law


@dataclass(frozen=True, slots=True)
class Partij:
    """A party: `code` is the CBS gemeentecode, AGB code or fixed name that envelopes carry."""

    code: str
    soort: Partijsoort
    naam: str


@dataclass(frozen=True, slots=True)
class Aansluiting:
    """Where and how berichten are delivered to a partij, and which certificate identities may act for it.

    `identiteiten` holds OINs (``oin:<20 digits>``) and certificate fingerprints (``sha256:<hex>``); one identity may
    act for several partijen (a servicebureau). `url` is the delivery address for push; `fout_generatie` is ``A``
    (2018 codes) or ``B`` (2025 codes) for the Fo01 this partij gets. `regelniveau` is the highest level of
    rules that berichten to and from this partij are checked on: 1 the schema, 2 rules inside the bericht, 3 across
    berichten, 4 against registers (iStandaarden IV032). `antwoordt_hub` lets the hub make the retourberichten of
    this partij, for one without software of its own. `max_gelijktijdig` berichten are offered to it at the same time;
    more than one gives up their order. `per_minuut` is how many it takes in a minute, None without a limit.
    `quota_berichten` and `quota_mib` are what it may hand in per minute, None what everybody may.
    """

    partij: str
    identiteiten: tuple[str, ...]
    kanaal: Kanaal
    protocol: Protocol
    url: str | None = None
    fout_generatie: str = "B"
    regelniveau: int = 1
    antwoordt_hub: bool = False
    max_gelijktijdig: int = 1
    per_minuut: int | None = None
    quota_berichten: int | None = None
    quota_mib: int | None = None

    @property
    def burst(self) -> int:
        """How many berichten may follow each other at once: what the rate allows in a second, and at least one."""
        return sys.maxsize if self.per_minuut is None else max(1, self.per_minuut // 60)


@dataclass(frozen=True, slots=True)
class Machtiging:
    """Permission of a partij for a berichtsoort in one direction, or for a lookup.

    `berichtsoort` is a functie (``WMO301``), a family with a closing star (``JW*``), or, for a lookup, a dienst under
    a law (``woonplaats:jeugdwet``, `routing.dienst`), always in full.
    """

    partij: str
    richting: Richting
    berichtsoort: str

    def covers(self, functie: str) -> bool:
        """Say whether this machtiging is about `functie`."""
        if self.berichtsoort.endswith("*"):
            return functie.startswith(self.berichtsoort[:-1])
        return functie == self.berichtsoort
