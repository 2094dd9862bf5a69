"""What follows from the berichten on one key: a pure function, so every order and every mishap can be tried."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from istandaarden.regels.boek import rows
from istandaarden.schakels import Rol, Schakelsoort
from routing.ketenbewaking.kalender import Kalender
from routing.ketenbewaking.termijnen import TERMIJNEN, Soort, terms_of
from routing.ketenbewaking.verwachting import ALTIJD, Afloop, Feit, Verwachting, expectations, is_report_late, turns

K = Kalender()
MAANDAG = date(2026, 2, 2)
U, V = Schakelsoort.UITWISSELING, Schakelsoort.VERZOEK


def feit(rol: Rol, dag: date = MAANDAG, functie: str = "JW315", **anders: Any) -> Feit:
    return Feit(anders.pop("bericht_id", f"{rol}-{dag}"), functie, rol, dag, **{"volgorde": dag.toordinal()} | anders)


def een(vraag: Feit, link: Schakelsoort, *antwoorden: Feit) -> Verwachting:
    (verwachting,) = expectations(vraag, link, antwoorden, K)
    return verwachting


@pytest.mark.parametrize("nummer", ["301", "305", "307", "315", "317", "319"])
@pytest.mark.parametrize("prefix", ["WMO", "JW"])
def test_every_heenbericht_gets_its_retour_within_three_working_days(prefix: str, nummer: str) -> None:
    wacht = een(feit(Rol.VRAAG, functie=f"{prefix}{nummer}"), U)
    assert (wacht.termijn.regel, wacht.uiterlijk, wacht.afloop) == ("OP090", date(2026, 2, 5), Afloop.OPEN)
    assert wacht.termijn.expected(f"{prefix}{nummer}") == f"{prefix}{int(nummer) + 1}"
    assert (wacht.is_late(date(2026, 2, 5)), wacht.is_late(date(2026, 2, 6))) == (False, True)


def test_a_declaratie_gets_its_answer_within_ten_working_days() -> None:
    vraag = feit(Rol.VRAAG, functie="WMO323")
    wacht = een(vraag, U)
    assert (wacht.termijn.regel, wacht.uiterlijk) == ("OP090x4", date(2026, 2, 16))
    assert wacht.termijn.expected("WMO323") == "WMO325"
    assert een(vraag, U, feit(Rol.ANTWOORD, date(2026, 2, 16))).afloop is Afloop.BEANTWOORD


@pytest.mark.parametrize("functie", ["WMO303", "WMO302", "WMO325", "WMO401", "Dummy"])
def test_what_has_no_term_waits_for_nothing(functie: str) -> None:
    assert expectations(feit(Rol.VRAAG, functie=functie), U, [], K) == ()


def test_a_term_that_was_missed_and_then_met_stays_late() -> None:
    wacht = een(feit(Rol.VRAAG), U, feit(Rol.RETOUR, date(2026, 2, 6)))
    assert (wacht.afloop, wacht.is_late(date(2027, 1, 1))) == (Afloop.BEANTWOORD, True)
    assert not een(feit(Rol.VRAAG), U, feit(Rol.RETOUR, date(2026, 2, 5))).is_late(date(2027, 1, 1))


def test_a_retour_before_its_heenbericht_counts_from_the_heenbericht() -> None:
    wacht = een(feit(Rol.VRAAG, date(2026, 2, 4)), U, feit(Rol.RETOUR, MAANDAG))
    assert (wacht.afloop, wacht.klaar_op) == (Afloop.BEANTWOORD, date(2026, 2, 4))


def test_the_first_of_two_answers_counts() -> None:
    eerste, tweede = feit(Rol.RETOUR, date(2026, 2, 3)), feit(Rol.RETOUR, date(2026, 2, 9))
    assert een(feit(Rol.VRAAG), U, tweede, eerste).door == eerste.bericht_id


def test_a_fault_message_ends_the_waiting_and_is_not_late() -> None:
    wacht = een(feit(Rol.VRAAG, fout_op=date(2026, 2, 20)), U)
    assert (wacht.afloop, wacht.klaar_op, wacht.is_late(date(2027, 1, 1))) == (
        Afloop.FOUTBERICHT,
        date(2026, 2, 20),
        False,
    )


def test_a_retour_that_came_back_with_a_fault_answers_nothing() -> None:
    assert een(feit(Rol.VRAAG), U, feit(Rol.RETOUR, fout_op=MAANDAG)).is_open


def test_a_retour_with_a_known_crossrefnummer_is_about_that_bericht_alone() -> None:
    vraag = feit(Rol.VRAAG, bericht_id="een")
    assert een(vraag, U, feit(Rol.RETOUR, over="twee")).is_open
    assert een(vraag, U, feit(Rol.RETOUR, over="een")).afloop is Afloop.BEANTWOORD


def test_a_retour_that_says_used_before_does_not_answer_the_first_bericht() -> None:
    vraag = feit(Rol.VRAAG, bericht_id="een")
    assert een(vraag, U, feit(Rol.DUBBEL)).is_open
    assert een(vraag, U, feit(Rol.DUBBEL, over="een")).afloop is Afloop.BEANTWOORD


def test_an_answer_that_names_no_bericht_is_about_what_was_asked_before_it() -> None:
    vragen = {10: True, 20: True, 30: True}
    assert {v: [a for a in (5, 15, 25, 35) if a in beurt] for v, beurt in turns(vragen, U).items()} == {
        10: [5, 15],  # the first also has what came before anything was asked
        20: [25],
        30: [35],
    }
    # A decision is about every request with its reference.
    assert {v: [a for a in (5, 15, 25, 35) if a in beurt] for v, beurt in turns(vragen, V).items()} == {
        10: [5, 15, 25, 35],
        20: [25, 35],
        30: [35],
    }


def test_what_does_not_count_as_sent_takes_no_answer_from_what_was_asked_before_it() -> None:
    beurten = turns({10: True, 20: False, 30: True}, U)
    assert (25 in beurten[10], 35 in beurten[10]) == (True, False)
    assert turns({10: False, 20: True}, U)[20] == range(20, ALTIJD.stop)


def test_an_answer_to_an_earlier_bericht_with_the_same_identificatie_answers_nothing() -> None:
    antwoord = feit(Rol.RETOUR, volgorde=15)
    beurten = turns({10: True, 20: True}, U)
    assert een(feit(Rol.VRAAG, volgorde=10, beurt=beurten[10]), U, antwoord).afloop is Afloop.BEANTWOORD
    assert een(feit(Rol.VRAAG, volgorde=20, beurt=beurten[20]), U, antwoord).is_open


@pytest.mark.parametrize("rol", [Rol.TOEWIJZING, Rol.AFWIJZING])
@pytest.mark.parametrize(("functie", "regel"), [("JW315", "OP274"), ("WMO317", "OP346")])
def test_a_request_is_decided_within_five_working_days(functie: str, regel: str, rol: Rol) -> None:
    vraag = feit(Rol.VRAAG, functie=functie)
    wacht = een(vraag, V)
    assert (wacht.termijn.regel, wacht.uiterlijk, wacht.is_open) == (regel, date(2026, 2, 9), True)
    assert wacht.termijn.expected(functie) == f"{functie[:-3]}301 of {functie[:-3]}319"
    assert een(vraag, V, feit(rol, date(2026, 2, 9))).afloop is Afloop.BEANTWOORD


def test_in_onderzoek_gives_eight_weeks_from_the_dagtekening_of_the_request() -> None:
    vraag = feit(Rol.VRAAG, date(2026, 2, 4), dagtekening=MAANDAG)
    eerst, dan = expectations(vraag, V, [feit(Rol.ONDERZOEK, date(2026, 2, 9))], K)
    assert (eerst.afloop, eerst.is_late(date(2027, 1, 1))) == (Afloop.BEANTWOORD, False)
    assert (dan.termijn.soort, dan.vanaf, dan.uiterlijk, dan.is_open) == (
        Soort.ONDERZOEK,
        MAANDAG,
        date(2026, 3, 30),
        True,
    )
    besluit = feit(Rol.TOEWIJZING, date(2026, 3, 31))
    _, dan = expectations(vraag, V, [feit(Rol.ONDERZOEK, date(2026, 2, 9)), besluit], K)
    assert (dan.afloop, dan.is_late(date(2027, 1, 1))) == (Afloop.BEANTWOORD, True)


@pytest.mark.parametrize("dagtekening", [date.min, date(2030, 1, 1), date.max])
def test_an_odd_dagtekening_breaks_nothing_and_gives_no_extra_time(dagtekening: date) -> None:
    vraag = feit(Rol.VRAAG, dagtekening=dagtekening)
    *_, dan = expectations(vraag, V, [feit(Rol.ONDERZOEK)], K)
    assert dan.uiterlijk <= date(2026, 3, 30)


def test_in_onderzoek_after_the_decision_starts_nothing() -> None:
    besluit, onderzoek = feit(Rol.AFWIJZING, date(2026, 2, 4)), feit(Rol.ONDERZOEK, date(2026, 2, 5))
    assert een(feit(Rol.VRAAG), V, besluit, onderzoek).door == besluit.bericht_id


def test_a_decision_that_was_refused_leaves_the_request_waiting() -> None:
    afgekeurd = feit(Rol.TOEWIJZING, date(2026, 2, 4), afgekeurd_op=date(2026, 2, 5))
    assert een(feit(Rol.VRAAG), V, afgekeurd).is_open
    assert een(feit(Rol.VRAAG), V, afgekeurd, feit(Rol.TOEWIJZING, date(2026, 2, 6))).klaar_op == date(2026, 2, 6)


def test_a_request_that_was_refused_waits_for_no_decision() -> None:
    wacht = een(feit(Rol.VRAAG, afgekeurd_op=date(2026, 2, 4)), V)
    assert (wacht.afloop, wacht.is_late(date(2027, 1, 1))) == (Afloop.AFGEKEURD, False)


@pytest.mark.parametrize(("dag", "te_laat"), [(date(2026, 2, 16), False), (date(2026, 2, 17), True)])
def test_a_refusal_on_woonplaatsbeginsel_comes_within_two_weeks(dag: date, *, te_laat: bool) -> None:
    antwoorden = [feit(Rol.ONDERZOEK, date(2026, 2, 3)), feit(Rol.WOONPLAATS, dag)]
    per_regel = {w.termijn.regel: w for w in expectations(feit(Rol.VRAAG), V, antwoorden, K)}
    assert per_regel["OP359"].is_late(date(2027, 1, 1)) is te_laat
    in_wmo = expectations(feit(Rol.VRAAG, functie="WMO315"), V, antwoorden, K)
    assert "OP359" not in {w.termijn.regel for w in in_wmo}


def test_the_order_of_arrival_does_not_matter() -> None:
    vraag = feit(Rol.VRAAG)
    antwoorden = [
        feit(Rol.ONDERZOEK, date(2026, 2, 3)),
        feit(Rol.TOEWIJZING, date(2026, 2, 9), afgekeurd_op=date(2026, 2, 9)),
        feit(Rol.AFWIJZING, date(2026, 2, 12)),
        feit(Rol.TOEWIJZING, date(2026, 2, 13), fout_op=date(2026, 2, 13)),
    ]
    assert len({expectations(vraag, V, volgorde, K) for volgorde in permutations(antwoorden)}) == 1


@given(st.lists(st.tuples(st.sampled_from(list(Rol)), st.integers(0, 90), st.booleans(), st.booleans()), max_size=6))
def test_never_more_than_one_open_term_and_an_ended_one_has_a_day(berichten: list[tuple[Rol, int, bool, bool]]) -> None:
    antwoorden = [
        replace(
            feit(rol, date.fromordinal(MAANDAG.toordinal() + na), volgorde=n),
            fout_op=MAANDAG if fout else None,
            afgekeurd_op=MAANDAG if af else None,
        )
        for n, (rol, na, fout, af) in enumerate(berichten)
    ]
    for link in (U, V):
        gevonden = expectations(feit(Rol.VRAAG), link, antwoorden, K)
        assert sum(w.is_open for w in gevonden) <= 1
        assert all(w.is_open == (w.klaar_op is None) for w in gevonden)


@pytest.mark.parametrize(("functie", "regel"), [("WMO305", "OP271"), ("JW307", "OP272")])
def test_a_start_or_stop_is_reported_within_five_working_days(functie: str, regel: str) -> None:
    def missed(gemeld: date, feitelijk: date, toegewezen: date | None = None) -> str | None:
        termijn = is_report_late(functie, gemeld, feitelijk, toegewezen, K)
        return termijn.regel if termijn else None

    assert missed(date(2026, 2, 9), MAANDAG) is None
    assert missed(date(2026, 2, 10), MAANDAG) == regel
    assert missed(date(2026, 2, 10), MAANDAG, date(2026, 2, 3)) is None  # assigned later than begun
    assert missed(date(2026, 2, 10), MAANDAG, date(2026, 1, 5)) == regel
    assert missed(MAANDAG, date.max) is None
    assert missed(MAANDAG, date.min) == regel


DAGEN = st.dates(date(2025, 12, 1), date(2026, 7, 1))


@given(st.sampled_from(["WMO305", "JW307"]), DAGEN, DAGEN, DAGEN)
def test_a_report_in_time_without_a_toewijzing_is_in_time_with_any(
    functie: str, gemeld: date, feitelijk: date, toegewezen: date
) -> None:
    """The chain watch looks for the toewijzing of no other."""
    if is_report_late(functie, gemeld, feitelijk, toegewezen, K):
        assert is_report_late(functie, gemeld, feitelijk, None, K)


def test_every_term_names_a_rule_of_its_berichtsoort_that_exists() -> None:
    regels = {rij["code"]: rij for rij in rows()}
    for termijn in TERMIJNEN:
        assert regels[termijn.regel]["kind"] == "OP"
        for standaard in termijn.standaarden:
            assert {"WMO": "iWmo", "JW": "iJw"}[standaard] in regels[termijn.regel]["standard"]
    assert not terms_of("WMO402", U)
