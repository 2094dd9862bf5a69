"""Every rule of level 3 in iPgb under every law it is of: a bericht that breaks just that rule, and one that fits."""

from __future__ import annotations

import pytest
from gevallen3_pgb import BEGIN, EERSTE_HELFT, PGBGEVALLEN, VOLGEND_JAAR, Pgbgeval
from pgbverhaal import Pgbverhaal

from istandaarden.catalogus import ingebouwd
from istandaarden.regels.boek import regels, rules_for
from istandaarden.toets import validate


@pytest.mark.parametrize(("code", "wet", "verhaal"), PGBGEVALLEN, ids=lambda deel: getattr(deel, "__name__", deel))
def test_names_exactly_the_rule_that_is_broken(code: str, wet: str, verhaal: Pgbgeval) -> None:
    v = Pgbverhaal(wet)
    fout, goed = verhaal(v)
    bevindingen = v.judge(fout).bevindingen
    regel = regels()[code, "ipgb"]
    assert {b.code for b in bevindingen} == {code}
    for bevinding in bevindingen:
        assert (bevinding.niveau, bevinding.retourcode) == (3, regel.retourcode)
        assert bevinding.melding.startswith(f"Regel overtreden: {regel.stelling}")
        assert bevinding.melding.endswith(regel.advies)
        assert bevinding.regel > 0
    assert v.codes(goed) == []


def test_no_rule_and_no_bericht_is_missing() -> None:
    soorten = [soort for soort in ingebouwd() if soort.standaard == "ipgb"]
    te_breken = {(regel.code, soort.code) for soort in soorten for regel in rules_for(soort) if regel.niveau == 3}
    gebroken = set()
    for code, wet, verhaal in PGBGEVALLEN:
        soort = validate(verhaal(Pgbverhaal(wet))[0]).berichtsoort
        assert soort is not None
        gebroken.add((code, soort.code))
    assert te_breken == gebroken
    assert len({code for code, _ in te_breken}) == 11


@pytest.mark.parametrize("wet", ["WMO", "JW"])
def test_a_toekenning_that_was_refused_counts_for_nothing(wet: str) -> None:
    v = Pgbverhaal(wet)
    v.zend(v.retour(v.zend(v.ken_toe("A")), "9574"))
    assert v.codes(v.sluit()) == ["TR509"]
    assert v.codes(v.ken_toe("B", v.functie(FunctieBudgetPeriode=VOLGEND_JAAR), oud="A")) == ["TR562"]
    v.grant("A")  # its number is free again


def test_a_retour_that_came_first_counts_too() -> None:
    v, w = Pgbverhaal("WMO"), Pgbverhaal("WMO")
    heen = w.ken_toe("A")
    v.zend(v.retour(heen))
    v.zend(heen)
    assert v.codes(v.ken_toe("B", oud="A")) == []
    w.zend(w.retour(heen, "9574"))
    w.zend(heen)
    assert w.codes(w.ken_toe("B", oud="A")) == ["TR562"]


def test_another_law_or_a_withdrawn_budget_is_in_nobodys_way() -> None:
    v = Pgbverhaal("WMO")
    v.zend(v.ken_toe("J", {**v.functie(), "Zorgfunctie": "99"}, wet="JW"))
    v.grant("A", {**v.functie(), "Zorgfunctie": "99"})
    v.grant("B", v.weg(BEGIN, Zorgfunctie="99"), oud="A")
    v.grant("C", {**v.functie(), "Zorgfunctie": "99"})
    assert v.codes(v.ken_toe("J", v.functie())) == ["TR574"]  # whatever the law
    assert v.codes(v.sluit(v.besteding("J", Zorgfunctie="99"))) == ["TR510"]


def test_the_published_case_of_a_conflict_breaks_nothing() -> None:
    """Case 9: lowered below what was spent, told as a conflict, put right, and closed at its end."""
    v = Pgbverhaal("WMO")
    v.grant("A")
    v.grant("B", v.functie(FunctieBudgetBedrag=80_000), oud="A")
    conflict = v.besteding("B", BestedingsPeriode=EERSTE_HELFT, RedenBudgetafsluiting="3")
    v.zend(v.retour(v.zend(v.sluit(conflict))))
    v.grant("C", v.functie(FunctieBudgetPeriode=EERSTE_HELFT, FunctieBudgetBedrag=90_000), oud="B")
    v.zend(v.sluit(v.besteding("C", BestedingsPeriode=EERSTE_HELFT)))
