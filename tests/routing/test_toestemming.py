"""Who may look up what: denied unless partij, law, purpose and case are all in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from routing.bsn import holds_bsn
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

_BSN, _ANDER = "999990019", "999990342"
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
        (_GEMEENTE, replace(_GOED, reden=f"zus van {_ANDER}"), Weigergrond.REDEN),
        (replace(_GEMEENTE, persoon=_ANDER), _GOED, Weigergrond.PERSOON),
        (replace(_GEMEENTE, persoon=f"1{_BSN}"), replace(_GOED, doel=""), Weigergrond.PERSOON),
        (replace(_GEMEENTE, partij=_ANDER), _GOED, Weigergrond.MACHTIGING),
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
    assert not any(bsn in str(fout.value) for bsn in (_BSN, _ANDER))


@pytest.mark.parametrize("tekst", [_ANDER, "Z-999.990.342", "9999 90 342"])
def test_a_question_about_nobody_in_particular_names_nobody_either(tekst: str) -> None:
    for grond, aanleiding in (
        (Weigergrond.ZAAKKENMERK, replace(_GOED, zaakkenmerk=tekst)),
        (Weigergrond.REDEN, replace(_GOED, reden=tekst)),
    ):
        with pytest.raises(GeenToestemming, match=f"In het veld {grond} mag geen BSN staan") as fout:
            authorise(_REGISTER, _GEMEENTE, aanleiding, _DAG, "")
        assert fout.value.grond is grond


def test_a_bsn_is_found_however_it_is_written() -> None:
    for tekst in (
        "999990342",
        "C-999990342",
        "bsn999990342x",
        "999-990-342",
        "999.990.342",
        "9999.90.342",
        "99999034-2",
        "999 - 990 - 342",
        "9 9 9 9 9 0 3 4 2",
        "999\u00a0990\u2013342",
        "\uff19\uff19\uff19\uff19\uff19\uff10\uff13\uff14\uff12",
        "\u0669\u0669\u0669\u0669\u0669\u0660\u0663\u0664\u0662",
        "Z-17/999990342/2026",
        "2026-11-999.990.342",
        "010000008",
    ):
        assert holds_bsn(tekst), tekst
    for tekst in ("1999990342", "99999/0342", "x9y9z9 999 0342", "9.9.9.9.9-0-3-4-2-1"):
        assert holds_bsn(tekst, _ANDER), tekst
    assert holds_bsn("cliënt 10000008", "010000008")
    assert not holds_bsn("cliënt 10000008")


def test_an_ordinary_kenmerk_is_taken_for_no_bsn() -> None:
    """Each row is one of which a looser rule would refuse some: all windows of nine digits, or of eight."""
    for n in range(2000):
        for tekst in (
            f"2026-{n:07}",
            f"Z2026/{n:05}",
            f"{n:05}-2026",
            f"2026{n:06}",
            f"06{n:06}",
            f"AGB 06-{n:06}",
            f"oin:{1_999_999_990_000 + n:020}",
            f"06-1234{n:04}",
            f"{n:08d}-e29b-41d4-a716-4466{n:08d}",
            f"{n:08d}e29b41d4a7164466{n:08d}",
        ):
            assert not holds_bsn(tekst), tekst
    for tekst in ("", "Z-17", "000000000", "999990343", "op 25-11-2026", "woont sinds 1-2-2024 in een instelling"):
        assert not holds_bsn(tekst), tekst


def test_a_law_that_is_off_refuses_even_who_has_the_machtiging() -> None:
    register = Register.of((), (), [Machtiging("0344", Richting.BEVRAGEN, "wlz-toets:jeugdwet")])
    with pytest.raises(GeenToestemming, match="mag voor de wet jeugdwet niet") as fout:
        authorise(register, _GEMEENTE, Aanleiding("wlz-toets", Wet.JEUGDWET, "aanvraag", "Z1", "twijfel"), _DAG, _BSN)
    assert fout.value.grond is Weigergrond.WET


def test_a_wlz_toets_says_why_by_whatever_way_it_is_asked() -> None:
    register = Register.of((), (), [Machtiging("0344", Richting.BEVRAGEN, "wlz-toets:wmo")])
    vraag = Aanleiding("wlz-toets", Wet.WMO, "aanvraag", "Z1", "woont in een instelling")
    for weg in Weg:
        wie = replace(_GEMEENTE, weg=weg)
        assert authorise(register, wie, vraag, _DAG, _BSN).aanleiding == vraag
        for reden in ("", "  ", "-"):
            with pytest.raises(GeenToestemming, match="is een reden nodig") as fout:
                authorise(register, wie, replace(vraag, reden=reden), _DAG, _BSN)
            assert fout.value.grond is Weigergrond.REDEN
    assert [naam for naam, dienst in diensten().items() if dienst.reden] == ["wlz-toets"]


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
