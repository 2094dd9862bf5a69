"""Routing is a pure decision: each way it can go, and the explanation of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from istandaarden.bevinding import Bevinding
from routing.bericht import (
    Aanlevering,
    Berichtcode,
    Bestandsvorm,
    Envelop,
    Foutinhoud,
    Identiteit,
    Parameters,
    Stuurgegevens,
    Systeem,
)
from routing.partij import Aansluiting, Kanaal, Machtiging, Partij, Partijsoort, Protocol, Richting
from routing.payload import Payload
from routing.register import Register
from routing.route import Besluit, Verwezen, decide
from routing.routegeheugen import Routegeheugen, next_change

_GEMEENTE, _AANBIEDER, _DOOF, _LOS = "0363", "90000001", "90000002", "90000003"
_NU = datetime(2026, 1, 5, 12, tzinfo=UTC)
_CERT_G = Identiteit("1" * 20, "aa" * 32)
_CERT_A = Identiteit("2" * 20, "bb" * 32)


def _aansluiting(code: str, cert: Identiteit, generatie: str = "B") -> Aansluiting:
    return Aansluiting(code, (f"oin:{cert.oin}",), Kanaal.PUSH, Protocol.STUF, f"https://{code}.test/", generatie)


@pytest.fixture
def register() -> Register:
    return Register.of(
        [
            Partij(_AANBIEDER, Partijsoort.ZORGAANBIEDER, "Zorg voor Elkaar"),
            Partij(_DOOF, Partijsoort.ZORGAANBIEDER, "Zonder machtiging"),
            Partij(_LOS, Partijsoort.ZORGAANBIEDER, "Zonder aansluiting"),
        ],
        [
            _aansluiting(_GEMEENTE, _CERT_G),
            _aansluiting(_AANBIEDER, _CERT_A, "A"),
            _aansluiting(_DOOF, _CERT_A),
            _aansluiting("CBS", _CERT_A),
        ],
        [
            Machtiging(_GEMEENTE, Richting.ZENDEN, "WMO*"),
            Machtiging(_GEMEENTE, Richting.ZENDEN, "Dummy"),
            Machtiging(_GEMEENTE, Richting.ONTVANGEN, "WMO*"),
            Machtiging(_AANBIEDER, Richting.ZENDEN, "WMO*"),
            Machtiging(_AANBIEDER, Richting.ONTVANGEN, "WMO301"),
            Machtiging("CBS", Richting.ONTVANGEN, "Dummy"),
        ],
    )


def _aanlevering(**wijziging: object) -> Aanlevering:
    """A correct WMO301 from gemeente to aanbieder, with the changes a test asks for."""
    sg = Stuurgegevens(
        berichtcode=Berichtcode.DI01,
        zender=Systeem(_GEMEENTE, "App"),
        ontvanger=Systeem(_AANBIEDER, "GGk"),
        referentienummer="9c0f7b90-5c69-41e5-a837-0800200c9a66",
        tijdstip="20260105120000",
        functie="WMO301",
    )
    for veld in ("zender", "ontvanger"):
        if veld in wijziging:
            sg = replace(sg, **{veld: Systeem(str(wijziging.pop(veld)), "App")})
    velden = {naam: wijziging.pop(naam) for naam in ("berichtcode", "cross_ref", "functie") if naam in wijziging}
    sg = replace(sg, **velden)  # type: ignore[arg-type]  # the test names the fields
    versie, subversie = str(wijziging.pop("versie", "3.2")).split(".")
    parameters = Parameters(
        "0001",
        "0000",
        versie.zfill(4),
        subversie.zfill(4),
        wijziging.pop("vorm", Bestandsvorm.XML),  # type: ignore[arg-type]  # same
    )
    fout = Foutinhoud("StUF055", "client", "x") if sg.berichtcode is Berichtcode.FO01 else None
    return Aanlevering(
        envelop=Envelop(sg, None if fout else parameters, fout),
        payload=Payload(b"<a/>"),
        identiteit=wijziging.pop("identiteit", _CERT_G),  # type: ignore[arg-type]  # same
        kanaal="stuf",
        bevindingen=wijziging.pop("bevindingen", ()),  # type: ignore[arg-type]  # same
    )


_HEEN = Verwezen("id", _AANBIEDER, _GEMEENTE, "WMO305", Berichtcode.DI01, "conversatie")
_ENVELOPFOUT = (Bevinding("XSD", 1, "/x", 1, "Het tijdstip is geen moment van de kalender."),)


def test_a_correct_bericht_goes_to_its_ontvanger_and_every_step_is_explained(register: Register) -> None:
    besluit = decide(_aanlevering(), register, None, _NU)
    assert besluit.fout is None
    assert besluit.aansluiting is not None
    assert besluit.aansluiting.partij == _AANBIEDER
    assert [stap.naam for stap in besluit.stappen] == [
        "zender", "envelop", "functie", "release", "machtiging zender", "ontvanger",
    ]  # fmt: skip
    assert all(stap.uitkomst == "ok" and stap.uitleg for stap in besluit.stappen)


@pytest.mark.parametrize(
    ("wijziging", "oorzaak", "code"),
    [
        ({"zender": "9999"}, "zender_onbekend", "StUF013"),
        ({"zender": _AANBIEDER}, "zender_niet_van_certificaat", "StUF013"),
        ({"identiteit": _CERT_A}, "zender_niet_van_certificaat", "StUF013"),
        ({"identiteit": Identiteit(None, "cc" * 32)}, "zender_niet_van_certificaat", "StUF013"),
        ({"bevindingen": _ENVELOPFOUT}, "envelop_ongeldig", "IB001"),
        ({"functie": "WMO399"}, "functie_onbekend", "IB004"),
        ({"functie": ""}, "functie_onbekend", "IB004"),
        ({"versie": "9.9"}, "functie_onbekend", "IB004"),
        ({"berichtcode": Berichtcode.DU01, "cross_ref": "x"}, "functie_past_niet", "IB004"),
        ({"vorm": Bestandsvorm.TEKST}, "functie_past_niet", "IB004"),
        ({"functie": "WMO305"}, "richting_past_niet", "IB007"),
        ({"functie": "JW301"}, "zender_niet_gemachtigd", "IB006"),
        ({"ontvanger": "99999999"}, "ontvanger_onbekend", "IB010"),
        ({"ontvanger": "0518"}, "richting_past_niet", "IB007"),
        ({"ontvanger": _LOS}, "ontvanger_niet_aangesloten", "IB010"),
        ({"ontvanger": _DOOF}, "ontvanger_niet_gemachtigd", "IB007"),
    ],
)
def test_each_refusal_names_its_cause_and_code(
    register: Register, wijziging: dict[str, object], oorzaak: str, code: str
) -> None:
    besluit = decide(_aanlevering(**wijziging), register, None, _NU)
    assert besluit.fout is not None
    assert (besluit.fout.oorzaak, besluit.fout.code) == (oorzaak, code)
    assert besluit.stappen[-1].uitkomst == "fout"
    assert besluit.aansluiting is None
    assert besluit.synchroon == (code == "StUF013")


def test_the_sender_gets_the_codes_of_his_own_generation(register: Register) -> None:
    besluit = decide(
        _aanlevering(zender=_AANBIEDER, ontvanger="9999", functie="WMO305", identiteit=_CERT_A), register, None, _NU
    )
    assert besluit.fout is not None
    assert (besluit.fout.oorzaak, besluit.fout.code, besluit.fout.melder) == ("gemeente_onbekend", "IB210", "IB")


def test_what_does_not_fit_in_an_envelope_is_refused_for_who_receives_envelopes(register: Register) -> None:
    groot = replace(_aanlevering(), payload=Payload(bytes(20 * 1024 * 1024)))
    besluit = decide(groot, register, None, _NU)
    assert besluit.fout is not None
    assert (besluit.fout.oorzaak, besluit.synchroon) == ("te_groot", True)


def _retour(**wijziging: object) -> Aanlevering:
    return _aanlevering(**{"berichtcode": Berichtcode.DU01, "cross_ref": "heen", "functie": "WMO306"} | wijziging)


@pytest.fixture
def ruim(register: Register) -> Register:
    return Register.of(
        register.partijen.values(),
        register.aansluitingen.values(),
        [m for lijst in register.machtigingen.values() for m in lijst]
        + [Machtiging(_AANBIEDER, Richting.ONTVANGEN, "*"), Machtiging(_DOOF, Richting.ONTVANGEN, "*")],
    )


def test_an_answer_travels_back_along_its_question(ruim: Register) -> None:
    assert decide(_retour(), ruim, _HEEN, _NU).fout is None


def test_an_answer_to_what_is_not_known_goes_on_with_a_remark(ruim: Register) -> None:
    besluit = decide(_retour(), ruim, None, _NU)
    assert besluit.fout is None
    assert besluit.stappen[-1].uitkomst == "let op"


def test_an_answer_to_somebody_elses_bericht_is_refused_without_naming_him(ruim: Register) -> None:
    besluit = decide(_retour(ontvanger=_DOOF), ruim, _HEEN, _NU)
    assert besluit.fout is not None
    assert besluit.fout.oorzaak == "antwoord_past_niet"
    assert _AANBIEDER not in besluit.stappen[-1].uitleg


def test_an_answer_of_the_wrong_kind_is_refused(ruim: Register) -> None:
    besluit = decide(_retour(functie="WMO308"), ruim, _HEEN, _NU)
    assert besluit.fout is not None
    assert besluit.fout.oorzaak == "antwoord_past_niet"


def _fo01(**wijziging: object) -> Aanlevering:
    return _aanlevering(**{"berichtcode": Berichtcode.FO01, "cross_ref": "heen", "functie": None} | wijziging)


def test_a_fo01_goes_back_without_a_machtiging(register: Register) -> None:
    besluit = decide(_fo01(), register, _HEEN, _NU)
    assert besluit.fout is None
    assert besluit.aansluiting is not None


@pytest.mark.parametrize(
    ("wijziging", "verwezen", "code"),
    [
        ({}, None, "StUF043"),
        ({}, replace(_HEEN, berichtcode=Berichtcode.FO01), "StUF043"),
        ({"ontvanger": _DOOF}, _HEEN, "StUF043"),
        ({"bevindingen": _ENVELOPFOUT}, _HEEN, "StUF055"),
        ({"ontvanger": _LOS}, replace(_HEEN, zender=_LOS), "StUF010"),
    ],
)
def test_a_fo01_that_cannot_be_passed_on_is_refused_at_the_door(
    register: Register, wijziging: dict[str, object], verwezen: Verwezen | None, code: str
) -> None:
    besluit: Besluit = decide(_fo01(**wijziging), register, verwezen, _NU)
    assert besluit.synchroon
    assert besluit.fout is not None
    assert besluit.fout.code == code


def test_a_file_for_cbs_travels_as_tekstbestand(register: Register) -> None:
    besluit = decide(
        _aanlevering(functie="Dummy", versie="2.2", vorm=Bestandsvorm.TEKST, ontvanger="CBS"), register, None, _NU
    )
    assert besluit.fout is None
    assert besluit.functie is not None
    assert besluit.functie.berichtsoort is None


# --- municipal mergers -----------------------------------------------------------------------------------------------


@pytest.fixture
def voorne() -> Register:
    """0501, 0530 and 0614 went on in 1992 on 1 January 2023."""
    return Register.of(
        [Partij(_AANBIEDER, Partijsoort.ZORGAANBIEDER, "Zorg voor Elkaar")],
        [_aansluiting("1992", _CERT_G), _aansluiting(_AANBIEDER, _CERT_A)],
        [Machtiging(code, richting, "WMO*") for code in ("1992", _AANBIEDER) for richting in Richting],
    )


def _aan(ontvanger: str, **wijziging: object) -> Aanlevering:
    velden = {"zender": _AANBIEDER, "ontvanger": ontvanger, "functie": "WMO305", "identiteit": _CERT_A}
    return _aanlevering(**velden | wijziging)


def test_a_bericht_to_an_abolished_gemeente_goes_to_its_successor_and_says_so(voorne: Register) -> None:
    besluit = decide(_aan("0530"), voorne, None, _NU)
    assert besluit.fout is None
    assert besluit.aansluiting == voorne.aansluiting("1992")
    (stap,) = [stap for stap in besluit.stappen if stap.naam == "herindeling"]
    assert stap.uitkomst == "let op"
    assert "0530 (Hellevoetsluis)" in stap.uitleg
    assert "1992 (Voorne aan Zee)" in stap.uitleg


def test_of_the_successor_everything_is_asked_that_is_asked_of_an_ontvanger(voorne: Register) -> None:
    zonder = Register.of(voorne.partijen.values(), [_aansluiting(_AANBIEDER, _CERT_A)], voorne.machtigingen[
        _AANBIEDER, Richting.ZENDEN
    ])  # fmt: skip
    besluit = decide(_aan("0530"), zonder, None, _NU)
    assert besluit.fout is not None
    assert besluit.fout.oorzaak == "ontvanger_niet_aangesloten"


@pytest.mark.parametrize(("code", "dagen"), [("0530", 30), ("0788", 36525)])
def test_after_the_term_or_of_a_split_gemeente_it_is_refused_in_words(voorne: Register, code: str, dagen: int) -> None:
    respijt = timedelta(days=dagen)
    besluit = decide(_aan(code), voorne, None, _NU, respijt=respijt)
    assert besluit.fout is not None
    assert (besluit.fout.oorzaak, besluit.fout.code, besluit.synchroon) == ("gemeente_onbekend", "IB005", False)
    assert "adresseer het bericht aan" in besluit.fout.toelichting
    fo01 = _aan(code, berichtcode=Berichtcode.FO01, cross_ref="heen", functie=None)
    besluit = decide(
        fo01, voorne, Verwezen("id", code, _AANBIEDER, "WMO301", Berichtcode.DI01, "c"), _NU, respijt=respijt
    )
    assert besluit.fout is not None
    assert besluit.fout.oorzaak == "ontvanger_foutbericht_onbekend"


def test_the_successor_answers_what_was_sent_to_the_old_gemeente(voorne: Register) -> None:
    heen = Verwezen("id", _AANBIEDER, "0530", "WMO305", Berichtcode.DI01, "c")
    assert decide(_retour(zender="1992"), voorne, heen, _NU).fout is None
    ander = replace(heen, ontvanger="0363")
    besluit = decide(_retour(zender="1992"), voorne, ander, _NU)
    assert besluit.fout is not None
    assert besluit.fout.oorzaak == "antwoord_past_niet"


@pytest.mark.parametrize("ontvanger", ["0530", "1992"])
def test_what_the_old_gemeente_asked_is_answered_to_the_successor(voorne: Register, ontvanger: str) -> None:
    heen = Verwezen("id", "0530", _AANBIEDER, "WMO301", Berichtcode.DI01, "c")
    antwoord = _aan(ontvanger, berichtcode=Berichtcode.DU01, cross_ref="heen", functie="WMO302")
    besluit = decide(antwoord, voorne, heen, _NU)
    assert besluit.fout is None
    assert besluit.aansluiting == voorne.aansluiting("1992")


def test_what_is_remembered_is_what_would_be_decided_anew(register: Register) -> None:
    tijden = {t for deel in register.kalender.algemeen.values() for t in deel.tijden.values() if t is not None}
    grenzen = sorted({next_change(register.kalender, t - timedelta(hours=h)) for t in tijden for h in (1, 20)})
    momenten = [moment for grens in grenzen for moment in (grens - timedelta(seconds=1), grens)]
    assert tijden < set(grenzen)
    wijzigingen: list[dict[str, object]] = [
        {},
        {"versie": "3.1"},
        {"zender": _AANBIEDER, "ontvanger": _GEMEENTE, "identiteit": _CERT_A, "functie": "WMO303", "versie": "2.2"},
        {"identiteit": _CERT_A},
        {"ontvanger": _DOOF},
        {"vorm": Bestandsvorm.TEKST},
    ]
    geheugen, zonder = Routegeheugen(), replace(register, machtigingen={})
    stappen = set()
    for nu in (*momenten, *momenten[:4]):  # the clock of a database may be set back
        for wijziging in wijzigingen:
            aanlevering = _aanlevering(**wijziging)
            for bron in (register, register, zonder):
                besluit = geheugen.decide(aanlevering, bron, None, nu)
                assert besluit == decide(aanlevering, bron, None, nu)
                stappen.add(tuple(besluit.stappen))
                besluit.ok("inhoud", "Wat de inhoud erbij doet, blijft bij dit ene bericht.")
    assert len(stappen) > len(wijzigingen)
