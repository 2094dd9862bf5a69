"""Every rule of level 3 on both standaarden: a story whose last bericht breaks just that rule, and one that fits.

A case gives the bericht that breaks the rule and the one that does not, after what it sent before.
"""

from __future__ import annotations

from datetime import date

import gevallen3_declaratie
import gevallen3_zorg
import pytest
from gevallen3 import GEVALLEN, Geval
from verhaal import BSN, Verhaal

from istandaarden.catalogus import ingebouwd
from istandaarden.regels.boek import regels, rules_for

assert gevallen3_zorg  # importing them notes their cases
assert gevallen3_declaratie


@pytest.mark.parametrize("standaard", ["iwmo", "ijw"])
@pytest.mark.parametrize(("code", "verhaal"), GEVALLEN, ids=lambda deel: getattr(deel, "__name__", deel))
def test_names_exactly_the_rule_that_is_broken(code: str, verhaal: Geval, standaard: str) -> None:
    v = Verhaal(standaard)
    fout, goed = verhaal(v)
    bevindingen = v.judge(fout).bevindingen
    regel = regels()[code, standaard]
    assert {b.code for b in bevindingen} == {code}
    for bevinding in bevindingen:
        assert (bevinding.niveau, bevinding.retourcode) == (3, regel.retourcode)
        assert bevinding.melding.startswith(f"Regel overtreden: {regel.stelling}")
        assert bevinding.melding.endswith(regel.advies)
        assert bevinding.regel > 0
    assert v.codes(goed) == []


def test_no_rule_is_missing() -> None:
    niveau3 = {code for (code, _), regel in regels().items() if regel.niveau == 3 and regel.standaard != "ipgb"}
    assert len(niveau3) == 52
    assert niveau3 == {code for code, _ in GEVALLEN}


def test_no_bericht_is_missing() -> None:
    """Each rule is broken in every bericht it is about, on both standaarden; TR019 in a stop never comes alone."""
    soorten = [soort for soort in ingebouwd() if soort.standaard in {"iwmo", "ijw"}]
    te_breken = {(regel.code, soort.code) for soort in soorten for regel in rules_for(soort) if regel.niveau == 3}
    gebroken = set()
    for code, verhaal in GEVALLEN:
        for standaard in ("iwmo", "ijw"):
            v = Verhaal(standaard)
            soort = v.judge(verhaal(v)[0]).berichtsoort
            assert soort is not None
            gebroken.add((code, soort.code))
    assert te_breken - gebroken == {("TR019", "WMO307"), ("TR019", "JW307")}


@pytest.mark.parametrize("standaard", ["iwmo", "ijw"])
def test_a_stop_without_toewijzing_has_no_start_either(standaard: str) -> None:
    v = Verhaal(standaard)
    v.zend(v.wijs_toe())
    v.zend(v.start())
    assert v.codes(v.stop({"ToewijzingNummer": "101"})) == ["TR019", "TR382"]


def _delete(v: Verhaal) -> bytes:
    weg = v.toewijzing(Toewijzingsdatum=date(2026, 1, 9), RedenWijziging="13", Einddatum=date(2026, 1, 1))
    return v.wijs_toe(weg, dag=date(2026, 1, 10))


def test_a_stop_can_still_be_sent_on_a_deleted_toewijzing() -> None:
    v = Verhaal("ijw")
    v.zend(v.wijs_toe())
    v.zend(v.start())
    v.zend(_delete(v))
    v.zend(v.stop())


def test_without_levels_3_and_4_nothing_is_said_about_them() -> None:
    v = Verhaal("iwmo")
    assert BSN.encode() in (bericht := v.declareer())
    assert v.codes(bericht) == ["TR304"]
