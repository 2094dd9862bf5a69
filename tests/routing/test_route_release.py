"""The step `release` of the decision: who may send what when, and what waits for its ontvanger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from istandaarden.releases import Kalender, Moment, Momenten, ingebouwd
from routing.bericht import Aanlevering, Berichtcode, Envelop, Identiteit, Parameters, Stuurgegevens, Systeem
from routing.functies import functies
from routing.partij import Aansluiting, Kanaal, Machtiging, Partij, Partijsoort, Protocol, Richting
from routing.payload import Payload
from routing.register import Register
from routing.route import Besluit, Verwezen, decide

_GEMEENTE, _AANBIEDER = "0363", "90000001"
_CERT = Identiteit("1" * 20, "aa" * 32)
_OM = datetime(2027, 4, 5, 11, tzinfo=UTC)  # 13:00 in the Netherlands
_TIK = timedelta(milliseconds=1)


def _decide(
    kalender: Kalender, moment: datetime, functie: str = "WMO301", versie: str = "3.2", generatie: str = "B"
) -> Besluit:
    """Decide on a bericht between gemeente and aanbieder, in the direction in which it travels."""
    soort = functies()[functie, versie]
    van, naar = (_GEMEENTE, _AANBIEDER) if soort.van == "gemeente" else (_AANBIEDER, _GEMEENTE)
    register = Register.of(
        [Partij(_AANBIEDER, Partijsoort.ZORGAANBIEDER, "Zorg voor Elkaar")],
        [
            Aansluiting(code, (f"oin:{_CERT.oin}",), Kanaal.PUSH, Protocol.STUF, f"https://{code}.test/", generatie)
            for code in (_GEMEENTE, _AANBIEDER)
        ],
        [Machtiging(code, richting, "*") for code in (_GEMEENTE, _AANBIEDER) for richting in Richting],
        kalender=kalender,
    )
    berichtcode = next(iter(soort.berichtcodes & {Berichtcode.DI01} or soort.berichtcodes))
    verwezen = None
    if berichtcode is Berichtcode.DU01:
        verwacht = soort.berichtsoort.antwoord_op if soort.berichtsoort else None
        verwezen = Verwezen("id", naar, van, verwacht, Berichtcode.DI01, "conversatie")
    sg = Stuurgegevens(
        berichtcode=berichtcode,
        zender=Systeem(van),
        ontvanger=Systeem(naar),
        referentienummer="9c0f7b90-5c69-41e5-a837-0800200c9a66",
        tijdstip="20260105120000",
        cross_ref="x" if verwezen else None,
        functie=functie,
    )
    groot, klein = versie.split(".")
    envelop = Envelop(sg, Parameters("0001", "0000", groot.zfill(4), klein.zfill(4)))
    return decide(Aanlevering(envelop, Payload(b"<a/>"), _CERT, "stuf"), register, verwezen, moment)


def _kalender(**momenten: datetime | None) -> Kalender:
    """The built-in calendar with moments of 3.2 over it."""
    return ingebouwd().overlay({("iwmo", "3.2"): Momenten({Moment(n): t for n, t in momenten.items()})}, {})


def _own(partij: str, **momenten: datetime | None) -> Kalender:
    return ingebouwd().overlay({}, {(partij, "iwmo", "3.2"): Momenten({Moment(n): t for n, t in momenten.items()})})


def test_an_open_release_goes_on_and_the_step_says_since_when() -> None:
    besluit = _decide(ingebouwd(), _OM)
    assert besluit.fout is None
    assert besluit.nog_dicht is None
    (stap,) = (stap for stap in besluit.stappen if stap.naam == "release")
    assert stap.uitkomst == "ok"
    assert stap.uitleg == (
        "Release 3.2 van iWmo is voor heenberichten van en aan 90000001 open sinds maandag 3 april 2023 om 13:00 uur."
    )


@pytest.mark.parametrize(("generatie", "code", "melder"), [("A", "IB103", "IB"), ("B", "IB023", "BIDN")])
def test_a_closed_release_is_refused_in_words_with_the_code_of_the_generation(
    generatie: str, code: str, melder: str
) -> None:
    besluit = _decide(ingebouwd(), _OM, versie="2.3", generatie=generatie)
    assert besluit.fout is not None
    assert (besluit.fout.code, besluit.fout.melder, besluit.fout.plek) == (code, melder, "server")
    assert not besluit.synchroon
    assert besluit.fout.toelichting.startswith(
        "Release 2.3 van iWmo is voor heenberichten van en aan 0363 gesloten, sinds woensdag 25 maart 2020 om 17:00 "
        "uur. Nu open: release 3.2."
    )
    assert besluit.stappen[-1].naam == "release"


def test_the_boundary_is_the_moment_that_is_passed_in() -> None:
    kalender = _kalender(declaraties_dicht=_OM, heen_dicht=_OM + _TIK, retour_dicht=_OM + 2 * _TIK)
    for functie, sluit in (("WMO323", _OM), ("WMO301", _OM + _TIK), ("WMO302", _OM + 2 * _TIK)):
        assert _decide(kalender, sluit - _TIK, functie).fout is None, functie
        assert _decide(kalender, sluit, functie).fout is not None, functie


def test_a_zender_for_whom_it_is_not_open_yet_is_refused() -> None:
    kalender = _own(_GEMEENTE, open=_OM)
    besluit = _decide(kalender, _OM - _TIK)
    assert besluit.fout is not None
    assert besluit.fout.oorzaak == "functie_niet_actief"
    assert "voor 0363 nog niet open; dat gebeurt op maandag 5 april 2027 om 13:00 uur" in besluit.fout.toelichting
    assert _decide(kalender, _OM).fout is None


def test_for_an_ontvanger_for_whom_it_is_not_open_yet_the_bericht_is_good_and_waits() -> None:
    kalender = _own(_AANBIEDER, open=_OM)
    besluit = _decide(kalender, _OM - _TIK)
    assert besluit.fout is None
    assert besluit.aansluiting is not None
    assert besluit.nog_dicht is not None
    assert besluit.nog_dicht.vanaf == _OM
    (stap,) = (stap for stap in besluit.stappen if stap.naam == "release")
    assert stap.uitkomst == "let op"
    assert "dat gebeurt op maandag 5 april 2027 om 13:00 uur" in stap.uitleg
    assert _decide(kalender, _OM).nog_dicht is None


def test_an_ontvanger_for_whom_it_is_closed_gets_nothing() -> None:
    besluit = _decide(_own(_AANBIEDER, retour_dicht=_OM), _OM)
    assert besluit.fout is not None
    assert "van en aan 90000001 gesloten" in besluit.fout.toelichting


def test_a_release_that_opens_after_it_closes_never_opens_so_nothing_waits_for_it() -> None:
    besluit = _decide(_own(_AANBIEDER, open=_OM + _TIK, retour_dicht=_OM + _TIK), _OM)
    assert besluit.nog_dicht is None
    assert besluit.fout is not None


def test_two_releases_may_be_open_at_once() -> None:
    kalender = ingebouwd().overlay({("iwmo", "2.3"): Momenten({m: None for m in Moment if m is not Moment.OPEN})}, {})
    assert _decide(kalender, _OM, versie="2.3").fout is None
    assert _decide(kalender, _OM, versie="3.2").fout is None


def test_what_has_no_moments_is_always_open() -> None:
    for moment in (datetime(2001, 1, 1, tzinfo=UTC), _OM):
        assert _decide(Kalender(), moment).fout is None
