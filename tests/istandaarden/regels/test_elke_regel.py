"""Every rule of levels 1 and 2: berichten that break just that one, and berichten that break none."""

from __future__ import annotations

from random import Random

import pytest

from istandaarden.catalogus import ingebouwd
from istandaarden.model import Berichtsoort, Samengesteld
from istandaarden.opbouw import build
from istandaarden.regels.boek import number, regels, rules_for
from istandaarden.toets import validate
from istandaarden.voorbeeld import breakable_rules, make_voorbeeld
from istandaarden.voorbeeldinhoud import VERHALEN, Verteller
from istandaarden.voorbeeldwaarden import fit

SOORTEN = [soort for soort in ingebouwd() if rules_for(soort)]
HEEN = [soort for soort in SOORTEN if number(soort) in VERHALEN]
NOOIT = {
    ("TR101", "WMO319"): "there is one Antwoord, so nothing is there twice",
    ("TR101", "JW319"): "there is one Antwoord, so nothing is there twice",
    ("CS318", "WMO301"): "in iWmo it is part of CS050",
}


def _sizes(soort: Berichtsoort) -> tuple[int, ...]:
    return (1,) if number(soort) in {"319", "320"} else (1, 3)


def _types(soort: Samengesteld) -> set[str]:
    """Names of the logical types of a bericht."""
    namen: set[str] = set()
    for element in soort.elementen:
        namen |= _types(element.type) if isinstance(element.type, Samengesteld) else {element.type.naam}
    return namen


@pytest.mark.parametrize("code", sorted({code for code, _ in regels()}))
def test_names_exactly_the_rule_that_is_broken(code: str):
    toegepast = [soort for soort in SOORTEN if code in breakable_rules(soort)]
    for soort in toegepast:
        regel = regels()[code, soort.standaard]
        for zaad in range(4 if regel.niveau == 2 else 1):
            for grootte in _sizes(soort):
                data = make_voorbeeld(soort, grootte=grootte, zaad=zaad, fout=code)
                bevindingen = validate(data, niveau=2).bevindingen
                assert {b.code for b in bevindingen} == {code}, (str(soort), zaad, grootte, bevindingen)
                for bevinding in bevindingen:
                    assert (bevinding.niveau, bevinding.retourcode) == (regel.niveau, regel.retourcode)
                    assert bevinding.regel > 0
                    assert bevinding.plaats.startswith("/Bericht/")
                    assert bevinding.melding.endswith(".")
                    if regel.niveau == 2:
                        assert bevinding.melding.startswith(f"Regel overtreden: {regel.stelling}")
                        assert bevinding.melding.endswith(regel.advies)
                assert validate(data).geldig is (regel.niveau == 2)


@pytest.mark.parametrize("soort", SOORTEN, ids=lambda soort: soort.code)
def test_every_rule_about_a_bericht_can_be_broken_in_it(soort: Berichtsoort):
    te_breken = set(breakable_rules(soort))
    gebruikt = _types(ingebouwd().model(soort).wortel)
    for regel in rules_for(soort):
        if regel.niveau > 2 or (regel.code, soort.code) in NOOIT:
            assert regel.code not in te_breken
        elif regel.soort == "RS" and "LDT_" in regel.elementen:
            typen = {deel.removeprefix("LDT_") for deel in regel.elementen.split(",")}
            assert (regel.code in te_breken) is bool(typen & gebruikt), regel.code
        elif regel.mechanisch:
            assert regel.code in te_breken, regel.code


@pytest.mark.parametrize("soort", SOORTEN, ids=lambda soort: soort.code)
def test_a_sample_breaks_no_rule(soort: Berichtsoort):
    for zaad in range(12):
        for grootte in _sizes(soort):
            assert validate(make_voorbeeld(soort, grootte=grootte, zaad=zaad), niveau=2).bevindingen == ()


@pytest.mark.parametrize("soort", HEEN, ids=lambda soort: soort.code)
def test_the_passing_counterpart(soort: Berichtsoort):
    """What the broken samples are made from, with everything that rules look at in it, breaks none."""
    model = ingebouwd().model(soort)
    for zaad in range(12):
        for grootte in _sizes(soort):
            dobbel = Random(zaad)  # noqa: S311 - repeatable, not secret
            verteller = Verteller(model, dobbel, grootte, rijk=True)
            inhoud = {"Header": verteller.header(), **VERHALEN[number(soort)](verteller)}
            data = build(soort, fit(model.wortel, inhoud, dobbel))
            assert validate(data, niveau=2).bevindingen == ()


def test_every_rule_is_checked_or_has_a_reason_not_to_be():
    for (code, standaard), regel in regels().items():
        if regel.niveau == 1 and regel.mechanisch:
            assert any(code in breakable_rules(soort) for soort in SOORTEN if soort.standaard == standaard)
        elif regel.toets is None:
            assert regel.gedekt_door or regel.noot, (code, standaard)
            assert all(dekker == "XSD" or (dekker, standaard) in regels() for dekker in regel.gedekt_door)
        else:
            assert regel.advies.endswith("."), code
