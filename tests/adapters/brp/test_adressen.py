"""What an address in the BRP says, and on which days."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from adapters.brp.adressen import current_address, past_addresses
from adapters.brp.historie import HistorieAntwoord
from adapters.brp.personen import Persoon
from routing.woonplaats.feiten import Adresperiode, Adressoort
from routing.woonplaats.feitenbron import Bronfout

VANDAAG = date(2026, 3, 4)
ONBEKEND = {"type": "DatumOnbekend", "onbekend": True, "langFormaat": "onbekend"}


def dag(iso: str) -> dict[str, Any]:
    return {"type": "Datum", "datum": iso, "langFormaat": "x"}


def jaar(getal: int) -> dict[str, Any]:
    return {"type": "JaarDatum", "jaar": getal, "langFormaat": "x"}


def maand(getal: int, nummer: int) -> dict[str, Any]:
    return {"type": "JaarMaandDatum", "jaar": getal, "maand": nummer, "langFormaat": "x"}


def nu(plaats: dict[str, Any] | None, gemeente: str | None = "0344", **rest: Any) -> list[Adresperiode]:
    persoon = {"burgerservicenummer": "999990019", **rest}
    if plaats is not None:
        persoon["verblijfplaats"] = plaats
    if gemeente is not None:
        persoon["gemeenteVanInschrijving"] = {"code": gemeente}
    return current_address(Persoon.model_validate_json(json.dumps(persoon)), VANDAAG)


def adres(van: Any, functie: str = "W", **rest: Any) -> dict[str, Any]:
    return {"type": "Adres", "functieAdres": {"code": functie}, "datumVan": van, **rest}


def toen(*delen: dict[str, Any]) -> list[Adresperiode]:
    return past_addresses(HistorieAntwoord.model_validate_json(json.dumps({"verblijfplaatsen": delen})), VANDAAG)


@pytest.mark.parametrize(
    ("van", "vanaf"),
    [
        (dag("2018-02-08"), date(2018, 2, 8)),
        (maand(2020, 2), date(2020, 2, 29)),
        (jaar(2018), date(2018, 12, 31)),
        (ONBEKEND, VANDAAG),
    ],
)
def test_an_address_is_stated_from_the_day_on_which_it_is_certain(van: dict[str, Any], vanaf: date) -> None:
    assert nu(adres(van)) == [Adresperiode(Adressoort.WOONADRES, "0344", van=vanaf)]


@pytest.mark.parametrize(
    ("plaats", "soort", "gemeente"),
    [
        (adres(dag("2018-01-01"), "B"), Adressoort.BRIEFADRES, "0344"),
        ({**adres(dag("2018-01-01")), "type": "Locatie"}, Adressoort.WOONADRES, "0344"),
        ({"type": "VerblijfplaatsBuitenland", "datumVan": dag("2018-01-01")}, Adressoort.BUITENLAND, None),
        ({"type": "VerblijfplaatsOnbekend", "datumVan": dag("2018-01-01")}, Adressoort.ONBEKEND, None),
    ],
)
def test_every_kind_of_verblijfplaats_is_known(plaats: dict[str, Any], soort: Adressoort, gemeente: str | None) -> None:
    assert nu(plaats) == [Adresperiode(soort, gemeente, van=date(2018, 1, 1))]


def test_a_non_resident_without_a_place_has_an_unknown_one() -> None:
    assert nu(None, "1999") == [Adresperiode(Adressoort.ONBEKEND, van=VANDAAG)]


@pytest.mark.parametrize(
    ("plaats", "gemeente"),
    [
        (None, "0344"),
        (None, None),
        (adres(dag("2018-01-01")), None),
        (adres(dag("2018-01-01")), "1999"),
        (adres(dag("2018-01-01"), "X"), "0344"),
        ({"type": "Adres", "datumVan": dag("2018-01-01")}, "0344"),
    ],
)
def test_what_is_missing_or_contradicts_itself_is_a_fault(plaats: dict[str, Any] | None, gemeente: str | None) -> None:
    with pytest.raises(Bronfout, match="niet te gebruiken"):
        nu(plaats, gemeente)


@pytest.mark.parametrize(
    "onderzoek",
    [
        {"verblijfplaats": adres(dag("2018-01-01"), inOnderzoek={"type": True})},
        {"verblijfplaats": adres(dag("2018-01-01"), inOnderzoek={"functieAdres": True})},
        {"inOnderzoek": {"gemeenteVanInschrijving": True}},
    ],
)
def test_an_investigation_is_told(onderzoek: dict[str, Any]) -> None:
    plaats = onderzoek.pop("verblijfplaats", adres(dag("2018-01-01")))
    assert nu(plaats, **onderzoek)[0].in_onderzoek


def test_the_note_counts_from_the_day_it_was_made_and_the_address_before_it() -> None:
    plaats = adres(
        dag("2018-01-01"),
        indicatieVastgesteldVerblijftNietOpAdres=True,
        inOnderzoek={"datumIngangOnderzoek": dag("2025-07-02")},
    )
    woonadres = Adresperiode(Adressoort.WOONADRES, "0344", van=date(2018, 1, 1), tot=date(2025, 7, 2))
    daarna = Adresperiode(Adressoort.WOONADRES, "0344", van=date(2025, 7, 2), aantekening_226=True)
    assert nu(plaats) == [woonadres, daarna]


def test_a_note_without_a_day_is_certain_today_only() -> None:
    plaats = adres(dag("2018-01-01"), indicatieVastgesteldVerblijftNietOpAdres=True)
    assert nu(plaats) == [Adresperiode(Adressoort.WOONADRES, "0344", van=VANDAAG, aantekening_226=True)]


def test_history_is_read_with_its_notes_and_its_gaps() -> None:
    perioden = toen(
        {**adres(dag("2020-05-01")), "gemeenteVanInschrijving": {"code": "0599"}},
        {
            **adres(jaar(2018)),
            "gemeenteVanInschrijving": {"code": "0344"},
            "datumTot": dag("2020-05-01"),
            "verblijftNietOpAdresVanaf": maand(2020, 1),
        },
        {"type": "VerblijfplaatsBuitenland", "datumVan": ONBEKEND, "datumTot": jaar(2018)},
    )
    assert perioden == [
        Adresperiode(Adressoort.WOONADRES, "0599", van=date(2020, 5, 1)),
        Adresperiode(Adressoort.WOONADRES, "0344", van=date(2018, 12, 31), tot=date(2020, 1, 1)),
        Adresperiode(Adressoort.WOONADRES, "0344", van=date(2020, 1, 31), tot=date(2020, 5, 1), aantekening_226=True),
        Adresperiode(Adressoort.BUITENLAND, van=date(2017, 12, 31), tot=date(2018, 1, 1)),
    ]


def test_dates_that_leave_no_certain_day_leave_no_period() -> None:
    deel = {**adres(jaar(2018)), "gemeenteVanInschrijving": {"code": "0344"}, "datumTot": jaar(2018)}
    assert toen(deel) == []
    assert toen({**deel, "datumVan": ONBEKEND, "datumTot": ONBEKEND}) == []
