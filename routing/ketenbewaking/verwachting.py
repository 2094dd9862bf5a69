"""What a bericht that asks may expect, and what became of it: a pure function of what passed on the same key.

It gives the same for the same berichten in whatever order they are given, so a retour before its heenbericht, a second
answer, and an answer that is refused after all need no case of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from istandaarden.schakels import Rol, Schakelsoort
from routing.ketenbewaking.kalender import Kalender
from routing.ketenbewaking.termijnen import Soort, Termijn, terms_of

ALTIJD = range(sys.maxsize)
"""`Feit.beurt` of a bericht that alone asks on its key."""


class Afloop(StrEnum):
    """How waiting ended; the value is what users read."""

    OPEN = "wacht"
    BEANTWOORD = "beantwoord"
    FOUTBERICHT = "geëindigd met een foutbericht"
    AFGEKEURD = "geëindigd: afgekeurd met een retourbericht"


@dataclass(frozen=True, slots=True)
class Feit:
    """One bericht on a key. Days are Dutch days of intake; `volgorde` sorts by the moment of intake.

    `fout_op` is the day on which a Fo01 about it came, `afgekeurd_op` that on which its retour refused it: from then on
    it counts as not sent (iStandaarden IV032, OP286). `over` is the bericht that a retour or 325 names with its
    crossRefnummer, as far as the hub knows it: then it is about that one, whatever its keys say. `beurt` says of a
    bericht that asks at which `volgorde` an answer that names none is about it (`turns`).
    """

    bericht_id: str
    functie: str
    rol: Rol
    dag: date
    volgorde: int = 0
    dagtekening: date | None = None
    fout_op: date | None = None
    afgekeurd_op: date | None = None
    over: str | None = None
    beurt: range = ALTIJD

    def is_about(self, vraag: Feit) -> bool:
        """Say whether a bericht on the same key is about this one that asks."""
        if self.over is not None:
            return self.over == vraag.bericht_id
        # DUBBEL is about a second bericht with the same identificatie, and nobody knows which.
        return self.rol is not Rol.DUBBEL and self.volgorde in vraag.beurt


@dataclass(frozen=True, slots=True)
class Verwachting:
    """One term of one bericht.

    `vanaf` is the day from which it counts, `uiterlijk` the last day that is in time; `klaar_op` and `door` say when it
    ended and with which bericht, None while it is open.
    """

    termijn: Termijn
    vanaf: date
    uiterlijk: date
    afloop: Afloop
    klaar_op: date | None = None
    door: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is still waited for."""
        return self.afloop is Afloop.OPEN

    def is_late(self, vandaag: date) -> bool:
        """Say whether the term was missed; ending with a fault is not late, because nothing had to come any more."""
        if self.afloop in (Afloop.FOUTBERICHT, Afloop.AFGEKEURD):
            return False
        return (self.klaar_op or vandaag) > self.uiterlijk


def turns(vragen: Mapping[int, bool], link: Schakelsoort) -> dict[int, range]:
    """Divide the answers on one key, as far as they name no bericht, over those that asked on it.

    An answer is about what was asked before it; only when nothing was, about what was asked first. A retour or 325 is
    about one bericht, the latest (an Identificatie may be used again after a refusal, TR056); a decision is about
    every request with its reference.

    Args:
        vragen: `volgorde` of each bericht that asks, ascending, and whether it counts as sent.
        link: kind of the key.

    Returns:
        Per bericht that asks its `Feit.beurt`.
    """
    beurten: dict[int, range] = {}
    eerste, einde = min(vragen), sys.maxsize
    for volgorde in reversed(vragen):
        beurten[volgorde] = range(0 if volgorde == eerste else volgorde, einde)
        if link is Schakelsoort.UITWISSELING and vragen[volgorde]:
            einde = volgorde
    return beurten


def expectations(
    vraag: Feit, link: Schakelsoort, antwoorden: Iterable[Feit], kalender: Kalender
) -> tuple[Verwachting, ...]:
    """Give every term of a bericht that asks, with its outcome.

    Args:
        vraag: the bericht that asks.
        link: kind of the key that `antwoorden` share with it.
        antwoorden: the other berichten on that key, in any order.
        kalender: which days are working days.
    """
    # A 301 or 319 that came back refused answers nothing; of a retour or 325 `afgekeurd_op` is always None.
    tellend = sorted(
        (a for a in antwoorden if a.fout_op is None and a.afgekeurd_op is None and a.is_about(vraag)),
        key=lambda feit: feit.volgorde,
    )
    gevonden = (_of_term(vraag, termijn, tellend, kalender) for termijn in terms_of(vraag.functie, link))
    return tuple(verwachting for verwachting in gevonden if verwachting is not None)


def _of_term(vraag: Feit, termijn: Termijn, antwoorden: Sequence[Feit], kalender: Kalender) -> Verwachting | None:
    einde = next((feit for feit in antwoorden if feit.rol in termijn.einde), None)
    if termijn.soort is Soort.ONDERZOEK and not _is_under_research(antwoorden, einde):
        return None
    if termijn.soort is Soort.WOONPLAATS and einde is None:
        return None  # nothing has to come; but if it comes, it has to be in time
    vanaf = vraag.dag
    if termijn.vanaf_dagtekening and vraag.dagtekening is not None:
        vanaf = min(vraag.dagtekening, vraag.dag)
    uiterlijk = termijn.last_day(vanaf, kalender)
    if einde is not None:
        klaar = max(einde.dag, vraag.dag)
        return Verwachting(termijn, vanaf, uiterlijk, Afloop.BEANTWOORD, klaar, einde.bericht_id)
    if vraag.fout_op is not None:
        return Verwachting(termijn, vanaf, uiterlijk, Afloop.FOUTBERICHT, vraag.fout_op)
    if vraag.afgekeurd_op is not None:
        return Verwachting(termijn, vanaf, uiterlijk, Afloop.AFGEKEURD, vraag.afgekeurd_op)
    return Verwachting(termijn, vanaf, uiterlijk, Afloop.OPEN)


def _is_under_research(antwoorden: Sequence[Feit], einde: Feit | None) -> bool:
    """Say whether 'in onderzoek' was answered, before the final answer if there is one."""
    onderzoek = next((feit for feit in antwoorden if feit.rol is Rol.ONDERZOEK), None)
    return onderzoek is not None and (einde is None or onderzoek.volgorde < einde.volgorde)


def is_report_late(
    functie: str, gemeld: date, feit: date, toegewezen: date | None, kalender: Kalender
) -> Termijn | None:
    """Say which term a 305 or 307 missed, None when it is in time (OP271, OP272).

    Args:
        functie: ``WMO305``.
        gemeld: day on which the hub took it.
        feit: day of the start or stop that it reports.
        toegewezen: day on which the hub first took the toewijzing, if it knows: the term counts from there when the
            toewijzing came after the start or stop.
        kalender: which days are working days.
    """
    vanaf = max(feit, toegewezen or feit)
    for termijn in terms_of(functie, Schakelsoort.TOEWIJZING):
        if vanaf < gemeld and gemeld > termijn.last_day(vanaf, kalender):
            return termijn
    return None
