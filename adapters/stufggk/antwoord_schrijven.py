"""The synchronous replies: Bv03, and Fo03 inside a SOAP 1.1 fault (ggk-protocol.md §2.5, BIND §3 and §4.3)."""

from __future__ import annotations

import uuid
from functools import lru_cache

from adapters.stufggk.envelop_schrijven import SOAP_BEGIN, SOAP_EIND, write_systeem
from adapters.stufggk.weigering import AntwoordOp
from adapters.stufggk.xmlschrijven import escape
from routing import tijdstip
from routing.bericht import Systeem
from routing.fouten import Fout

_MAX_CODE, _MAX_OMSCHRIJVING, _MAX_DETAILS = 7, 200, 1000
_BV03_BEGIN = f"{SOAP_BEGIN}<StUF:Bv03Bericht>"
_BV03_EIND = f"</StUF:Bv03Bericht>{SOAP_EIND}"


def write_bv03(hub: Systeem, antwoord_op: AntwoordOp, referentienummer: str, moment: str) -> bytes:
    """Write the receipt: stored safely, to be processed.

    Args:
        hub: who we are, the zender of the receipt.
        antwoord_op: the zender and referentienummer of the bericht.
        referentienummer: of the receipt itself.
        moment: tijdstip of the receipt, 17 digits.
    """
    kop = _stuurgegevens("Bv03", hub, antwoord_op, referentienummer, moment)
    return f"{_BV03_BEGIN}{kop}{_BV03_EIND}".encode()


def write_fo03(hub: Systeem, antwoord_op: AntwoordOp, fout: Fout) -> bytes:
    """Write the refusal of a bericht: a SOAP fault that carries the whole Fo03.

    faultcode follows plek, faultstring is the omschrijving, there is no faultactor; toelichting and bevindingen go
    into `details`, as far as its 1000 characters allow.
    """
    omschrijving = escape(_cut(fout.omschrijving, _MAX_OMSCHRIJVING))
    meldingen = [f"{b.plaats}: {b.melding}" for b in fout.bevindingen]
    details = _cut(" ".join(deel for deel in (fout.toelichting, *meldingen) if deel), _MAX_DETAILS)
    body = (
        f"<StUF:code>{escape(fout.code[:_MAX_CODE])}</StUF:code><StUF:plek>{fout.plek}</StUF:plek>"
        f"<StUF:omschrijving>{omschrijving}</StUF:omschrijving>"
        + (f"<StUF:details>{escape(details)}</StUF:details>" if details else "")
    )
    kop = _stuurgegevens("Fo03", hub, antwoord_op, str(uuid.uuid4()), tijdstip.now())
    return _fault(
        fout.plek.capitalize(),
        omschrijving,
        f"<detail><StUF:Fo03Bericht>{kop}<StUF:body>{body}</StUF:body></StUF:Fo03Bericht></detail>",
    )


def write_fault(faultcode: str, melding: str) -> bytes:
    """Write a SOAP fault without Fo03, for a message of which the stuurgegevens cannot be read."""
    return _fault(faultcode, escape(melding))


def _fault(faultcode: str, faultstring: str, detail: str = "") -> bytes:
    return (
        f"{SOAP_BEGIN}<soap:Fault><faultcode>soap:{faultcode}</faultcode><faultstring>{faultstring}</faultstring>"
        f"{detail}</soap:Fault>{SOAP_EIND}"
    ).encode()


def _stuurgegevens(code: str, hub: Systeem, antwoord_op: AntwoordOp, referentienummer: str, moment: str) -> str:
    """Write the stuurgegevens of a reply: zender and ontvanger swapped (StUF 03.01 §4.4.1 and §4.4.3)."""
    return (
        f"<StUF:stuurgegevens><StUF:berichtcode>{code}</StUF:berichtcode>"
        f"{_write_swapped(hub, antwoord_op.zender)}"
        f"<StUF:referentienummer>{referentienummer}</StUF:referentienummer>"
        f"<StUF:tijdstipBericht>{moment}</StUF:tijdstipBericht>"
        f"<StUF:crossRefnummer>{escape(antwoord_op.referentienummer[:40])}</StUF:crossRefnummer></StUF:stuurgegevens>"
    )


@lru_cache(1024)
def _write_swapped(hub: Systeem, zender: Systeem) -> str:
    return write_systeem("zender", hub) + write_systeem("ontvanger", _addressable(zender))


def _addressable(zender: Systeem) -> Systeem:
    """Return the zender with values that the schema allows, since a refused envelope may hold others."""
    return Systeem(
        organisatie=zender.organisatie[:200],
        applicatie=zender.applicatie if 3 <= len(zender.applicatie) <= 50 else "onbekend",
        administratie=zender.administratie[:50] if zender.administratie is not None else None,
        gebruiker=zender.gebruiker[:100] if zender.gebruiker is not None else None,
    )


def _cut(tekst: str, lengte: int) -> str:
    return tekst if len(tekst) <= lengte else tekst[: lengte - 1] + "…"
