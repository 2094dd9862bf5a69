"""The reference: what stands on a page, and what it says of a package or of what differs between standaarden."""

from __future__ import annotations

import re

import pytest

from istandaarden.catalogus import Catalogus, ingebouwd
from istandaarden.model import Berichtmodel, Samengesteld
from istandaarden.naslag.naslagwerk import write_reference
from istandaarden.naslag.opmaak import anchor, code, table
from istandaarden.regels.boek import rules_for

PAGINAS = write_reference(ingebouwd())


def elements(soort: Samengesteld) -> set[str]:
    return {element.naam for element in soort.elementen}.union(
        *(elements(element.type) for element in soort.elementen if isinstance(element.type, Samengesteld))
    )


@pytest.mark.parametrize("model", ingebouwd().models(), ids=lambda model: f"{model.soort.code} {model.soort.release}")
def test_every_element_and_rule_of_every_bericht_is_on_its_page(model: Berichtmodel):
    [tekst] = (
        tekst
        for naam, tekst in PAGINAS.items()
        if naam.endswith(f"-{model.soort.release}/{model.soort.code[-3:]}.md") and f"| {model.soort.code}" in tekst
    )
    assert elements(model.wortel) <= set(re.findall(r"^\| (\w+) \| [01n.]+ \|", tekst, re.MULTILINE))
    regels = {regel.code for regel in rules_for(model.soort) if regel.soort != "RS"}
    assert regels <= set(re.findall(r"^\| ([A-Z]{2}\d+) \|", tekst, re.MULTILINE))
    assert ("**Reconstructie.**" in tekst) == model.soort.reconstructie


def test_what_differs_between_two_standaarden_says_where_it_holds():
    regels = PAGINAS["iwmo-ijw-3.2/301.md"].splitlines()
    codes = [regel for regel in regels if regel.startswith("| BerichtCode |")]
    assert [(regel.split(" | ")[3], regel.split(" | ")[4].rstrip(" |")) for regel in codes] == [
        ("vast: `414`", "WMO301"),
        ("vast: `436`", "JW301"),
    ]
    assert "| Bsn | 1 | [LDT\\_BurgerServicenummer](typen.md#ldt_burgerservicenummer) | precies 9 cijfers |" in regels


def test_a_key_stands_with_its_klasse_and_only_where_a_rule_guards_it():
    sleutel = "Sleutel: `ToewijzingNummer` (TR101)."
    assert sleutel in PAGINAS["iwmo-ijw-3.2/301.md"]
    assert not any(
        "Sleutel" in tekst
        for naam, tekst in PAGINAS.items()
        if not {"3.2", "2.1"} & set(naam.partition("/")[0].split("-"))
    )


def test_a_list_shows_every_code_with_its_meaning():
    tekst = PAGINAS["iwmo-ijw-3.2/codelijsten.md"]
    for model in ingebouwd().models():
        if model.soort.release == "3.2":
            for soort in model.basis.logisch.values():
                assert all(f"| {code(waarde)} | " in tekst for waarde in soort.waarden)


def test_a_bericht_without_a_model_has_a_page_that_says_so(monkeypatch: pytest.MonkeyPatch):
    """A package may bring a schema that says what no model can say."""
    catalogus = Catalogus(ingebouwd().models())
    find = catalogus.find_model
    monkeypatch.setattr(catalogus, "find_model", lambda soort: None if soort.code.endswith("319") else find(soort))
    tekst = write_reference(catalogus)["iwmo-ijw-3.2/319.md"]
    assert "| berichtcode | `482` | `488` |" in tekst
    assert "De opbouw staat alleen in het schema van het pakket." in tekst
    assert "| CD085 |" in tekst


def test_cells_cannot_break_a_table():
    assert list(table(["a", "leeg"], [[code("(0|1)"), ""]])) == ["| a |", "|---|", "| `(0\\|1)` |", ""]
    assert list(table(["a"], [])) == []
    assert anchor("CDT_Naam (2)") == "cdt_naam-2"
