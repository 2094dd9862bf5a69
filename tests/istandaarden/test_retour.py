"""Retourberichten field by field, and with faults anywhere in invented heenberichten."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import ingebouwd
from istandaarden.model import Berichtmodel, Berichtsoort, Samengesteld, Vorm
from istandaarden.retour import (
    REGELVERSIE,
    Afloop,
    Retourfout,
    build_retour,
    new_identification,
    outcome,
)
from istandaarden.retourproces import GEEN_RETOUR, write_request
from istandaarden.toets import validate
from istandaarden.voorbeeld import make_voorbeeld

CATALOGUS = ingebouwd()
HEEN = [soort for soort in CATALOGUS if soort.retour is not None]
GEHEEL = [soort for soort in HEEN if soort.code[-3:] not in {"323", "303"}]
DECLARATIES = [soort for soort in HEEN if soort.code[-3:] == "323"]
VANDAAG = date(2026, 4, 2)

each_heen = pytest.mark.parametrize("soort", HEEN, ids=str)
each_geheel = pytest.mark.parametrize("soort", GEHEEL, ids=str)
each_declaratie = pytest.mark.parametrize("soort", DECLARATIES, ids=str)


def make(soort: Berichtsoort, zaad: int = 0, grootte: int = 1) -> bytes:
    try:
        return make_voorbeeld(soort, zaad=zaad, grootte=grootte)
    except ValueError:
        return make_voorbeeld(soort, zaad=zaad)


def found(plaats: str, code: str | None, niveau: int = 3) -> Bevinding:
    return Bevinding("TR999", niveau, plaats, 7, "Verzonnen.", code)


def build(heen: bytes, *bevindingen: Bevinding) -> etree._Element:
    """The retour, which is asserted to be valid and unambiguous about where it ends."""
    data = build_retour(heen, bevindingen, identificatie="RT-1", dagtekening=VANDAAG)
    assert data is not None
    assert data.startswith(b"<?xml")
    assert data.endswith(b"Bericht>\r\n")
    assert b"\n" not in data.replace(b"\r\n", b"")
    oordeel = validate(data)
    assert oordeel.geldig, oordeel.bevindingen
    return etree.fromstring(data)


def name(element: etree._Element) -> str:
    return etree.QName(element).localname


def plain(element: etree._Element) -> Any:
    """Local names and texts, without RetourCodes."""
    if not len(element):
        return name(element), (element.text or "").strip()
    return name(element), [plain(kind) for kind in element if name(kind) != "RetourCodes"]


def texts(element: etree._Element, pad: str) -> list[str]:
    """Texts at a path of local names."""
    stappen = "/".join(f"*[local-name()='{deel}']" for deel in pad.split("/"))
    return [str(vond.text) for vond in element.xpath(stappen)]  # type: ignore[union-attr]  # elements only


def one(element: etree._Element, pad: str) -> etree._Element:
    stappen = "/".join(f"*[local-name()='{deel}']" for deel in pad.split("/"))
    vondst: Any = element.xpath(stappen)  # elements only
    (vond,) = vondst
    assert isinstance(vond, etree._Element)
    return vond


def codes(klasse: etree._Element) -> list[str]:
    return texts(klasse, "RetourCodes/RetourCode")


def classes(heen: bytes, model: Berichtmodel) -> list[str]:
    """The place of every klasse in a bericht, read from the model."""

    def walk(element: etree._Element, soort: Samengesteld, plaats: str) -> Iterator[str]:
        nummers: dict[str, int] = {}
        for kind in element:
            deel = next(e for e in soort.elementen if e.naam == name(kind))
            nummers[deel.naam] = nummers.get(deel.naam, 0) + 1
            if not isinstance(deel.type, Samengesteld) or deel.type.vorm not in {Vorm.KLASSE, Vorm.LIJST}:
                continue
            hier = f"{plaats}/{deel.naam}" + (f"[{nummers[deel.naam]}]" if deel.herhaalbaar else "")
            if deel.type.vorm is Vorm.KLASSE:
                yield hier
            yield from walk(kind, deel.type, hier)

    return list(walk(etree.fromstring(heen), model.wortel, "/Bericht"))


def allowed_codes(soort: Berichtsoort) -> list[str]:
    lijst = CATALOGUS.model(soort).basis.logisch["RetourCode"].waarden
    return [code for code in lijst if code not in {"0001", "0200", "0233", "8001"}]


# --- the Header (istandaarden.md 1.1) ------------------------------------------------------------------------------


@each_geheel
def test_header_is_copied_and_completed(soort: Berichtsoort) -> None:
    heen = make(soort)
    retour = one(build(heen), "Header")
    bron = one(etree.fromstring(heen), "Header")
    antwoord = CATALOGUS.model(CATALOGUS.find(str(soort.retour), soort.release))
    assert texts(retour, "BerichtCode") == [antwoord.soort.berichtcode]
    for naam in ("BerichtVersie", "BerichtSubversie", "Afzender", "Ontvanger", "BerichtIdentificatie", "XsdVersie"):
        assert [plain(k) for k in retour if name(k) == naam] == [plain(k) for k in bron if name(k) == naam]
    assert texts(retour, "IdentificatieRetour") == ["RT-1"]
    assert texts(retour, "DagtekeningRetour") == ["2026-04-02"]
    if antwoord.xsdversie is not None:
        assert antwoord.basisversie is not None
        assert texts(retour, "XsdVersieRetour/BerichtXsdVersie") == [antwoord.xsdversie.versie]
        assert texts(retour, "XsdVersieRetour/BasisschemaXsdVersie") == [antwoord.basisversie.versie]
    else:
        assert texts(retour, "XsdVersieRetour") == []


# --- the levels (IV032) --------------------------------------------------------------------------------------------


@each_heen
def test_level_1_gets_no_retour(soort: Berichtsoort) -> None:
    fout = Bevinding("XSD", 1, "/Bericht/Header", 3, "Verzonnen.")
    mee = found("/Bericht/Client", "9074")
    assert build_retour(make(soort), [mee, fout], identificatie="1", dagtekening=VANDAAG) is None
    assert build_retour(b"<kapot", [fout], identificatie="1", dagtekening=VANDAAG) is None
    assert outcome([mee, fout], soort) is Afloop.FOUTBERICHT


@each_geheel
def test_without_findings_there_is_a_header_without_codes(soort: Berichtsoort) -> None:
    retour = build(make(soort))
    assert [name(deel) for deel in retour] == ["Header"]
    assert codes(retour[0]) == []
    assert texts(retour, "Header/XsltVersie") == []
    assert outcome([], soort) is Afloop.AKKOORD


@each_heen
def test_level_2_gets_a_header_with_0001_whatever_else_is_wrong(soort: Berichtsoort) -> None:
    heen = make(soort)
    (plaats, *_) = classes(heen, CATALOGUS.model(soort))
    fouten = [found(plaats, allowed_codes(soort)[0]), found(plaats, "0001", 2), found(f"{plaats}/Bsn", None, 2)]
    retour = build(heen, *fouten)
    assert [name(deel) for deel in retour] == ["Header"]
    assert codes(retour[0]) == ["0001"]
    assert texts(retour, "Header/XsltVersie") == [REGELVERSIE]
    assert outcome(fouten, soort) is Afloop.AFGEKEURD


@each_heen
@pytest.mark.parametrize("niveau", [3, 4])
def test_a_fault_in_the_header_gets_a_header_with_that_code(soort: Berichtsoort, niveau: int) -> None:
    heen = make(soort)
    (plaats, *_) = classes(heen, CATALOGUS.model(soort))
    code, ander = allowed_codes(soort)[:2]
    kop = "/Bericht/Header/BerichtIdentificatie/Identificatie"
    fouten = [found(plaats, ander, niveau), found(kop, code, niveau), found(kop, code, niveau)]
    retour = build(heen, *fouten)
    assert [name(deel) for deel in retour] == ["Header"]
    assert codes(retour[0]) == [code]
    assert texts(retour, "Header/XsltVersie") == []
    assert outcome(fouten, soort) is Afloop.AFGEKEURD


@each_geheel
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_every_klasse_tells_what_is_wrong_with_it_and_is_otherwise_unchanged(
    soort: Berichtsoort, data: st.DataObject
) -> None:
    heen = make(soort, data.draw(st.integers(0, 50)), data.draw(st.integers(1, 4)))
    plaatsen = classes(heen, CATALOGUS.model(soort))
    mis = data.draw(
        st.dictionaries(
            st.sampled_from(plaatsen),
            st.lists(st.sampled_from(allowed_codes(soort)), min_size=1, max_size=3, unique=True),
            min_size=1,
        )
    )
    fouten = [found(plaats, code) for plaats, hier in mis.items() for code in hier]
    retour = build(heen, *fouten)
    bron = etree.fromstring(heen)
    assert codes(retour[0]) == ["0200"]
    assert plain(retour)[1][1:] == plain(bron)[1][1:]
    for plaats in plaatsen:
        stappen = "/".join(
            f"*[local-name()='{deel.partition('[')[0]}'][{deel.partition('[')[2].rstrip(']') or 1}]"
            for deel in plaats.split("/")[2:]
        )
        vondst: Any = retour.xpath(stappen)  # elements only
        (klasse,) = vondst
        assert codes(klasse) == mis.get(plaats, ["0200"]), plaats
        assert name(klasse[-1]) == "RetourCodes"
    assert len(list(retour.iter("{*}RetourCodes"))) == len(plaatsen) + 1
    assert outcome(fouten, soort) is Afloop.AFGEKEURD


@pytest.mark.parametrize(
    ("plaats", "klasse"),
    [
        ("/Bericht/Client/StartProducten/StartProduct[2]/Product/Code", "Client/StartProducten/StartProduct"),
        ("/Bericht/Client/StartProducten", "Client"),
        ("/Bericht/Client/Naam/Geslachtsnaam/Achternaam", "Client"),
        ("/Bericht/Client/Onbekend", "Client"),
        ("/Bericht", "Header"),
        ("/", "Header"),
    ],
)
def test_a_code_stands_at_the_smallest_klasse_around_the_fault(plaats: str, klasse: str) -> None:
    retour = build(make(CATALOGUS.find("WMO305", "3.2"), grootte=2), found(plaats, "9074"))
    raak = [deel.getparent() for deel in retour.iter("{*}RetourCode") if deel.text == "9074"]
    (houder,) = [deel.getparent() for deel in raak if deel is not None]
    assert houder is not None
    pad = [name(houder), *(name(boven) for boven in houder.iterancestors())]
    assert "/".join(reversed(pad[:-1])) == klasse
    if klasse.endswith("StartProduct"):
        assert houder.getprevious() is not None


def test_white_space_and_line_ends_in_a_value_are_kept() -> None:
    commentaar = "regel een&#13;\nregel twee  "
    heen = make(CATALOGUS.find("JW315", "3.2"), 3)
    boom = etree.fromstring(heen)
    wat = etree.Element(f"{{{etree.QName(boom).namespace}}}Commentaar")
    for oud in boom.findall("{*}Client/{*}Commentaar"):
        oud.getparent().remove(oud)  # type: ignore[union-attr]  # it has a parent
    one(boom, "Client/AangevraagdeProducten").addprevious(wat)
    wat.text = "@@"
    heen = etree.tostring(boom).replace(b"@@", commentaar.encode())
    retour = build(heen, found("/Bericht/Client", "9374"))
    assert one(retour, "Client/Commentaar").text == "regel een\r\nregel twee  "


def test_attributes_of_a_heenbericht_do_not_come_along() -> None:
    heen = make(CATALOGUS.find("WMO307", "3.2"))
    xsi = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:x urn:y"'
    retour = build(heen.replace(b":Bericht xmlns", b":Bericht" + xsi + b" xmlns", 1), found("/Bericht/Client", "9074"))
    assert not any(element.attrib for element in retour.iter())


# --- 325 (istandaarden.md 3.3) -------------------------------------------------------------------------------------


@each_declaratie
def test_header_of_325_is_its_own_and_names_the_declaratie(soort: Berichtsoort) -> None:
    heen = make(soort)
    kop, bron = one(build(heen), "Header"), one(etree.fromstring(heen), "Header")
    antwoord = CATALOGUS.model(CATALOGUS.find(str(soort.retour), "3.2"))
    assert texts(kop, "BerichtCode") == [antwoord.soort.berichtcode]
    assert texts(kop, "Afzender") == texts(bron, "Ontvanger")
    assert texts(kop, "Ontvanger") == texts(bron, "Afzender")
    assert plain(one(kop, "BerichtIdentificatie"))[1] == [("Identificatie", "RT-1"), ("Dagtekening", "2026-04-02")]
    assert plain(one(kop, "DeclaratieIdentificatie"))[1] == plain(one(bron, "BerichtIdentificatie"))[1]
    assert plain(one(kop, "XsdVersieDeclaratie"))[1] == plain(one(bron, "XsdVersie"))[1]
    assert antwoord.xsdversie is not None
    assert texts(kop, "XsdVersie/BerichtXsdVersie") == [antwoord.xsdversie.versie]


@each_declaratie
def test_a_declaratie_in_order_is_granted_whole(soort: Berichtsoort) -> None:
    heen = make(soort, grootte=3)
    retour = build(heen)
    antwoord = one(retour, "DeclaratieAntwoord")
    assert codes(one(retour, "Header")) == ["0200"]
    assert codes(antwoord) == ["8001"]
    ingediend = plain(one(etree.fromstring(heen), "Declaratie/TotaalIngediendBedrag"))
    assert plain(one(antwoord, "TotaalIngediendBedrag")) == ingediend
    assert plain(one(antwoord, "TotaalToegekendBedrag"))[1] == ingediend[1]
    assert texts(antwoord, "Clienten") == []
    assert outcome([], soort) is Afloop.AKKOORD


@each_declaratie
def test_a_wrong_declaratie_is_refused_whole(soort: Berichtsoort) -> None:
    fout = found("/Bericht/Declaratie/DeclaratieNummer", "9333")
    ook = found("/Bericht/Declaratie/Clienten/Client/Bsn", "8187")
    retour = build(make(soort), ook, fout)
    antwoord = one(retour, "DeclaratieAntwoord")
    assert (codes(one(retour, "Header")), codes(antwoord)) == (["0200"], ["9333"])
    assert plain(one(antwoord, "TotaalToegekendBedrag"))[1] == [("TotaalBedrag", "0"), ("DebetCredit", "D")]
    assert texts(antwoord, "Clienten") == []
    assert outcome([ook, fout], soort) is Afloop.AFGEKEURD


def signed(element: etree._Element, naam: str) -> int:
    bedrag = int(texts(element, naam)[0])
    (teken,) = texts(element, "DebetCredit")
    assert bedrag or teken == "D"
    return bedrag if teken == "D" else -bedrag


@each_declaratie
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_only_what_is_refused_comes_back_and_its_amount_is_not_granted(
    soort: Berichtsoort, data: st.DataObject
) -> None:
    heen = make(soort, data.draw(st.integers(0, 200)), data.draw(st.integers(1, 9)))
    plaatsen = classes(heen, CATALOGUS.model(soort))
    code = st.sampled_from(allowed_codes(soort))
    mis = data.draw(st.dictionaries(st.sampled_from(plaatsen[1:]), code, min_size=1))
    retour = build(heen, *(found(f"{plaats}/Bsn", code) for plaats, code in mis.items()))
    bron = etree.fromstring(heen)
    antwoord = one(retour, "DeclaratieAntwoord")
    assert (codes(one(retour, "Header")), codes(antwoord)) == (["0200"], ["0200"])

    verwacht: list[tuple[Any, str, list[tuple[Any, str]]]] = []
    afgewezen = 0
    for nummer, client in enumerate(bron.iterfind(".//{*}Client"), 1):
        eigen = mis.get(f"/Bericht/Declaratie/Clienten/Client[{nummer}]")
        rij = []
        for volgnummer, prestatie in enumerate(client.iterfind(".//{*}Prestatie"), 1):
            plaats = f"/Bericht/Declaratie/Clienten/Client[{nummer}]/Prestaties/Prestatie[{volgnummer}]"
            hier = "0233" if eigen else mis.get(plaats)
            if hier:
                rij.append((plain(prestatie), hier))
                afgewezen += signed(one(prestatie, "IngediendBedrag"), "Bedrag")
        if rij:
            verwacht.append((plain(one(client, "Bsn")), eigen or "0200", rij))
    gekregen = [
        (
            plain(one(client, "Bsn")),
            *codes(client),
            [(plain(prestatie), *codes(prestatie)) for prestatie in client.iterfind(".//{*}Prestatie")],
        )
        for client in antwoord.iterfind(".//{*}Client")
    ]
    assert gekregen == verwacht
    ingediend = signed(one(bron, "Declaratie/TotaalIngediendBedrag"), "TotaalBedrag")
    assert signed(one(antwoord, "TotaalToegekendBedrag"), "TotaalBedrag") == ingediend - afgewezen
    assert outcome([found(plaats, code) for plaats, code in mis.items()], soort) is Afloop.DEELS


def test_it_is_not_guessed_what_was_refused_when_not_all_findings_are_written_out() -> None:
    soort = CATALOGUS.find("WMO323", "3.2")
    rest = Bevinding("TR338", 3, "/Bericht", 0, "Er zijn nog 7 overtredingen.", "9338")
    with pytest.raises(Retourfout, match="meer fouten"):
        build_retour(make(soort), [rest], identificatie="1", dagtekening=VANDAAG)
    with pytest.raises(Retourfout, match="meer fouten"):
        outcome([rest], soort)


# --- 304, before release 3.0 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["WMO303", "JW303"])
def test_304_has_totals_and_final_code_in_its_header(code: str) -> None:
    soort = CATALOGUS.find(code, "2.3")
    heen = make(soort, grootte=2)
    bron = etree.fromstring(heen)
    ingediend = plain(one(bron, "Header/DeclaratieFactuurBedragen/DeclaratieFactuurTotaalBedrag"))[1]
    goed = one(build(heen), "Header")
    assert codes(goed) == ["8001"]
    assert plain(one(goed, "RetourBedragen"))[1] == [
        ("IngediendTotaalBedrag", ingediend),
        ("ToegekendTotaalBedrag", ingediend),
    ]
    slecht = build(heen, found("/Bericht/Clienten/Client[1]/Prestaties/Prestatie[1]/Eenheid", "9309"))
    assert codes(one(slecht, "Header")) == ["0200"]
    (prestatie,) = slecht.iterfind(".//{*}Prestatie")
    assert codes(prestatie) == ["9309"]
    assert plain(one(prestatie, "ToegekendeBedragPrestatie/ToegekendBedrag"))[1] == [
        ("Bedrag", "0"),
        ("DebetCredit", "D"),
    ]


@pytest.mark.parametrize(("heen", "retour"), [("416", "417"), ("448", "449")])
def test_304_to_a_factuur_has_another_code_than_to_a_declaratie(heen: str, retour: str) -> None:
    boom = etree.fromstring(make(CATALOGUS.find("WMO303", "2.3")))
    one(boom, "Header/BerichtCode").text = heen
    assert texts(build(etree.tostring(boom)), "Header/BerichtCode") == [retour]


# --- what cannot be made -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identificatie", "code", "melding"),
    [
        ("x" * 13, None, "IdentificatieRetour"),
        ("", None, "IdentificatieRetour"),
        ("1", "ZZZZ", "RetourCode"),
    ],
)
def test_a_retour_that_would_be_invalid_is_not_given(identificatie: str, code: str | None, melding: str) -> None:
    heen = make(CATALOGUS.find("WMO305", "3.2"))
    fouten = [found("/Bericht/Client", code)] if code else []
    with pytest.raises(Retourfout, match=melding):
        build_retour(heen, fouten, identificatie=identificatie, dagtekening=VANDAAG)


@pytest.mark.parametrize("code", ["WMO302", "JW325", "WMO306"])
def test_a_retour_is_not_answered(code: str) -> None:
    soort = CATALOGUS.find(code, "3.2")
    with pytest.raises(Retourfout, match="geen retourbericht"):
        build_retour(make(soort), [], identificatie="1", dagtekening=VANDAAG)


@pytest.mark.parametrize("weg", ["Header", "Declaratie", "BerichtCode", "TotaalIngediendBedrag"])
def test_an_invalid_heenbericht_that_was_called_valid_gets_no_retour(weg: str) -> None:
    boom = etree.fromstring(make(CATALOGUS.find("WMO323", "3.2")))
    (element,) = boom.iterfind(f".//{{*}}{weg}")
    element.getparent().remove(element)  # type: ignore[union-attr]  # it has a parent
    with pytest.raises(Retourfout):
        build_retour(etree.tostring(boom), [], identificatie="1", dagtekening=VANDAAG)


# --- in a process of its own ---------------------------------------------------------------------------------------


def run_process(heen: bytes, *bevindingen: Bevinding, identificatie: str = "RT-1") -> tuple[int, bytes]:
    vraag = write_request(bevindingen, identificatie, VANDAAG)
    opdracht = [sys.executable, "-I", "-m", "istandaarden.retourproces"]
    klaar = subprocess.run(opdracht, input=vraag + heen, stdout=subprocess.PIPE, check=False)
    return klaar.returncode, klaar.stdout


def test_a_process_of_its_own_makes_the_same_retour() -> None:
    heen = make(CATALOGUS.find("JW323", "3.2"), grootte=3)
    for bevindingen in ([], [found("/Bericht/Declaratie/Clienten/Client[1]/Bsn", "8187")]):
        hier = build_retour(heen, bevindingen, identificatie="RT-1", dagtekening=VANDAAG)
        assert run_process(heen, *bevindingen) == (0, hier)


def test_a_process_of_its_own_says_why_there_is_no_retour() -> None:
    heen = make(CATALOGUS.find("JW323", "3.2"))
    code, melding = run_process(heen, identificatie="te lang voor een nummer")
    assert code == GEEN_RETOUR
    assert "Identificatie" in melding.decode()


def test_identifications_fit_and_differ() -> None:
    nummers = {new_identification() for _ in range(1000)}
    assert len(nummers) == 1000
    assert all(len(nummer) == 12 and nummer.isalnum() and nummer.isascii() for nummer in nummers)
