"""Over generated berichten: each rule of each level is broken by what breaks it, and by nothing else is another.

Levels 1 and 2 draw a bericht, a seed and a size. Levels 3 and 4 draw who the story is about, and what else happens
meanwhile between others: with the same numbers and the same client, in another standaard or with other partijen.
"""

from __future__ import annotations

from random import Random
from typing import Any

import gevallen3_declaratie
import gevallen3_zorg
import pytest
from gevallen3 import GEVALLEN, Geval
from gevallen4 import GEVALLEN4, contract
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from verhaal import AANBIEDER, ANDER_BSN, BSN, GEMEENTE, Verhaal

from istandaarden.catalogus import ingebouwd
from istandaarden.model import Berichtsoort
from istandaarden.regels.boek import number, regels, rules_for
from istandaarden.regels.niveau2_client import passes_elfproef
from istandaarden.toets import validate
from istandaarden.voorbeeld import breakable_rules, make_voorbeeld

assert gevallen3_zorg  # importing them notes their cases
assert gevallen3_declaratie

SOORTEN = [soort for soort in ingebouwd() if rules_for(soort)]
IN_BERICHT = sorted({code for soort in SOORTEN for code in breakable_rules(soort)})
GEMEENTEN = ["0014", "0193", "0518", "0599", "1930"]
STANDAARDEN = ["iwmo", "ijw"]

zaden = st.integers(0, 2**32 - 1)
bsns = st.sampled_from(
    [bsn for n in range(10_000) if passes_elfproef(bsn := f"99990{n:04}") and bsn not in {BSN, ANDER_BSN}]
)
agbs = st.integers(10_000, 99_999).map(lambda n: f"900{n}").filter(lambda code: code != AANBIEDER)


def sizes(soort: Berichtsoort) -> st.SearchStrategy[int]:
    return st.just(1) if number(soort) in {"319", "320"} else st.integers(1, 15)


@pytest.mark.parametrize("code", IN_BERICHT)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_rule_inside_a_bericht(code: str, data: st.DataObject) -> None:
    soort = data.draw(st.sampled_from([soort for soort in SOORTEN if code in breakable_rules(soort)]))
    bericht = make_voorbeeld(soort, grootte=data.draw(sizes(soort)), zaad=data.draw(zaden), fout=code)
    assert {bevinding.code for bevinding in validate(bericht, niveau=2).bevindingen} == {code}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_sample_that_breaks_nothing(data: st.DataObject) -> None:
    soort = data.draw(st.sampled_from(SOORTEN))
    bericht = make_voorbeeld(soort, grootte=data.draw(sizes(soort)), zaad=data.draw(zaden))
    assert validate(bericht, niveau=2).bevindingen == ()


class Drukte(Verhaal):
    """A story about others than usual, with berichten of yet others in between."""

    def __init__(self, standaard: str, namen: dict[str, str], zaad: int, contract_: str = "") -> None:
        self.namen = {oud.encode(): nieuw.encode() for oud, nieuw in namen.items()}
        super().__init__(standaard, contract_.replace(GEMEENTE, namen[GEMEENTE]).replace(AANBIEDER, namen[AANBIEDER]))
        self._dobbel = Random(zaad)  # noqa: S311 - repeatable, not secret
        ander = "ijw" if standaard == "iwmo" else "iwmo"
        self._anderen = [*self._elders(standaard, "0855", "90999999"), *self._elders(ander, *list(namen.values())[:2])]

    def bericht(self, nummer: str, inhoud: Any) -> bytes:
        return self._rename(super().bericht(nummer, inhoud))

    def zend(self, data: bytes) -> bytes:
        self._meanwhile()
        return super().zend(data)

    def _meanwhile(self) -> None:
        for _ in range(self._dobbel.randint(0, min(4, len(self._anderen)))):
            bericht = validate(self._anderen.pop(0), niveau=2).bericht
            assert bericht is not None
            self.keten.add(bericht)

    def _rename(self, data: bytes) -> bytes:
        for oud, nieuw in self.namen.items():
            data = data.replace(b">%b<" % oud, b">%b<" % nieuw)
        return data

    def _elders(self, standaard: str, gemeente: str, aanbieder: str) -> list[bytes]:
        """A whole case of the same client, with the same numbers, that is none of our business."""
        v = Verhaal(standaard)
        berichten = [v.vraag(), v.antwoord("2"), v.wijs_toe(), v.start(), v.stop(), v.declareer()]
        namen = self.namen | {GEMEENTE.encode(): gemeente.encode(), AANBIEDER.encode(): aanbieder.encode()}
        for oud, nieuw in namen.items():
            berichten = [bericht.replace(b">%b<" % oud, b">%b<" % nieuw) for bericht in berichten]
        return berichten


@st.composite
def stories(draw: st.DrawFn, gevallen: list[tuple[str, Geval]], code: str) -> tuple[str, Geval, dict[str, str], int]:
    verhaal = draw(st.sampled_from([verhaal for geval, verhaal in gevallen if geval == code]))
    bsn, ander = draw(st.lists(bsns, min_size=2, max_size=2, unique=True))
    namen = {GEMEENTE: draw(st.sampled_from(GEMEENTEN)), AANBIEDER: draw(agbs), BSN: bsn, ANDER_BSN: ander}
    return draw(st.sampled_from(STANDAARDEN)), verhaal, namen, draw(zaden)


def check(v: Drukte, verhaal: Geval, code: str) -> None:
    fout, goed = verhaal(v)
    v._meanwhile()
    assert set(v.codes(fout)) == {code}
    assert v.codes(goed) == []


@pytest.mark.parametrize("code", sorted({code for code, _ in GEVALLEN}))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_rule_across_berichten(code: str, data: st.DataObject) -> None:
    standaard, verhaal, namen, zaad = data.draw(stories(GEVALLEN, code))
    check(Drukte(standaard, namen, zaad), verhaal, code)


@pytest.mark.parametrize("code", sorted({code for code, _ in GEVALLEN4}))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_rule_against_a_register(code: str, data: st.DataObject) -> None:
    standaard, verhaal, namen, zaad = data.draw(stories(GEVALLEN4, code))
    v = Drukte(standaard, namen, zaad, contract(Verhaal(standaard)))
    v.zend(v.wijs_toe())
    check(v, verhaal, code)


def test_every_rule_is_among_them() -> None:
    gedekt = {*IN_BERICHT, *(code for code, _ in (*GEVALLEN, *GEVALLEN4))}
    eigen = {code for (code, _), regel in regels().items() if regel.standaard in {"iwmo", "ijw"}}
    assert eigen - gedekt == {"RS003", "RS039"}  # attached to no element in 3.2
