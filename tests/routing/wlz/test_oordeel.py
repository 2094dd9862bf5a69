"""What a gemeente hears, for every combination of what the register can hold."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.wlz.indicatie import Indicatie, Profiel
from routing.wlz.oordeel import WMO_MOGELIJK, Oordeel, Status, judge

DAG = date(2026, 11, 25)
_EEN = timedelta(days=1)


def indicatie(
    van: date = date(2026, 1, 1),
    tot: date | None = None,
    *,
    verval: date | None = None,
    profielen: tuple[Profiel, ...] = (Profiel("754", date(2020, 1, 1)),),
    nummer: int = 1,
) -> Indicatie:
    return Indicatie(UUID(int=nummer), date(2025, 12, 1), van, tot, verval, profielen)


def _ask(*indicaties: Indicatie) -> Oordeel:
    return judge(indicaties, DAG, WMO_MOGELIJK)


def test_nothing_in_the_register_is_nee_without_dates() -> None:
    assert _ask() == Oordeel(Status.NEE)


def test_an_indication_that_holds_is_ja_with_its_dates() -> None:
    einde = DAG + _EEN
    assert _ask(indicatie(tot=einde)) == Oordeel(Status.JA, date(2025, 12, 1), date(2026, 1, 1), einde)


@pytest.mark.parametrize(
    ("van", "tot", "verval", "status"),
    [
        (DAG, None, None, Status.JA),  # begins today
        (DAG + _EEN, None, None, Status.NEE),  # begins tomorrow
        (date(2020, 1, 1), DAG, None, Status.JA),  # today is the last day
        (date(2020, 1, 1), DAG - _EEN, None, Status.NEE),  # ended yesterday
        (date(2020, 1, 1), None, DAG, Status.NEE),  # lapsed today
        (date(2020, 1, 1), None, DAG + _EEN, Status.JA),  # will lapse tomorrow
        (date(2026, 2, 1), date(2026, 1, 1), None, Status.NEE),  # ends before it begins: withdrawn
    ],
)
def test_the_days_on_which_an_indication_holds(
    van: date, tot: date | None, verval: date | None, status: Status
) -> None:
    assert _ask(indicatie(van, tot, verval=verval)).status is status


@pytest.mark.parametrize("code", WMO_MOGELIJK)
def test_a_profiel_with_which_the_wmo_is_possible_is_onbekend_without_dates(code: str) -> None:
    assert _ask(indicatie(profielen=(Profiel(code, date(2020, 1, 1)),))) == Oordeel(Status.ONBEKEND)


def test_a_list_of_ones_own_replaces_the_one_that_is_built_in() -> None:
    laag = indicatie(profielen=(Profiel("750", date(2020, 1, 1)),))
    assert judge([laag], DAG, ()).status is Status.JA
    assert judge([indicatie()], DAG, {"754"}).status is Status.ONBEKEND


def test_only_profielen_that_hold_today_decide() -> None:
    gisteren = Profiel("754", date(2020, 1, 1), DAG - _EEN)
    vandaag = Profiel("750", DAG)
    assert _ask(indicatie(profielen=(gisteren, vandaag))).status is Status.ONBEKEND
    assert _ask(indicatie(profielen=(Profiel("754", DAG), vandaag))).status is Status.JA
    assert _ask(indicatie(profielen=())).status is Status.JA


def test_a_ja_beside_an_onbekend_or_an_ended_one_stays_ja_and_the_youngest_is_told() -> None:
    laag = indicatie(profielen=(Profiel("860", date(2020, 1, 1)),), nummer=1)
    oud = indicatie(date(2024, 1, 1), nummer=2)
    nieuw = indicatie(date(2026, 6, 1), nummer=3)
    voorbij = indicatie(date(2026, 7, 1), date(2026, 8, 1), nummer=4)
    assert _ask(laag, oud, voorbij, nieuw).ingangsdatum == date(2026, 6, 1)


_dagen = st.dates(date(2020, 1, 1), date(2030, 1, 1))
_profielen = st.builds(Profiel, st.sampled_from(("750", "754", "860")), _dagen, st.none() | _dagen)
_indicaties = st.lists(
    st.builds(
        Indicatie,
        st.uuids(),
        _dagen,
        _dagen,
        st.none() | _dagen,
        st.none() | _dagen,
        st.lists(_profielen, max_size=3).map(tuple),
    ),
    max_size=4,
)


@given(_indicaties, _dagen, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_dates_come_with_ja_alone(
    indicaties: list[Indicatie], dag: date, toeval: Random
) -> None:
    oordeel = judge(indicaties, dag, WMO_MOGELIJK)
    anders = list(indicaties)
    toeval.shuffle(anders)
    assert judge(anders, dag, WMO_MOGELIJK) == oordeel
    assert (oordeel.ingangsdatum is not None) == (oordeel.status is Status.JA)
    assert (oordeel.status is Status.NEE) == (not any(i.holds_on(dag) for i in indicaties))
