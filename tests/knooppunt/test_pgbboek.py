"""When a pgb is settled, for how much and why: the published cases, with tolerance where they contradict each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from knooppunt.simulatie.pgbboek import Besteding, Functiebudget, Pgbboek, Reden, Sleutel, Telpunt, Termijnen, steady

A = Sleutel("0344", "WMO", "999993653", "12345")
B = replace(A, budget="54321")
DAG = timedelta(days=1)
HEEL_2018 = (date(2018, 1, 1), date(2018, 12, 31))


def budget(begin: date, einde: date, vanaf: date = date(2017, 12, 1), bedrag: int = 800_000, zorg: str = "01"):
    return Functiebudget(zorg, begin, einde, bedrag, 50_000, vanaf)


def spend(per_zorg: dict[str, int]) -> Besteding:
    return lambda functie, _dag: per_zorg.get(functie.zorgfunctie, 0)


def first_day(boek: Pgbboek, begin: date, dagen: int = 900) -> tuple[date, list]:
    """The first day on which anything is settled, looking every day."""
    for dag in (begin + n * DAG for n in range(dagen)):
        if rijp := boek.settle(dag):
            return dag, rijp
    raise AssertionError("nothing is ever settled")


@pytest.mark.parametrize(
    ("einde", "gepubliceerd"),
    [
        (date(2018, 8, 31), date(2018, 12, 7)),
        (date(2018, 9, 30), date(2019, 1, 6)),
        (date(2018, 11, 30), date(2019, 3, 8)),
        (date(2018, 3, 31), date(2018, 7, 7)),
        (date(2018, 7, 24), date(2018, 10, 30)),
        (date(2018, 6, 30), date(2018, 10, 8)),  # +100: past a weekend, which others fall in
    ],
)
def test_a_budget_is_settled_fourteen_weeks_after_its_end(einde: date, gepubliceerd: date):
    boek = Pgbboek()
    boek.grant(A, [budget(date(2018, 1, 1), einde)], None, date(2017, 12, 1))
    dag, (afsluiting,) = first_day(boek, date(2018, 1, 1))
    assert dag == einde + 98 * DAG
    assert abs((dag - gepubliceerd).days) <= 2
    assert (afsluiting.reden, afsluiting.begin, afsluiting.einde) == (Reden.EINDE, date(2018, 1, 1), einde)
    assert afsluiting.besteed == 640_000
    assert boek.settle(dag + 400 * DAG) == []  # once


def test_each_period_of_a_budget_is_settled_by_itself():
    boek = Pgbboek()  # case 4
    boek.grant(
        A,
        [budget(date(2018, 1, 1), date(2018, 3, 31)), budget(date(2018, 4, 1), date(2018, 8, 31))],
        None,
        date(2017, 12, 1),
    )
    dag, (eerste,) = first_day(boek, date(2018, 1, 1))
    assert (dag, eerste.einde) == (date(2018, 7, 7), date(2018, 3, 31))
    dag, (tweede,) = first_day(boek, dag)
    assert (dag, tweede.einde) == (date(2018, 12, 7), date(2018, 8, 31))


def test_a_budget_across_the_year_is_settled_for_the_year_and_at_its_end():
    boek = Pgbboek(steady(1.0))  # case 5
    boek.grant(A, [budget(date(2018, 7, 1), date(2019, 6, 30))], None, date(2018, 6, 1))
    dag, (jaar,) = first_day(boek, date(2018, 7, 1))
    assert abs((dag - date(2019, 4, 9)).days) <= 2
    assert (jaar.reden, jaar.begin, jaar.einde) == (Reden.JAAR, date(2018, 7, 1), date(2018, 12, 31))
    assert 0 < jaar.besteed < 800_000
    dag, (einde,) = first_day(boek, dag)
    assert (dag, einde.reden, einde.besteed) == (date(2019, 10, 6), Reden.EINDE, 800_000)


def test_an_end_on_the_last_day_of_the_year_is_an_end():
    boek = Pgbboek()
    boek.grant(A, [budget(*HEEL_2018)], None, date(2017, 12, 1))
    dag, (afsluiting,) = first_day(boek, date(2018, 1, 1))
    assert (dag, afsluiting.reden) == (date(2019, 4, 8), Reden.EINDE)
    assert abs((dag - date(2019, 4, 9)).days) <= 2


@pytest.mark.parametrize(
    ("telpunt", "verwacht"),
    [(Telpunt.BERICHT, date(2018, 11, 7)), (Telpunt.EINDE, date(2018, 7, 7))],
)
def test_from_when_the_term_counts_after_an_end_in_the_past_can_be_chosen(telpunt: Telpunt, verwacht: date):
    """Case 11 counts from the 501 (1-8-2018, settled on 8-11-2018), case 10 from the end."""
    boek = Pgbboek(spend({}), Termijnen(telpunt=telpunt))
    boek.grant(A, [budget(*HEEL_2018)], None, date(2017, 12, 1))
    inkorting = date(2018, 8, 1)
    boek.grant(B, [budget(date(2018, 1, 1), date(2018, 3, 31), inkorting)], A.budget, inkorting)
    dag, _ = first_day(boek, date(2018, 1, 1))
    assert dag == verwacht
    if telpunt is Telpunt.BERICHT:
        assert abs((dag - date(2018, 11, 8)).days) <= 2


def test_what_a_new_toekenning_leaves_uncovered_is_a_conflict_a_day_later():
    boek = Pgbboek(spend({"02": 4_000_000}))  # case 9
    boek.grant(A, [budget(*HEEL_2018, bedrag=5_000_000, zorg="02")], None, date(2017, 12, 1))
    op = date(2018, 12, 1)
    boek.grant(B, [budget(*HEEL_2018, vanaf=op, bedrag=3_600_000, zorg="02")], A.budget, op)
    assert boek.settle(op) == []
    (conflict,) = boek.settle(date(2018, 12, 2))
    assert (conflict.reden, conflict.besteed, conflict.sleutel.budget) == (Reden.CONFLICT, 4_000_000, B.budget)
    assert (conflict.begin, conflict.einde) == (date(2018, 1, 1), date(2018, 11, 30))
    herstel, c = date(2018, 12, 22), replace(A, budget="55555")
    boek.grant(c, [budget(date(2018, 1, 1), date(2018, 11, 30), herstel, 4_000_000, "02")], B.budget, herstel)
    dag, (einde,) = first_day(boek, herstel)
    assert einde.reden is Reden.EINDE
    assert einde.sleutel == c
    assert dag == herstel + 98 * DAG


def test_a_withdrawn_budget_of_which_was_spent_is_a_conflict_under_the_old_one():
    boek = Pgbboek(spend({"01": 100}), Termijnen(conflict=7))
    boek.grant(A, [budget(*HEEL_2018)], None, date(2017, 12, 1))
    op = date(2018, 8, 1)
    boek.grant(B, [budget(date(2018, 1, 1), date(2018, 1, 1), op, bedrag=0)], A.budget, op)
    dag, (conflict,) = first_day(boek, op)
    assert (dag, conflict.sleutel, conflict.reden) == (date(2018, 8, 8), A, Reden.CONFLICT)
    assert boek.settle(date(2030, 1, 1)) == []  # nothing is left to settle


def test_a_budget_that_is_raised_or_covered_is_no_conflict():
    boek = Pgbboek(spend({"01": 700_000}))
    boek.grant(A, [budget(*HEEL_2018)], None, date(2017, 12, 1))
    boek.grant(B, [budget(*HEEL_2018, vanaf=date(2018, 8, 1), bedrag=700_000)], A.budget, date(2018, 8, 1))
    assert boek.settle(date(2018, 12, 31)) == []


def test_two_budgets_for_one_zorgfunctie_overlap_unless_one_replaces_or_withdraws_the_other():
    boek = Pgbboek()
    boek.grant(A, [budget(*HEEL_2018)], None, date(2017, 12, 1))
    nieuw = [budget(date(2018, 12, 31), date(2019, 3, 31))]
    assert boek.overlaps(B, None, nieuw)
    assert not boek.overlaps(B, A.budget, nieuw)
    assert not boek.overlaps(B, None, [budget(date(2019, 1, 1), date(2019, 3, 31))])
    assert not boek.overlaps(B, None, [replace(nieuw[0], zorgfunctie="02")])
    assert not boek.overlaps(B, None, [replace(nieuw[0], bedrag=0)])
    assert not boek.overlaps(replace(B, bsn="999990019"), None, nieuw)
    assert boek.knows(A)
    assert not boek.knows(B)


def test_no_bsn_stands_in_what_is_shown_of_a_budget():
    assert A.bsn not in repr(A)
