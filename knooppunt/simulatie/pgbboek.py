"""The books of who pays a pgb: what was granted, what was spent of it, and when each budget is settled.

Behaviour of the paying side in iPgb 2 (facts on pgb §2.4: OP501, OP505, OP510, OP522, OP523, OP527, OP528 and the
published cases). The cases contradict each other on the day: the term, what it is counted from, and how long a conflict
waits can be chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

_DAG = timedelta(days=1)


class Reden(StrEnum):
    """Why a budget is settled (PGB507)."""

    EINDE = "1"
    JAAR = "2"
    CONFLICT = "3"


class Telpunt(StrEnum):
    """From when the term of a budget counts whose end was moved into the past."""

    BERICHT = "bericht"
    EINDE = "einde"


@dataclass(frozen=True, slots=True)
class Termijnen:
    """When a 507 comes: so many days after the end, or after the 501 that caused a conflict."""

    afsluiting: int = 98
    conflict: int = 1
    telpunt: Telpunt = Telpunt.BERICHT


@dataclass(frozen=True, slots=True)
class Sleutel:
    """Whose budget it is: `wet` is ``WMO`` or ``JW``, or the functie it was granted with; `budget` is its number."""

    gemeente: str
    wet: str
    bsn: str = field(repr=False)
    budget: str


@dataclass(slots=True)
class Functiebudget:
    """One zorgfunctie of a budget in one period; amounts in cents, `vrij` is part of `bedrag`.

    `vanaf` is the day on which the 501 came in that this is from.
    """

    zorgfunctie: str
    begin: date
    einde: date
    bedrag: int
    vrij: int
    vanaf: date
    gemeld: set[tuple[Reden, date]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Afsluiting:
    """What a 507 says of one functiebudget."""

    sleutel: Sleutel
    zorgfunctie: str
    begin: date
    einde: date
    besteed: int
    vrij: int
    reden: Reden


Besteding = Callable[[Functiebudget, date], int]
"""How much of a functiebudget was spent up to and including a day, in cents."""


def steady(deel: float) -> Besteding:
    """Spend a share of the budget, as much every day."""

    def spent(budget: Functiebudget, dag: date) -> int:
        dagen = (budget.einde - budget.begin).days + 1
        verstreken = min(max((dag - budget.begin).days + 1, 0), dagen)
        return round(budget.bedrag * deel * verstreken / dagen)

    return spent


class Pgbboek:
    """All budgets of one paying side; used from one thread at a time."""

    def __init__(self, besteding: Besteding | None = None, termijnen: Termijnen | None = None) -> None:
        self._besteding = besteding or steady(0.8)
        self._termijnen = termijnen or Termijnen()
        self._budgetten: dict[Sleutel, list[Functiebudget]] = {}
        self._conflicten: list[tuple[date, Afsluiting]] = []

    def knows(self, sleutel: Sleutel) -> bool:
        """Say whether this budget was granted, replaced or not."""
        return sleutel in self._budgetten

    def overlaps(self, sleutel: Sleutel, oud: str | None, functies: Iterable[Functiebudget]) -> bool:
        """Say whether one of these runs beside another budget of the same client and zorgfunctie (TR502)."""
        anderen = [
            f
            for s, budget in self._budgetten.items()
            if (s.gemeente, s.wet, s.bsn) == (sleutel.gemeente, sleutel.wet, sleutel.bsn) and s.budget != oud
            for f in budget
        ]
        return any(
            nieuw.zorgfunctie == ander.zorgfunctie
            and nieuw.bedrag
            and ander.bedrag
            and nieuw.begin <= ander.einde
            and ander.begin <= nieuw.einde
            for nieuw in functies
            for ander in anderen
        )

    def grant(self, sleutel: Sleutel, functies: Iterable[Functiebudget], oud: str | None, dag: date) -> None:
        """Take in a 501; with `oud` it replaces that budget as a whole, and what was spent of it must be covered."""
        nieuw = list(functies)
        if oud is not None:
            vorige_sleutel = Sleutel(sleutel.gemeente, sleutel.wet, sleutel.bsn, oud)
            for vorige in self._budgetten.pop(vorige_sleutel, []):
                self._replace(sleutel, nieuw, vorige_sleutel, vorige, dag)
            self._budgetten[vorige_sleutel] = []  # known, but nothing of it is left
        self._budgetten[sleutel] = nieuw

    def _replace(
        self, sleutel: Sleutel, nieuw: list[Functiebudget], oude_sleutel: Sleutel, oud: Functiebudget, dag: date
    ) -> None:
        """Find out whether what was spent so far is still covered.

        A conflict is told under the budget that holds now (case 9), or where nothing is left, under the one of which it
        was spent (OP523).
        """
        besteed = self._besteding(oud, dag - _DAG)
        opvolgers = [f for f in nieuw if f.zorgfunctie == oud.zorgfunctie]
        if besteed <= sum(f.bedrag for f in opvolgers):
            return
        gemeld = sleutel if any(f.bedrag for f in opvolgers) else oude_sleutel
        einde = max(oud.begin, min(oud.einde, dag - _DAG))
        afsluiting = Afsluiting(
            gemeld, oud.zorgfunctie, oud.begin, einde, besteed, min(oud.vrij, besteed), Reden.CONFLICT
        )
        self._conflicten.append((dag + timedelta(days=self._termijnen.conflict), afsluiting))

    def settle(self, dag: date) -> list[Afsluiting]:
        """Give what is due on a day or was before, each once."""
        rijp = [afsluiting for moment, afsluiting in self._conflicten if moment <= dag]
        self._conflicten = [(moment, afsluiting) for moment, afsluiting in self._conflicten if moment > dag]
        for sleutel, functies in self._budgetten.items():
            for functie in functies:
                for moment, tot, reden in self._moments(functie):
                    if moment <= dag and (reden, tot) not in functie.gemeld:
                        functie.gemeld.add((reden, tot))
                        rijp.append(self._close(sleutel, functie, tot, reden))
        return rijp

    def _moments(self, functie: Functiebudget) -> Iterator[tuple[date, date, Reden]]:
        """Give when it is settled, up to which day, and why; a withdrawn one only by what it leaves uncovered."""
        if not functie.bedrag:
            return
        termijn = timedelta(days=self._termijnen.afsluiting)
        for jaar in range(functie.begin.year, functie.einde.year):
            ultimo = date(jaar, 12, 31)
            yield max(ultimo, functie.vanaf) + termijn, ultimo, Reden.JAAR
        laat = functie.vanaf > functie.einde and self._termijnen.telpunt is Telpunt.BERICHT
        yield (functie.vanaf if laat else functie.einde) + termijn, functie.einde, Reden.EINDE

    def _close(self, sleutel: Sleutel, functie: Functiebudget, tot: date, reden: Reden) -> Afsluiting:
        besteed = self._besteding(functie, tot)
        vrij = min(functie.vrij, besteed)
        return Afsluiting(sleutel, functie.zorgfunctie, functie.begin, tot, besteed, vrij, reden)
