"""The answer to the question which gemeente is responsible, with its reasons.

It never holds an address, a name or a BSN; who gets it learns a gemeente and why (facts on the lookups §4.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Regime(StrEnum):
    """Which definition of woonplaats applies."""

    OUD = "OUD"  # up to 31 December 2021
    NIEUW = "NIEUW"  # from 1 January 2022 (Stb. 2020, 78)


class Regel(StrEnum):
    """The rule that gave the answer. N follows the definition from 2022, O the one before."""

    N1 = "N1"  # woonadres
    N2 = "N2"  # woonadres just before the stay
    N3A = "N3a"  # where the mother was registered when the youth was born
    N3B = "N3b"  # actual stay when help is asked
    N4 = "N4"  # woonplaats abroad: actual stay
    O1 = "O1"  # woonplaats of who has gezag
    O2 = "O2"  # guardianship of a GI: actual stay
    O3 = "O3"  # gezag unknown or abroad: actual stay
    O4 = "O4"  # 18 or older: own woonplaats
    CONVENANT = "CONVENANT"  # begin of the stay unknown: the gemeenten decide together
    ONGEBOREN = "ONGEBOREN"
    HANDMATIG = "HANDMATIG"  # no answer from these facts


class Zekerheid(StrEnum):
    """How firm an answer is."""

    VAST = "vast"
    VOORLOPIG = "voorlopig"
    HANDMATIG = "handmatig"


PARAGRAAF = {
    Regel.N1: "Jeugdwet artikel 1.1, woonplaats onder 1° (tekst vanaf 1-1-2022)",
    Regel.N2: "Jeugdwet artikel 1.1, woonplaats onder 2° (tekst vanaf 1-1-2022)",
    Regel.N3A: "Jeugdwet artikel 1.1, woonplaats onder 3° (tekst vanaf 1-1-2022)",
    Regel.N3B: "Jeugdwet artikel 1.1, woonplaats onder 3° (tekst vanaf 1-1-2022)",
    Regel.N4: "Jeugdwet artikel 1.1, woonplaats onder 4° (tekst vanaf 1-1-2022)",
    Regel.O1: "Jeugdwet artikel 1.1, woonplaats onder 1° (tekst tot en met 31-12-2021), BW 1:12",
    Regel.O2: "Jeugdwet artikel 1.1, woonplaats onder 2° (tekst tot en met 31-12-2021)",
    Regel.O3: "Jeugdwet artikel 1.1, woonplaats onder 3° (tekst tot en met 31-12-2021)",
    Regel.O4: "Jeugdwet artikel 1.1, woonplaats onder 4° (tekst tot en met 31-12-2021), BW 1:10",
    Regel.CONVENANT: "Convenant woonplaatsbeginsel, mei 2021",
}
"""Source of each rule; the answers that need a person have none."""


@dataclass(frozen=True, slots=True)
class Bepaling:
    """The answer on `peildatum`.

    `gemeente` is the code on the peildatum, `gemeente_toen` the one on `referentiedatum` (the day whose address or
    registration counted); both are None when these facts give no answer. Then `ontbrekend` names the facts that are
    missing or contradict each other; it also names what would make a provisional answer firm. `motivering` holds the
    steps of the reasoning in Dutch.
    """

    peildatum: date
    regime: Regime
    regel: Regel
    zekerheid: Zekerheid
    motivering: tuple[str, ...]
    gemeente: str | None = None
    gemeentenaam: str | None = None
    gemeente_toen: str | None = None
    referentiedatum: date | None = None
    ontbrekend: tuple[str, ...] = ()

    @property
    def paragraaf(self) -> str | None:
        """Where the rule is written, None when a person has to decide."""
        return PARAGRAAF.get(self.regel)

    @property
    def herindeling_toegepast(self) -> bool:
        """Whether the gemeente went on in another one between the referentiedatum and the peildatum."""
        return self.gemeente != self.gemeente_toen
