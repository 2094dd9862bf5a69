"""Comparing children with a sequence: every kind of difference, and none where a validator sees none."""

from __future__ import annotations

import itertools

from lxml import etree

from istandaarden.inhoudsmodel import Verschil, compare
from istandaarden.model import Element, Logisch, Logischsoort, Samengesteld, Vorm

TEKST = Logisch("Naam", Logischsoort.TEKST, 9, None, None, {})
DING = Samengesteld(
    "Ding",
    Vorm.KLASSE,
    "urn:d",
    (
        Element("a", TEKST),
        Element("b", TEKST, verplicht=False),
        Element("c", TEKST, herhaalbaar=True),
        Element("d", TEKST, verplicht=False),
    ),
)


def differences(namen: str) -> list[tuple[str, str]]:
    """What is wrong with children written as letters; a capital stands in another namespace."""
    tags = [f"{{urn:d}}{naam}" if naam.islower() else f"{{urn:x}}{naam.lower()}" for naam in namen]
    _, afwijkingen = compare(DING, tags)
    return [
        (str(afw.verschil), namen[afw.kind] if afw.kind >= 0 else afw.element.naam if afw.element else "")
        for afw in afwijkingen
    ]


def test_each_kind():
    assert differences("acd") == []
    assert differences("abccc") == []
    assert differences("ab") == [("ontbreekt", "c")]
    assert differences("") == [("ontbreekt", "a"), ("ontbreekt", "c")]
    assert differences("acx") == [("onbekend", "x")]
    assert differences("aCc") == [("naamruimte", "C")]
    assert differences("aac") == [("te vaak", "a")]
    assert differences("cab") == [("volgorde", "c")]


def test_the_fewest_children_are_called_misplaced():
    assert differences("acccbd") == [("volgorde", "b")]
    assert differences("dabc") == [("volgorde", "d")]


def test_several_at_once():
    assert differences("bbxd") == [("te vaak", "b"), ("onbekend", "x"), ("ontbreekt", "a"), ("ontbreekt", "c")]


def test_no_difference_exactly_when_a_validator_accepts():
    schema = etree.XMLSchema(
        etree.fromstring(
            """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:d"
                elementFormDefault="qualified"><xs:element name="r"><xs:complexType><xs:sequence>
                <xs:element name="a"/><xs:element name="b" minOccurs="0"/>
                <xs:element name="c" maxOccurs="unbounded"/><xs:element name="d" minOccurs="0"/>
                </xs:sequence></xs:complexType></xs:element></xs:schema>"""
        )
    )
    for lengte in range(6):
        for namen in itertools.product("abcdX", repeat=lengte):
            xml = "".join(f"<{naam}/>" if naam.islower() else '<c xmlns="urn:x"/>' for naam in namen)
            geldig = schema.validate(etree.fromstring(f'<r xmlns="urn:d">{xml}</r>'))
            assert (not differences("".join(namen).replace("X", "C"))) == geldig, namen


def test_very_many_misplaced_children_take_no_quadratic_time():
    tags = ["{urn:d}c", "{urn:d}a"] * 100_000
    gepaard, afwijkingen = compare(DING, tags)
    assert len(gepaard) == 200_000
    assert sum(afw.verschil is Verschil.TE_VAAK for afw in afwijkingen) == 99_999
