"""The retour of every published sample, at each level, against the published (or derived) schema of the retour.

And field by field against what istandaarden.md §3 says of it, read here once more and without the code under test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import ingebouwd
from istandaarden.model import Berichtsoort, Samengesteld, Vorm
from istandaarden.regels.ketenverloop import Ketenverloop
from istandaarden.regels.registers import Vasteregisters
from istandaarden.retour import REGELVERSIE, build_retour
from istandaarden.toets import validate
from istandaarden.voorbeeld import make_voorbeeld

pytestmark = pytest.mark.corpus

CATALOGUS = ingebouwd()
HEEN = [soort for soort in CATALOGUS if soort.retour is not None and not soort.reconstructie]
each_heen = pytest.mark.parametrize("soort", HEEN, ids=str)


@cache
def schema(corpus: Path, standaard: str, release: str, code: str) -> etree.XMLSchema:
    plekken = (corpus / "xsd" / standaard / f"{release}{achter}" / f"{code}.xsd" for achter in ("", "-afgeleid"))
    return etree.XMLSchema(etree.parse(next(plek for plek in plekken if plek.is_file())))


@cache
def published(corpus: Path) -> tuple[tuple[Berichtsoort, bytes], ...]:
    """Every heenbericht of the corpus that satisfies its schema; the JW315, that names a 31st of June, mended."""
    gevonden = []
    for plek in sorted((corpus / "berichten").rglob("*.xml")):
        data = plek.read_bytes().replace(b"-06-31<", b"-06-30<")
        oordeel = validate(data, catalogus=CATALOGUS)
        if oordeel.geldig and oordeel.berichtsoort is not None and oordeel.berichtsoort.retour is not None:
            gevonden.append((oordeel.berichtsoort, data))
    return tuple(gevonden)


def samples(corpus: Path, soort: Berichtsoort) -> Iterator[bytes]:
    """Valid published samples of a berichtsoort, and one of our own making."""
    yield make_voorbeeld(soort, grootte=2 if soort.code[-3:] not in {"319", "401", "403"} else 1)
    yield from (data for andere, data in published(corpus) if andere == soort)


def places(element: etree._Element, soort: Samengesteld, plaats: str) -> Iterator[str]:
    """Every klasse of a bericht."""
    nummers: dict[str, int] = {}
    for kind in element:
        naam = etree.QName(kind).localname
        nummers[naam] = nummers.get(naam, 0) + 1
        deel = next(e for e in soort.elementen if e.naam == naam)
        if isinstance(deel.type, Samengesteld) and deel.type.vorm in {Vorm.KLASSE, Vorm.LIJST}:
            hier = f"{plaats}/{naam}[{nummers[naam]}]"
            if deel.type.vorm is Vorm.KLASSE:
                yield hier
            yield from places(kind, deel.type, hier)


@each_heen
def test_retours_of_samples_satisfy_the_published_schema_at_every_level(corpus: Path, soort: Berichtsoort) -> None:
    gepubliceerd = schema(corpus, soort.standaard, soort.release, str(soort.retour))
    model = CATALOGUS.model(soort)
    codes = [code for code in model.basis.logisch["RetourCode"].waarden if code not in {"0001", "0200", "0233", "8001"}]
    for heen in samples(corpus, soort):
        plaatsen = [
            "/Bericht/Header/BerichtIdentificatie",
            *places(etree.fromstring(heen), model.wortel, "/Bericht"),
        ]
        gevallen = [[], [Bevinding("TR101", 2, plaatsen[-1], 1, "Verzonnen.", "0001")]]
        gevallen += [[Bevinding("TR999", n, plaats, 1, "Verzonnen.", codes[0])] for plaats in plaatsen for n in (3, 4)]
        gevallen += [
            [Bevinding("TR999", 3, plaats, 1, "Verzonnen.", code) for plaats in plaatsen[1:] for code in codes[:3]]
        ]
        for bevindingen in gevallen:
            retour = build_retour(heen, bevindingen, identificatie="RT-1", dagtekening=date(2026, 4, 2))
            assert retour is not None
            gepubliceerd.assertValid(etree.fromstring(retour))
        fout = Bevinding("XSD", 1, plaatsen[-1], 1, "Verzonnen.")
        assert build_retour(heen, [fout], identificatie="RT-1", dagtekening=date(2026, 4, 2)) is None


@each_heen
@pytest.mark.parametrize("niveau", [2, 3, 4])
def test_what_our_rules_find_in_samples_makes_a_retour_too(corpus: Path, soort: Berichtsoort, niveau: int) -> None:
    """With nothing known of what went before, so that most samples break a rule across berichten."""
    gepubliceerd = schema(corpus, soort.standaard, soort.release, str(soort.retour))
    for heen in samples(corpus, soort):
        registers = Vasteregisters(None, lambda: date(2024, 1, 2))
        oordeel = validate(heen, niveau=niveau, keten=Ketenverloop(), registers=registers)
        assert all(bevinding.niveau <= niveau for bevinding in oordeel.bevindingen)
        retour = build_retour(heen, oordeel.bevindingen, identificatie="RT-1", dagtekening=date(2026, 4, 2))
        assert retour is not None
        boom = etree.fromstring(retour)
        gepubliceerd.assertValid(boom)
        compare(etree.fromstring(heen), boom, soort, oordeel.bevindingen)


@each_heen
def test_retours_of_samples_say_field_by_field_what_they_should(corpus: Path, soort: Berichtsoort) -> None:
    model = CATALOGUS.model(soort)
    vrij = [code for code in model.basis.logisch["RetourCode"].waarden if code not in {"0001", "0200", "0233", "8001"}]
    for heen in samples(corpus, soort):
        bron = etree.fromstring(heen)
        plaatsen = list(places(bron, model.wortel, "/Bericht"))
        kop = "/Bericht/Header/BerichtIdentificatie"
        gevallen: list[list[tuple[str, int, str]]] = [[], [(plaatsen[-1], 2, "0001"), (plaatsen[0], 3, vrij[0])]]
        gevallen += [[(plaats, niveau, vrij[0])] for plaats in (kop, *plaatsen) for niveau in (3, 4)]
        gevallen += [
            [(plaats, 3, code) for plaats in plaatsen for code in vrij[:2]],
            [(p, 4, vrij[1]) for p in plaatsen[1:]],
        ]
        for geval in gevallen:
            bevindingen = [Bevinding("TR999", niveau, plaats, 1, "Verzonnen.", code) for plaats, niveau, code in geval]
            retour = build_retour(heen, bevindingen, identificatie="RT-1", dagtekening=date(2026, 4, 2))
            assert retour is not None
            compare(bron, etree.fromstring(retour), soort, bevindingen)


def test_the_corpus_has_heenberichten_of_every_kind(corpus: Path) -> None:
    soorten = {soort.code for soort, _ in published(corpus) if soort.release == "3.2"}
    assert soorten == {
        f"{wet}{nummer}" for wet in ("WMO", "JW") for nummer in ("301", "305", "307", "315", "317", "319", "323")
    }


# --- istandaarden.md §3.2 and §3.3, once more ------------------------------------------------------------------------


def compare(
    heen: etree._Element, retour: etree._Element, soort: Berichtsoort, bevindingen: Sequence[Bevinding]
) -> None:
    """Hold a retour against its description."""
    if soort.code[-3:] == "303":
        return  # the 304 is not described; test_retour tells how it is read
    kop, bron = child(retour, "Header"), child(heen, "Header")
    niveau2 = any(b.niveau == 2 and b.retourcode == "0001" for b in bevindingen)
    hoofd = sorted({str(b.retourcode) for b in bevindingen if b.plaats.startswith("/Bericht/Header")})
    declaratie = soort.code[-3:] == "323"
    assert texts(kop, "XsltVersie") == ([REGELVERSIE] if niveau2 else [])
    assert (texts(kop, "Afzender"), texts(kop, "Ontvanger")) == (
        (texts(bron, "Ontvanger"), texts(bron, "Afzender"))
        if declaratie
        else (texts(bron, "Afzender"), texts(bron, "Ontvanger"))
    )
    eigen = [("Identificatie", "RT-1"), ("Dagtekening", "2026-04-02")]
    genoemd = leaves(child(bron, "BerichtIdentificatie"))
    if declaratie:
        assert leaves(child(kop, "BerichtIdentificatie")) == eigen
        assert leaves(child(kop, "DeclaratieIdentificatie")) == genoemd
        assert leaves(child(kop, "XsdVersieDeclaratie")) == leaves(child(bron, "XsdVersie"))
    else:
        assert leaves(child(kop, "BerichtIdentificatie")) == genoemd
        assert (texts(kop, "IdentificatieRetour"), texts(kop, "DagtekeningRetour")) == (["RT-1"], ["2026-04-02"])
        assert [leaves(deel) for deel in bron.iterfind("{*}XsdVersie")] == [
            leaves(deel) for deel in kop.iterfind("{*}XsdVersie")
        ]
    for naam in ("BerichtVersie", "BerichtSubversie"):
        assert texts(kop, naam) == texts(bron, naam)
    if niveau2 or hoofd:
        assert [etree.QName(deel).localname for deel in retour] == ["Header"]
        assert codes(kop) == (["0001"] if niveau2 else hoofd)
    elif declaratie:
        compare_325(heen, retour, bevindingen)
    elif not bevindingen:
        assert [etree.QName(deel).localname for deel in retour] == ["Header"]
        assert codes(kop) == []
    else:
        assert codes(kop) == ["0200"]
        assert [leaves(deel) for deel in retour[1:]] == [leaves(deel) for deel in heen[1:]]
        gemeld = {code for deel in retour.iter("{*}RetourCode") if (code := str(deel.text)) != "0200"}
        assert gemeld == {b.retourcode for b in bevindingen}


def compare_325(heen: etree._Element, retour: etree._Element, bevindingen: Sequence[Bevinding]) -> None:
    antwoord, declaratie = child(retour, "DeclaratieAntwoord"), child(heen, "Declaratie")
    assert codes(child(retour, "Header")) == ["0200"]
    assert texts(antwoord, "DeclaratieNummer") == texts(declaratie, "DeclaratieNummer")
    ingediend = leaves(child(declaratie, "TotaalIngediendBedrag"))
    assert leaves(child(antwoord, "TotaalIngediendBedrag")) == ingediend
    toegekend = leaves(child(antwoord, "TotaalToegekendBedrag"))
    klassen = {b.plaats.replace("[1]", "").split("/Client")[0] for b in bevindingen if "/Client" not in b.plaats}
    prestaties = list(antwoord.iter("{*}Prestatie"))
    if not bevindingen:
        assert (codes(antwoord), toegekend, prestaties) == (["8001"], ingediend, [])
    elif klassen:
        assert toegekend == [("TotaalBedrag", "0"), ("DebetCredit", "D")]
        assert prestaties == []
        assert set(codes(antwoord)) <= {b.retourcode for b in bevindingen}
    else:
        assert codes(antwoord) == ["0200"]
        weg = sum(amount(child(prestatie, "IngediendBedrag")) for prestatie in prestaties)
        assert (
            amount(child(antwoord, "TotaalToegekendBedrag")) == amount(child(declaratie, "TotaalIngediendBedrag")) - weg
        )
        ingediende = [leaves(prestatie) for prestatie in declaratie.iter("{*}Prestatie")]
        assert all(leaves(prestatie) in ingediende for prestatie in prestaties)
        for client in antwoord.iter("{*}Client"):
            eigen = codes(client) != ["0200"]
            assert all((codes(deel) == ["0233"]) is eigen for deel in client.iter("{*}Prestatie"))


def child(element: etree._Element, naam: str) -> etree._Element:
    (deel,) = element.iterfind(f"{{*}}{naam}")
    return deel


def texts(element: etree._Element, naam: str) -> list[str]:
    return [str(deel.text) for deel in element.iterfind(f"{{*}}{naam}")]


def codes(element: etree._Element) -> list[str]:
    return [str(code.text) for code in element.iterfind("{*}RetourCodes/{*}RetourCode")]


def amount(element: etree._Element) -> int:
    (bedrag,) = [*texts(element, "Bedrag"), *texts(element, "TotaalBedrag")]
    return int(bedrag) if texts(element, "DebetCredit") == ["D"] else -int(bedrag)


def leaves(element: etree._Element) -> list[tuple[str, str]]:
    """Every value in an element with its name, in order, those of RetourCodes left out."""
    return [
        (etree.QName(blad).localname, (blad.text or "").strip())
        for blad in element.iter(etree.Element)
        if not len(blad) and etree.QName(blad).localname != "RetourCode"
    ]
