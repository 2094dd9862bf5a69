"""The StUF notation of a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import tijdstip


@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_written_moment_reads_back_to_the_millisecond(moment: datetime) -> None:
    terug = tijdstip.read(tijdstip.write(moment))
    verschil = abs((moment.replace(microsecond=moment.microsecond // 1000 * 1000) - terug).total_seconds())
    assert verschil in (0.0, 3600.0)  # the hour that occurs twice in autumn has one notation


def test_shorter_forms_are_the_start_of_their_period() -> None:
    assert tijdstip.read("20260105").isoformat() == "2026-01-05T00:00:00+01:00"
    assert tijdstip.read("20260705091459").isoformat() == "2026-07-05T09:14:59+02:00"


@pytest.mark.parametrize("onzin", ["", "99999999", "20260230", "2026-01-05", "202601051", "20260105250000", "²0260105"])
def test_what_is_no_moment_is_refused(onzin: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        tijdstip.read(onzin)


@pytest.mark.parametrize(
    "seconde", [0, 1_774_745_999, 1_774_746_000, 1_792_889_999, 1_792_890_000]
)  # around the clock changes
def test_now_is_this_moment_in_the_netherlands(monkeypatch: pytest.MonkeyPatch, seconde: int) -> None:
    for milliseconde in (0, 7, 999):
        monkeypatch.setattr(tijdstip.time, "time_ns", lambda m=milliseconde: seconde * 10**9 + m * 10**6 + 999_999)
        moment = datetime.fromtimestamp(seconde, UTC) + timedelta(milliseconds=milliseconde)
        assert tijdstip.now() == tijdstip.write(moment)


def test_a_moment_without_zone_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="zone"):
        tijdstip.write(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


_CIJFER = st.sampled_from("0123456789")
_DEEL = st.sampled_from(["00", "01", "12", "23", "24", "28", "29", "30", "31", "32", "59", "60", "99"])


@given(
    st.one_of(
        st.text(max_size=18),
        st.text(_CIJFER, max_size=18),
        st.lists(_DEEL, min_size=2, max_size=5).map(lambda delen: "2028" + "".join(delen)),
        st.lists(_DEEL, min_size=5, max_size=5).map(lambda delen: "1900" + "".join(delen) + "7"),
    )
)
def test_moment_is_what_can_be_read(tekst: str) -> None:
    try:
        tijdstip.read(tekst)
        leesbaar = True
    except ValueError:
        leesbaar = False
    assert tijdstip.is_moment(tekst) is leesbaar


@pytest.mark.parametrize(
    ("tekst", "bestaat"),
    [
        ("00000101", False),
        ("20260229", False),
        ("20280229", True),
        ("2028022923595999", True),
        ("2028022924", False),
        ("202802292360", False),
        ("20280229235960", False),
        ("²0280229", False),
    ],
)
def test_moment_exists_on_the_calendar_and_the_clock(tekst: str, bestaat: bool) -> None:  # noqa: FBT001 - a table
    assert tijdstip.is_moment(tekst) is bestaat
