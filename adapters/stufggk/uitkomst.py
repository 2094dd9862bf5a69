"""What an answer means for the delivery: which kenmerken it has, and a sentence that says so.

Which class a kenmerk has stands in `routing.uitkomstklassen`. StUF codes and their plek: StUF 03.01 table 4.1.
"""

from __future__ import annotations

from adapters.stufggk.antwoord_lezen import Antwoord, Antwoordsoort
from routing.bericht import Foutinhoud
from routing.partij import Protocol
from routing.poorten import Uitkomst, Uitkomstsoort
from routing.uitkomstklassen import Uitkomstklassen, http_kenmerken, turns_away

_PLEK = {
    **dict.fromkeys(
        ("StUF001", "StUF004", "StUF007", "StUF025", "StUF031", "StUF037", "StUF040", "StUF046", "StUF049"), "server"
    ),
    **dict.fromkeys(("StUF058", "StUF061", "StUF960"), "server"),
    **dict.fromkeys(("StUF010", "StUF013", "StUF019", "StUF022", "StUF028", "StUF034", "StUF043"), "client"),
    **dict.fromkeys(("StUF052", "StUF055"), "client"),
}
"""Plek by code, for a fault that does not say its plek."""
_INSTELLING = {401, 403, 404}
STANDAARD = Uitkomstklassen(Protocol.STUF, {})


def classify(
    antwoord: Antwoord, referentienummer: str, *, mogelijk_aangekomen: bool, klassen: Uitkomstklassen = STANDAARD
) -> Uitkomst:
    """Decide on one answer.

    Args:
        antwoord: what the receiver answered.
        referentienummer: of the bericht that was sent.
        mogelijk_aangekomen: an earlier attempt may have reached the receiver.
        klassen: which class a kenmerk has.
    """
    kenmerken, wat = _read(antwoord, referentienummer, mogelijk_aangekomen=mogelijk_aangekomen)
    soort, kenmerk = klassen.decide(kenmerken)
    return Uitkomst(
        soort,
        _say(soort, kenmerk, wat),
        antwoord.status,
        antwoord.fout if soort is not Uitkomstsoort.BEZORGD else None,
        antwoord.retry_after,
        kenmerk,
        mogelijk_aangekomen=not _refuses(antwoord, referentienummer),
    )


def _refuses(antwoord: Antwoord, referentienummer: str) -> bool:
    """Say whether an answer means for certain that the bericht was not taken.

    A Fo03 about it does, wherever the fault lies: who sends one must take the next attempt as if it were the first
    (StUF 03.01 §4.4.3). A bare SOAP fault of the server may come from anywhere, also from behind what stored it.
    """
    if antwoord.soort is Antwoordsoort.ONTVANGST or antwoord.cross_ref not in (None, "", referentienummer):
        return False
    if antwoord.fout is not None and antwoord.cross_ref is not None:
        return True
    if antwoord.fout is not None and (200 <= antwoord.status < 300 or antwoord.status == 500):
        return _plek(antwoord.fout) == "client"
    return turns_away(antwoord.status)


def _read(antwoord: Antwoord, referentienummer: str, *, mogelijk_aangekomen: bool) -> tuple[tuple[str, ...], str]:
    """Return the kenmerken of an answer, the most special first, and what it was in words.

    An answer that is about another bericht, or that contradicts itself, has none: then it is tried again.
    """
    andermans = antwoord.cross_ref != referentienummer
    if antwoord.soort is Antwoordsoort.ONTVANGST:
        if not 200 <= antwoord.status < 300:
            return (), f"een Bv03 met HTTP-status {antwoord.status}; dat telt niet als ontvangst"
        if andermans:
            return (), "een Bv03 waarvan crossRefnummer niet naar dit bericht verwijst"
        return ("bv03",), "een Bv03"
    if antwoord.soort is Antwoordsoort.STUF_FOUT and antwoord.fout is not None:
        if antwoord.cross_ref and andermans:
            return (), "een Fo03 waarvan crossRefnummer niet naar dit bericht verwijst"
        return _of_fault(antwoord.fout, mogelijk_aangekomen=mogelijk_aangekomen)
    if antwoord.soort is Antwoordsoort.SOAP_FOUT and antwoord.fout is not None:
        wat = "een SOAP-fout zonder StUF-code"
        if antwoord.fout.plek and (200 <= antwoord.status < 300 or antwoord.status == 500):
            return (f"plek.{antwoord.fout.plek}",), wat
        return _of_status(antwoord.status, wat)
    return _of_status(antwoord.status, antwoord.melding)


def _of_fault(fout: Foutinhoud, *, mogelijk_aangekomen: bool) -> tuple[tuple[str, ...], str]:
    plek = _plek(fout)
    kenmerken: tuple[str, ...] = (f"herhaald.{fout.code}",) if mogelijk_aangekomen and fout.code else ()
    kenmerken += (f"fout.{fout.code}",) if fout.code else ()
    wat = f"een Fo03 met code {fout.code}" if fout.code else "een Fo03 zonder code"
    if not plek:
        return kenmerken, f"{wat}, zonder te zeggen aan welke kant de fout ligt"
    return (*kenmerken, f"plek.{plek}"), wat


def _plek(fout: Foutinhoud) -> str:
    return fout.plek or _PLEK.get(fout.code, "")


def _of_status(status: int, wat: str) -> tuple[tuple[str, ...], str]:
    if 200 <= status < 300:
        uitleg = f"HTTP-status {status} maar zonder Bv03: {wat}"
    elif 300 <= status < 400:
        uitleg = f"HTTP-status {status}: het adres verwijst door, en dat wordt niet gevolgd"
    elif status in _INSTELLING:
        uitleg = f"HTTP-status {status}: adres of toegang van de aansluiting klopt niet ({wat})"
    else:
        uitleg = f"HTTP-status {status} ({wat})"
    return http_kenmerken(status), uitleg


def _say(soort: Uitkomstsoort, kenmerk: str, wat: str) -> str:
    if soort is Uitkomstsoort.BLIJVEND:
        return f"De ontvanger weigerde het bericht: {wat}."
    if soort is Uitkomstsoort.TIJDELIJK:
        return f"De ontvanger nam het bericht nu niet aan: {wat}."
    if kenmerk.startswith("herhaald."):
        code = kenmerk.removeprefix("herhaald.")
        return f"De ontvanger kent dit referentienummer al ({code}): een eerdere poging is dus aangekomen."
    return f"De ontvanger bevestigde de ontvangst: {wat}."
