"""Sample berichten: valid, invented, as large as asked, always the same, and refused in words."""

from __future__ import annotations

import re

import pytest
from lxml import etree

from istandaarden.catalogus import ingebouwd
from istandaarden.model import Berichtsoort
from istandaarden.regels.boek import rows
from istandaarden.regels.niveau2_client import passes_elfproef
from istandaarden.toets import validate
from istandaarden.voorbeeld import Voorbeeldfout, breakable_rules, make_voorbeeld

ALLE = list(ingebouwd())
KERN = {
    "301": "ToegewezenProduct",
    "305": "StartProduct",
    "307": "StopProduct",
    "315": "AangevraagdProduct",
    "317": "TeWijzigenProduct",
    "323": "Prestatie",
    "325": "Prestatie",
}


def _zoek(code: str) -> Berichtsoort:
    return ingebouwd().find(code, "3.2")


@pytest.mark.parametrize("soort", ALLE, ids=lambda soort: f"{soort.code}-{soort.release}")
def test_a_sample_of_every_bericht_is_valid(soort: Berichtsoort):
    for zaad in range(4):
        data = make_voorbeeld(soort, zaad=zaad)
        oordeel = validate(data, verwacht=soort, niveau=2)
        assert oordeel.bevindingen == ()
        assert data == make_voorbeeld(soort, zaad=zaad)
    assert data != make_voorbeeld(soort, zaad=99) or soort.standaard == "ieb"


@pytest.mark.parametrize("grootte", [1, 2, 30, 400])
@pytest.mark.parametrize("nummer", KERN)
def test_it_is_as_large_as_asked(nummer: str, grootte: int):
    for voorvoegsel in ("WMO", "JW"):
        data = make_voorbeeld(_zoek(f"{voorvoegsel}{nummer}"), grootte=grootte)
        wortel = etree.fromstring(data)
        assert len(wortel.findall(f".//{{*}}{KERN[nummer]}")) == grootte
        assert validate(data, niveau=2).geldig


def test_a_retour_repeats_what_it_answers():
    data = make_voorbeeld(_zoek("JW308"), grootte=7)
    assert data.count(b"<jw308:StopProduct>") == 7
    assert data.count(b"<jw308:RetourCodes>") == 1 + 1 + 7  # Header, Client, each StopProduct


def test_a_declaratie_has_many_clients_and_some_credits():
    wortel = etree.fromstring(make_voorbeeld(_zoek("WMO323"), grootte=600, zaad=3))
    bsns = [bsn.text for bsn in wortel.iter("{*}Bsn")]
    assert len(bsns) == len(set(bsns)) == 24
    assert {"D", "C"} == {element.text for element in wortel.iter("{*}DebetCredit")}


def test_people_are_not_real():
    for soort in ALLE:
        tekst = make_voorbeeld(soort, grootte=1, zaad=1).decode()
        for bsn in re.findall(r"Bsn>(\d+)<", tekst):
            assert bsn.startswith("9999")
            assert passes_elfproef(bsn)
        assert all(
            "@" not in adres or adres.endswith("@example.org") for adres in re.findall(r"Emailadres>([^<]+)<", tekst)
        )


@pytest.mark.parametrize(
    ("code", "vraag", "antwoord"),
    [
        ("WMO319", {"grootte": 2}, "In een WMO319 wordt niets herhaald; de grootte kan alleen 1 zijn."),
        ("WMO301", {"grootte": 0}, "De grootte moet van 1 tot en met 50000 zijn."),
        ("WMO301", {"grootte": 50_001}, "De grootte moet van 1 tot en met 50000 zijn."),
        ("WMO301", {"fout": "TR999"}, "Regel TR999 bestaat niet voor een WMO301"),
        ("WMO301", {"fout": "TR358"}, "Regel TR358 bestaat niet voor een WMO301"),
        ("WMO301", {"fout": "TR332"}, "Regel TR332 is van niveau 3: geen enkel bericht overtreedt die op zichzelf."),
        ("WMO301", {"fout": "TR378"}, "is van niveau 4: of een bericht haar overtreedt, hangt af van een register of"),
        ("WMO301", {"fout": ""}, "Regel  bestaat niet voor een WMO301"),
        ("WMO301", {"fout": "\x1b[2J"}, "Regel ?[2J bestaat niet voor een WMO301"),
        ("WMO301", {"fout": "CS318"}, "In iWmo mag 6 nergens, dus CS050 meldt dit al"),
        ("JW319", {"fout": "TR101"}, "In 319 staat maar één Antwoord"),
        ("WMO301", {"fout": "RS039"}, "aan geen element gekoppeld"),
        ("JW305", {"fout": "RS021"}, "Een JW305 (iJw 3.2) kan regel RS021 niet op zichzelf overtreden."),
    ],
)
def test_what_cannot_be_made_is_refused(code: str, vraag: dict[str, object], antwoord: str):
    with pytest.raises(Voorbeeldfout, match=re.escape(antwoord)):
        make_voorbeeld(_zoek(code), **vraag)  # type: ignore[arg-type]  # of each case its own


@pytest.mark.parametrize("soort", ALLE, ids=lambda soort: f"{soort.code}-{soort.release}")
def test_every_code_gives_a_sample_that_breaks_it_or_a_reason_in_words(soort: Berichtsoort):
    for code in dict.fromkeys(rij["code"] for rij in rows()):
        if code in breakable_rules(soort):
            assert {b.code for b in validate(make_voorbeeld(soort, fout=code), niveau=2).bevindingen} == {code}
        else:
            with pytest.raises(Voorbeeldfout, match=rf"(?i){code}"):
                make_voorbeeld(soort, fout=code)


@pytest.mark.parametrize(("code", "fout"), [("WMO323", "TR416"), ("JW323", "RS037"), ("JW301", "TR302")])
def test_one_fault_in_a_large_sample_is_one_fault(code: str, fout: str):
    data = make_voorbeeld(_zoek(code), grootte=3000, fout=fout)
    assert {b.code for b in validate(data, niveau=2).bevindingen} == {fout}


def test_a_rule_is_named_in_any_case():
    assert make_voorbeeld(_zoek("WMO301"), fout=" tr302") == make_voorbeeld(_zoek("WMO301"), fout="TR302")
