"""The PGB 2.0 system of VWS, played: a 501 gets its 502, money is spent, and a 507 settles each budget in time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from datetime import date
from itertools import groupby

from lxml import etree

from istandaarden.bevinding import Bevinding
from istandaarden.opbouw import build
from istandaarden.standaardmap import in_gebruik
from istandaarden.veilig import parse
from knooppunt.simulatie.antwoord import Antwoord
from knooppunt.simulatie.ketenspel import Zending, finding, make_retour, new_identification, refusal
from knooppunt.simulatie.klok import Vandaag, today
from knooppunt.simulatie.pgbboek import Afsluiting, Functiebudget, Pgbboek, Sleutel
from routing.bericht import Envelop
from routing.fouten import Fout

RELEASE = "2.1"
_BUDGET = "/Bericht/Client/Budget"
_XSD = {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"}


class Vws:
    """Takes in toekenningen and settles them. `vandaag` says which day it is, `boek` keeps the budgets."""

    def __init__(self, boek: Pgbboek | None = None, vandaag: Vandaag = today) -> None:
        self._boek = boek or Pgbboek()
        self._vandaag = vandaag
        self._slot = threading.Lock()

    def answer(self, heen: Envelop, payload: bytes) -> Sequence[Antwoord] | Fout:
        """Judge a 501 and answer it with a 502; a 508 needs no answer."""
        functie = heen.stuurgegevens.functie or ""
        if functie.endswith("508"):
            return []
        fout, bevindingen = refusal(heen, payload, niveau=2)
        if fout is not None:
            return fout
        with self._slot:
            dag = self._vandaag()
            if functie.endswith("501"):
                bevindingen += self._take(functie.removesuffix("501"), payload, dag, goed=not bevindingen)
            return [make_retour(heen, payload, bevindingen, dag)]

    def due(self) -> Sequence[Zending]:
        """Give the 507s of today, one for each budget."""
        with self._slot:
            dag = self._vandaag()
            rijp = sorted(self._boek.settle(dag), key=lambda a: astuple(a.sleutel))
            return [
                Zending(sleutel.gemeente, _write(sleutel, list(groep), dag))
                for sleutel, groep in groupby(rijp, key=lambda afsluiting: afsluiting.sleutel)
            ]

    def _take(self, wet: str, payload: bytes, dag: date, *, goed: bool) -> tuple[Bevinding, ...]:
        """Check a 501 against the budgets so far (TR502, TR562, TR574), and book it when nothing is wrong with it."""
        wortel = parse(payload)
        bsn, gemeente, nummer = (
            _text(wortel, pad) for pad in ("Client/Bsn", "Header/Afzender", "Client/Budget/BudgetIdentificatie")
        )
        sleutel = Sleutel(gemeente, wet, bsn, nummer)
        oud = _text(wortel, "Client/Budget/BudgetIdentificatieOud") or None
        functies = list(_functies(wortel, dag))
        fouten: list[Bevinding] = []
        if self._boek.knows(sleutel):
            fouten.append(finding("TR574", _BUDGET, "Dit budget is al toegekend.", "9574"))
        if oud is not None and not self._boek.knows(Sleutel(gemeente, wet, bsn, oud)):
            fouten.append(finding("TR562", _BUDGET, "Het oude budget is hier niet bekend.", "9562"))
        if self._boek.overlaps(sleutel, oud, functies):
            fouten.append(finding("TR502", _BUDGET, "Er loopt al een budget voor deze zorgfunctie.", "9502"))
        if goed and not fouten:
            self._boek.grant(sleutel, functies, oud, dag)
        return tuple(fouten)


def _functies(wortel: etree._Element, dag: date) -> Iterator[Functiebudget]:
    for deel in wortel.iterfind("{*}Client/{*}Budget/{*}FunctieBudgetten/{*}FunctieBudget"):
        yield Functiebudget(
            zorgfunctie=_text(deel, "Zorgfunctie"),
            begin=date.fromisoformat(_text(deel, "FunctieBudgetPeriode/Begindatum")),
            einde=date.fromisoformat(_text(deel, "FunctieBudgetPeriode/Einddatum")),
            bedrag=int(_text(deel, "FunctieBudgetBedrag")),
            vrij=int(_text(deel, "VerantwoordingsvrijBedrag") or 0),
            vanaf=dag,
        )


def _text(element: etree._Element, pad: str) -> str:
    return (element.findtext("/".join(f"{{*}}{stap}" for stap in pad.split("/"))) or "").strip()


def _write(sleutel: Sleutel, afsluitingen: Sequence[Afsluiting], dag: date) -> Antwoord:
    soort = in_gebruik().find(f"{sleutel.wet}507", RELEASE)
    besteed = [
        {
            "BudgetIdentificatie": sleutel.budget,
            "Zorgfunctie": a.zorgfunctie,
            "BestedingsPeriode": {"Begindatum": a.begin, "Einddatum": a.einde},
            "FunctieBudgetBesteed": a.besteed,
            "VerantwoordingsvrijBedragBesteed": a.vrij,
            "ZiekengeldBesteed": 0,
            "RedenBudgetafsluiting": a.reden.value,
        }
        for a in afsluitingen
    ]
    inhoud = {
        "Header": {
            "Ontvanger": sleutel.gemeente,
            "BerichtIdentificatie": {"Identificatie": new_identification(), "Dagtekening": dag},
            "XsdVersie": _XSD,
        },
        "Client": {"Bsn": sleutel.bsn, "FunctieBudgettenBesteed": {"FunctieBudgetBesteed": besteed}},
    }
    return Antwoord(soort.code, build(soort, inhoud), RELEASE)
