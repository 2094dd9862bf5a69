"""Which functies there are: the berichten of the catalogue, and what travels unread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from istandaarden.catalogus import ingebouwd
from istandaarden.standaardmap import VARIABELE, Standaardfout, from_folder
from routing.bericht import Berichtcode, Bestandsvorm
from routing.functies import EIGEN_BESTAND, functies, namen, versie_of
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


@pytest.mark.parametrize("naam", ["WMO405", "WMO408", "TKB001-0100", "TKB002", "BAB002-0100", "Dummy"])
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


_EIGEN = """
[[functie]]
namen = ["GMSD", "GMSD-0100"]
versies = ["1.0"]
van = "gemeente"
naar = "CBS"
berichtcode = "Di01"
vormen = ["tekstBestand"]
extensies = ["csv"]

[[functie]]
namen = ["WMO301"]
versies = ["3.2"]
van = "SVB"
naar = "gemeente"
berichtcode = "Di01"
"""


@pytest.fixture
def eigen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(VARIABELE, str(tmp_path))
    for onthouden in (functies, namen, from_folder):
        onthouden.cache_clear()
    yield tmp_path / EIGEN_BESTAND
    for onthouden in (functies, namen, from_folder):
        onthouden.cache_clear()


def test_an_operator_adds_functies_but_changes_no_standard(eigen: Path):
    eigen.write_text(_EIGEN, encoding="utf-8")
    assert functies()["GMSD-0100", "1.0"].extensies == ("csv",)
    assert functies()["GMSD", "1.0"].vorm is Bestandsvorm.TEKST
    assert functies()["WMO301", "3.2"].van == "gemeente"
    assert "GMSD" in namen()


@pytest.mark.parametrize(
    ("oud", "nieuw", "woorden"),
    [
        ('naar = "CBS"', 'naar = "CBZ"', "onbekende partij CBZ"),
        ('naar = "CBS"', 'naar = "gemeente"', "gelijk"),
        ('versies = ["1.0"]', 'versies = ["1"]', "functie.0.versies.0"),
        ('vormen = ["tekstBestand"]', 'vormen = ["pdf"]', "functie.0.vormen.0"),
        ('extensies = ["csv"]', 'extensie = ["csv"]', "functie.0.extensie"),
        ('berichtcode = "Di01"', 'berichtcode = "Fo01"', "functie.0.berichtcode"),
        ('berichtcode = "Di01"', 'berichtcode = "Di01"\npgb = "toekenning"', "tussen gemeente en SVB of VWS"),
        ("[[functie]]", "[[functie", "geen geldige TOML"),
    ],
)
def test_a_file_with_a_mistake_is_refused_in_words(eigen: Path, oud: str, nieuw: str, woorden: str):
    eigen.write_text(_EIGEN.replace(oud, nieuw, 1), encoding="utf-8")
    with pytest.raises(Standaardfout, match=woorden):
        functies()


def test_a_file_that_is_no_text_is_refused_in_words(eigen: Path):
    eigen.write_bytes(b"\xff\xfe")
    with pytest.raises(Standaardfout, match="geen UTF-8"):
        functies()
