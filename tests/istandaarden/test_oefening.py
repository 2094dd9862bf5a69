"""A rehearsal of an invented release: what it would reject of berichten that are right today, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from release33 import NIEUW

from istandaarden.bestanden import Onleesbaar
from istandaarden.catalogus import Catalogus, ingebouwd
from istandaarden.kop import kop_of
from istandaarden.modelbouw import build_models, builtin_text
from istandaarden.oefening import VOORBEELDEN, Breuk, Oefening, Telling
from istandaarden.omzetting import convert
from istandaarden.toets import validate
from istandaarden.veilig import XmlGeweigerd, parse
from istandaarden.voorbeeld import make_voorbeeld

PLEK = "/Bericht/Client/StartProducten/StartProduct"


@pytest.fixture(scope="module")
def catalogus() -> Catalogus:
    nieuw = build_models("iwmo-ijw-3.3.yaml", NIEUW, builtin_text)
    return Catalogus([*ingebouwd().models(), *nieuw])


@pytest.fixture(scope="module")
def zonder_regels() -> Catalogus:
    nieuw = build_models("iwmo-ijw-3.3.yaml", f"{NIEUW}regels: ~\n", builtin_text)
    return Catalogus([*ingebouwd().models(), *nieuw])


def _sample(code: str, release: str = "3.2", **anders: object) -> bytes:
    return make_voorbeeld(ingebouwd().find(code, release), **anders)  # type: ignore[arg-type]  # the test names them


def _add(oefening: Oefening, naam: str, data: bytes, partij: str | None = None) -> None:
    oefening.add(naam, lambda: iter([data]), partij)


@pytest.mark.parametrize("code", ["WMO301", "WMO302", "JW307", "JW323", "WMO325", "JW316"])
def test_a_converted_bericht_is_the_same_one_in_the_other_release(catalogus: Catalogus, code: str) -> None:
    van, naar = (catalogus.model(catalogus.find(code, release)) for release in ("3.2", "3.3"))
    data = _sample(code, grootte=3)
    nieuw = b"".join(convert([data], van, naar))
    oordeel = validate(nieuw, catalogus=catalogus)
    assert oordeel.geldig, oordeel.bevindingen
    assert oordeel.berichtsoort == naar.soort
    assert oordeel.kop is not None
    assert (oordeel.kop.versie, oordeel.kop.subversie) == ("3", "3")
    oud, wortel = (list(parse(d).iter()) for d in (data, nieuw))
    versies = {"BerichtVersie", "BerichtSubversie", "BerichtXsdVersie", "BasisschemaXsdVersie"}
    for voor, na in zip(oud, wortel, strict=True):
        naam = str(na.tag).rpartition("}")[2]
        assert naam == str(voor.tag).rpartition("}")[2]
        assert naam in versies or (voor.text or "").strip() == (na.text or "").strip()


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_it_does_not_matter_where_a_bericht_is_cut(knippen: list[int]) -> None:
    model = ingebouwd().model(ingebouwd().find("WMO305", "3.2"))
    data = _sample("WMO305").replace(b"<?xml", b"<?xml", 1)

    def chunks() -> Iterator[bytes]:
        rest = data
        for lengte in knippen:
            yield rest[:lengte]
            rest = rest[lengte:]
        yield rest

    assert b"".join(convert(chunks(), model, model)) == b"".join(convert([data], model, model))


def test_characters_with_a_meaning_in_xml_and_another_encoding_survive(catalogus: Catalogus) -> None:
    van, naar = (catalogus.model(catalogus.find("WMO301", release)) for release in ("3.2", "3.3"))
    data = _sample("WMO301")
    begin = data.index(b"Achternaam>") + len("Achternaam>")
    eind = data.index(b"<", begin)
    naam = '<![CDATA[d\'Ëlfen & "Co" <1>]]>'
    tekst = data[:begin].decode() + naam + data[eind:].decode()
    tekst = tekst.replace("encoding='UTF-8'", "encoding='UTF-16'").replace('encoding="UTF-8"', 'encoding="UTF-16"')
    nieuw = b"".join(convert([tekst.encode("utf-16")], van, naar))
    assert next(e.text for e in parse(nieuw).iter("{*}Achternaam")) == 'd\'Ëlfen & "Co" <1>'
    assert kop_of(parse(nieuw)).subversie == "3"


def test_what_is_no_xml_is_refused_while_it_is_read() -> None:
    model = ingebouwd().model(ingebouwd().find("WMO305", "3.2"))
    with pytest.raises(XmlGeweigerd):
        list(convert([_sample("WMO305")[:-20]], model, model))


def test_it_tells_what_would_be_rejected_per_rule_and_per_partij_and_nothing_else(catalogus: Catalogus) -> None:
    oefening = Oefening(catalogus)
    for nummer in range(5):
        _add(oefening, f"start {nummer}", _sample("WMO305", zaad=nummer), "90000001" if nummer else "90000002")
    _add(oefening, "toewijzing", _sample("WMO301"), "0363")
    uitkomst = oefening.uitkomst
    assert (uitkomst.bekeken, uitkomst.goed, uitkomst.afgekeurd, uitkomst.al_fout) == (6, 1, 5, 0)
    ontbreekt = Breuk("WMO305", "XSD", 1, PLEK)
    telling = uitkomst.breuken[ontbreekt]
    assert (telling.aantal, telling.voorbeelden) == (5, [f"start {n}" for n in range(VOORBEELDEN)])
    assert "Toelichting" in telling.melding
    assert {partij: (t.bekeken, t.afgekeurd) for partij, t in uitkomst.partijen.items()} == {
        "90000001": (4, 4),
        "90000002": (1, 1),
        "0363": (1, 0),
    }
    assert uitkomst.partijen["90000001"].breuken[ontbreekt] == 4
    assert uitkomst.naar == {"iWmo 3.3"}
    assert uitkomst.zonder_regels == set()  # a release laid over 3.2 keeps its rules


def test_it_says_when_a_release_has_no_rules(zonder_regels: Catalogus) -> None:
    oefening = Oefening(zonder_regels)
    _add(oefening, "start", _sample("WMO305"))
    assert oefening.uitkomst.zonder_regels == {"iWmo 3.3"}


def test_a_code_that_left_its_list_is_found_without_telling_the_value(catalogus: Catalogus) -> None:
    data = _sample("JW307")
    begin = data.index(b"StatusAanlevering>") + len("StatusAanlevering>")
    data = data[:begin] + b"2" + data[begin + 1 :]
    oefening = Oefening(catalogus)
    _add(oefening, "stop", data)
    (breuk,) = oefening.uitkomst.breuken
    assert breuk.plaats.endswith("/StatusAanlevering")


def test_a_rule_of_level_2_that_only_the_other_release_knows_counts(zonder_regels: Catalogus) -> None:
    van, naar = (zonder_regels.model(zonder_regels.find("WMO301", release)) for release in ("3.2", "3.3"))
    oefening = Oefening(zonder_regels, naar="3.2")
    _add(oefening, "elfproef", b"".join(convert([_sample("WMO301", fout="TR101")], van, naar)))
    assert [(breuk.code, breuk.niveau) for breuk in oefening.uitkomst.breuken] == [("TR101", 2)]
    assert oefening.uitkomst.zonder_regels == set()


def test_a_bericht_of_the_release_itself_is_left_out() -> None:
    oefening = Oefening(ingebouwd(), naar="3.2")
    _add(oefening, "nieuw", _sample("WMO305"))
    assert oefening.uitkomst.bekeken == 0
    assert oefening.uitkomst.overgeslagen == {"is al van iWmo 3.2": 1}


def test_what_is_wrong_today_does_not_count_against_the_release(catalogus: Catalogus) -> None:
    oefening = Oefening(catalogus)
    _add(oefening, "elfproef", _sample("WMO301", fout="TR101"))
    _add(oefening, "schema", _sample("WMO301").replace(b"Bsn>", b"Bsm>"))
    uitkomst = oefening.uitkomst
    assert (uitkomst.bekeken, uitkomst.al_fout, uitkomst.afgekeurd) == (2, 2, 0)
    assert not uitkomst.breuken


def test_a_bericht_that_the_release_does_not_have_is_rejected_as_such() -> None:
    oefening = Oefening(ingebouwd(), naar="3.2")
    _add(oefening, "declaratie", _sample("WMO303", "2.3"))
    assert list(oefening.uitkomst.breuken.items()) == [
        (Breuk("WMO303", "RELEASE", 1, ""), Telling(1, "Release 3.2 van iWmo heeft geen WMO303.", ["declaratie"]))
    ]


def test_what_cannot_be_tried_is_said_and_not_counted(catalogus: Catalogus) -> None:
    def fail() -> Iterator[bytes]:
        raise Onleesbaar("Dit bestand kan niet worden gelezen.")
        yield b""  # pragma: no cover - makes it a generator

    oefening = Oefening(catalogus)
    oefening.add("weg", fail)
    for naam, data in (("leeg", b""), ("vreemd", b"<Bericht/>"), ("kapot", b"\x00"), ("afgekapt", b"<?xml version=")):
        _add(oefening, naam, data)
    _add(oefening, "eb", _sample("WMO401", "1.0"))
    uitkomst = oefening.uitkomst
    assert (uitkomst.bekeken, uitkomst.onleesbaar.aantal) == (0, 5)
    assert uitkomst.overgeslagen == {"na iEb 1.0 is geen release bekend": 1}


def test_without_a_zender_the_header_says_whose_it_is(catalogus: Catalogus) -> None:
    oefening = Oefening(catalogus, standaard="iwmo")
    for code in ("WMO301", "WMO302", "JW301"):
        _add(oefening, code, _sample(code))
    heen, retour = (validate(_sample(code)).kop for code in ("WMO301", "WMO302"))
    assert heen is not None
    assert retour is not None
    assert set(oefening.uitkomst.partijen) == {heen.afzender, retour.ontvanger}


def test_no_value_of_a_bericht_is_in_what_is_kept(catalogus: Catalogus, tmp_path: Path) -> None:
    oefening = Oefening(catalogus)
    for code in ("WMO301", "WMO305", "WMO307", "JW315", "JW323"):
        _add(oefening, code, _sample(code, grootte=2))
        _add(oefening, code, _sample(code, grootte=2).replace(b"Bsn>9999", b"Bsn>999x"))
    alles = repr(oefening.uitkomst)
    for code in ("WMO301", "WMO305", "WMO307", "JW315", "JW323"):
        for element in parse(_sample(code, grootte=2)).iter("{*}Bsn", "{*}Achternaam", "{*}Postcode"):
            assert element.text not in alles
