"""Level 3: an answer against the request and earlier answers (319)."""

from __future__ import annotations

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel
from istandaarden.regels.keten import Keten, Verzoek, relatie_of

_IN_ONDERZOEK = "2"


@klasseregel("TR355", "Antwoord", advies="Neem de referentie over uit het verzoek.")
def request_exists(antwoord: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """What is answered was asked."""
    return None if _request(antwoord, bericht, keten) else Overtreding(antwoord, "ReferentieAanbieder")


@klasseregel("TR359", "Antwoord", advies="Stuur geen antwoord meer: de toewijzing is het antwoord.")
def not_assigned_yet(antwoord: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """A toewijzing answers the request."""
    verzoek = _request(antwoord, bericht, keten)
    return Overtreding(antwoord, "ReferentieAanbieder") if verzoek and verzoek.toegewezen else None


@klasseregel("TR360", "Antwoord", advies="Wijs het verzoek af of toe; in onderzoek kan maar één keer.")
def investigated_once(antwoord: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """Only the first answer says that the request is being looked into."""
    verzoek = _request(antwoord, bericht, keten)
    herhaald = verzoek and verzoek.antwoorden and antwoord.tekst("VerzoekAntwoord") == _IN_ONDERZOEK
    return Overtreding(antwoord, "VerzoekAntwoord") if herhaald else None


@klasseregel("TR365", "Antwoord", advies="Laat het antwoord weg: het verzoek is al afgewezen.")
def not_refused_yet(antwoord: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """After a refusal there is no other answer."""
    verzoek = _request(antwoord, bericht, keten)
    beslist = verzoek and any(eerder != _IN_ONDERZOEK for eerder in verzoek.antwoorden)
    return Overtreding(antwoord, "ReferentieAanbieder") if beslist else None


def _request(antwoord: Klasse, bericht: Bericht, keten: Keten) -> Verzoek | None:
    relatie = relatie_of(bericht)
    verzoek = keten.verzoek(relatie.standaard, relatie.aanbieder, antwoord.tekst("ReferentieAanbieder") or "")
    return verzoek if verzoek is not None and verzoek.inzending.relatie == relatie else None
