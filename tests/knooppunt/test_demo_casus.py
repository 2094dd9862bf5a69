from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from istandaarden.catalogus import ingebouwd
from istandaarden.kop import read_kop
from istandaarden.opbouw import build
from knooppunt.demo.casus import Casus, jeugd_casus, last_month, variant, wmo_casus
from knooppunt.demo.draaiboek import VERHAAL, Stap
from knooppunt.simulatie.antwoord import answer

DAG = date(2026, 3, 4)
CASUSSEN = [wmo_casus(DAG), jeugd_casus(DAG)]
HEEN = [stap.heen for stap in VERHAAL]


def _payload(casus: Casus, cijfers: str) -> bytes:
    return build(casus.berichtsoort(cijfers), casus.inhoud(cijfers))


@pytest.mark.parametrize("casus", CASUSSEN, ids=lambda casus: casus.familie)
@pytest.mark.parametrize("stap", VERHAAL, ids=lambda stap: stap.heen)
def test_every_bericht_of_the_story_and_its_answer_is_valid(casus: Casus, stap: Stap) -> None:
    catalogus = ingebouwd()
    payload = _payload(casus, stap.heen)
    catalogus.schema(casus.berichtsoort(stap.heen)).assertValid(etree.fromstring(payload))
    antwoord = answer(f"{casus.familie}{stap.heen}", payload)
    assert antwoord is not None
    assert antwoord.functie == f"{casus.familie}{stap.terug}"
    catalogus.schema(catalogus.find(antwoord.functie)).assertValid(etree.fromstring(antwoord.payload))


@pytest.mark.corpus
@pytest.mark.parametrize("casus", CASUSSEN, ids=lambda casus: casus.familie)
@pytest.mark.parametrize("stap", VERHAAL, ids=lambda stap: stap.heen)
def test_published_schemas_agree(corpus: Path, casus: Casus, stap: Stap) -> None:
    payload = _payload(casus, stap.heen)
    antwoord = answer(f"{casus.familie}{stap.heen}", payload)
    assert antwoord is not None
    for cijfers, inhoud in ((stap.heen, payload), (stap.terug, antwoord.payload)):
        naam = f"{casus.familie}{cijfers}.xsd"
        gevonden = [p for p in sorted((corpus / "xsd").rglob(naam)) if "3.2" in str(p.parent)]
        assert gevonden, naam
        etree.XMLSchema(etree.parse(gevonden[0])).assertValid(etree.fromstring(inhoud))


@pytest.mark.parametrize("casus", CASUSSEN, ids=lambda casus: casus.familie)
def test_the_berichten_of_a_case_agree_with_each_other(casus: Casus) -> None:
    def values(naam: str) -> set[str | None]:
        return {e.text for cijfers in HEEN for e in etree.fromstring(_payload(casus, cijfers)).iter(f"{{*}}{naam}")}

    assert values("Bsn") == {casus.client.bsn}
    assert values("ToewijzingNummer") == {casus.toewijzing}
    assert values("ReferentieAanbieder") == {casus.referentie}
    assert values("Categorie") | values("ProductCategorie") == {casus.afspraak.categorie}
    assert values("Code") | values("ProductCode") == {casus.afspraak.code}
    assert values("TotaalBedrag") == values("Bedrag") == {str(casus.afspraak.geleverd * casus.afspraak.tarief)}


@pytest.mark.parametrize("casus", CASUSSEN, ids=lambda casus: casus.familie)
def test_identificaties_are_unique_and_nothing_lies_in_the_future(casus: Casus) -> None:
    koppen = [read_kop([_payload(casus, cijfers)]) for cijfers in HEEN]
    assert len({kop.identificatie for kop in koppen}) == len(HEEN)
    assert all(kop.dagtekening is not None and date.fromisoformat(kop.dagtekening) <= DAG for kop in koppen)


@pytest.mark.parametrize("casus", CASUSSEN, ids=lambda casus: casus.familie)
def test_bsn_is_a_test_number_that_passes_the_elfproef(casus: Casus) -> None:
    bsn = casus.client.bsn
    assert bsn.startswith("9999")
    assert (
        sum(int(cijfer) * gewicht for cijfer, gewicht in zip(bsn, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True)) % 11 == 0
    )


def test_month_is_the_last_complete_one() -> None:
    assert last_month(date(2026, 1, 1)) == (date(2025, 12, 1), date(2025, 12, 31))
    assert last_month(date(2026, 3, 31)) == (date(2026, 2, 1), date(2026, 2, 28))


def test_variant_travels_under_its_own_number() -> None:
    casus = variant(wmo_casus(DAG), 92, aanbieder="99999999")
    kop = read_kop([_payload(casus, "301")])
    assert kop.ontvanger == "99999999"
    assert kop.identificatie != read_kop([_payload(wmo_casus(DAG), "301")]).identificatie


def test_retour_keeps_header_of_heenbericht_and_325_turns_it_around() -> None:
    casus = wmo_casus(DAG)
    heen = read_kop([_payload(casus, "305")])
    retour = answer("WMO305", _payload(casus, "305"))
    assert retour is not None
    kop = read_kop([retour.payload])
    assert (kop.afzender, kop.ontvanger, kop.identificatie) == (heen.afzender, heen.ontvanger, heen.identificatie)
    assert b"RetourCode" not in retour.payload

    antwoord = answer("WMO323", _payload(casus, "323"))
    assert antwoord is not None
    kop = read_kop([antwoord.payload])
    assert (kop.afzender, kop.ontvanger) == (casus.gemeente, casus.aanbieder)
    assert b">8001<" in antwoord.payload


@pytest.mark.parametrize("functie", ["WMO302", "WMO325", "WMO405", "Fo01", "", "WMO999"])
def test_what_gets_no_answer(functie: str) -> None:
    assert answer(functie, b"<x/>") is None
