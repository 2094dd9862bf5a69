"""The CAK, played: it keeps who pays an eigen bijdrage, and answers a start with a 402 and a stop with a 404.

Of iEb 1.0 it checks the schema, one running start per client, that a stop belongs to one, and that it is not before it
(facts on pgb §9: TR328, TR330), and that the date is at most twelve months back and one month ahead (TR112-117). The
list has two codes for that, 9114 and 9115; that the first is for the past and the second for the future is our choice,
as is 9329 for a second start.
"""

from __future__ import annotations

import calendar
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lxml import etree

from istandaarden.bevinding import Bevinding
from istandaarden.veilig import parse
from knooppunt.simulatie.antwoord import Antwoord
from knooppunt.simulatie.ketenspel import Zending, finding, make_retour, refusal
from knooppunt.simulatie.klok import Vandaag, today
from routing.bericht import Envelop
from routing.fouten import Fout

_GETOETST = {"WMO401", "WMO403"}
_VERWIJDERD, _ONGEWIJZIGD = "3", "9"
_TERUG, _VOORUIT = -12, 1
"""Months back and ahead that the date of a start or stop may lie."""


@dataclass(slots=True)
class _Bijdrage:
    start: date
    stop: date | None = None


class Cak:
    """Takes in starts and stops. `vandaag` dates its retouren."""

    def __init__(self, vandaag: Vandaag = today) -> None:
        self._vandaag = vandaag
        self._lopend: dict[tuple[str, str], dict[str, _Bijdrage]] = {}
        self._slot = threading.Lock()

    def answer(self, heen: Envelop, payload: bytes) -> Sequence[Antwoord] | Fout:
        """Judge a start or stop; of 405-408 only the names are known, so those get no answer."""
        functie = heen.stuurgegevens.functie or ""
        if functie not in _GETOETST:
            return []
        fout, _ = refusal(heen, payload, niveau=1)
        if fout is not None:
            return fout
        with self._slot:
            wortel = parse(payload)
            van_client = self._lopend.setdefault((_text(wortel, "Header/Afzender"), _text(wortel, "Client/Bsn")), {})
            boek, soort = (_start, "Start") if functie == "WMO401" else (_stop, "Stop")
            dag = self._vandaag()
            fouten = _outside_term(wortel, soort, dag) or boek(wortel, van_client)
            return [make_retour(heen, payload, fouten, dag)]

    def due(self) -> Sequence[Zending]:
        """Give nothing: the CAK only answers."""
        return []


def _outside_term(wortel: etree._Element, soort: str, vandaag: date) -> tuple[Bevinding, ...]:
    """Find a start or stop too far from today; what is removed or left as it was keeps its date."""
    klasse = f"Client/{soort}EigenBijdrage"
    if _text(wortel, f"{klasse}/StatusAanlevering") in {_VERWIJDERD, _ONGEWIJZIGD}:
        return ()
    dag = date.fromisoformat(_text(wortel, f"{klasse}/Eb{soort}datum"))
    if dag < _months_on(vandaag, _TERUG):
        return (finding("TR114", f"/Bericht/{klasse}", "De datum ligt meer dan twaalf maanden terug.", "9114"),)
    if dag > _months_on(vandaag, _VOORUIT):
        return (finding("TR115", f"/Bericht/{klasse}", "De datum ligt meer dan een maand vooruit.", "9115"),)
    return ()


def _months_on(dag: date, maanden: int) -> date:
    """Give the same day so many months on, or the last of a month that is too short."""
    jaar, maand = divmod(dag.year * 12 + dag.month - 1 + maanden, 12)
    return date(jaar, maand + 1, min(dag.day, calendar.monthrange(jaar, maand + 1)[1]))


def _start(wortel: etree._Element, bijdragen: dict[str, _Bijdrage]) -> tuple[Bevinding, ...]:
    klasse = "Client/StartEigenBijdrage"
    nummer, status = _text(wortel, f"{klasse}/EbStartNummer"), _text(wortel, f"{klasse}/StatusAanlevering")
    if status == _ONGEWIJZIGD:
        return ()
    if status == _VERWIJDERD:
        bijdragen.pop(nummer, None)
        return ()
    if any(anders != nummer and bijdrage.stop is None for anders, bijdrage in bijdragen.items()):
        return (finding("TR329", f"/Bericht/{klasse}", "Voor deze client loopt al een eigen bijdrage.", "9329"),)
    bijdragen[nummer] = _Bijdrage(date.fromisoformat(_text(wortel, f"{klasse}/EbStartdatum")))
    return ()


def _stop(wortel: etree._Element, bijdragen: dict[str, _Bijdrage]) -> tuple[Bevinding, ...]:
    klasse = "Client/StopEigenBijdrage"
    nummer, status = _text(wortel, f"{klasse}/EbStartNummer"), _text(wortel, f"{klasse}/StatusAanlevering")
    bijdrage, dag = bijdragen.get(nummer), date.fromisoformat(_text(wortel, f"{klasse}/EbStopdatum"))
    if bijdrage is None:
        return (finding("TR330", f"/Bericht/{klasse}", "Er is geen lopende start met dit nummer.", "9330"),)
    if dag < bijdrage.start:
        return (finding("TR328", f"/Bericht/{klasse}", "De stop ligt voor de start.", "9328"),)
    if status != _ONGEWIJZIGD:
        bijdrage.stop = None if status == _VERWIJDERD else dag
    return ()


def _text(element: etree._Element, pad: str) -> str:
    return (element.findtext("/".join(f"{{*}}{stap}" for stap in pad.split("/"))) or "").strip()
