"""Four things that go wrong, and what the hub makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from istandaarden.opbouw import build
from istandaarden.veilig import parse
from knooppunt import inzicht
from knooppunt.demo.casus import Casus, jeugd_casus, variant, wmo_casus
from knooppunt.demo.controle import WACHT, Controles
from knooppunt.demo.verhaal import Speler, Verloop, await_answer
from knooppunt.simulatie.grootboek import Boeking
from knooppunt.simulatie.stuf import StufPartij
from routing.poorten import Uitkomstsoort
from routing.status import Status

ONBEKENDE_GEMEENTE = "0014"  # Groningen takes no part in the demo


@dataclass(frozen=True, slots=True)
class _Proef:
    """A bericht that must be rejected, and the fault code that is right."""

    titel: str
    van: Speler
    functie: str
    payload: bytes
    naar: str
    code: str


@dataclass(frozen=True, slots=True)
class Afwijzing:
    """A bericht that was rejected: what was tried, and what the zender read in his Fo01."""

    titel: str
    heen: Boeking
    fo01: Boeking | None
    toelichting: str = ""
    bevindingen: tuple[str, ...] = ()


def break_xsd(payload: bytes) -> bytes:
    """Break a 301 in three places: an unknown code, a date that does not exist, a number that is too long."""
    kapot = payload
    for goed, fout in (
        (b"Geslacht>1<", b"Geslacht>7<"),
        (b"Toewijzingstijd>10:15:00<", b"Toewijzingstijd>25:15:00<"),
        (b"Huisnummer>8<", b"Huisnummer>800000<"),
    ):
        kapot = kapot.replace(goed, fout)
    return kapot


async def broken_payload(utrecht: Speler, anker: Speler, controles: Controles, vandaag: date) -> Afwijzing:
    """Send a 301 that breaks its XSD: it is acknowledged, then the zender gets a Fo01 with every finding."""
    payload = break_xsd(_toewijzing(variant(jeugd_casus(vandaag), 91)))
    titel = "Tegenslag 1: de inhoud voldoet niet aan de XSD"
    return await _rejected(_Proef(titel, utrecht, "JW301", payload, anker.code, "IB014"), controles)


async def unknown_receiver(wilg: Speler, controles: Controles, vandaag: date) -> Afwijzing:
    """Send a 315 to a gemeente that is not connected here; VECOZO stands in for zorgaanbieders only."""
    casus = variant(wmo_casus(vandaag), 92, gemeente=ONBEKENDE_GEMEENTE)
    payload = build(casus.berichtsoort("315"), casus.inhoud("315"))
    titel = "Tegenslag 2: de ontvanger is niet aangesloten"
    return await _rejected(_Proef(titel, wilg, "WMO315", payload, ONBEKENDE_GEMEENTE, "IB010"), controles)


async def no_machtiging(zwolle: Speler, anker: Speler, controles: Controles, vandaag: date) -> Afwijzing:
    """Send a Jeugd bericht for a gemeente whose machtiging covers the Wmo only."""
    payload = _toewijzing(variant(jeugd_casus(vandaag), 93, gemeente=zwolle.code))
    titel = "Tegenslag 3: de zender heeft geen machtiging"
    return await _rejected(_Proef(titel, zwolle, "JW301", payload, anker.code, "IB006"), controles)


async def receiver_down(
    zwolle: Speler, wilg: StufPartij, controles: Controles, vandaag: date, meld: Callable[[str], None]
) -> Verloop:
    """Close the listener of the ontvanger, send, wait for failed attempts, open it again: the bericht arrives."""
    verloop = Verloop("Tegenslag 4: de ontvanger is een tijd onbereikbaar")
    await wilg.stop()
    meld(f"{wilg.naam} is onbereikbaar; {zwolle.naam} stuurt toch een WMO301")
    verzending = await zwolle.send("WMO301", _toewijzing(variant(wmo_casus(vandaag), 94)), wilg.code)
    heen = verzending.boeking
    verloop.boekingen.append(heen)
    aangenomen = verzending.uitkomst.soort is Uitkomstsoort.BEZORGD
    controles.check(
        "WMO301 is aangenomen terwijl de ontvanger onbereikbaar is", aangenomen, verzending.uitkomst.toelichting
    )
    wachtend = await controles.dossier(heen, lambda d: _attempts(d) >= 2)
    pogingen = _attempts(wachtend) if wachtend else 0
    controles.check("Het knooppunt blijft het proberen", pogingen >= 2, f"{pogingen} pogingen")
    controles.check(
        "Intussen is het bericht nergens aangekomen", wilg.grootboek.received(heen.referentienummer) is None
    )
    await wilg.start()
    meld(f"Na {pogingen} mislukte pogingen is {wilg.naam} weer bereikbaar")
    antwoord = await await_answer(zwolle, wilg, heen, "WMO302", controles)
    await controles.delivered(heen, wilg.grootboek)
    if antwoord is not None:
        verloop.boekingen.append(antwoord)
    return verloop


def _attempts(dossier: inzicht.Dossier) -> int:
    return sum(1 for g in dossier.gebeurtenissen if g.soort == "poging")


def _toewijzing(casus: Casus) -> bytes:
    return build(casus.berichtsoort("301"), casus.inhoud("301"))


async def _rejected(proef: _Proef, controles: Controles) -> Afwijzing:
    """Send a bericht that must be acknowledged, then rejected with a Fo01 that carries the expected code."""
    titel, van = proef.titel, proef.van
    verzending = await van.send(proef.functie, proef.payload, proef.naar)
    heen = verzending.boeking
    aangenomen = verzending.uitkomst.soort is Uitkomstsoort.BEZORGD
    controles.check(f"{titel}: eerst een ontvangstbevestiging", aangenomen, verzending.uitkomst.toelichting)
    dossier = await controles.dossier(heen, lambda d: d.bericht.status == Status.AFGEKEURD)
    status = dossier.bericht.status if dossier else "onbekend in het knooppunt"
    controles.check(f"{titel}: het bericht is afgekeurd", status == Status.AFGEKEURD, status)
    bezorgd = dossier is not None and bool(dossier.afleveringen)
    controles.check(f"{titel}: niets gaat naar de ontvanger", not bezorgd)
    try:
        fo01 = await van.grootboek.wait_for(
            lambda b: b.functie == "Fo01" and b.envelop.stuurgegevens.cross_ref == heen.referentienummer, WACHT
        )
    except TimeoutError:
        controles.check(f"{titel}: de zender kreeg een Fo01", goed=False, gevonden="niets ontvangen")
        return Afwijzing(titel, heen, None)
    fout = fo01.envelop.fout
    code = fout.code if fout else "geen"
    controles.check(f"{titel}: de zender kreeg een Fo01 met {proef.code}", code == proef.code, code)
    controles.check(f"{titel}: de Fo01 komt maar één keer", van.grootboek.count_answers(heen.referentienummer) == 1)
    toelichting, bevindingen = read_details(fo01.payload)
    controles.check(f"{titel}: de Fo01 legt uit wat er mis is", bool(toelichting or bevindingen))
    return Afwijzing(titel, heen, fo01, toelichting, bevindingen)


def read_details(body: bytes) -> tuple[str, tuple[str, ...]]:
    """Return what the detailsXML of a Fo01 says: the explanation, and the findings with place and line."""
    wortel = parse(body)
    gevonden = []
    for bevinding in wortel.iter("{*}bevinding"):
        plaats, regel = bevinding.findtext("{*}plaats"), bevinding.findtext("{*}regel")
        gevonden.append(f"{plaats} (regel {regel}): {bevinding.findtext('{*}melding')}")
    return wortel.findtext(".//{*}toelichting") or "", tuple(gevonden)
