"""Attacks 23 to 29: through the schema instead of through the parser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from lxml import etree

from istandaarden.catalogus import ingebouwd
from istandaarden.herkenning import Onherkenbaar, recognise
from istandaarden.model import Element, Logisch
from istandaarden.opbouw import build
from istandaarden.toets import Oordeel, validate, validate_stream
from istandaarden.waardetoets import Waardetoets, complain
from istandaarden.xsd import write_all

pytestmark = pytest.mark.timeout(10)

CATALOGUS = ingebouwd()
JW301 = CATALOGUS.find("JW301", "3.2")
JW317 = CATALOGUS.find("JW317", "3.2")
KOP = {
    "Afzender": "42420001",
    "Ontvanger": "0384",
    "BerichtIdentificatie": {"Identificatie": "B1", "Dagtekening": "2025-04-01"},
    "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
}
GOED = build(
    JW317,
    {"Header": KOP, "Client": {"Bsn": "999900006", "Verzoek": {"ReferentieAanbieder": "R1", "RedenVerzoek": "1"}}},
).decode()
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def both(tekst: str) -> Oordeel:
    """Judge whole and in pieces; the two may not disagree."""
    data = tekst.encode()

    def pieces() -> Iterator[bytes]:
        for begin in range(0, len(data), 501):
            yield data[begin : begin + 501]

    heel, stroom = validate(data), validate_stream(pieces)
    assert (heel.geldig, heel.berichtsoort) == (stroom.geldig, stroom.berichtsoort)
    return heel


def test_the_starting_point_is_valid():
    assert both(GOED).geldig


@pytest.mark.parametrize(
    "soort", ["ijw:LDT_Commentaar", "xs:string", "xs:anyType", "ijw:LDT_BurgerServicenummer", "jw317:Client"]
)
@pytest.mark.parametrize("plek", ["Bsn", "Client", "Bericht"])
def test_23_xsi_type_cannot_loosen_a_type(soort: str, plek: str):
    aanval = GOED.replace(
        f"<jw317:{plek}", f'<jw317:{plek} {XSI} xmlns:xs="http://www.w3.org/2001/XMLSchema" xsi:type="{soort}"'
    ).replace(">999900006<", ">geen bsn<")
    assert not both(aanval).geldig


@pytest.mark.parametrize("soort", ["ijw:LDT_Commentaar", "xs:string", "xs:anySimpleType"])
def test_23_nor_does_the_schema_itself_allow_it(soort: str):
    aanval = GOED.replace(
        "<jw317:Bsn>", f'<jw317:Bsn {XSI} xmlns:xs="http://www.w3.org/2001/XMLSchema" xsi:type="{soort}">'
    )
    assert not CATALOGUS.schema(JW317).validate(etree.fromstring(aanval.encode()))


@pytest.mark.parametrize("waarde", ["true", "1", "false", " true "])
@pytest.mark.parametrize("plek", ["Bsn", "Client"])
def test_24_xsi_nil_cannot_skip_a_value(waarde: str, plek: str):
    leeg = re.sub(
        rf"<jw317:{plek}>.*?</jw317:{plek}>", f'<jw317:{plek} {XSI} xsi:nil="{waarde}"/>', GOED, flags=re.DOTALL
    )
    assert leeg != GOED
    assert not both(leeg).geldig
    assert not CATALOGUS.schema(JW317).validate(etree.fromstring(leeg.encode()))


@pytest.mark.parametrize("attribuut", ["schemaLocation", "noNamespaceSchemaLocation"])
@pytest.mark.parametrize("vorm", ["bestand", "http"])
def test_25_schema_location_fetches_nothing_and_changes_nothing(waarnemer: object, attribuut: str, vorm: str):
    map_, adres = waarnemer.map, waarnemer.adres  # type: ignore[attr-defined]  # from the conftest beside this file
    plek = (map_ / "kwaad.xsd").as_uri() if vorm == "bestand" else f"http://{adres}/kwaad.xsd"
    waarde = f"{JW317.naamruimte} {plek}" if attribuut == "schemaLocation" else plek
    gekaapt = GOED.replace("<jw317:Bericht ", f'<jw317:Bericht {XSI} xsi:{attribuut}="{waarde}" ')
    assert both(gekaapt).geldig
    assert not both(gekaapt.replace(">999900006<", ">x<")).geldig
    assert waarnemer.geraakt() == []  # type: ignore[attr-defined]  # from the conftest beside this file


@pytest.mark.parametrize(
    ("van", "naar"),
    [
        ("/3_2/jw317/", "/2_3/jw317/"),
        ("/3_2/jw317/", "/3_3/jw317/"),
        ("/ijw/3_2/jw317/", "/iwmo/3_2/jw317/"),
        ("/3_2/jw317/schema", "/3_2/jw317/schema/"),
        ("/3_2/jw317/schema", "/3_2/JW317/schema"),
        ("http://www", "https://www"),
    ],
)
def test_26_a_namespace_that_is_almost_right_is_not_recognised(van: str, naar: str):
    assert van in GOED
    anders = GOED.replace(van, naar)
    with pytest.raises(Onherkenbaar):
        recognise(anders.encode())
    oordeel = both(anders)
    assert (oordeel.geldig, oordeel.berichtsoort) == (False, None)


@pytest.mark.parametrize(
    ("van", "naar"),
    [
        ("/ijw/3_2/basisschema/", "/ijw/2_3/basisschema/"),
        ("/ijw/3_2/basisschema/", "/iwmo/3_2/basisschema/"),
        ("Code>486<", "Code>480<"),
        ("Versie>3<", "Versie>2<"),
        ("Subversie>2<", "Subversie>3<"),
        ("/jw317/", "/jw315/"),
    ],
)
def test_26_parts_of_another_release_or_standaard_are_found(van: str, naar: str):
    assert van in GOED
    oordeel = both(GOED.replace(van, naar))
    assert not oordeel.geldig
    assert oordeel.berichtsoort is not None


def test_26_the_root_decides_and_not_what_the_sender_announced():
    oordeel = validate(GOED.encode(), verwacht=JW301)
    assert (oordeel.geldig, oordeel.berichtsoort) == (False, JW317)


LANG = 20_000
SLECHT = [
    *(teken * LANG for teken in ("a", " ", "0", "9", ".", "\n", "À", "\u00a0")),
    *(paar * (LANG // 2) for paar in ("a ", ". ", "0.", "1.", "a\n")),
    *("a" * LANG + eind for eind in ("!", " ", "\n", "\u2028")),
    " " * LANG + "a",
    "1.1." * (LANG // 4),
]


def all_types() -> dict[tuple[str, str, int | None], tuple[str, Element]]:
    """Every simple type with its narrowings, once, with a bericht that has it."""
    gevonden: dict[tuple[str, str, int | None], tuple[str, Element]] = {}
    for model in CATALOGUS.models():
        for klasse in (*model.classes(), *model.basis.composieten.values()):
            for element in klasse.elementen:
                if isinstance(element.type, Logisch):
                    gevonden.setdefault(element.typesleutel, (model.soort.naamruimte, element))
    return gevonden


def test_27_no_pattern_backtracks():
    """Commentaar's ``([.\\s]*\\S+[.\\s]*)+`` would hang Python's `re`; libxml2 takes it in linear time."""
    toetsen: dict[str, Waardetoets] = {}
    for naamruimte, element in all_types().values():
        soort = CATALOGUS.berichtsoorten[naamruimte]
        toets = toetsen.setdefault(naamruimte, Waardetoets(CATALOGUS.model(soort)))
        fout = toets.wrong([(element, waarde) for waarde in SLECHT])
        for nummer, facetten in fout.items():
            assert len(complain(element, SLECHT[nummer], facetten)) < 1000


@pytest.mark.parametrize("waarde", SLECHT[:4] + SLECHT[8:14])
def test_27_a_commentaar_of_the_worst_kind_is_judged(waarde: str):
    product = {
        "ToewijzingNummer": 1,
        "Toewijzingsdatum": "2025-01-01",
        "Toewijzingstijd": "12:00:00",
        "Ingangsdatum": "2025-01-01",
        "Commentaar": waarde,
    }
    client = {
        "Bsn": "999900006",
        "Geboortedatum": {"Datum": "2010-01-01"},
        "Geslacht": 1,
        "Naam": {"Geslachtsnaam": {"Achternaam": "Wit"}, "NaamGebruik": "1"},
        "Contactgegevens": {"Contact": {"Soort": "01"}},
        "ToegewezenProducten": {"ToegewezenProduct": product},
    }
    kop = dict(KOP, Afzender="0384", Ontvanger="42420001")
    oordeel = both(build(JW301, {"Header": kop, "Client": client}).decode())
    assert oordeel.geldig == bool(waarde.strip())


REUSACHTIG = [
    "9" * LANG,
    "-" + "9" * LANG,
    "0" * LANG + "1",
    "1e999999999",
    "1E" + "9" * 1000,
    "0." + "0" * LANG + "1",
    "9" * 100 + "-01-01",
    "-" + "9" * 100 + "-12-31",
    "99999999999999999999-12-31",
    "2025-01-01" * 5000,
    "12:00:00." + "9" * LANG,
    "99:99:99",
    "P" + "9" * 1000 + "Y",
    "NaN",
    "INF",
]


@pytest.mark.parametrize("waarde", REUSACHTIG)
def test_28_giant_numbers_and_years_are_refused_and_explained(waarde: str):
    product = {"ToewijzingNummer": waarde, "GewensteIngangsdatum": waarde}
    verzoek = {
        "ReferentieAanbieder": "R1",
        "RedenVerzoek": "1",
        "TeWijzigenProducten": {"TeWijzigenProduct": product},
    }
    oordeel = both(build(JW317, {"Header": KOP, "Client": {"Bsn": "999900006", "Verzoek": verzoek}}).decode())
    plaatsen = [bevinding.plaats.rpartition("/")[2] for bevinding in oordeel.bevindingen]
    assert plaatsen in (["ToewijzingNummer", "GewensteIngangsdatum"], ["GewensteIngangsdatum"])
    assert (plaatsen == ["GewensteIngangsdatum"]) == (waarde == "0" * LANG + "1")  # leading zeros are a small number
    assert all(len(bevinding.melding) < 300 and len(bevinding.waarde or "") <= 201 for bevinding in oordeel.bevindingen)


def test_28_nothing_in_a_schema_counts_further_than_one():
    """A validator unrolls large repeat counts; ours know only 0, 1 and unbounded."""
    for tekst in write_all(CATALOGUS.models()).values():
        assert set(re.findall(r'(?:min|max)Occurs="([^"]*)"', tekst)) <= {"0", "unbounded"}


def test_29_no_schema_has_identity_constraints_or_wildcards():
    for naam, tekst in write_all(CATALOGUS.models()).items():
        for woord in (
            "unique",
            "key",
            "keyref",
            "any",
            "anyAttribute",
            "attribute",
            "redefine",
            "include",
            "substitutionGroup",
        ):
            assert not re.search(rf"<xs:{woord}\b|\b{woord}=", tekst), (naam, woord)
        assert not re.search(r"xs:(ID|IDREF|ENTITY|anyType|QName)\b", tekst), naam
