"""Going over from SVB to VWS: every row of the table in docs/pgb.md, on each side of the date."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from routing.bericht import (
    Aanlevering,
    Berichtcode,
    Bestandsvorm,
    Envelop,
    Identiteit,
    Parameters,
    Stuurgegevens,
    Systeem,
)
from routing.functies import functies
from routing.partij import Aansluiting, Kanaal, Machtiging, Protocol, Richting
from routing.payload import Payload
from routing.pgb import Overstap, judge, payer
from routing.register import Register
from routing.route import Besluit, Verwezen, decide

GEMEENTE, DATUM = "0363", date(2026, 3, 1)
VOOR, OP, UITLOOP, LATER = DATUM - timedelta(days=1), DATUM, date(2026, 5, 31), date(2026, 6, 1)
EIGEN = Overstap(GEMEENTE, DATUM)
MET_UITLOOP = Overstap(GEMEENTE, DATUM, UITLOOP)
VERSIE = {"T": "1.0", "B": "1.0", "W": "2.1", "J": "2.1"}

TABEL = [  # functie, overstap, dag, uitkomst
    ("TKB001-0100", None, OP, "ok"),
    ("TKB002", EIGEN, VOOR, "ok"),
    ("TKB001-0100", EIGEN, OP, "fout"),
    ("TKB001", MET_UITLOOP, OP, "let op"),
    ("TKB001", MET_UITLOOP, UITLOOP, "let op"),
    ("TKB001", MET_UITLOOP, LATER, "fout"),
    ("BAB001-0100", None, OP, "ok"),
    ("BAB002-0100", EIGEN, VOOR, "ok"),
    ("BAB001", EIGEN, OP, "ok"),
    ("BAB001", EIGEN, LATER, "ok"),
    ("WMO501", None, OP, "fout"),
    ("JW501", EIGEN, VOOR, "fout"),
    ("WMO501", EIGEN, OP, "ok"),
    ("JW501", EIGEN, LATER, "ok"),
    ("WMO507", None, OP, "fout"),
    ("JW507", EIGEN, VOOR, "fout"),
    ("WMO507", EIGEN, OP, "ok"),
    ("WMO502", None, OP, "ok"),
    ("JW502", EIGEN, VOOR, "ok"),
    ("WMO508", EIGEN, VOOR, "ok"),
    ("JW508", EIGEN, OP, "ok"),
]


@pytest.mark.parametrize(("functie", "overstap", "dag", "uitkomst"), TABEL)
def test_each_bericht_on_each_side_of_the_date(functie: str, overstap: Overstap | None, dag: date, uitkomst: str):
    oordeel = judge(functies()[functie, VERSIE[functie[0]]], GEMEENTE, overstap, dag)
    assert oordeel is not None
    assert oordeel.uitkomst == uitkomst
    assert GEMEENTE in oordeel.uitleg
    assert oordeel.uitleg.endswith(".")


def _kind(functie: str) -> str:
    return re.sub("^(WMO|JW|WLZ)", "", functie)[:3]


def test_every_functie_about_pgbs_is_in_the_table():
    assert {_kind(f.naam) for f in functies().values() if f.pgb} == {_kind(functie) for functie, *_ in TABEL}


@pytest.mark.parametrize("functie", ["WMO301", "WMO401", "Dummy"])
def test_other_functies_do_not_follow_the_date(functie: str):
    gevonden = next(f for (naam, _), f in functies().items() if naam == functie)
    assert judge(gevonden, GEMEENTE, EIGEN, OP) is None


def test_the_page_has_the_same_table():
    rijen = re.findall(
        r"^\| (TKB|BAB|501|507|502 en 508)[^|]*\|([^|]*)\|([^|]*)\|",
        (Path(__file__).parents[2] / "docs" / "pgb.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert {soort: ("geweigerd" in voor, "geweigerd" in na) for soort, voor, na in rijen} == {
        "TKB": (False, True),
        "BAB": (False, False),
        "501": (True, False),
        "507": (True, False),
        "502 en 508": (False, False),
    }


def test_a_date_of_its_own_goes_before_that_of_everybody():
    register = Register.of((), (), (), overstappen=[Overstap("", OP), Overstap("0599", LATER)])
    assert payer(register.overstap("0363"), OP) == "VWS"
    assert payer(register.overstap("0599"), OP) == "SVB"
    assert payer(None, OP) == "SVB"


_CERT = Identiteit("1" * 20, "aa" * 32)


def _decide(functie: str, van: str, naar: str, moment: datetime, verwezen: Verwezen | None = None) -> Besluit:
    register = Register.of(
        (),
        [
            Aansluiting(code, (f"oin:{_CERT.oin}",), Kanaal.PUSH, Protocol.STUF, "https://a.test/")
            for code in (GEMEENTE, "SVB", "VWS")
        ],
        [
            Machtiging(code, richting, soort)
            for code in (GEMEENTE, "SVB", "VWS")
            for richting in Richting
            for soort in ("TKB*", "BAB*", "WMO5*")
        ],
        overstappen=[EIGEN],
    )
    gevonden = functies()[functie, VERSIE[functie[0]]]
    (code,) = gevonden.berichtcodes
    sg = Stuurgegevens(
        berichtcode=code,
        zender=Systeem(van),
        ontvanger=Systeem(naar),
        referentienummer="9c0f7b90-5c69-41e5-a837-0800200c9a66",
        tijdstip="20260105120000",
        cross_ref="x" if code is Berichtcode.DU01 else None,
        functie=functie,
    )
    grote, kleine = gevonden.versie.split(".")
    envelop = Envelop(sg, Parameters("0001", "0000", grote.zfill(4), kleine.zfill(4), Bestandsvorm.XML))
    return decide(Aanlevering(envelop, Payload(b"<a/>"), _CERT, "stuf"), register, verwezen, moment)


_MIDDERNACHT = datetime(2026, 2, 28, 23, tzinfo=UTC)
"""00:00 on the date in the Netherlands."""


def test_the_day_begins_in_the_netherlands():
    net_voor = _MIDDERNACHT - timedelta(milliseconds=1)
    assert _decide("TKB001", GEMEENTE, "SVB", net_voor).fout is None
    assert _decide("WMO501", GEMEENTE, "VWS", _MIDDERNACHT).fout is None
    laat = _decide("TKB001", GEMEENTE, "SVB", _MIDDERNACHT).fout
    vroeg = _decide("WMO501", GEMEENTE, "VWS", net_voor).fout
    assert laat is not None
    assert vroeg is not None
    assert (laat.oorzaak, laat.code, vroeg.code) == ("pgb_andere_betaler", "IB023", "IB023")
    assert "501 aan VWS" in laat.toelichting
    assert "TKB aan de SVB" in vroeg.toelichting


def test_the_explanation_has_a_step_of_its_own():
    besluit = _decide("BAB001", "SVB", GEMEENTE, _MIDDERNACHT)
    assert besluit.fout is None
    stap = next(stap for stap in besluit.stappen if stap.naam == "pgb")
    assert "01-03-2026" in stap.uitleg
    assert "SVB sluit de budgetten van daarvoor" in stap.uitleg


def test_a_retour_of_before_a_later_date_still_comes_home():
    heen = Verwezen("id", GEMEENTE, "VWS", "WMO501", Berichtcode.DI01, "c")
    assert _decide("WMO502", "VWS", GEMEENTE, _MIDDERNACHT - timedelta(days=3), heen).fout is None
