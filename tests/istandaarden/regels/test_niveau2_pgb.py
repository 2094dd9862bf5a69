"""Level 2 of iPgb by hand: where each rule begins and ends, and which berichten it is about."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from random import Random
from typing import Any

import pytest

from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from istandaarden.regels.registers import Vasteregisters
from istandaarden.retour import build_retour
from istandaarden.toets import validate
from istandaarden.voorbeeldinhoud import VERHALEN, Verteller
from istandaarden.voorbeeldwaarden import fit

DAG = date(2025, 6, 17)


def tell(code: str) -> dict[str, Any]:
    """Data of a bericht with everything in it and two zorgfuncties."""
    model = ingebouwd().model(ingebouwd().find(code, "2.1"))
    verteller = Verteller(model, Random(3), 2, rijk=True)  # noqa: S311 - repeatable, not secret
    verteller.dagtekening = DAG
    return fit(model.wortel, {"Header": verteller.header(), **VERHALEN[code[-3:]](verteller)}, Random(3))  # noqa: S311 - same


def judge(code: str, inhoud: dict[str, Any]) -> dict[str, str | None]:
    data = build(ingebouwd().find(code, "2.1"), inhoud)
    return {b.code: b.retourcode for b in validate(data, niveau=2).bevindingen}


def put(inhoud: dict[str, Any], pad: str, waarde: Any) -> None:
    *weg, naam = pad.split("/")
    plek: Any = inhoud["Client"]
    for stap in weg:
        plek = plek[int(stap) if stap.isdigit() else stap]
    plek[naam] = waarde


REL, FB = "Relaties/Relatie", "Budget/FunctieBudgetten/FunctieBudget"
NL_ZONDER_HUIS = {"Postcode": "1234AB", "LandCode": "NL"}


@pytest.mark.parametrize(
    ("wijzigingen", "codes"),
    [
        ({}, {}),
        ({"Bsn": "999900007"}, {"CS002": "S002"}),
        ({f"{REL}/0/Bsn": "999900007"}, {"CS002": "S002"}),
        ({f"{REL}/1/Naam": {"Geslachtsnaam": {"Achternaam": "X"}, "NaamGebruik": "1"}}, {"CD504": "D504"}),
        ({f"{REL}/1/KvkNummer": None}, {}),
        ({f"{REL}/1/KvkNummer": None, f"{REL}/1/Organisatie": None}, {"TR515": "9515"}),
        ({f"{REL}/0/Bsn": None}, {}),
        ({f"{REL}/1/Soort": "4"}, {"CS502": "S502"}),
        ({"Budget/Afgiftedatum": DAG}, {}),
        ({"Budget/Afgiftedatum": date(2025, 6, 18)}, {"CS023": "S023"}),
        ({"Contact/Adres": NL_ZONDER_HUIS}, {"CD025": "D025"}),
        ({"Contact/Adres": {"Postcode": "1234ab", "LandCode": "NL", "Huis": {"Huisnummer": 1}}}, {}),
        ({"Contact/Adres": {"Postcode": "0234AB", "LandCode": "NL", "Huis": {"Huisnummer": 1}}}, {"CS089": "S089"}),
        ({"Contact/Adres": {"Huis": {"Huisnummer": 1}}}, {"TR506": "9506"}),
        ({"Contact/Adres": {"Postcode": "B-1000", "LandCode": "BE"}}, {"TR506": "9506"}),
        ({"Contact/Adres": {"Huis": {"Huisnummer": 1}, "LandCode": "BE"}}, {"CD005": "D005"}),
        ({f"{REL}/0/Contact": {"Emailadres": "a@example.org"}}, {"TR516": "9516"}),
        ({"Contact": None, f"{REL}/0/Contact": {"Emailadres": "a@example.org"}}, {}),
        ({f"{FB}/0/VerantwoordingsvrijBedrag": 1, f"{FB}/0/FunctieBudgetBedrag": 1}, {}),
        ({f"{FB}/0/VerantwoordingsvrijBedrag": 2, f"{FB}/0/FunctieBudgetBedrag": 1}, {"TR503": "9503"}),
        ({f"{FB}/0/VerantwoordingsvrijBedrag": 0, f"{FB}/0/FunctieBudgetBedrag": 0}, {"CD505": "D505"}),
        (
            {
                f"{FB}/0/VerantwoordingsvrijBedrag": None,
                f"{FB}/0/FunctieBudgetBedrag": 0,
                f"{FB}/0/FunctieBudgetPeriode": {"Begindatum": DAG, "Einddatum": DAG},
            },
            {},
        ),
        ({f"{FB}/0/FunctieBudgetPeriode/Begindatum": date(2018, 1, 1)}, {}),
        ({f"{FB}/0/FunctieBudgetPeriode/Begindatum": date(2017, 12, 31)}, {"TR511": "9511"}),
        ({"Budget/BudgetPeriode/Begindatum": date(2017, 12, 31)}, {"TR511": "9511"}),
        ({"Budget/BudgetPeriode/Einddatum": date(2024, 12, 31)}, {"CS003": "S003"}),
    ],
)
@pytest.mark.parametrize("code", ["WMO501", "JW501"])
def test_toekenning(code: str, wijzigingen: dict[str, Any], codes: dict[str, str]):
    inhoud = tell(code)
    for pad, waarde in wijzigingen.items():
        put(inhoud, pad, waarde)
    assert judge(code, inhoud) == codes


@pytest.mark.parametrize(("naam", "pad"), [("FunctieBudget", FB), ("Relatie", REL)])
def test_the_same_key_twice(naam: str, pad: str):
    inhoud = tell("WMO501")
    reeks: Any = inhoud["Client"]
    for stap in pad.split("/"):
        reeks = reeks[stap]
    reeks.append(deepcopy(reeks[0]))
    data = build(ingebouwd().find("WMO501", "2.1"), inhoud)
    (bevinding,) = validate(data, niveau=2).bevindingen
    assert (bevinding.code, bevinding.retourcode) == ("TR101", "9101")
    assert f"/{naam}[3]/" in bevinding.plaats


def test_the_wlz_has_rules_of_its_own():
    toekenning, afsluiting = tell("WLZ501"), tell("WLZ507")
    put(toekenning, f"{REL}/0/Soort", "4")
    assert judge("WLZ501", toekenning) == {}
    put(toekenning, "Budget/BudgetPeriode/Einddatum", date(2025, 1, 31))
    assert judge("WLZ501", toekenning) == {"TR016": "9016"}
    besteed = "FunctieBudgettenBesteed/FunctieBudgetBesteed/0"
    put(afsluiting, f"{besteed}/VerantwoordingsvrijBedragBesteed", 1)
    put(afsluiting, f"{besteed}/BestedingsPeriode/Einddatum", date(2026, 1, 1))
    assert judge("WLZ507", afsluiting) == {"CS501": "S501", "TR501": "9501"}
    wmo = tell("WMO507")
    put(wmo, f"{besteed}/BestedingsPeriode/Einddatum", date(2026, 1, 1))
    assert judge("WMO507", wmo) == {}


@pytest.mark.parametrize(
    ("gemeente", "vandaag", "codes"),
    [
        ("0384", DAG, set()),
        ("9999", DAG, {"CS300"}),
        ("0384", date(2025, 6, 16), {"CS064"}),
    ],
)
def test_the_header_against_calendar_and_gemeenten(gemeente: str, vandaag: date, codes: set[str]):
    inhoud = tell("JW501")
    inhoud["Header"]["Afzender"] = gemeente
    data = build(ingebouwd().find("JW501", "2.1"), inhoud)
    oordeel = validate(data, niveau=4, registers=Vasteregisters(vandaag=lambda: vandaag))
    assert {b.code for b in oordeel.bevindingen} == codes


def test_a_broken_rule_comes_back_in_the_502_at_its_klasse():
    inhoud = tell("WMO501")
    put(inhoud, f"{FB}/1/VerantwoordingsvrijBedrag", 99_999_999)
    data = build(ingebouwd().find("WMO501", "2.1"), inhoud)
    retour = build_retour(data, validate(data, niveau=2).bevindingen, identificatie="R1", dagtekening=DAG)
    assert retour is not None
    assert validate(retour).geldig
    assert b"9503" in retour
