"""The cases of level 3 in iPgb: per rule and law a bericht that breaks it and one that fits, after what was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pgbverhaal import Pgbverhaal

Pgbgeval = Callable[[Pgbverhaal], tuple[bytes, bytes]]
PGBGEVALLEN: list[tuple[str, str, Pgbgeval]] = []
ALLE, WJ, WLZ = "WMO JW WLZ", "WMO JW", "WLZ"
BEGIN, HALF = date(2026, 1, 1), date(2026, 6, 30)
VOLGEND_JAAR = {"Begindatum": date(2027, 1, 1), "Einddatum": date(2027, 12, 31)}
EERSTE_HELFT = {"Begindatum": BEGIN, "Einddatum": HALF}
NA_DE_HELFT = {"Begindatum": BEGIN, "Einddatum": date(2026, 7, 1)}


def pgbgeval(code: str, wetten: str = ALLE) -> Callable[[Pgbgeval], Pgbgeval]:
    """Note a case of this rule, for the laws under which it holds."""

    def note(verhaal: Pgbgeval) -> Pgbgeval:
        PGBGEVALLEN.extend((code, wet, verhaal) for wet in wetten.split())
        return verhaal

    return note


@pgbgeval("TR056")
def identificatie_of_an_earlier_toekenning(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.zend(v.ken_toe("A", identificatie="X"))
    ander = "JW" if v.wet == "WMO" else "WMO"  # another berichtsoort, in which the identificatie is free
    deel = v.functie(Zorgfunctie="99")
    goed = v.ken_toe("B", deel, bsn="999900006", wet=ander, identificatie="X", Afzender="0363")
    return v.ken_toe("B", bsn="999900006", identificatie="X"), goed


@pgbgeval("TR056")
def identificatie_of_an_earlier_afsluiting(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    v.zend(v.retour(v.zend(v.sluit(identificatie="X"))))
    return v.sluit(identificatie="X"), v.sluit(identificatie="Y")


@pgbgeval("TR502")
def beside_another_budget(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    overlapt = v.functie(FunctieBudgetPeriode={"Begindatum": date(2026, 12, 31), "Einddatum": date(2027, 1, 31)})
    return v.ken_toe("B", overlapt), v.ken_toe("B", v.functie(FunctieBudgetPeriode=VOLGEND_JAAR))


@pgbgeval("TR502")
def beside_what_replaced_it(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    v.grant("B", oud="A")
    return v.ken_toe("C", oud="A"), v.ken_toe("C", oud="B")


@pgbgeval("TR507")
def replaced_before_its_502(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.zend(v.ken_toe("A"))
    v.grant("N", v.functie(FunctieBudgetPeriode=VOLGEND_JAAR))
    los = v.functie(FunctieBudgetPeriode={"Begindatum": date(2027, 6, 1), "Einddatum": date(2027, 12, 31)})
    return v.ken_toe("B", oud="A"), v.ken_toe("B", los, oud="N")


@pgbgeval("TR507")
def closed_again_before_its_508(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    v.grant("N", v.functie(FunctieBudgetPeriode=VOLGEND_JAAR))
    v.zend(v.sluit())
    return v.sluit(), v.sluit(v.besteding("N", BestedingsPeriode=VOLGEND_JAAR))


@pgbgeval("TR508", WLZ)
def replaced_by_another_year(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    anders = v.functie(FunctieBudgetPeriode=VOLGEND_JAAR)
    return v.ken_toe("B", anders, oud="A"), v.ken_toe("B", v.functie(FunctieBudgetPeriode=EERSTE_HELFT), oud="A")


@pgbgeval("TR509")
def closed_for_an_unknown_client(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    return v.sluit(bsn="999900006"), v.sluit()


@pgbgeval("TR510", WJ)
def closed_under_an_unknown_number(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    return v.sluit(v.besteding("B")), v.sluit(v.besteding("A"))


@pgbgeval("TR510", WJ)
def closed_for_another_zorgfunctie(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A", v.functie(), v.functie(Zorgfunctie=v.andere, FunctieBudgetPeriode=EERSTE_HELFT))
    anders = v.besteding(Zorgfunctie=v.andere)
    return v.sluit(anders), v.sluit(anders | {"BestedingsPeriode": EERSTE_HELFT})


@pgbgeval("TR510", WJ)
def closed_over_days_that_were_replaced(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    v.grant("B", v.functie(FunctieBudgetPeriode=EERSTE_HELFT), oud="A")
    te_lang = v.besteding("B", BestedingsPeriode=NA_DE_HELFT)
    return v.sluit(te_lang), v.sluit(te_lang | {"RedenBudgetafsluiting": "3"})


@pgbgeval("TR512")
def more_was_spent(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    meer = {"FunctieBudgetBesteed": 100_001}
    return v.sluit(meer), v.sluit(meer | {"RedenBudgetafsluiting": "3"})


@pgbgeval("TR513", WJ)
def more_was_spent_freely(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A", v.functie(VerantwoordingsvrijBedrag=None))
    meer = {"VerantwoordingsvrijBedragBesteed": 1}
    return v.sluit(meer), v.sluit(meer | {"RedenBudgetafsluiting": "3"})


@pgbgeval("TR514")
def withdrawn_on_another_day(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    return v.ken_toe("B", v.weg(HALF), oud="A"), v.ken_toe("B", v.weg(BEGIN), oud="A")


@pgbgeval("TR562")
def replaces_what_was_not_granted(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    return v.ken_toe("C", v.functie(FunctieBudgetPeriode=VOLGEND_JAAR), oud="B"), v.ken_toe("C", oud="A")


@pgbgeval("TR574")
def granted_twice(v: Pgbverhaal) -> tuple[bytes, bytes]:
    v.grant("A")
    anders = v.functie(FunctieBudgetPeriode=VOLGEND_JAAR)
    return v.ken_toe("A", anders), v.ken_toe("B", anders)
