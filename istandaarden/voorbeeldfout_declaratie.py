"""Breaks rules of level 2 in a sample declaratie or antwoord to one (323, 325)."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, timedelta

from istandaarden.voorbeeldfout import RECEPTEN, Geval, recept

__all__ = ["RECEPTEN"]  # with those below added to them

_DAG = timedelta(days=1)
_EUROS = "83"


@recept("CD060", "323 325")
def _debet_that_refers(geval: Geval) -> None:
    geval.prestatie()["ProductReferentie"]["VorigReferentieNummer"] = f"P{geval.v.number()}"


@recept("CD087", "323")
def _no_tarief(geval: Geval) -> None:
    geval.prestatie()["ProductTarief"] = None


@recept("CS100", "323")
def _before_2021(geval: Geval) -> None:
    geval.prestatie()["ProductPeriode"] = {"Begindatum": date(2020, 12, 1), "Einddatum": date(2020, 12, 31)}
    geval.declaratie["DeclaratieDagtekening"] = date(2025, 3, 1)


@recept("CS325", "323 325")
def _credit_of_nothing(geval: Geval) -> None:
    prestatie = geval.credit(f"P{geval.v.number()}", 0)
    if geval.nummer == "325":
        prestatie["RetourCodes"] = {"RetourCode": ["9338"]}
    geval.append(prestatie)


@recept("CS337", "323")
def _two_months(geval: Geval) -> None:
    periode = geval.prestatie()["ProductPeriode"]
    periode["Begindatum"] -= geval.pick([_DAG, 40 * _DAG, 365 * _DAG])


@recept("CS339", "323")
def _euros_that_differ(geval: Geval) -> None:
    prestatie = geval.prestatie()
    prestatie |= {
        "Eenheid": _EUROS,
        "ProductTarief": None,
        "GeleverdVolume": prestatie["IngediendBedrag"]["Bedrag"] + 1,
    }


@recept("CS340", "323")
def _part_of_a_month(geval: Geval) -> None:
    geval.declaratie["DeclaratiePeriode"]["Begindatum"] += _DAG


@recept("TR137", "323 325")
def _period_that_runs_back(geval: Geval) -> None:
    periode = geval.prestatie()["ProductPeriode"]
    periode["Begindatum"], periode["Einddatum"] = periode["Einddatum"], periode["Begindatum"]


@recept("TR315", "323")
def _credited_twice(geval: Geval) -> None:
    vorig = f"P{geval.v.number()}"
    for _ in range(2):
        geval.append(geval.credit(vorig))
    geval.recount()


@recept("TR316", "323")
def _credited_at_once(geval: Geval) -> None:
    prestatie = geval.credit("")
    eigen = prestatie["ProductReferentie"]
    eigen["VorigReferentieNummer"] = geval.pick(
        [geval.prestatie()["ProductReferentie"]["ReferentieNummer"], eigen["ReferentieNummer"]]
    )
    geval.append(prestatie)
    geval.recount()


@recept("TR319", "323")
def _later_than_declared(geval: Geval) -> None:
    begin = geval.declaratie["DeclaratiePeriode"]["Einddatum"] + _DAG
    geval.prestatie()["ProductPeriode"] = {"Begindatum": begin, "Einddatum": begin}


@recept("TR335", "323")
def _more_than_five_years_ago(geval: Geval) -> None:
    geval.prestatie()["ProductPeriode"] = {"Begindatum": date(2021, 1, 1), "Einddatum": date(2021, 1, 31)}
    geval.declaratie["DeclaratieDagtekening"] = date(2026, 2, 1)


@recept("TR342", "325")
def _granted_too_much(geval: Geval) -> None:
    geval.declaratie["TotaalToegekendBedrag"]["TotaalBedrag"] += geval.v.dobbel.randint(1, 500)


@recept("TR358", "323")
def _wrong_total(geval: Geval) -> None:
    geval.declaratie["TotaalIngediendBedrag"]["TotaalBedrag"] += geval.v.dobbel.randint(1, 500)


@recept("TR416", "323")
def _debet_twice(geval: Geval) -> None:
    dubbel = deepcopy(geval.prestatie())
    eigen = dubbel["ProductReferentie"]["ReferentieNummer"]
    dubbel["ProductReferentie"] = {"ReferentieNummer": f"P{geval.v.number()}"}
    for client in geval.clienten:
        prestaties = client["Prestaties"]["Prestatie"]
        if any(prestatie["ProductReferentie"]["ReferentieNummer"] == eigen for prestatie in prestaties):
            prestaties.append(dubbel)
    geval.recount()
