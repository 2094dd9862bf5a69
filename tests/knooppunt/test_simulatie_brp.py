"""The simulated BRP: which files of persons it takes, and how strict it is about questions."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from brppersonen import KIND, MOEDER, ZUSJE, as_csv, child, persons

from knooppunt.simulatie.brp.personen import Personenfout, builtin_persons, parse_persons, read_persons
from knooppunt.simulatie.brp.velden import select_fields
from knooppunt.simulatie.brp.verzoek import Verzoekfout, read_history_question, read_persons_question
from knooppunt.simulatie.brp.weergave import show_date, show_history, show_person

VANDAAG = date(2026, 3, 4)


def test_the_persons_that_come_with_it_have_their_parents() -> None:
    personen = builtin_persons()
    assert personen[KIND].geslachtsnaam == "Jager"
    assert [(p.gemeente, p.van, p.tot) for p in personen[KIND].plekken] == [
        ("0530", "20100101", "20180208"),
        ("0599", "20180208", ""),
    ]
    assert personen[MOEDER].plekken[-1].gemeente == "0518"
    assert all(bsn.startswith("9999") for bsn in personen)


def test_a_parent_moves_between_births_and_a_row_of_its_own_goes_first() -> None:
    kinderen = (
        child(moeder_gemeente_bij_geboorte="0599"),
        child(ZUSJE, geboortedatum="20180601", inschrijving="20180601", moeder_gemeente_bij_geboorte="0363"),
    )
    moeder = persons(*kinderen)[MOEDER]
    assert [(p.gemeente, p.van, p.tot) for p in moeder.plekken] == [
        ("0599", "20050101", "20180601"),
        ("0363", "20180601", ""),
    ]
    eigen = {"bsn": MOEDER, "geboortedatum": "19900101", "gemeente": "0014", "inschrijving": "20000101"}
    assert persons(*kinderen, eigen)[MOEDER].plekken[-1].gemeente == "0014"


@pytest.mark.parametrize(
    ("inhoud", "woord"),
    [
        (b"", "ontbreekt: bsn"),
        (b"bsn,geboortedatum\n", "ontbreekt: gemeente, inschrijving"),
        (b"\xff\xfe", "UTF-8"),
        (as_csv(), "niemand"),
        (as_csv(child("123456782")), "regel 2: bsn is geen BSN uit de testreeks"),
        (as_csv(child("999992088")), "regel 2: bsn is geen BSN uit de testreeks"),
        (as_csv(child(ouder1="123456782")), "regel 2: ouder1 is geen BSN"),
        (as_csv(child(), child()), "tweemaal"),
        (as_csv(child(geboortedatum="20151301")), "regel 2: geboortedatum is geen datum"),
        (as_csv(child(geboortedatum="00001231")), "regel 2: geboortedatum is geen datum"),
        (as_csv(child(), child(ZUSJE, gemeente="Utrecht")), "regel 3: gemeente is geen code"),
        (as_csv(child(inOnderzoek="1")), "inOnderzoek is geen aanduiding"),
        (as_csv(child(voornamen="<b>")), "voornamen is geen naam"),
        (as_csv(child()) + b"," * 40, "meer kolommen"),
        (b"x" * (16 * 1024 * 1024 + 1), "groter dan 16 MiB"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(inhoud: bytes, woord: str) -> None:
    with pytest.raises(Personenfout) as fout:
        parse_persons(inhoud)
    assert woord in str(fout.value)
    assert "123456782" not in str(fout.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Personenfout) as fout:
        parse_persons(as_csv(child(geheim="9", gemeente="x"), child(ZUSJE, postcode="1")))
    assert len(fout.value.fouten) == 3
    with pytest.raises(Personenfout, match="niet te lezen"):
        read_persons(tmp_path / "weg.csv")


@pytest.mark.parametrize(
    ("datum", "soort", "tekst"),
    [
        ("20180701", "Datum", "1 juli 2018"),
        ("20180700", "JaarMaandDatum", "juli 2018"),
        ("20180000", "JaarDatum", "2018"),
        ("00000000", "DatumOnbekend", "onbekend"),
    ],
)
def test_a_date_has_the_form_of_what_is_known(datum: str, soort: str, tekst: str) -> None:
    getoond = show_date(datum)
    assert (getoond["type"], getoond["langFormaat"]) == (soort, tekst)


def test_only_what_was_asked_is_given_with_what_always_comes_along() -> None:
    persoon = persons(child(geheim="7", functieAdres="B", inOnderzoek="089999", postcode="3511AB"))[KIND]
    getoond = show_person(persoon, VANDAAG)
    assert select_fields(getoond, ["burgerservicenummer", "verblijfplaats.datumVan", "ouders.geslacht.code"]) == {
        "burgerservicenummer": KIND,
        "geheimhoudingPersoonsgegevens": True,
        "verblijfplaats": {
            "type": "Adres",
            "datumVan": show_date("20150310"),
            "indicatieVastgesteldVerblijftNietOpAdres": True,
        },
        "ouders": [{"geslacht": {"code": "V"}}, {"geslacht": {"code": "M"}}],
    }


@pytest.mark.parametrize(
    ("van", "tot", "gemeenten"),
    [
        (date(2000, 1, 1), date(2026, 1, 1), ["0344", "0599"]),
        (date(2018, 5, 1), date(2018, 5, 2), ["0344"]),
        (date(2018, 4, 30), date(2018, 5, 1), ["0599"]),
        (date(2000, 1, 1), date(2015, 3, 10), []),
    ],
)
def test_history_has_the_places_of_the_period_newest_first(van: date, tot: date, gemeenten: list[str]) -> None:
    verhuisd = child(vorige_gemeente="0599", gemeente_tot="20180501", inschrijving="20180501")
    getoond = show_history(persons(verhuisd)[KIND], van, tot)
    assert [deel["gemeenteVanInschrijving"]["code"] for deel in getoond["verblijfplaatsen"]] == gemeenten


def _ask(**vraag: Any) -> bytes:
    goed = {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": [KIND], "fields": ["leeftijd"]}
    return json.dumps({naam: w for naam, w in (goed | vraag).items() if w is not None}).encode()


@pytest.mark.parametrize(
    ("vraag", "code", "fouten"),
    [
        ({"fields": None}, "paramsRequired", [("fields", "required")]),
        ({"fields": []}, "paramsValidation", [("fields", "minItems")]),
        ({"fields": ["leeftijd"] * 131}, "paramsValidation", [("fields", "maxItems")]),
        ({"fields": "leeftijd"}, "paramsValidation", [("fields", "array")]),
        ({"fields": ["leeftijd "]}, "paramsValidation", [("fields", "pattern")]),
        ({"fields": ["maan"]}, "paramsValidation", [("fields", "fields")]),
        ({"fields": ["inOnderzoek"]}, "paramsValidation", [("fields", "fields")]),
        ({"fields": ["opschortingBijhouding"]}, "paramsValidation", [("fields", "fields")]),
        ({"fields": ["gezag.type"]}, "paramsValidation", [("fields", "fields")]),
        ({"burgerservicenummer": []}, "paramsValidation", [("burgerservicenummer", "minItems")]),
        ({"burgerservicenummer": [KIND] * 21}, "paramsValidation", [("burgerservicenummer", "maxItems")]),
        ({"burgerservicenummer": ["12345678"]}, "paramsValidation", [("burgerservicenummer", "pattern")]),
        ({"burgerservicenummer": [999992089]}, "paramsValidation", [("burgerservicenummer", "pattern")]),
        ({"type": "Maan"}, "paramsValidation", [("type", "value")]),
        ({"type": []}, "paramsValidation", [("type", "value")]),
        ({"gemeenteVanInschrijving": "x"}, "paramsValidation", [("gemeenteVanInschrijving", "pattern")]),
        ({"bsn": KIND}, "paramsValidation", [("bsn", "unknownParam")]),
        ({"type": None, "fields": None}, "paramsRequired", [("type", "required"), ("fields", "required")]),
    ],
)
def test_a_question_that_is_not_as_described_is_refused(
    vraag: dict[str, Any], code: str, fouten: list[tuple[str, str]]
) -> None:
    with pytest.raises(Verzoekfout) as fout:
        read_persons_question(_ask(**vraag))
    assert (fout.value.status, fout.value.inhoud["code"]) == (400, code)
    assert [(f["name"], f["code"]) for f in fout.value.inhoud["invalidParams"]] == fouten


@pytest.mark.parametrize("inhoud", [b"", b"{", b"[]", b"\xff", b"[" * 200_000, b"1" * 5000])
def test_a_body_that_is_no_json_object_is_refused(inhoud: bytes) -> None:
    with pytest.raises(Verzoekfout) as fout:
        read_persons_question(inhoud)
    assert fout.value.status == 400


@pytest.mark.parametrize(("buiten", "veld"), [("geboorte", "geboorte.datum"), ("geboorte.datum", "geboorte")])
def test_a_field_without_authorisation_is_refused(buiten: str, veld: str) -> None:
    with pytest.raises(Verzoekfout) as fout:
        read_persons_question(_ask(fields=[veld]), [buiten])
    assert (fout.value.status, fout.value.inhoud["code"]) == (403, "unauthorizedField")


@pytest.mark.parametrize(
    ("vraag", "naam", "code"),
    [
        ({"type": "RaadpleegMetPeildatum", "burgerservicenummer": KIND}, "peildatum", "required"),
        ({"type": "RaadpleegMetPeildatum", "burgerservicenummer": KIND, "peildatum": "2022"}, "peildatum", "date"),
        ({"type": "RaadpleegMetPeildatum", "peildatum": "2022-01-01"}, "burgerservicenummer", "required"),
        ({"type": "Maan", "burgerservicenummer": KIND}, "type", "value"),
        (
            {
                "type": "RaadpleegMetPeriode",
                "burgerservicenummer": KIND,
                "datumVan": "2022-01-02",
                "datumTot": "2022-01-01",
            },
            "datumTot",
            "date",
        ),
    ],
)
def test_a_question_about_history_that_is_not_as_described_is_refused(
    vraag: dict[str, Any], naam: str, code: str
) -> None:
    with pytest.raises(Verzoekfout) as fout:
        read_history_question(json.dumps(vraag).encode())
    assert (naam, code) in [(f["name"], f["code"]) for f in fout.value.inhoud["invalidParams"]]
