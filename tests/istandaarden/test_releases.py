"""The release calendar: boundaries, summer time, partijen with moments of their own, and the words."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from istandaarden import releases
from istandaarden.catalogus import ingebouwd
from istandaarden.releases import Kalender, Kalenderfout, Moment, Momenten, Stand, Stroom, Uitgave

_NL = ZoneInfo("Europe/Amsterdam")
_TIK = timedelta(milliseconds=1)
_PARTIJ, _ANDER = "0363", "90000001"


def _nl(*delen: int) -> datetime:
    return datetime(*delen, tzinfo=_NL)  # type: ignore[misc,arg-type]  # year, month, day and what follows


def _momenten(**tijden: datetime | None) -> Momenten:
    return Momenten({Moment(naam): tijd for naam, tijd in tijden.items()})


_UITGAVE = _momenten(
    open=_nl(2026, 3, 30, 13),
    declaraties_dicht=_nl(2027, 3, 21, 23),
    heen_dicht=_nl(2027, 3, 31, 17),
    retour_dicht=_nl(2027, 4, 1, 13),
)


@pytest.mark.parametrize("kalenderrelease", ["2.2", "2.3", "2.4", "3.0", "3.1", "3.2"])
def test_the_built_in_calendar_closes_in_order_and_before_the_next_opens(kalenderrelease: str) -> None:
    kalender = releases.ingebouwd()
    for standaard in ("iwmo", "ijw"):
        momenten = kalender.moments(standaard, kalenderrelease)
        assert momenten is not None
        sluit = [momenten.closes(stroom) for stroom in (Stroom.DECLARATIE, Stroom.HEEN, Stroom.RETOUR)]
        if kalenderrelease == "3.2":
            assert sluit == [None, None, None]
            continue
        tijden = [momenten.opens, *sluit]
        assert all(tijd is not None for tijd in tijden)
        assert tijden == sorted(tijden, key=str)
        nu = momenten.closes(Stroom.RETOUR)
        assert nu is not None
        assert not any(kalender.open_releases(standaard, stroom, _PARTIJ, nu) for stroom in Stroom)


def test_release_3_2_opened_on_the_monday_after_the_freeze() -> None:
    soort = ingebouwd().find("WMO305", "3.2")
    opent = datetime(2023, 4, 3, 11, tzinfo=UTC)  # summer time: 13:00
    kalender = releases.ingebouwd()
    assert kalender.state(Uitgave.of(soort), _PARTIJ, opent).stand is Stand.OPEN
    voor = kalender.state(Uitgave.of(soort), _PARTIJ, opent - _TIK)
    assert voor.stand is Stand.NOG_DICHT
    assert voor.uitleg == (
        "Release 3.2 van iWmo is voor 0363 nog niet open; dat gebeurt op maandag 3 april 2023 om 13:00 uur."
    )


@pytest.mark.parametrize(
    ("code", "stroom", "sluit"),
    [
        ("WMO303", Stroom.DECLARATIE, datetime(2020, 3, 18, 22, tzinfo=UTC)),  # winter time: 23:00
        ("WMO301", Stroom.HEEN, datetime(2020, 3, 25, 16, tzinfo=UTC)),
        ("WMO315", Stroom.HEEN, datetime(2020, 3, 25, 16, tzinfo=UTC)),
        ("WMO302", Stroom.RETOUR, datetime(2020, 3, 26, 12, tzinfo=UTC)),
        ("WMO304", Stroom.RETOUR, datetime(2020, 3, 26, 12, tzinfo=UTC)),
        ("JW303", Stroom.DECLARATIE, datetime(2020, 3, 18, 22, tzinfo=UTC)),
    ],
)
def test_release_2_3_closed_in_three_steps(code: str, stroom: Stroom, sluit: datetime) -> None:
    kalender, soort = releases.ingebouwd(), ingebouwd().find(code, "2.3")
    open_ = kalender.state(Uitgave.of(soort), _PARTIJ, sluit - _TIK)
    assert (open_.stand, open_.stroom, open_.tot) == (Stand.OPEN, stroom, sluit)
    dicht = kalender.state(Uitgave.of(soort), _PARTIJ, sluit)
    assert dicht.stand is Stand.GESLOTEN
    assert f"voor {stroom} van en aan 0363 gesloten, sinds" in dicht.uitleg


def test_a_closed_release_names_the_one_to_use() -> None:
    soort = ingebouwd().find("JW303", "2.3")
    assert releases.ingebouwd().state(Uitgave.of(soort), _ANDER, _nl(2026, 1, 1)).uitleg == (
        "Release 2.3 van iJw is voor declaraties van en aan 90000001 gesloten, sinds woensdag 18 maart 2020 om 23:00 "
        "uur. Nu open: release 3.2."
    )


@pytest.mark.parametrize(
    ("code", "stroom"),
    [("WMO323", Stroom.DECLARATIE), ("WMO325", Stroom.RETOUR), ("JW319", Stroom.HEEN), ("JW320", Stroom.RETOUR)],
)
def test_a_declaratie_closes_first_and_its_answer_last(code: str, stroom: Stroom) -> None:
    assert releases.stroom_of(ingebouwd().find(code, "3.2")) is stroom


def test_a_moment_that_is_not_named_is_the_next_one() -> None:
    einde = _nl(2023, 4, 1)
    assert _momenten(retour_dicht=einde).closes(Stroom.DECLARATIE) == einde
    assert _momenten(heen_dicht=None, retour_dicht=einde).closes(Stroom.DECLARATIE) is None
    assert _momenten(open=einde).closes(Stroom.RETOUR) is None


def test_two_releases_are_open_at_once_for_a_partij_with_moments_of_its_own() -> None:
    oud, nieuw = _UITGAVE, _momenten(open=_nl(2027, 4, 5, 13))
    kalender = Kalender(
        {("iwmo", "3.2"): oud, ("iwmo", "3.3"): nieuw},
        {
            (_PARTIJ, "iwmo", "3.2"): _momenten(heen_dicht=_nl(2027, 5, 1), retour_dicht=None),
            (_ANDER, "iwmo", "3.3"): _momenten(open=_nl(2027, 4, 19, 13)),
        },
    )
    nu = _nl(2027, 4, 10)
    assert kalender.open_releases("iwmo", Stroom.HEEN, _PARTIJ, nu) == ("3.2", "3.3")
    assert kalender.open_releases("iwmo", Stroom.RETOUR, _PARTIJ, nu) == ("3.2", "3.3")
    assert kalender.open_releases("iwmo", Stroom.DECLARATIE, _PARTIJ, nu) == ("3.3",)
    assert kalender.open_releases("iwmo", Stroom.HEEN, _ANDER, nu) == ()
    assert kalender.open_releases("iwmo", Stroom.HEEN, _ANDER, _nl(2027, 4, 19, 13)) == ("3.3",)
    assert kalender.open_releases("iwmo", Stroom.HEEN, "0344", nu) == ("3.3",)
    soort = ingebouwd().find("WMO305", "3.2")
    assert kalender.state(Uitgave.of(soort), _PARTIJ, nu).uitleg == (
        "Release 3.2 van iWmo is voor heenberichten van en aan 0363 open sinds maandag 30 maart 2026 om 13:00 uur, tot "
        "zaterdag 1 mei 2027 om 00:00 uur."
    )


def test_moments_of_the_operator_lie_over_the_built_in_ones() -> None:
    kalender = releases.ingebouwd().overlay({("iwmo", "3.2"): _momenten(heen_dicht=_nl(2027, 3, 31, 17))}, {})
    momenten = kalender.moments("iwmo", "3.2")
    assert momenten is not None
    assert momenten.opens == datetime(2023, 4, 3, 11, tzinfo=UTC)
    assert momenten.closes(Stroom.DECLARATIE) == _nl(2027, 3, 31, 17)
    assert kalender.moments("ijw", "3.2") == releases.ingebouwd().moments("ijw", "3.2")


def test_a_release_that_opens_after_it_closed_is_closed_for_good() -> None:
    momenten = _momenten(open=_nl(2028, 1, 1), heen_dicht=_nl(2027, 1, 1))
    assert momenten.state(Stroom.HEEN, _nl(2026, 1, 1)) is Stand.GESLOTEN
    kalender = Kalender({("iwmo", "3.2"): momenten})
    uitleg = kalender.state(Uitgave.of(ingebouwd().find("WMO305", "3.2")), _PARTIJ, _nl(2026, 1, 1)).uitleg
    assert uitleg.endswith("gesloten: de opening ligt na de sluiting.")


def test_a_release_that_the_calendar_does_not_know_is_open() -> None:
    uitgave = Uitgave.of(ingebouwd().find("WMO501", "2.1"))
    assert Kalender().state(uitgave, _PARTIJ, _nl(2026, 1, 1)).stand is Stand.OPEN


def test_the_hour_that_the_clock_skips_or_repeats_is_asked_about() -> None:
    assert releases.from_local(datetime(2027, 3, 28, 1, 59, 59)) == datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC)  # noqa: DTZ001 - as TOML gives it
    assert releases.from_local(datetime(2027, 3, 28, 3)) == datetime(2027, 3, 28, 1, tzinfo=UTC)  # noqa: DTZ001 - same
    with pytest.raises(Kalenderfout, match="bestaat niet"):
        releases.from_local(datetime(2027, 3, 28, 2, 30))  # noqa: DTZ001 - same
    with pytest.raises(Kalenderfout, match="komt twee keer voor"):
        releases.from_local(datetime(2026, 10, 25, 2, 30))  # noqa: DTZ001 - same
    tweede = tomllib.loads("m = 2026-10-25T02:30:00+01:00")["m"]
    assert releases.in_words(releases.from_local(tweede)) == "zondag 25 oktober 2026 om 02:30 uur (wintertijd)"
    assert releases.in_words(releases.from_local(tweede) - timedelta(hours=1)).endswith("02:30 uur (zomertijd)")


def test_a_release_that_opens_in_summer_time_closes_in_winter_time_to_the_minute() -> None:
    dicht = releases.from_local(datetime(2026, 10, 25, 3))  # noqa: DTZ001 - the first hour of winter time
    momenten = _momenten(open=releases.from_local(datetime(2026, 10, 25, 1)), retour_dicht=dicht)  # noqa: DTZ001 - same
    assert dicht == datetime(2026, 10, 25, 2, tzinfo=UTC)
    assert momenten.opens is not None
    assert dicht - momenten.opens == timedelta(hours=3)
    assert momenten.state(Stroom.RETOUR, dicht - _TIK) is Stand.OPEN
    assert momenten.state(Stroom.RETOUR, dicht) is Stand.GESLOTEN


def test_moments_in_the_wrong_order_are_named() -> None:
    fout = _momenten(declaraties_dicht=_nl(2027, 4, 1), heen_dicht=_nl(2027, 3, 1)).disorder()
    assert fout == (
        "heen_dicht (maandag 1 maart 2027 om 00:00 uur) ligt voor declaraties_dicht (donderdag 1 april 2027 om 00:00 "
        "uur)"
    )
    assert _UITGAVE.disorder() is None


def test_a_moment_is_a_moment_or_geen() -> None:
    assert dict(releases.read_moments({"heen_dicht": "geen"})) == {Moment.HEEN_DICHT: None}
    for waarde in ("morgen", 3, tomllib.loads("d = 2027-01-01")["d"]):
        with pytest.raises(Kalenderfout, match=r"^open: schrijf een moment als"):
            dict(releases.read_moments({"open": waarde}))


_moment = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(
    tijden=st.dictionaries(st.sampled_from(Moment), st.none() | _moment),
    eerder=_moment,
    later=_moment,
    stroom=st.sampled_from(Stroom),
)
def test_a_release_never_opens_again(
    tijden: dict[Moment, datetime | None], eerder: datetime, later: datetime, stroom: Stroom
) -> None:
    eerder, later = sorted((eerder, later))
    volgorde = list(Stand)
    momenten = Momenten(tijden)
    assert volgorde.index(momenten.state(stroom, eerder)) <= volgorde.index(momenten.state(stroom, later))
