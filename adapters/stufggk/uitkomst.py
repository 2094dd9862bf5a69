"""What an answer means for the delivery: delivered, try again, or give up. The one place where that is decided.

StUF codes and their plek: StUF 03.01 table 4.1; the rest is the usual reading of HTTP (RFC 9110), except that 401, 403
and 404 point at a wrong setting of the connection, which someone can repair while the bericht waits.
"""

from __future__ import annotations

from adapters.stufggk.antwoord_lezen import Antwoord, Antwoordsoort
from routing.bericht import Foutinhoud
from routing.poorten import Uitkomst, Uitkomstsoort

_NIET_UNIEK = {"StUF016", "IB016", "IB216", "CC08"}
_PLEK = {
    **dict.fromkeys(
        ("StUF001", "StUF004", "StUF007", "StUF025", "StUF031", "StUF037", "StUF040", "StUF046", "StUF049"), "server"
    ),
    **dict.fromkeys(("StUF058", "StUF061", "StUF960"), "server"),
    **dict.fromkeys(("StUF010", "StUF013", "StUF019", "StUF022", "StUF028", "StUF034", "StUF043"), "client"),
    **dict.fromkeys(("StUF052", "StUF055"), "client"),
}
"""Plek by code, for a fault that does not say its plek."""
_PROBEER_LATER = {408, 425, 429}
_INSTELLING = {401, 403, 404}
_NOOIT = {501, 505}


def classify(antwoord: Antwoord, referentienummer: str, poging: int) -> Uitkomst:
    """Decide on one answer.

    Args:
        antwoord: what the receiver answered.
        referentienummer: of the bericht that was sent.
        poging: which attempt this was, counted from 1.
    """
    soort, toelichting = _decide(antwoord, referentienummer, poging)
    fout = antwoord.fout if soort is not Uitkomstsoort.BEZORGD else None
    return Uitkomst(soort, toelichting, antwoord.status, fout, antwoord.retry_after)


def _decide(antwoord: Antwoord, referentienummer: str, poging: int) -> tuple[Uitkomstsoort, str]:
    andermans = antwoord.cross_ref != referentienummer
    if antwoord.soort is Antwoordsoort.ONTVANGST:
        if not 200 <= antwoord.status < 300:
            return _later(f"De ontvanger gaf een Bv03 met HTTP-status {antwoord.status}; dat telt niet als ontvangst.")
        if andermans:
            return _later("De ontvanger gaf een Bv03 waarvan crossRefnummer niet naar dit bericht verwijst.")
        return Uitkomstsoort.BEZORGD, "De ontvanger bevestigde de ontvangst."
    if antwoord.soort is Antwoordsoort.STUF_FOUT and antwoord.fout is not None:
        if antwoord.cross_ref and andermans:
            return _later("De ontvanger gaf een Fo03 waarvan crossRefnummer niet naar dit bericht verwijst.")
        return _by_code(antwoord.fout, poging)
    if antwoord.soort is Antwoordsoort.SOAP_FOUT and antwoord.fout is not None:
        if antwoord.fout.plek and (200 <= antwoord.status < 300 or antwoord.status == 500):
            return _by_plek(antwoord.fout.plek, "een SOAP-fout zonder StUF-code")
        return _by_status(antwoord.status, "een SOAP-fout zonder StUF-code")
    return _by_status(antwoord.status, antwoord.melding)


def _by_code(fout: Foutinhoud, poging: int) -> tuple[Uitkomstsoort, str]:
    if fout.code in _NIET_UNIEK and poging > 1:
        return (
            Uitkomstsoort.BEZORGD,
            f"De ontvanger kent dit referentienummer al ({fout.code}): een eerdere poging is dus aangekomen.",
        )
    plek = fout.plek or _PLEK.get(fout.code, "")
    return _by_plek(plek, f"een Fo03 met code {fout.code}" if fout.code else "een Fo03 zonder code")


def _by_plek(plek: str, wat: str) -> tuple[Uitkomstsoort, str]:
    if plek == "client":
        return Uitkomstsoort.BLIJVEND, f"De ontvanger weigerde het bericht: {wat}."
    if plek == "server":
        return _later(f"De ontvanger kon het bericht nu niet aannemen: {wat}.")
    return _later(f"De ontvanger antwoordde met {wat}, zonder te zeggen aan welke kant de fout ligt.")


def _by_status(status: int, wat: str) -> tuple[Uitkomstsoort, str]:
    if 200 <= status < 300:
        return _later(f"De ontvanger antwoordde met HTTP-status {status} maar zonder Bv03: {wat}.")
    if 300 <= status < 400:
        return _later(f"Het adres van de ontvanger verwijst door (HTTP-status {status}); dat wordt niet gevolgd.")
    if status in _INSTELLING:
        return _later(f"HTTP-status {status}: adres of toegang van de aansluiting klopt niet ({wat}).")
    if status in _NOOIT or (400 <= status < 500 and status not in _PROBEER_LATER):
        return Uitkomstsoort.BLIJVEND, f"De ontvanger weigerde het bericht met HTTP-status {status} ({wat})."
    return _later(f"De ontvanger kan het bericht nu niet aannemen: HTTP-status {status} ({wat}).")


def _later(toelichting: str) -> tuple[Uitkomstsoort, str]:
    return Uitkomstsoort.TIJDELIJK, toelichting
