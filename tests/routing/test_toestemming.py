"""Who may look up what: denied unless partij, law, purpose and case are all in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from routing.dienst import Dienst, Wet, diensten, grants
from routing.partij import Machtiging, Richting
from routing.register import Register
from routing.registerimport import Importfout, parse_csv, parse_toml
from routing.toestemming import (
    Aanleiding,
    Aanvrager,
    GeenToestemming,
    Toestemming,
    Weg,
    Weigergrond,
    authorise,
)

_BSN = "999990019"
_DAG = date(2026, 11, 25)
_GEMEENTE = Aanvrager("0344", "oin:00000001999999990344", Weg.API)
_REGISTER = Register.of((), (), [Machtiging("0344", Richting.BEVRAGEN, "woonplaats:jeugdwet")])
_GOED = Aanleiding("woonplaats", Wet.JEUGDWET, "toewijzing", "Z-2026/17")


def test_with_machtiging_law_purpose_and_case_there_is_toestemming() -> None:
    toestemming = authorise(_REGISTER, _GEMEENTE, _GOED, _DAG, _BSN)
    assert (toestemming.aanvrager, toestemming.aanleiding, toestemming.dienst.naam) == (_GEMEENTE, _GOED, "woonplaats")


@pytest.mark.parametrize(
    ("aanvrager", "aanleiding", "grond"),
    [
        (replace(_GEMEENTE, partij="0363"), _GOED, Weigergrond.MACHTIGING),
        (_GEMEENTE, replace(_GOED, dienst="onzin"), Weigergrond.DIENST),
        (_GEMEENTE, replace(_GOED, dienst="woonplaats-batch"), Weigergrond.MACHTIGING),
        (_GEMEENTE, replace(_GOED, wet=Wet.WMO), Weigergrond.MACHTIGING),
        (_GEMEENTE, replace(_GOED, doel=""), Weigergrond.DOEL),
        (_GEMEENTE, replace(_GOED, doel="nieuwsgierig"), Weigergrond.DOEL),
        (_GEMEENTE, replace(_GOED, zaakkenmerk=""), Weigergrond.ZAAKKENMERK),
        (_GEMEENTE, replace(_GOED, zaakkenmerk="a\nb"), Weigergrond.ZAAKKENMERK),
        (_GEMEENTE, replace(_GOED, zaakkenmerk="x" * 61), Weigergrond.ZAAKKENMERK),
        (_GEMEENTE, replace(_GOED, zaakkenmerk=f"Z-{_BSN}"), Weigergrond.ZAAKKENMERK),
        (_GEMEENTE, replace(_GOED, reden="9999.90.019 vraagt hulp"), Weigergrond.REDEN),
        (_GEMEENTE, replace(_GOED, reden="x" * 501), Weigergrond.REDEN),
        (_GEMEENTE, replace(_GOED, reden="a\x00b"), Weigergrond.REDEN),
    ],
)
def test_each_thing_that_is_not_in_order_is_a_ground_of_its_own(
    aanvrager: Aanvrager, aanleiding: Aanleiding, grond: Weigergrond
) -> None:
    with pytest.raises(GeenToestemming) as fout:
        authorise(_REGISTER, aanvrager, aanleiding, _DAG, _BSN)
    assert fout.value.grond is grond
    assert _BSN not in str(fout.value)


def test_a_law_that_is_off_refuses_even_who_has_the_machtiging() -> None:
    register = Register.of((), (), [Machtiging("0344", Richting.BEVRAGEN, "wlz-toets:jeugdwet")])
    with pytest.raises(GeenToestemming, match="mag voor de wet jeugdwet niet") as fout:
        authorise(register, _GEMEENTE, Aanleiding("wlz-toets", Wet.JEUGDWET, "aanvraag", "Z1"), _DAG, _BSN)
    assert fout.value.grond is Weigergrond.WET


@pytest.mark.parametrize(("later", "mag"), [(0, True), (1, False)])
def test_a_law_counts_from_its_first_day(later: int, mag: bool) -> None:  # noqa: FBT001 - a row of the table
    dienst = Dienst("x", "", "", (), {Wet.JEUGDWET: _DAG + timedelta(days=later)}, {})
    assert dienst.is_allowed(Wet.JEUGDWET, _DAG) is mag
    assert not dienst.is_allowed(Wet.WMO, _DAG)


def test_a_machtiging_for_berichten_is_none_for_lookups() -> None:
    register = Register.of((), (), [Machtiging("0344", richting, "*") for richting in ("zenden", "ontvangen")])  # type: ignore[arg-type]
    with pytest.raises(GeenToestemming):
        authorise(register, _GEMEENTE, _GOED, _DAG, _BSN)


def test_nobody_makes_a_toestemming_himself() -> None:
    with pytest.raises(TypeError):
        Toestemming(_GEMEENTE, _GOED, diensten()["woonplaats"], object())


def test_every_dienst_says_why_what_for_and_what() -> None:
    assert len(diensten()) >= 5
    for dienst in diensten().values():
        assert dienst.grondslag
        assert dienst.gegevens
        assert dienst.doelen
        assert all(dienst.doelen.values())
        assert any(dienst.wetten.values())
    assert diensten()["wlz-toets"].wetten[Wet.JEUGDWET] is None


_PARTIJ = '[[partij]]\ncode = "0344"\nidentiteiten = ["oin:00000001999999990344"]\nurl = "https://x.nl/"\n'


def test_the_import_takes_lookups_beside_berichten_and_only_in_full() -> None:
    (een,) = parse_toml(_PARTIJ + 'mag_zenden = ["WMO*"]\nmag_bevragen = ["woonplaats:jeugdwet"]')
    assert [(m.richting, m.berichtsoort) for m in een.machtigingen] == [
        (Richting.ZENDEN, "WMO*"),
        (Richting.BEVRAGEN, "woonplaats:jeugdwet"),
    ]
    (een,) = parse_csv(f"code;mag_bevragen\n0344;{' '.join(grants())}")
    assert [m.berichtsoort for m in een.machtigingen] == list(grants())
    for fout in ("*", "woonplaats", "woonplaats:*", "WMO301"):
        with pytest.raises(Importfout, match="geen dienst onder een wet"):
            parse_toml(_PARTIJ + f'mag_bevragen = ["{fout}"]')
