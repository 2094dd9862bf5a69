"""How much fits: per productperiode and in total, in every unit and frequentie (IV077, IV078, TR341)."""

from __future__ import annotations

from datetime import date

import pytest

from istandaarden.regels.keten import Inzending, Omvang, Prestatie, Product, Relatie, Toewijzing
from istandaarden.regels.omvang import fine_volume, max_in_period, max_in_total

_IWMO, _IJW = Relatie("iwmo", "0363", "90000001"), Relatie("ijw", "0363", "90000001")


def _toewijzing(begin: str, einde: str | None, omvang: Omvang, categorie: str = "02") -> Toewijzing:
    return Toewijzing(
        inzending=Inzending(_IWMO, "301", "1", date(2026, 1, 1)),
        nummer="1",
        bsn="999990019",
        product=Product(categorie, "02A03"),
        moment=("2026-01-01", "10:00:00"),
        ingang=date.fromisoformat(begin),
        einde=date.fromisoformat(einde) if einde else None,
        reden=None,
        referentie=None,
        omvang=omvang,
        budget=None,
    )


def _max(toewijzing: Toewijzing, begin: str, einde: str, relatie: Relatie = _IWMO) -> int:
    assert toewijzing.omvang is not None
    return max_in_period(toewijzing, toewijzing.omvang, relatie, date.fromisoformat(begin), date.fromisoformat(einde))


def _total(toewijzing: Toewijzing) -> int | None:
    assert toewijzing.omvang is not None
    return max_in_total(toewijzing, toewijzing.omvang)


# A week in 2026: Monday 2 March to Sunday 8 March. March has 6 calendar weeks (30 and 31 are in the sixth), 5 Sundays.


def test_effort_per_week_counts_the_weeks_a_period_touches() -> None:
    toewijzing = _toewijzing("2026-02-11", "2026-04-14", Omvang(3, "14", "2"))
    assert _max(toewijzing, "2026-02-11", "2026-02-28") == 3 * 3
    assert _max(toewijzing, "2026-03-01", "2026-03-31") == 6 * 3
    assert _max(toewijzing, "2026-04-01", "2026-04-14") == 3 * 3
    assert _total(toewijzing) == 10 * 3  # less than the three together: weeks that two months share count once


@pytest.mark.parametrize("eenheid", ["01", "14", "16", "84"])
def test_all_effort_counts_weeks(eenheid: str) -> None:
    assert _max(_toewijzing("2026-01-01", "2026-12-31", Omvang(1, eenheid, "2")), "2026-03-01", "2026-03-31") == 6


@pytest.mark.parametrize("eenheid", ["82", "83"])
def test_output_per_week_counts_sundays(eenheid: str) -> None:
    toewijzing = _toewijzing("2026-02-11", "2026-04-12", Omvang(100, eenheid, "2"))  # ends on a Sunday
    assert _max(toewijzing, "2026-02-11", "2026-02-28") == 2 * 100
    assert _max(toewijzing, "2026-03-01", "2026-03-31") == 5 * 100
    assert _max(toewijzing, "2026-04-01", "2026-04-12") == 2 * 100
    assert _total(toewijzing) == 9 * 100  # just the three together


def test_a_last_week_without_sunday_goes_to_the_period_of_the_last_sunday() -> None:
    in_april = _toewijzing("2026-02-11", "2026-04-14", Omvang(100, "83", "2"))  # last Sunday 12 April
    assert _max(in_april, "2026-03-01", "2026-03-31") == 5 * 100
    assert _max(in_april, "2026-04-01", "2026-04-14") == (2 + 1) * 100
    in_maart = _toewijzing("2026-02-11", "2026-04-02", Omvang(100, "83", "2"))  # last Sunday 29 March
    assert _max(in_maart, "2026-03-01", "2026-03-31") == (5 + 1) * 100
    assert _max(in_maart, "2026-04-01", "2026-04-02") == 0
    assert _total(in_maart) == 8 * 100


def test_a_toewijzing_without_any_sunday_has_its_week_at_the_end() -> None:
    toewijzing = _toewijzing("2026-03-30", "2026-04-03", Omvang(100, "83", "2"))
    assert _max(toewijzing, "2026-03-30", "2026-03-31") == 0
    assert _max(toewijzing, "2026-04-01", "2026-04-03") == 100
    assert _total(toewijzing) == 100


def test_help_in_the_household_may_be_six_weeks_in_iwmo() -> None:
    toewijzing = _toewijzing("2026-01-01", "2026-12-31", Omvang(2, "14", "2"), categorie="01")
    assert _max(toewijzing, "2026-02-01", "2026-02-28") == 6 * 2
    assert _max(toewijzing, "2026-02-01", "2026-02-28", _IJW) == 5 * 2
    assert _total(toewijzing) == 53 * 2
    euros = _toewijzing("2026-01-01", "2026-12-31", Omvang(2, "83", "2"), categorie="01")
    assert _max(euros, "2026-02-01", "2026-02-28") == 4 * 2


def test_days_months_and_the_total() -> None:
    per_dag = _toewijzing("2026-02-11", "2026-04-14", Omvang(3, "01", "1"))
    assert (_max(per_dag, "2026-02-11", "2026-02-28"), _total(per_dag)) == (18 * 3, 63 * 3)
    per_maand = _toewijzing("2026-02-11", "2026-04-14", Omvang(3, "01", "4"))
    assert (_max(per_maand, "2026-02-11", "2026-02-28"), _total(per_maand)) == (3, 9)  # a broken month is a month
    totaal = _toewijzing("2026-02-11", "2026-04-14", Omvang(3, "01", "6"))
    assert (_max(totaal, "2026-02-11", "2026-02-28"), _total(totaal)) == (3, 3)
    over_de_jaren = _toewijzing("2025-11-11", "2027-02-14", Omvang(1, "01", "4"))
    assert _total(over_de_jaren) == 16


def test_without_an_end_only_a_total_has_a_total() -> None:
    assert _total(_toewijzing("2026-01-01", None, Omvang(3, "01", "4"))) is None
    assert _total(_toewijzing("2026-01-01", None, Omvang(3, "01", "6"))) == 3
    euros = _toewijzing("2026-01-01", None, Omvang(3, "83", "2"))
    assert _max(euros, "2026-03-01", "2026-03-31") == 5 * 3


def test_the_first_days_of_the_calendar_do_no_harm() -> None:
    toewijzing = _toewijzing("0001-01-01", "0001-01-03", Omvang(3, "83", "2"))
    assert _max(toewijzing, "0001-01-01", "0001-01-03") == 3
    assert _total(toewijzing) == 3


def test_hours_are_counted_in_minutes() -> None:
    omvang = Omvang(2, "04", "4")
    toewijzing = _toewijzing("2026-01-01", "2026-12-31", omvang)
    assert _max(toewijzing, "2026-02-01", "2026-02-28") == 120
    assert fine_volume(_prestatie(2, "04"), omvang) == 120
    assert fine_volume(_prestatie(90, "01"), omvang) == 90
    assert fine_volume(_prestatie(90, "16"), omvang) is None
    assert fine_volume(_prestatie(1, "04"), Omvang(60, "01", "4")) is None  # the other way round does not fit


def _prestatie(volume: int, eenheid: str) -> Prestatie:
    dag = date(2026, 2, 1)
    return Prestatie(
        None, "R1", None, "999990019", "1", Product("02", "02A03"), dag, dag, volume, eenheid, 100, volume * 100, "D"
    )
