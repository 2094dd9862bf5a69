"""Where iWmo and iJw differ at level 3: help in the household (TR321), and hulpmiddelen that may stack (TR361)."""

from __future__ import annotations

from datetime import date

import pytest
from verhaal import Verhaal, maand


@pytest.mark.parametrize(("categorie", "mag"), [("01", 6), ("02", 5)])
def test_household_help_may_be_declared_for_six_weeks(categorie: str, mag: int) -> None:
    v = Verhaal("iwmo")
    product = {"Categorie": categorie, "Code": "01A05"}
    v.zend(v.wijs_toe(v.toewijzing(Product=product, Omvang={"Volume": 1, "Eenheid": "04", "Frequentie": "2"})))
    deel = {"ProductCategorie": categorie, "ProductCode": "01A05", "ProductPeriode": maand(2026, 2)}
    assert v.codes(v.declareer(v.prestatie(GeleverdVolume=mag, **deel))) == []
    assert v.codes(v.declareer(v.prestatie(GeleverdVolume=mag + 1, **deel))) == ["TR321"]


def test_hulpmiddelen_may_stack_in_iwmo_only() -> None:
    v = Verhaal("iwmo")
    product = {"Categorie": "11", "Code": "11X00"}
    v.zend(v.wijs_toe(v.toewijzing(Product=product)))
    later = {"GewensteIngangsdatum": date(2026, 8, 1)}
    assert v.codes(v.vraag_wijziging(blijft=["100"], nieuw=[{"Product": product, **later}])) == []
    ander = {"Product": None, "Omvang": None, "Budget": 100}
    assert v.codes(v.vraag_wijziging(blijft=["100"], nieuw=[ander])) == []  # a pair with a hulpmiddel in it
