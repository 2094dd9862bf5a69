"""Which functies there are: the berichten of the catalogue, and what travels unread."""

from __future__ import annotations

import pytest

from istandaarden.catalogus import ingebouwd
from routing.bericht import Berichtcode, Bestandsvorm
from routing.functies import functies, versie_of
from routing.partij import Partijsoort
from routing.register import ingebouwd as partijen

DI, DU = Berichtcode.DI01, Berichtcode.DU01


@pytest.mark.parametrize(
    ("naam", "versie", "van", "naar", "codes"),
    [
        ("WMO301", "3.2", "gemeente", "zorgaanbieder", {DI}),
        ("WMO301", "2.3", "gemeente", "zorgaanbieder", {DI}),
        ("JW303", "2.3", "zorgaanbieder", "gemeente", {DI}),
        ("JW304", "2.3", "gemeente", "zorgaanbieder", {DU}),
        ("WMO306", "2.3", "gemeente", "zorgaanbieder", {DU}),
        ("WMO325", "3.2", "gemeente", "zorgaanbieder", {DI, DU}),
        ("WMO401", "1.0", "gemeente", "CAK", {DI}),
        ("WMO402", "1.0", "CAK", "gemeente", {DU}),
        ("WMO501", "2.1", "gemeente", "VWS", {DI}),
        ("JW502", "2.1", "VWS", "gemeente", {DU}),
        ("JW507", "2.1", "VWS", "gemeente", {DI}),
        ("WMO508", "2.1", "gemeente", "VWS", {DU}),
    ],
)
def test_the_payload_of_a_standard_is_read(naam: str, versie: str, van: str, naar: str, codes: set[Berichtcode]):
    functie = functies()[naam, versie]
    assert (functie.van, functie.naar, functie.berichtcodes) == (van, naar, codes)
    assert functie.berichtsoort == ingebouwd().find(naam, versie)
    assert functie.vorm is Bestandsvorm.XML


@pytest.mark.parametrize("naam", ["WMO405", "WMO408", "TKB001-0100", "BAB002-0100", "Dummy"])
def test_what_has_no_schema_is_passed_on_unread(naam: str):
    gevonden = [functie for (bekend, _), functie in functies().items() if bekend == naam]
    assert gevonden
    assert all(functie.berichtsoort is None for functie in gevonden)


def test_every_functie_has_two_ends_that_exist():
    """A zorgkantoor is no partij of this hub; its berichten are known, but go nowhere."""
    bekend = {soort.value for soort in Partijsoort} | {"zorgkantoor"} | set(partijen())
    for functie in functies().values():
        assert {functie.van, functie.naar} <= bekend, functie.naam
        assert functie.van != functie.naar


def test_the_version_of_an_envelope():
    assert [versie_of(*paar) for paar in (("0003", "0002"), ("0001", "0000"), ("0002", "0001"))] == [
        "3.2",
        "1.0",
        "2.1",
    ]
