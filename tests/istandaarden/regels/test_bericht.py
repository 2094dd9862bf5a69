"""How rules see a bericht: the same from a tree and from a stream, however it is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from istandaarden.catalogus import ingebouwd
from istandaarden.regels.bericht import Bericht, Besmet, Klasse, Meelezer, leesbaar, read_tree
from istandaarden.regels.boek import rules_for
from istandaarden.regels.niveau2_overlap import Perioden
from istandaarden.toets import validate, validate_stream
from istandaarden.veilig import parse, validate_chunks
from istandaarden.voorbeeld import breakable_rules, make_voorbeeld

HEEN = [soort for soort in ingebouwd() if rules_for(soort) and not soort.is_retour]


def read(code: str, **velden: Any) -> tuple[Bericht, bytes]:
    soort = ingebouwd().find(code, "3.2")
    data = make_voorbeeld(soort, **velden)
    return read_tree(parse(data), soort), data


def outline(klasse: Klasse) -> Any:
    """All that is in a klasse, with its place."""
    return (
        klasse.plaats,
        [
            (naam, klasse.tekst(naam), klasse.teksten(naam), [outline(kind) for kind in klasse.branches(naam)])
            for naam in list(klasse._velden)
            if "/" not in naam
        ],
    )


@pytest.fixture
def toewijzing() -> Bericht:
    return read("WMO301", grootte=3, fout="RS020")[0]  # with everything in it


def test_values(toewijzing: Bericht):
    client = toewijzing.wortel.kind("Client")
    assert client is not None
    product = toewijzing.klassen("ToegewezenProduct")[1]
    assert client.tekst("Naam/Geslachtsnaam/Achternaam")
    assert client.tekst("Naam") is None  # a klasse, not a value
    assert client.tekst("BestaatNiet") is None
    assert client.tekst("Naam/BestaatNiet/OokNiet") is None
    assert isinstance(product.geheel("Omvang/Volume"), int)
    assert isinstance(product.datum("Ingangsdatum"), date)
    assert product.geheel("Budget") is product.datum("BestaatNiet") is None
    assert product.heeft("Product/Code")
    assert not product.heeft("Budget")
    assert product.ouder is client.kind("ToegewezenProducten")
    assert len(client.kinderen("ToegewezenProducten/ToegewezenProduct")) == 3
    assert client.kinderen("Bsn/Iets") == []
    assert toewijzing.header("BerichtCode") == "414"
    assert toewijzing.header("BerichtIdentificatie/Dagtekening") == str(toewijzing.dagtekening)
    assert toewijzing.standaard == "iwmo"
    assert toewijzing.klassen("BestaatNiet") == ()


def test_places(toewijzing: Bericht):
    product = toewijzing.klassen("ToegewezenProduct")[1]
    rij = "/Bericht/Client/ToegewezenProducten"
    assert product.plaats == f"{rij}/ToegewezenProduct[2]"
    assert product.nummer == 2
    plaats, regel, waarde = toewijzing.locate(product, "Product/Code")
    assert plaats == f"{rij}/ToegewezenProduct[2]/Product/Code"
    assert waarde == product.tekst("Product/Code")
    assert regel > toewijzing.locate(product, "")[1] > toewijzing.locate(product.ouder, "")[1] > 1  # type: ignore[arg-type]  # it has one
    assert toewijzing.locate(product, "Budget")[0] == product.plaats  # absent: where it should have been
    assert toewijzing.locate(product, "Product/Nee")[0] == f"{product.plaats}/Product"


@pytest.mark.parametrize(
    ("tekst", "dag"),
    [
        ("2025-02-28", date(2025, 2, 28)),
        ("12025-02-28", date.max),
        ("-0044-03-15", date.min),
        ("0000-01-01", date.min),
    ],
)
def test_years_that_a_date_cannot_hold(tekst: str, dag: date):
    klasse = Klasse("Periode", None)
    klasse.add("Begindatum", tekst, None)
    assert klasse.datum("Begindatum") == dag


def test_an_empty_element_is_there_and_has_no_value():
    klasse = Klasse("Contact", None, [1])
    klasse.add("Periode", "", 7)
    assert klasse.heeft("Periode")
    assert klasse.tekst("Periode") is None
    periode = klasse.kind("Periode")
    assert periode is not None
    assert periode.line("") == 7
    assert not periode.heeft("Begindatum")


def test_what_was_found_wrong_gives_no_answer():
    klasse = Klasse("Product", None)
    for naam in ("Fout", "Goed"):
        klasse.add(naam, "x", None)
    klasse.mark("Fout")
    klasse.mark("Ontbreekt")
    assert klasse.tekst("Goed") == "x"
    assert klasse.heeft("Fout")  # it is there, whatever it says
    assert not klasse.heeft("Optioneel")
    for lees in (klasse.tekst, klasse.datum, klasse.geheel, klasse.kind, klasse.teksten):
        with pytest.raises(Besmet):
            lees("Fout")
    with pytest.raises(Besmet):
        klasse.heeft("Ontbreekt")
    klasse.mark(None)
    for lees in (klasse.heeft, klasse.tekst, klasse.teksten, klasse.kinderen):
        with pytest.raises(Besmet):
            lees("Optioneel")
    assert klasse.tekst("Goed") == "x"
    assert list(leesbaar([klasse], lambda k: k.tekst("Fout"))) == []
    assert [waarde for _, waarde in leesbaar([klasse], lambda k: k.tekst("Goed"))] == ["x"]


@pytest.mark.parametrize("soort", HEEN, ids=lambda soort: soort.code)
@pytest.mark.parametrize("stap", [1, 37, 1000, 10_000_000])
def test_a_stream_gives_the_same_as_a_tree(soort: Any, stap: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("istandaarden.stroomtoets._HAP", stap)
    data = make_voorbeeld(soort, grootte=1 if soort.code.endswith("319") else 40, zaad=stap)
    lezer = Meelezer()
    assert validate_chunks([data], ingebouwd().schema(soort), lees=lezer.absorb)
    stroom, boom = lezer.bericht(soort), read_tree(parse(data), soort)
    assert outline(stroom.wortel) == outline(boom.wortel)
    for naam in boom._klassen:
        namen = [klasse.plaats for klasse in boom.klassen(naam)]
        assert [klasse.plaats for klasse in stroom.klassen(naam)] == namen
    for klasse in boom.wortel.walk():
        mee = stroom.klassen(klasse.naam)[boom.klassen(klasse.naam).index(klasse)] if klasse.ouder else stroom.wortel
        for veld in ("", *(naam for naam in klasse._velden if "/" not in naam)):
            assert stroom.locate(mee, veld) == boom.locate(klasse, veld)


@pytest.mark.parametrize("soort", HEEN, ids=lambda soort: soort.code)
def test_a_stream_gets_the_same_verdict(soort: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("istandaarden.stroomtoets._HAP", 500)
    for code in breakable_rules(soort):
        data = make_voorbeeld(soort, grootte=1 if soort.code.endswith("319") else 5, zaad=3, fout=code)

        def chunks(data: bytes = data) -> Iterator[bytes]:
            yield from (data[begin : begin + 333] for begin in range(0, len(data), 333))

        assert validate_stream(chunks, niveau=2) == validate(data, niveau=2)


def test_a_large_bericht_is_judged_as_it_passes(monkeypatch: pytest.MonkeyPatch):
    soort = ingebouwd().find("WMO323", "3.2")
    data = make_voorbeeld(soort, grootte=1500, fout="TR416")
    assert len(data) > 1024 * 1024
    heel = validate_tree(data, monkeypatch)
    assert validate(data, niveau=2).bevindingen == heel.bevindingen
    assert [bevinding.code for bevinding in heel.bevindingen] == ["TR416"]


def validate_tree(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as ruimer:
        ruimer.setattr("istandaarden.toets._BOOM_MAX", len(data))
        return validate(data, niveau=2)


def test_many_violations_are_counted():
    data = make_voorbeeld(ingebouwd().find("WMO323", "3.2"), grootte=1200)
    bevindingen = validate(data.replace(b"Eenheid>04<", b"Eenheid>83<"), niveau=2).bevindingen
    assert len(bevindingen) == 1001
    assert "Er zijn nog " in bevindingen[-1].melding
    assert bevindingen[-1].code in {"CD087", "CS339"}


def test_periods_against_counting_days():
    dobbel = Random(5)  # noqa: S311 - repeatable, not secret
    for _ in range(60):
        perioden, dagen = Perioden(), set()
        for _ in range(40):
            begin = date(2025, 1, 1) + timedelta(days=dobbel.randrange(400))
            einde = begin + timedelta(days=dobbel.choice((0, 1, 5, 40)))
            eigen = {begin + timedelta(days=dag) for dag in range((einde - begin).days + 1)}
            assert perioden.meets(begin, einde) is bool(eigen & dagen)
            if dobbel.random() < 0.6:
                perioden.add(begin, einde)
                dagen |= eigen


def test_a_rule_asks_a_number_of_questions_that_grows_with_the_bericht(monkeypatch: pytest.MonkeyPatch):
    """No rule compares every product with every other."""
    gevraagd = 0
    tekst = Klasse.tekst

    def count(self: Klasse, pad: str) -> str | None:
        nonlocal gevraagd
        gevraagd += 1
        return tekst(self, pad)

    def questions(code: str, grootte: int) -> int:
        nonlocal gevraagd
        data = make_voorbeeld(ingebouwd().find(code, "3.2"), grootte=grootte)
        gevraagd = 0
        monkeypatch.setattr(Klasse, "tekst", count)
        assert validate(data, niveau=2).geldig
        monkeypatch.setattr(Klasse, "tekst", tekst)
        return gevraagd

    meter: Callable[[str, int], int] = questions
    for code in ("WMO301", "JW305", "WMO307", "JW315", "WMO317", "JW323", "WMO325"):
        assert meter(code, 800) < 9 * meter(code, 100), code
