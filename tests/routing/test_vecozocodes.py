"""The codes of VECOZO: complete in both generations, translated in both directions, and VECOZO stays the melder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from routing.fouten import GENERATIES, oorzaken
from routing.vecozocodes import from_vecozo, to_vecozo, vecozocodes

_PAGINA = Path(__file__).parents[2] / "docs" / "koppelingen.md"


@pytest.mark.parametrize("code", vecozocodes())
def test_every_code_has_a_cause_of_ours_and_fits_the_schema(code: str) -> None:
    bekend = vecozocodes()[code]
    assert bekend.oorzaak in oorzaken()
    for generatie in GENERATIES:
        fout = from_vecozo(code, "iets", generatie)
        assert 1 <= len(fout.code) <= 7
        assert len(fout.omschrijving) <= 200
        assert (fout.melder, fout.plek) == ("VECOZO", "client")
        assert fout.toelichting == f"VECOZO meldde {code}: iets"


def test_the_code_is_that_of_the_generation_of_the_zender() -> None:
    assert from_vecozo("BRS04", "", "B").code == "IB010"
    assert from_vecozo("BRS04", "", "A").code == "BRS04"
    assert from_vecozo("BRS13", "", "A").code == "CC02"
    assert from_vecozo("BRS114", "", "B").code == "IB016"


@pytest.mark.parametrize(
    ("code", "past"),
    [("IB011", "IB011"), ("XYZ999", "XYZ999"), ("VECMELD001", "KNP002"), (None, "KNP002"), ("", "KNP002")],
)
def test_a_code_we_do_not_know_is_passed_on_when_it_fits(code: str | None, past: str) -> None:
    fout = from_vecozo(code, "zo gaat het niet", "B")
    assert fout.code == past
    assert "zo gaat het niet" in fout.toelichting
    assert fout.oorzaak == "geweigerd_door_ontvanger"


def test_a_long_text_is_cut() -> None:
    assert len(from_vecozo("BRS04", "x" * 100_000, "B").toelichting) <= 1000


def test_a_cause_of_ours_has_the_code_that_vecozo_gives_it() -> None:
    assert to_vecozo("ontvanger_niet_aangesloten") == "BRS04"
    assert to_vecozo("payload_ongeldig") == "BRS13"
    assert to_vecozo("bezorging_gestaakt") is None
    assert to_vecozo("geweigerd_door_ontvanger") is None


def test_the_page_lists_every_code() -> None:
    rijen = re.findall(r"^\| (BRS[0-9]+) \| (\S+) \| (\S+) \| `(\w+)` \|", _PAGINA.read_text("utf-8"), re.MULTILINE)
    assert rijen == [(c.code, c.generaties["A"], c.generaties["B"], c.oorzaak) for c in vecozocodes().values()]
