"""Partijen and how they are connected: the one register of who exists, who may act for them and where they are.

The register in memory is a snapshot (`Register`): routing reads it as a pure value, and a new snapshot replaces it
when the tables change.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Partijsoort(StrEnum):
    """Kinds of partij; the value is what users and import files write."""

    GEMEENTE = "gemeente"
    ZORGAANBIEDER = "zorgaanbieder"
    KETENPARTIJ = "ketenpartij"  # SVB, CAK, CBS, UWV, VWS, CIZ, VECOZO


class Kanaal(StrEnum):
    """How berichten reach a partij."""

    PUSH = "push"
    PULL = "pull"


class Protocol(StrEnum):
    """Which adapter speaks to a partij."""

    STUF = "stuf"
    VSP = "vsp"


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
    (2018 codes) or ``B`` (2025 codes) for the Fo01 this partij gets.
    """

    partij: str
    identiteiten: tuple[str, ...]
    kanaal: Kanaal
    protocol: Protocol
    url: str | None = None
    fout_generatie: str = "B"
