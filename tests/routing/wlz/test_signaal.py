"""What a gemeente is told over time, held to what it must know at the end of every day."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from routing.wlz.indicatie import Indicatie
from routing.wlz.signaal import Signaalsoort, Verandering, compare

DAG = date(2026, 11, 25)
_NAMEN = (b"a", b"b", b"c")


def _indicatie(van: int = -9, tot: int | None = None, verval: int | None = None) -> Indicatie:
    einde = None if tot is None else DAG + timedelta(days=tot)
    vervallen = None if verval is None else DAG + timedelta(days=verval)
    return Indicatie(UUID(int=1), DAG, DAG + timedelta(days=van), einde, vervallen)


def _kinds(bekend: dict[bytes, bool], nu: dict[bytes, Indicatie], *, eerste: bool = False) -> list[Signaalsoort]:
    return [v.soort for _, v in compare(bekend, nu, DAG, eerste=eerste).veranderingen]


def test_the_first_time_only_what_holds_is_told_and_as_the_state_of_things() -> None:
    nu = {b"a": _indicatie(), b"b": _indicatie(tot=-1), b"c": _indicatie(van=1)}
    uitkomst = compare({}, nu, DAG, eerste=True)
    assert [(naam, v.soort) for naam, v in uitkomst.veranderingen] == [(b"a", Signaalsoort.STAND)]
    assert uitkomst.loopt == {b"a": True, b"b": False}  # the one to come will be told when it begins


def test_one_that_became_known_after_it_ended_is_told_with_both_moments() -> None:
    assert _kinds({}, {b"a": _indicatie(tot=-1)}) == [Signaalsoort.BEGIN, Signaalsoort.EINDE]


def test_the_last_day_is_the_earlier_of_end_and_the_day_before_it_lapsed() -> None:
    ((_, einde),) = compare({b"a": True}, {b"a": _indicatie(tot=30, verval=0)}, DAG).veranderingen
    assert einde == Verandering(Signaalsoort.EINDE, DAG - timedelta(days=9), DAG - timedelta(days=1))


def test_one_that_is_extended_after_its_end_begins_again_and_one_that_is_put_off_has_ended() -> None:
    assert _kinds({b"a": False}, {b"a": _indicatie()}) == [Signaalsoort.BEGIN]
    assert _kinds({b"a": True}, {b"a": _indicatie(van=3)}) == [Signaalsoort.EINDE]


def test_one_that_never_held_is_not_told() -> None:
    assert _kinds({}, {b"a": _indicatie(van=0, verval=0)}) == []


_dag = st.integers(-3, 8)
_indicaties = st.builds(_indicatie, _dag, st.none() | _dag, st.none() | _dag)
_dagen = st.lists(st.dictionaries(st.sampled_from(_NAMEN), _indicaties), min_size=1, max_size=8)


@given(_dagen)
def test_at_the_end_of_every_day_the_gemeente_knows_what_holds_and_hears_nothing_twice(
    verloop: list[dict[bytes, Indicatie]],
) -> None:
    bekend: dict[bytes, bool] = {}
    geteld = dict.fromkeys(_NAMEN, 0)
    for nummer, nu in enumerate(verloop):
        dag = DAG + timedelta(days=nummer)
        uitkomst = compare(bekend, nu, dag, eerste=nummer == 0)
        for naam, verandering in uitkomst.veranderingen:
            geteld[naam] += -1 if verandering.soort is Signaalsoort.EINDE else 1
            assert geteld[naam] in {0, 1}  # begin and end by turns
        bekend = dict(uitkomst.loopt)
        assert {naam for naam, loopt in bekend.items() if loopt} == {n for n, i in nu.items() if i.holds_on(dag)}
        assert {naam for naam, aantal in geteld.items() if aantal} == {n for n, loopt in bekend.items() if loopt}
        assert compare(bekend, nu, dag).veranderingen == ()
