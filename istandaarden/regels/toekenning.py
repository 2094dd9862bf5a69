"""What the rules across berichten must know of a pgb: what was granted, by what it was replaced, and what was closed.

Names and meaning are those of the information model of iPgb 2.1 (facts on pgb, 2.3 and 2.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from istandaarden.model import Berichtsoort
from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.keten import Inzending


@dataclass(frozen=True, slots=True)
class Functiebudget:
    """One zorgfunctie of a budget in one period; amounts in cents, `vrij` is part of `bedrag`. Of 0: withdrawn."""

    zorgfunctie: str
    begin: date
    einde: date
    bedrag: int
    vrij: int

    def overlaps(self, ander: Functiebudget) -> bool:
        """Tell whether two budgets, neither withdrawn, are for the same zorgfunctie on the same day (TR502)."""
        zelfde = self.zorgfunctie == ander.zorgfunctie and self.bedrag > 0 and ander.bedrag > 0
        return zelfde and self.begin <= ander.einde and ander.begin <= self.einde

    def holds(self, zorgfunctie: str, begin: date, einde: date) -> bool:
        """Tell whether a period of spending falls within this budget."""
        return self.zorgfunctie == zorgfunctie and self.begin <= begin and einde <= self.einde


@dataclass(frozen=True, slots=True)
class Toekenning:
    """What a 501 grants. `wet` is the prefix of its berichtsoort (``WMO``); `oud` is the budget that it replaces."""

    inzending: Inzending
    wet: str
    nummer: str
    oud: str | None
    functies: Sequence[Functiebudget]


@dataclass(frozen=True, slots=True)
class Afsluiting:
    """Which budgets a 507 settles."""

    inzending: Inzending
    wet: str
    budgetten: frozenset[str]


def verstrekker_of(bericht: Bericht) -> str:
    """Read who grants the pgb: the only partij that the Header of iPgb names, whichever way the bericht goes."""
    return bericht.header("Afzender") or bericht.header("Ontvanger") or ""


def wet_of(soort: Berichtsoort) -> str:
    """Read the law from a berichtsoort: ``WMO``, ``JW`` or ``WLZ``."""
    return soort.code[:-3]


def functies_of(budget: Klasse) -> list[Functiebudget]:
    """Read the functiebudgetten of a Budget."""
    return [functie_of(deel) for deel in budget.kinderen("FunctieBudgetten/FunctieBudget")]


def functie_of(deel: Klasse) -> Functiebudget:
    """Read one FunctieBudget; what need not be accounted for is nothing when it is left out."""
    return Functiebudget(
        zorgfunctie=deel.tekst("Zorgfunctie") or "",
        begin=deel.datum("FunctieBudgetPeriode/Begindatum") or date.min,
        einde=deel.datum("FunctieBudgetPeriode/Einddatum") or date.max,
        bedrag=deel.geheel("FunctieBudgetBedrag") or 0,
        vrij=deel.geheel("VerantwoordingsvrijBedrag") or 0,
    )
