"""A bericht to a gemeente that is no more reaches its successor, for a while, and never one that is guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from routing.geadresseerde import RESPIJT, Geadresseerde, find_aansluiting, find_geadresseerde
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.register import Register

_LEEG = Register.of((), (), ())


def _moment(dag: str, uur: int = 12) -> datetime:
    return datetime.fromisoformat(f"{dag}T{uur:02}:00:00+00:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("code", "dag", "naar"),
    [
        ("0530", "2022-12-31", "0530"),
        ("0530", "2023-01-01", "1992"),
        ("0265", "2015-06-01", "0241"),
        ("0265", "2016-06-01", "1945"),
        ("0457", "2022-03-24", "0363"),
        ("1992", "2022-06-01", "1992"),
        ("0363", "2026-01-01", "0363"),
        ("90000001", "2026-01-01", "90000001"),
        ("SVB", "2026-01-01", "SVB"),
        ("9999", "2026-01-01", "9999"),
    ],
)
def test_a_code_leads_to_the_gemeente_of_the_day(code: str, dag: str, naar: str) -> None:
    geadresseerde = find_geadresseerde(_LEEG, code, _moment(dag), RESPIJT)
    assert (geadresseerde.code, geadresseerde.geweigerd) == (naar, False)
    assert bool(geadresseerde.uitleg) == (code != naar)


def test_the_day_begins_at_midnight_in_the_netherlands() -> None:
    assert find_geadresseerde(_LEEG, "0530", _moment("2022-12-31", 22), RESPIJT).code == "0530"
    assert find_geadresseerde(_LEEG, "0530", _moment("2022-12-31", 23), RESPIJT).code == "1992"


def test_after_the_term_it_is_refused_with_the_code_to_use() -> None:
    dertig = timedelta(days=30)
    assert find_geadresseerde(_LEEG, "0530", _moment("2023-01-31"), dertig).code == "1992"
    te_laat = find_geadresseerde(_LEEG, "0530", _moment("2023-02-01"), dertig)
    assert te_laat.geweigerd
    assert "1992 (Voorne aan Zee)" in te_laat.uitleg


def test_with_a_chain_of_mergers_the_term_runs_from_the_end_of_the_code_itself() -> None:
    assert find_geadresseerde(_LEEG, "0265", _moment("2016-01-20"), timedelta(days=30)).geweigerd
    assert not find_geadresseerde(_LEEG, "0241", _moment("2016-01-20"), timedelta(days=30)).geweigerd


def test_of_a_gemeente_that_was_split_every_successor_is_named_and_none_chosen() -> None:
    geadresseerde = find_geadresseerde(_LEEG, "0788", _moment("2021-01-01"), RESPIJT)
    assert geadresseerde.geweigerd
    assert all(code in geadresseerde.uitleg for code in ("0757", "0824", "0855", "0865"))


def test_who_still_has_an_aansluiting_keeps_his_berichten() -> None:
    register = Register.of((), [Aansluiting("0530", (), Kanaal.PULL, Protocol.VSP)], ())
    for dag in ("2023-06-01", "2030-01-01"):
        assert find_geadresseerde(register, "0530", _moment(dag), RESPIJT) == Geadresseerde("0530")


def test_what_was_accepted_once_has_no_term() -> None:
    opvolger = Aansluiting("1992", (), Kanaal.PULL, Protocol.VSP)
    register = Register.of((), [opvolger], ())
    assert find_aansluiting(register, "0530", _moment("2060-01-01")) == opvolger
    assert find_aansluiting(register, "0788", _moment("2060-01-01")) is None
