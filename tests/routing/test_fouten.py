"""The fault table: complete in both generations, and within the lengths of the StUF schema."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from routing import fouten
from routing.bericht import Berichtcode, Envelop, Foutinhoud, Parameters, Stuurgegevens, Systeem
from routing.foutbericht import make_inhoud, write_body
from routing.fouten import Fout

_PAGINA = Path(__file__).parents[2] / "docs" / "foutcodes.md"


@pytest.mark.parametrize("oorzaak", fouten.oorzaken().values(), ids=lambda o: o.naam)
def test_every_cause_fits_the_schema_in_both_generations(oorzaak: fouten.Oorzaak) -> None:
    envelop = Envelop(
        Stuurgegevens(
            Berichtcode.DI01, Systeem("0363", "App"), Systeem("90000001", "GGk"), "r", "20260101", None, "WMO301"
        ),
        Parameters("0001", "0000", "0003", "0002"),
    )
    for generatie in fouten.GENERATIES:
        fout = fouten.make_fout(oorzaak.naam, generatie, "Dit is een zeer lange uitleg. " * 40)
        inhoud = make_inhoud(fout, envelop)
        assert 1 <= len(inhoud.code) <= 7
        assert inhoud.plek in ("client", "server")
        assert len(inhoud.omschrijving) <= 200
        assert inhoud.details == "WMO301-00030002"
        assert oorzaak.wat_te_doen in fout.toelichting


def test_synchronous_faults_are_the_kind_3_codes_of_stuf_or_our_size_and_reference_checks() -> None:
    codes = {o.codes[g][0] for o in fouten.oorzaken().values() if o.synchroon for g in fouten.GENERATIES}
    assert codes == {
        "StUF010", "StUF013", "StUF016", "StUF022", "StUF043", "StUF046", "StUF055", "IB001", "IB003", "IB007", "IB009",
        "KNP004",
    }  # fmt: skip


def test_the_page_lists_every_cause_with_its_codes_and_advice() -> None:
    tekst = _PAGINA.read_text(encoding="utf-8")
    for oorzaak in fouten.oorzaken().values():
        rij = next(r for r in tekst.splitlines() if r.startswith(f"| `{oorzaak.naam}` |"))
        for code, melder, _ in oorzaak.codes.values():
            assert f"{code} ({melder})" in rij
        assert oorzaak.omschrijving in rij
        assert oorzaak.wat_te_doen in rij


def test_the_page_lists_no_cause_that_is_gone() -> None:
    genoemd = set(re.findall(r"^\| `(\w+)` \|", _PAGINA.read_text(encoding="utf-8"), re.MULTILINE))
    assert genoemd == set(fouten.oorzaken())


def test_a_text_of_another_that_no_xml_can_hold_can_be_written():
    fout = Fout("geweigerd_door_ontvanger", "IB\x00012", "90000001", "client", "fout\x00x", "a\ud800b\x0b")
    assert (fout.code, fout.omschrijving, fout.toelichting) == ("IB\ufffd012", "fout\ufffdx", "a\ufffdb\ufffd")
    inhoud = Foutinhoud(fout.code, fout.plek, fout.omschrijving)
    assert etree.fromstring(write_body(inhoud, fout.toelichting, ())).findtext(".//{*}omschrijving") == "fout\ufffdx"
