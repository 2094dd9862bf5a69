"""The rule in a finding of level 1, where a value breaks more than one thing at a time or nothing that has a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from istandaarden.catalogus import ingebouwd
from istandaarden.toets import validate
from istandaarden.voorbeeld import make_voorbeeld

Maker = Callable[..., Any]
_PRODUCT = "Client/ToegewezenProducten/ToegewezenProduct"


@pytest.mark.parametrize(
    ("pad", "waarde", "code"),
    [
        ("Client/Bsn", "", "RS007"),
        ("Client/Bsn", "1234567890", "RS015"),  # too long, and not nine digits
        ("Client/Bsn", "12345678", "RS037"),
        ("Header/BerichtCode", "4140", "RS010"),
        ("Header/BerichtCode", "415", "RS047"),
        ("Header/BerichtVersie", -1, "RS001"),
        ("Header/BerichtVersie", 100, "RS002"),
        ("Header/BerichtVersie", 2, "CS025"),
        ("Header/BerichtSubversie", 3, "CS015"),
        ("Header/BerichtVersie", "drie", "XSD"),
        ("Header/Ontvanger", "424200011", "RS014"),
        ("Header/Ontvanger", "4242000X", "RS036"),
        ("Client/Geslacht", "12", "RS008"),
        ("Client/Geslacht", "7", "XSD"),  # short enough, but not in the list
        ("Client/Commentaar", "  \n", "RS031"),
        ("Client/Naam/Geslachtsnaam/Achternaam", " ", "RS033"),
        ("Client/Naam/Geslachtsnaam/Achternaam", "op\ntwee regels", "RS033"),
        (f"{_PRODUCT}/Ingangsdatum", "2025-07-01Z", "RS032"),
        (f"{_PRODUCT}/Ingangsdatum", "2025-06-31", "XSD"),
        (f"{_PRODUCT}/Toewijzingstijd", "12:00:00+01:00", "RS034"),
        (f"{_PRODUCT}/Omvang/Volume", 100_000_000, "RS005"),
        (f"{_PRODUCT}/ToewijzingNummer", 1_000_000_000, "RS006"),
    ],
)
def test_which_rule_a_value_breaks(proef: Maker, pad: str, waarde: Any, code: str):
    [bevinding] = proef("WMO301").set(pad, waarde).judge().bevindingen
    assert (bevinding.code, bevinding.niveau, bevinding.retourcode) == (code, 1, None)


def test_a_declaratienummer_is_narrower_in_the_declaratie_than_in_its_antwoord(proef: Maker):
    assert proef("JW323").set("Declaratie/DeclaratieNummer", "D-1").codes == {"CS319"}
    assert proef("JW325").set("DeclaratieAntwoord/DeclaratieNummer", "D-1").codes == set()


def test_no_rule_is_named_for_a_release_without_rules():
    soort = ingebouwd().find("WMO305", "2.3")
    data = make_voorbeeld(soort).replace(b"<iwmo:Achternaam>", b"<iwmo:Achternaam>\n", 1)
    assert {bevinding.code for bevinding in validate(data, niveau=2).bevindingen} == {"XSD"}
