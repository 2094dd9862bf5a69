"""Level 2 beside faults of level 1: what is broken is still named, and one fault does not look like two."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable

import pytest
from lxml import etree

from istandaarden.catalogus import ingebouwd
from istandaarden.model import Berichtsoort
from istandaarden.regels.boek import rules_for
from istandaarden.toets import validate
from istandaarden.voorbeeld import breakable_rules, make_voorbeeld

HEEN = [soort for soort in ingebouwd() if rules_for(soort) and not soort.is_retour]
_RAAR = ("", " ", "x", "-1", "99999999999", "2025-02-30", "2025-01-01Z", "9", "01", "DD", "1.0", "A B", "0" * 30)

Elementen = list[etree._Element]
Ingreep = Callable[[etree._Element, Elementen, random.Random], None]


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _parent(element: etree._Element) -> etree._Element:
    ouder = element.getparent()
    assert ouder is not None
    return ouder


def delete(element: etree._Element, _alle: Elementen, _dobbel: random.Random) -> None:
    _parent(element).remove(element)


def double(element: etree._Element, _alle: Elementen, _dobbel: random.Random) -> None:
    element.addnext(copy.deepcopy(element))


def rename(element: etree._Element, alle: Elementen, dobbel: random.Random) -> None:
    naam = dobbel.choice([*(_local(ander) for ander in alle), "Onzin", f"{_local(element)}x", _local(element).lower()])
    element.tag = f"{{{etree.QName(element).namespace}}}{naam}"


def estrange(element: etree._Element, _alle: Elementen, dobbel: random.Random) -> None:
    for deel in list(element.iter(etree.Element)) if dobbel.random() < 0.5 else [element]:
        deel.tag = f"{{urn:x}}{_local(deel)}"


def move(element: etree._Element, _alle: Elementen, dobbel: random.Random) -> None:
    ouder = _parent(element)
    ouder.remove(element)
    ouder.insert(dobbel.randint(0, len(ouder)), element)


def litter(element: etree._Element, _alle: Elementen, dobbel: random.Random) -> None:
    if dobbel.random() < 0.5:
        element.tail = "los"
    else:
        element.set("vreemd", "1")


def nest(element: etree._Element, alle: Elementen, dobbel: random.Random) -> None:
    etree.SubElement(element, dobbel.choice(alle).tag).text = "1"


def empty(element: etree._Element, _alle: Elementen, dobbel: random.Random) -> None:
    for kind in list(element):
        element.remove(kind)
    element.text = dobbel.choice(_RAAR)


INGREPEN: tuple[Ingreep, ...] = (delete, double, rename, estrange, move, litter, nest, empty, empty, empty)


@pytest.mark.parametrize("soort", HEEN, ids=lambda soort: soort.code)
def test_one_fault_of_level_1_is_no_fault_of_level_2(soort: Berichtsoort):
    geteld = 0
    for zaad in range(250):
        dobbel = random.Random(f"{soort.code} {zaad}")  # noqa: S311 - repeatable, not secret
        grootte = 1 if soort.code.endswith("319") else dobbel.choice((1, 3))
        wortel = etree.fromstring(make_voorbeeld(soort, grootte=grootte, zaad=zaad))
        alle = list(wortel.iter(etree.Element))
        ingreep = dobbel.choice(INGREPEN)
        ingreep(dobbel.choice(alle[1:]), alle, dobbel)
        bevindingen = validate(etree.tostring(wortel), niveau=2).bevindingen
        if any(bevinding.niveau == 1 for bevinding in bevindingen):
            geteld += 1
            assert all(bevinding.niveau == 1 for bevinding in bevindingen), (zaad, ingreep.__name__, bevindingen)
    assert geteld > 100


@pytest.mark.parametrize("soort", [s for s in HEEN if s.standaard != "ipgb"], ids=lambda soort: soort.code)
def test_a_broken_rule_is_named_beside_a_fault_elsewhere(soort: Berichtsoort):
    niveau = {regel.code: regel.niveau for regel in rules_for(soort)}
    grootte = 1 if soort.code.endswith("319") else 3
    for code in breakable_rules(soort):
        if niveau[code] != 2:
            continue
        wortel = etree.fromstring(make_voorbeeld(soort, grootte=grootte, zaad=1, fout=code))
        for pad in ("Header/{*}Ontvanger", "Header/{*}XsdVersie"):
            element = wortel.find("{*}" + pad)
            assert element is not None
            element.text = "??"
        codes = {bevinding.code for bevinding in validate(etree.tostring(wortel), niveau=2).bevindingen}
        assert codes - {"RS035", "RS036", "XSD"} == {code}
        assert codes & {"RS035", "RS036"}


@pytest.mark.parametrize(
    ("pad", "waarde", "blijft"),
    [
        ("Omvang/Frequentie", None, {"CD075"}),  # a value that is missing says nothing of the others
        ("Omvang/Frequentie", "7", {"CD075"}),
        ("Toewijzingstijd", None, {"CD075"}),
        ("Budget", "veel", {"CD075"}),  # there is a budget, however wrong
    ],
)
def test_what_is_left_standing_is_judged(proef: Callable[..., object], pad: str, waarde: str | None, blijft: set[str]):
    basis: object = proef("WMO301", 1)
    product = basis.at("Client/ToegewezenProducten/ToegewezenProduct")  # type: ignore[attr-defined]  # a Proef
    product.update(Budget=5, Einddatum=None)
    product["Omvang"]["Frequentie"] = "4"
    basis.set(f"Client/ToegewezenProducten/ToegewezenProduct/{pad}", waarde)  # type: ignore[attr-defined]  # a Proef
    niveau2 = {b.code for b in basis.judge().bevindingen if b.niveau == 2}  # type: ignore[attr-defined]  # a Proef
    assert niveau2 - {"CD078"} == blijft


def test_nothing_is_built_on_an_element_with_another_name(proef: Callable[..., object]):
    """An einddatum that is misspelt is not missing as well."""
    data = proef("WMO301", 1).bytes()  # type: ignore[attr-defined]  # a Proef
    data = data.replace(b"wmo301:Einddatum>", b"wmo301:EindDatum>").replace(b"Frequentie>4<", b"Frequentie>2<")
    assert {bevinding.code for bevinding in validate(data, niveau=2).bevindingen} == {"XSD"}


def test_too_many_faults_leave_level_2_out():
    soort = ingebouwd().find("WMO323", "3.2")
    data = make_voorbeeld(soort, grootte=700, fout="TR358").replace(b"<wmo323:Eenheid>", b"<wmo323:Eenheid>x")
    data = data.replace(b"<wmo323:ProductCategorie>", b"<wmo323:ProductCategorie>x")
    bevindingen = validate(data, niveau=2).bevindingen
    assert len(bevindingen) == 1001
    assert {bevinding.niveau for bevinding in bevindingen} == {1}
