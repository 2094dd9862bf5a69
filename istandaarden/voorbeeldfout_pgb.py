"""Breaks the rules of level 2 that only a bericht about a pgb knows: see `istandaarden.voorbeeldfout`."""

from __future__ import annotations

from datetime import date, timedelta

from istandaarden.voorbeeldfout import Geval, recept
from istandaarden.voorbeeldfout_declaratie import RECEPTEN

__all__ = ["RECEPTEN"]  # those of every bericht, with those below added to them


@recept("CD504", "501")
def _person_and_organisation(geval: Geval) -> None:
    geval.pick(geval.personen)["KvkNummer"] = "90000002"


@recept("CD505", "501")
def _withdrawn_but_lasting(geval: Geval) -> None:
    durend = [
        budget
        for budget in geval.functiebudgetten
        if budget["FunctieBudgetPeriode"]["Einddatum"] > budget["FunctieBudgetPeriode"]["Begindatum"]
    ]  # in a large sample the last ones may be of one day
    geval.pick(durend).update(FunctieBudgetBedrag=0, VerantwoordingsvrijBedrag=None)


@recept("CS023", "501")
def _issued_tomorrow(geval: Geval) -> None:
    geval.client["Budget"]["Afgiftedatum"] = geval.v.dagtekening + timedelta(days=1)


@recept("CS501", "507")
def _free_part_in_wlz(geval: Geval) -> None:
    geval.pick(geval.functiebudgetten)["VerantwoordingsvrijBedragBesteed"] = 100


@recept("CS502", "501")
def _gewaarborgde_hulp(geval: Geval) -> None:
    geval.pick(geval.client["Relaties"]["Relatie"])["Soort"] = "4"


@recept("TR016", "501")
def _outside_budget(geval: Geval) -> None:
    periode = geval.client["Budget"]["BudgetPeriode"]
    if geval.v.dobbel.random() < 0.5:
        periode["Begindatum"] += timedelta(days=1)
    else:
        periode["Einddatum"] -= timedelta(days=1)


@recept("TR501", "507")
def _across_years(geval: Geval) -> None:
    periode = geval.pick(geval.perioden)
    periode["Einddatum"] = date(periode["Begindatum"].year + 1, 1, 1)


@recept("TR503", "501")
def _more_free_than_granted(geval: Geval) -> None:
    budget = geval.pick(geval.functiebudgetten)
    budget["VerantwoordingsvrijBedrag"] = budget["FunctieBudgetBedrag"] + 1


@recept("TR506", "501")
def _address_without_postcode(geval: Geval) -> None:
    adres = geval.client["Contact"]["Adres"]
    del adres["Postcode"], adres["LandCode"]


@recept("TR511", "501")
def _before_2018(geval: Geval) -> None:
    geval.client["Budget"]["BudgetPeriode"]["Begindatum"] = date(2017, 12, 31)


@recept("TR515", "501")
def _nobody(geval: Geval) -> None:
    relaties = geval.client["Relaties"]["Relatie"]
    relaties.append({"Nummer": f"R{geval.v.number()}", "Soort": "6"})


@recept("TR516", "501")
def _two_contacts(geval: Geval) -> None:
    geval.pick(geval.client["Relaties"]["Relatie"])["Contact"] = geval.v.contact("")
