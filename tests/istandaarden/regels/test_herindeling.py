"""Level 3 across a merger: 0457 went on in 0363 as a whole (24 March 2022), 0501 and 0530 in 1992; 0788 was split."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from verhaal import ANDER_BSN, BSN, Verhaal, maand

from istandaarden.regels.bericht import Bericht
from istandaarden.regels.kenmerken import Kenmerk, kenmerken, sporen
from istandaarden.toets import validate

VROEG = {"Toewijzingsdatum": date(2022, 1, 2), "Ingangsdatum": date(2022, 1, 1)}
START = {"ToewijzingIngangsdatum": date(2022, 1, 1), "Begindatum": date(2022, 1, 5)}
BUDGET: dict[str, Any] = {"Product": {"Categorie": "02"}, "Omvang": None, "Budget": 60_000}
STOP = {"RedenBeeindiging": "31", "Einddatum": date(2026, 3, 1)} | START


def assign(v: Verhaal, gemeente: str, bsn: str, **anders: Any) -> None:
    """Have something assigned, under number 100, before 0457, 0501 and 0530 went on in another."""
    toewijzing = v.toewijzing(**VROEG | anders)
    v.zend(v.wijs_toe(toewijzing, bsn=bsn, dag=date(2022, 1, 3), Afzender=gemeente))


@pytest.mark.parametrize("standaard", ["iwmo", "ijw"])
def test_what_comes_to_the_successor_belongs_to_a_toewijzing_of_the_old_gemeente(standaard: str) -> None:
    v = Verhaal(standaard)
    assign(v, "0457", BSN)
    assert v.codes(v.start(START, Ontvanger="0599")) == ["TR019"]  # in which 0457 did not go on
    v.zend(v.start(START))
    assert v.codes(v.stop(STOP)) == []
    assert v.codes(v.stop(STOP, Ontvanger="0457")) == []  # of one who still writes to the old code
    v.zend(v.declareer(v.prestatie()))
    opnieuw = v.declareer(v.prestatie("R2"), nummer="D2", periode=maand(2026, 4), Ontvanger="0457")
    assert v.codes(opnieuw) == ["TR389"]


def test_two_gemeenten_that_went_on_in_one_had_numbers_of_their_own() -> None:
    v = Verhaal("iwmo")
    assign(v, "0501", BSN, **BUDGET)
    assign(v, "0530", ANDER_BSN, **BUDGET)  # the same number, another client
    assert v.codes(v.wijs_toe(v.toewijzing(), bsn="999990020", Afzender="1992")) == []
    v.zend(v.declareer(v.prestatie(), bsn=BSN, periode=maand(2026, 4), Ontvanger="1992"))
    ander = v.declareer(v.prestatie("R2"), bsn=ANDER_BSN, nummer="D2", Ontvanger="1992")
    assert v.codes(ander) == []  # the two budgets of 600 euro are not one
    meer = v.declareer(v.prestatie("R3", ProductPeriode=maand(2026, 3)), bsn=BSN, nummer="D3", Ontvanger="1992")
    assert v.codes(meer) == ["TR369"]
    weg = v.toewijzing(
        **VROEG | BUDGET | {"Toewijzingsdatum": date(2026, 1, 2)},
        RedenWijziging="13",
        Einddatum=date(2022, 1, 1),
    )
    assert v.codes(v.wijs_toe(weg, bsn=ANDER_BSN, Afzender="1992")) == []


def test_a_gemeente_that_was_split_has_no_successor_here() -> None:
    v = Verhaal("iwmo")
    vroeg = {"Toewijzingsdatum": date(2020, 1, 2), "Ingangsdatum": date(2020, 1, 1)}
    v.zend(v.wijs_toe(v.toewijzing(**vroeg), dag=date(2020, 1, 3), Afzender="0788"))
    for nieuw in ("0824", "0865", "0855", "0757"):
        start = v.start({"ToewijzingIngangsdatum": date(2020, 1, 1)}, Ontvanger=nieuw)
        assert v.codes(start) == ["TR019"]


@pytest.mark.parametrize(
    ("oud", "nieuw", "gevonden"),
    [
        ("0457", "0363", {"client"}),
        ("0363", "0457", {"client"}),
        ("0501", "0530", {"client"}),
        ("0788", "0824", set()),
        ("0599", "0363", set()),
    ],
)
def test_what_was_kept_under_another_code_is_found_where_the_table_proves_it(
    oud: str, nieuw: str, gevonden: set[str]
) -> None:
    v = Verhaal("iwmo")

    def read(data: bytes, wat: Callable[[Bericht], Iterator[Kenmerk]]) -> set[Kenmerk]:
        bericht = validate(data, niveau=2).bericht
        assert bericht is not None
        return set(wat(bericht))

    eerder = read(v.wijs_toe(v.toewijzing(**VROEG), Afzender=oud), kenmerken)
    assert {soort for soort, *_ in eerder & read(v.start(START, Ontvanger=nieuw), sporen)} == gevonden
