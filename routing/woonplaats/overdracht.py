"""The one-off transfer at the change of definition: who goes to which gemeente on 1 January 2022 (facts §4.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from istandaarden.gemeenten import succeed
from routing.woonplaats.bepaling import NIEUW_VANAF, determine
from routing.woonplaats.besluit import Bepaling, Regel
from routing.woonplaats.feiten import Feiten
from routing.woonplaats.redenering import in_words, name

LAATSTE_DAG: Final = NIEUW_VANAF - timedelta(days=1)
"""Last day on which the gemeente of the old definition is responsible: its toewijzingen end then."""

VOORTZETTEN_TOT: Final = date(2022, 12, 31)
"""Until then help that was running goes on unchanged; foster care has no such limit (Jeugdwet art. 10.1)."""

_GRONDSLAG: Final = {
    Regel.N1: "het woonadres",
    Regel.N2: "het woonadres direct voor het verblijf",
    Regel.N3A: "waar de moeder bij de geboorte was ingeschreven",
    Regel.N3B: "het werkelijke verblijf",
    Regel.N4: "het werkelijke verblijf, bij een woonplaats in het buitenland",
    Regel.O1: "de woonplaats van wie het gezag heeft",
    Regel.O2: "het werkelijke verblijf, bij voogdij van een gecertificeerde instelling",
    Regel.O3: "het werkelijke verblijf, omdat het gezag geen uitkomst gaf",
    Regel.O4: "de eigen woonplaats van wie 18 of ouder is",
    Regel.CONVENANT: "het convenant, omdat de eerste dag van het verblijf niet bekend is",
}


class Gevolg(StrEnum):
    """What happens to a client of a gemeente."""

    BLIJFT = "blijft"
    VERTREKT = "vertrekt"
    ONBEKEND = "onbekend"


@dataclass(frozen=True, slots=True)
class Overgang:
    """What the change of definition means for one client of gemeente `van`, both decisions with their reasons.

    `van` is the code on the last day, `blijft_bij` what that gemeente is called on the first day of the new definition.
    """

    van: str
    blijft_bij: tuple[str, ...]
    oud: Bepaling
    nieuw: Bepaling

    @property
    def gevolg(self) -> Gevolg:
        """Whether the client stays, leaves, or cannot be placed by these facts."""
        if self.nieuw.gemeente is None:
            return Gevolg.ONBEKEND
        return Gevolg.BLIJFT if self.nieuw.gemeente in self.blijft_bij else Gevolg.VERTREKT

    @property
    def uitleg(self) -> str:
        """The difference in Dutch, and then every step of both decisions."""
        telde = f"Tot en met {in_words(LAATSTE_DAG)} telde {_ground(self.oud)}"
        telt = f"vanaf {in_words(NIEUW_VANAF)} telt {_ground(self.nieuw)}"
        return " ".join((f"{telde}; {telt}.", *self.oud.motivering, *self.nieuw.motivering))

    @property
    def let_op(self) -> str:
        """What the two gemeenten should look at together; empty when there is nothing."""
        eerder = self.oud.gemeente
        if eerder is None or eerder == self.van:
            return ""
        return f"Volgens deze feiten was {name(eerder)} tot 2022 verantwoordelijk, niet {name(self.van)}."


def compare(gemeente: str, feiten: Feiten) -> Overgang:
    """Decide for a client by both definitions.

    Args:
        gemeente: who has the client on its list on the last day, in the code of that day.
        feiten: about the client; their peildatum does not matter.
    """
    opvolging = succeed(gemeente, NIEUW_VANAF)
    return Overgang(
        van=gemeente,
        blijft_bij=opvolging.codes if opvolging else (gemeente,),
        oud=determine(replace(feiten, peildatum=LAATSTE_DAG)),
        nieuw=determine(replace(feiten, peildatum=NIEUW_VANAF)),
    )


def _ground(bepaling: Bepaling) -> str:
    if bepaling.gemeente is None:
        return "iets dat uit deze feiten niet te bepalen is"
    return f"{_GRONDSLAG[bepaling.regel]}, in {name(bepaling.gemeente)}"
