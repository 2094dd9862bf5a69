"""Building berichten: model order, right namespaces, nothing silently dropped."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from lxml import etree

from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import Opbouwfout, build
from istandaarden.toets import validate

JW305 = ingebouwd().find("JW305", "3.2")


def test_order_and_namespaces_come_from_the_model(inhoud_305: dict[str, Any]):
    omgekeerd = {naam: dict(reversed(deel.items())) for naam, deel in reversed(inhoud_305.items())}
    data = build(JW305, omgekeerd)
    assert validate(data).geldig
    assert data == build(JW305, inhoud_305)
    assert b"\r" not in data


def test_what_the_berichtsoort_fixes_is_filled_in(inhoud_305: dict[str, Any]):
    wortel = etree.fromstring(build(JW305, inhoud_305))
    assert [element.text for element in wortel[0][:3]] == ["438", "3", "2"]
    inhoud_305["Header"]["BerichtCode"] = "418"
    assert etree.fromstring(build(JW305, inhoud_305))[0][0].text == "418"


def test_values_may_be_dates_numbers_and_awkward_text(inhoud_305: dict[str, Any]):
    client = inhoud_305["Client"]
    client["Geboortedatum"] = {"Datum": date(2010, 2, 14), "DatumGebruik": None}
    client["Geslacht"] = 2
    client["Naam"]["Geslachtsnaam"]["Achternaam"] = 'd\'Arc & <Zn> ]]> "é" 😀'
    data = build(JW305, inhoud_305)
    assert validate(data).geldig
    assert etree.fromstring(data).findtext(".//{*}Achternaam") == 'd\'Arc & <Zn> ]]> "é" 😀'
    wmo301 = ingebouwd().find("WMO301", "3.2")
    product = {"ToegewezenProducten": {"ToegewezenProduct": {"Toewijzingstijd": time(9, 30)}}}
    assert b">09:30:00<" in build(wmo301, {"Client": product})


@pytest.mark.parametrize(
    ("inhoud", "melding"),
    [
        ({"Klient": {}}, r"/Bericht: element Klient bestaat hier niet; bedoelt u Client\?"),
        ({"Client": {"Xyz": "1"}}, "/Bericht/Client: element Xyz bestaat hier niet; bekend zijn Bsn, "),
        ({"Client": [{}, {}]}, "/Bericht/Client: dit element mag maar één keer"),
        ({"Client": "x"}, "/Bericht/Client: hier horen elementen"),
        ({"Client": {"Bsn": {"x": 1}}}, "/Bericht/Client/Bsn: hier hoort tekst"),
        ({"Client": {"Bsn": True}}, "/Bericht/Client/Bsn: hier hoort tekst, .*, geen bool"),
        ({"Client": {"Bsn": 1.5}}, "geen float"),
        ({"Client": {"Bsn": "\x00"}}, "een teken dat in XML niet bestaat"),
        (
            {"Client": {"StartProducten": {"StartProduct": [{}, {"Beginn": 1}]}}},
            r"StartProduct\[2\]: element Beginn bestaat hier niet; bedoelt u Begindatum\?",
        ),
    ],
)
def test_what_does_not_fit_is_refused(inhoud: dict[str, Any], melding: str):
    with pytest.raises(Opbouwfout, match=melding):
        build(JW305, inhoud)
