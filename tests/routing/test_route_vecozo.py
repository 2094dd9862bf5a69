"""Who is reached through VECOZO, for whom it may speak, and how that is explained."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from routing.bericht import (
    Aanlevering,
    Berichtcode,
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

NU = datetime(2026, 3, 4, 12, tzinfo=UTC)
GEMEENTE, ACHTER, HIER = "0363", "99010001", "98010001"
CERT_G, CERT_V, CERT_H = (Identiteit(f"0000000199999999{n}", "", "") for n in ("0363", "0777", "0801"))


def _register(*, vecozo: bool = True, ook_bekend: bool = False) -> Register:
    def van(code: str, cert: Identiteit, generatie: str = "B") -> Aansluiting:
        url = f"https://{code.lower()}.example/"
        return Aansluiting(code, (f"oin:{cert.oin}",), Kanaal.PUSH, Protocol.VSP, url, generatie)

    wie = [(GEMEENTE, CERT_G), (HIER, CERT_H)] + ([("VECOZO", CERT_V)] if vecozo else [])
    partijen = [Partij(HIER, Partijsoort.ZORGAANBIEDER, "Hier")]
    if ook_bekend:
        partijen.append(Partij(ACHTER, Partijsoort.ZORGAANBIEDER, "Bekend, niet aangesloten"))
    return Register.of(
        partijen,
        [van(code, cert, "A" if code == "VECOZO" else "B") for code, cert in wie],
        [Machtiging(code, richting, "WMO*") for code, _ in wie for richting in Richting],
    )


def _besluit(
    register: Register,
    van: str,
    naar: str,
    cert: Identiteit,
    *,
    functie: str | None = "WMO301",
    verwezen: Verwezen | None = None,
) -> Besluit:
    sg = Stuurgegevens(Berichtcode.DI01, Systeem(van, "App"), Systeem(naar, "GGk"), "r", "20260304", functie=functie)
    if functie is not None and functie.endswith(("302", "306")):
        sg = replace(sg, berichtcode=Berichtcode.DU01, cross_ref="heen")
    envelop = Envelop(sg, Parameters("0001", "0000", "0003", "0002"))
    if functie is None:
        sg = replace(sg, berichtcode=Berichtcode.FO01, cross_ref="heen")
        envelop = Envelop(sg, fout=Foutinhoud("IB010", "client", "x"))
    return decide(Aanlevering(envelop, Payload(b"<a/>"), cert, "stuf"), register, verwezen, NU)


@pytest.mark.parametrize("ook_bekend", [False, True])
def test_one_without_an_aansluiting_is_reached_through_vecozo(*, ook_bekend: bool) -> None:
    besluit = _besluit(_register(ook_bekend=ook_bekend), GEMEENTE, ACHTER, CERT_G)
    assert besluit.fout is None
    assert besluit.aansluiting is not None
    assert besluit.aansluiting.partij == "VECOZO"
    assert besluit.stappen[-1].uitleg == f"{ACHTER} is zelf niet aangesloten; het bericht gaat via VECOZO."


def test_one_with_an_aansluiting_is_reached_there() -> None:
    besluit = _besluit(_register(), GEMEENTE, HIER, CERT_G)
    assert besluit.aansluiting is not None
    assert besluit.aansluiting.partij == HIER


def test_a_gemeente_without_an_aansluiting_is_not_behind_vecozo() -> None:
    besluit = _besluit(_register(), HIER, "0344", CERT_H, functie="WMO305")
    assert besluit.fout is not None
    assert besluit.fout.oorzaak == "ontvanger_niet_aangesloten"


@pytest.mark.parametrize(
    ("van", "cert", "oorzaak"),
    [
        (ACHTER, CERT_V, None),
        (HIER, CERT_V, "zender_niet_van_certificaat"),
        (ACHTER, CERT_H, "zender_niet_van_certificaat"),
        (ACHTER, CERT_G, "zender_niet_van_certificaat"),
    ],
)
def test_vecozo_speaks_for_who_is_not_connected_and_nobody_else_does(
    van: str, cert: Identiteit, oorzaak: str | None
) -> None:
    besluit = _besluit(_register(), van, GEMEENTE, cert, functie="WMO305")
    assert (besluit.fout.oorzaak if besluit.fout else None) == oorzaak


def test_vecozo_does_not_speak_for_a_gemeente() -> None:
    besluit = _besluit(_register(), GEMEENTE, ACHTER, CERT_V)
    assert besluit.fout is not None
    assert besluit.fout.oorzaak == "zender_niet_van_certificaat"


def test_without_vecozo_an_unknown_agb_code_is_unknown() -> None:
    besluit = _besluit(_register(vecozo=False), GEMEENTE, ACHTER, CERT_G)
    assert besluit.fout is not None
    assert besluit.fout.oorzaak == "ontvanger_onbekend"
    zender = _besluit(_register(vecozo=False), ACHTER, GEMEENTE, CERT_V, functie="WMO305")
    assert zender.fout is not None
    assert zender.fout.oorzaak == "zender_onbekend"


@pytest.mark.parametrize(("van", "naar", "cert"), [(GEMEENTE, ACHTER, CERT_G), (ACHTER, GEMEENTE, CERT_V)])
def test_what_vecozo_has_no_machtiging_for_does_not_pass(van: str, naar: str, cert: Identiteit) -> None:
    functie = "JW301" if van == GEMEENTE else "JW305"
    besluit = _besluit(_register(), van, naar, cert, functie=functie)
    assert besluit.fout is not None
    assert "gemachtigd" in besluit.fout.oorzaak


def test_who_is_behind_vecozo_gets_the_codes_of_its_generation() -> None:
    besluit = _besluit(_register(), ACHTER, GEMEENTE, CERT_V, functie="WMO399")
    assert besluit.fout is not None
    assert besluit.fout.code == "IB240"


@pytest.mark.parametrize(
    ("ontvanger_van_heen", "mag"),
    [(ACHTER, True), (HIER, False)],
)
def test_a_fo01_of_vecozo_is_about_what_it_was_to_pass_on(ontvanger_van_heen: str, *, mag: bool) -> None:
    heen = Verwezen("id", GEMEENTE, ontvanger_van_heen, "WMO301", Berichtcode.DI01, "heen")
    besluit = _besluit(_register(), "VECOZO", GEMEENTE, CERT_V, functie=None, verwezen=heen)
    assert (besluit.fout is None) == mag


def test_a_fo01_of_vecozo_goes_to_the_zender_of_what_it_is_about() -> None:
    heen = Verwezen("id", "0344", ACHTER, "WMO301", Berichtcode.DI01, "heen")
    assert _besluit(_register(), "VECOZO", GEMEENTE, CERT_V, functie=None, verwezen=heen).fout is not None


def test_a_fo01_for_who_is_behind_vecozo_goes_there() -> None:
    heen = Verwezen("id", ACHTER, GEMEENTE, "WMO305", Berichtcode.DI01, "heen")
    besluit = _besluit(_register(), GEMEENTE, ACHTER, CERT_G, functie=None, verwezen=heen)
    assert besluit.aansluiting is not None
    assert besluit.aansluiting.partij == "VECOZO"


@pytest.mark.parametrize(
    ("functie", "ontvanger_van_heen", "oorzaak"),
    [
        ("WMO302", ACHTER, None),
        ("WMO302", HIER, "antwoord_past_niet"),  # VECOZO had nothing to do with it
        ("WMO302", None, "antwoord_past_niet"),
        ("WMO306", ACHTER, "richting_past_niet"),  # which a gemeente sends
        ("WMO305", ACHTER, "richting_past_niet"),
    ],
)
def test_vecozo_itself_may_answer_only_what_it_was_to_pass_on(
    functie: str, ontvanger_van_heen: str | None, oorzaak: str | None
) -> None:
    heen = (
        Verwezen("id", GEMEENTE, ontvanger_van_heen, "WMO301", Berichtcode.DI01, "heen") if ontvanger_van_heen else None
    )
    besluit = _besluit(_register(), "VECOZO", GEMEENTE, CERT_V, functie=functie, verwezen=heen)
    assert (besluit.fout.oorzaak if besluit.fout else None) == oorzaak


def test_a_retour_of_vecozo_does_not_go_to_somebody_else() -> None:
    heen = Verwezen("id", "0344", ACHTER, "WMO301", Berichtcode.DI01, "heen")
    besluit = _besluit(_register(), "VECOZO", GEMEENTE, CERT_V, functie="WMO302", verwezen=heen)
    assert besluit.fout is not None
    assert besluit.fout.oorzaak == "antwoord_past_niet"
