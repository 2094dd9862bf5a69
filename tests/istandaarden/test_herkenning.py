"""Recognising berichten, and the catalogue that says which there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from istandaarden.catalogus import Berichtsoort, Catalogus, Onbekend, ingebouwd
from istandaarden.herkenning import Onherkenbaar, recognise
from istandaarden.veilig import XmlGeweigerd

CATALOGUS = Catalogus(model for model in ingebouwd().models() if model.soort.release == "3.2")
"""Only the releases these tests speak of, so that a release more does not change what is nearest."""


def test_the_catalogue_knows_what_the_field_knows():
    assert len(CATALOGUS) == 28
    soort = CATALOGUS.find("wmo302", "3.2")
    assert soort == Berichtsoort(
        code="WMO302",
        standaard="iwmo",
        release="3.2",
        berichtcode="415",
        naamruimte="http://www.istandaarden.nl/iwmo/3_2/wmo302/schema",
        is_retour=True,
        antwoord_op="WMO301",
        retour=None,
        afzender_type="Gemeente",
        ontvanger_type="AgbCode",
        versie=3,
        subversie=2,
        naam="retour toewijzing",
        titel="iWmo",
        van="zorgaanbieder",
        naar="gemeente",
        regels="3.2",
    )
    assert str(soort) == "WMO302 (iWmo 3.2)"
    assert CATALOGUS.by_namespace(soort.naamruimte) == soort
    assert CATALOGUS.berichtsoorten[soort.naamruimte] == soort
    assert CATALOGUS.by_namespace(None) is None


def test_every_heenbericht_has_an_answer_and_the_other_way_round():
    for soort in CATALOGUS:
        if soort.retour:
            antwoord = CATALOGUS.find(soort.retour, soort.release)
            assert antwoord.antwoord_op == soort.code
            assert antwoord.is_retour == (not soort.code.endswith("323"))
    assert {soort.code for soort in CATALOGUS if not soort.retour and not soort.antwoord_op} == set()
    declaratieantwoord = CATALOGUS.find("JW325", "3.2")
    assert (declaratieantwoord.is_retour, declaratieantwoord.afzender_type) == (False, "Gemeente")


def test_berichtcodes_are_unique():
    assert len({soort.berichtcode for soort in CATALOGUS}) == 28


@pytest.mark.parametrize(
    ("code", "release", "melding"),
    [
        ("WMO399", "3.2", r"Berichtsoort WMO399 is onbekend in release 3\.2; lijkt op .*WMO3"),
        ("WMO305", "9.9", r"Release 9\.9 is onbekend; bekend: 3\.2\."),
        ("xyz", None, "Berichtsoort XYZ is onbekend; bekend: JW301, "),
    ],
)
def test_what_cannot_be_found_names_the_nearest(code: str, release: str | None, melding: str):
    with pytest.raises(Onbekend, match=melding):
        CATALOGUS.find(code, release)


def test_recognition_reads_no_further_than_the_root():
    def chunks() -> Iterator[bytes]:
        yield b'<?xml version="1.0"?><!-- x --><p:Bericht xmlns:p="http://www.istandaarden'
        yield b'.nl/ijw/3_2/jw319/schema"><p:Hea'
        raise AssertionError("read on")

    assert recognise(chunks()).code == "JW319"


@pytest.mark.parametrize("prefix", ["", "x:", "jw305:"])
def test_the_prefix_does_not_matter(prefix: str):
    xmlns = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    data = f'<{prefix}Bericht {xmlns}="http://www.istandaarden.nl/ijw/3_2/jw305/schema"/>'
    assert recognise(data.encode()).code == "JW305"


@pytest.mark.parametrize(
    ("naamruimte", "melding"),
    [
        (
            "http://www.istandaarden.nl/iwmo/2_1/wmo305/schema/2_1",
            r"Dit is WMO305 van iwmo release 2\.1; van dit bericht is alleen release 3\.2 bekend\.",
        ),
        (
            "http://www.istandaarden.nl/iwmo/3_2/wmo304/schema",
            r"Dit noemt zich WMO304 van iwmo release 3\.2, maar dat bericht is niet bekend; het lijkt op .*WMO30",
        ),
        ("http://www.istandaarden.nl/iwlz/2_2/aw33/schema", "bekend zijn de berichten van iJw 3.2, iWmo 3.2"),
        (
            "https://www.istandaarden.nl/iwmo/3_2/wmo305/schema",
            r"is onbekend; bedoelt u http://www\.istandaarden\.nl/iwmo/3_2/wmo305/schema van WMO305",
        ),
        ("http://www.w3.org/1999/xhtml", "is van geen bekend bericht; bekend zijn"),
        ("", "heeft geen naamruimte"),
    ],
)
def test_unknown_namespaces_are_explained(naamruimte: str, melding: str):
    with pytest.raises(Onherkenbaar, match=melding):
        recognise(f'<Bericht xmlns="{naamruimte}"/>'.encode(), CATALOGUS)


@pytest.mark.parametrize("data", [b"", b"   ", b"tekst", b"<", b"\xff\xfe", b"<!DOCTYPE a><a/>"])
def test_what_is_no_xml_is_refused(data: bytes):
    with pytest.raises(XmlGeweigerd):
        recognise(data)
