"""Reading what a receiver answers: Bv03, Bv04, Fo03 in a fault, and everything else that servers send in practice.

Lenient on purpose: a fault may have a faultcode like ``s:StUF058``, a default namespace, lack code or plek, stand
directly in the Body, come with HTTP 200 or in SOAP 1.2 (ggk-protocol.md §2.5, §6.12).

A receiver writes all his receipts alike, but for a few numbers. So the form of a receipt is understood once and then
recognised by its bytes; whatever has another form is parsed.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from lxml import etree

from adapters.stufggk.namen import SOAP11, SOAP12, STUF, lokaal
from istandaarden import veilig
from istandaarden.weigering import printable
from routing.bericht import Foutinhoud

_S = f"{{{STUF}}}"
_STUFCODE = re.compile(r"(?:StUF|IB|RIN|BRS|CC|KNP)[0-9]{2,4}")
_PLEK = {
    "Client": "client",
    "Sender": "client",
    "MustUnderstand": "client",
    "VersionMismatch": "client",
    "Server": "server",
    "Receiver": "server",
}
"""Where the fault lies according to a SOAP faultcode, of either version."""
_FOUTBERICHTEN = {f"{_S}Fo01Bericht", f"{_S}Fo02Bericht", f"{_S}Fo03Bericht"}
_ONTVANGSTEN = {f"{_S}Bv03Bericht", f"{_S}Bv04Bericht"}

_VORM_MAX: Final = 4096
"""Bytes up to which the form of a receipt is remembered."""
_WAARDE: Final = re.compile(rb">([-A-Za-z0-9]{1,64})<")
"""The whole text between two tags, of characters that mean nothing in XML."""
_MERK: Final = secrets.token_hex(8)
"""What no receiver writes, because he cannot know it."""


class Antwoordsoort(StrEnum):
    """What an answer turned out to be."""

    ONTVANGST = "ontvangst"  # Bv03 or Bv04
    STUF_FOUT = "stuf-fout"  # a fault body with a StUF code
    SOAP_FOUT = "soap-fout"  # a fault without one
    ONLEESBAAR = "onleesbaar"  # HTML, nothing, cut off, not XML


@dataclass(frozen=True, slots=True)
class Antwoord:
    """An answer as it was understood.

    `cross_ref` is the referentienummer that the answer says it is about; `fout` is filled for STUF_FOUT and
    SOAP_FOUT, with an empty code for the latter; `melding` says in Dutch what was wrong with an ONLEESBAAR one.
    """

    status: int
    soort: Antwoordsoort
    cross_ref: str | None = None
    fout: Foutinhoud | None = None
    melding: str = ""
    retry_after: float | None = None


def read_antwoord(status: int, body: bytes, retry_after: float | None = None) -> Antwoord:
    """Understand an answer; never raises.

    Args:
        status: HTTP status.
        body: the answer, UTF-8 or UTF-16.
        retry_after: seconds that the other side asked us to wait.
    """
    if len(body) <= _VORM_MAX and b"Bv03Bericht" in body:
        delen = _WAARDE.split(body)
        if plek := _find_cross_ref(tuple(delen[::2])):
            return Antwoord(status, Antwoordsoort.ONTVANGST, delen[plek].decode(), retry_after=retry_after)
    return _understand(status, body, retry_after)


@lru_cache(256)
def _find_cross_ref(vorm: tuple[bytes, ...]) -> int:
    """Say which value of a receipt of this form is its crossRefnummer, by reading one in which every value is known.

    Args:
        vorm: what stands before, between and behind the values and the brackets around them.

    Returns:
        Its place in a receipt that is split into form and values in turn; 0 when this is no receipt, or one of which
        that cannot be said.
    """
    if b"<!" in b"<".join(vorm):  # between the tags in a comment or CDATA is no value
        return 0
    proef = vorm[0] + b"".join(b">%b%d<%b" % (_MERK.encode(), n, deel) for n, deel in enumerate(vorm[1:]))
    antwoord = _understand(200, proef, None)
    gevonden = re.fullmatch(rf"{_MERK}(\d+)", antwoord.cross_ref or "")
    return 0 if antwoord.soort is not Antwoordsoort.ONTVANGST or gevonden is None else 2 * int(gevonden[1]) + 1


def _understand(status: int, body: bytes, retry_after: float | None) -> Antwoord:
    """Parse an answer and look at everything in it."""
    if not body.strip():
        return Antwoord(status, Antwoordsoort.ONLEESBAAR, melding="het antwoord is leeg", retry_after=retry_after)
    try:
        wortel = veilig.parse(body, veilig.ENVELOP)
    except veilig.XmlGeweigerd:
        wat = "een webpagina" if b"<html" in body[:2000].lower() else "geen leesbare XML"
        return Antwoord(status, Antwoordsoort.ONLEESBAAR, melding=f"het antwoord is {wat}", retry_after=retry_after)
    for element in wortel.iter(*_ONTVANGSTEN):
        cross_ref = _cross_ref(element)
        return Antwoord(status, Antwoordsoort.ONTVANGST, cross_ref, retry_after=retry_after)
    fault = next(wortel.iter(f"{{{SOAP11}}}Fault", f"{{{SOAP12}}}Fault"), None)
    faultcode, faultstring = _read_fault(fault) if fault is not None else ("", "")
    for element in wortel.iter(*_FOUTBERICHTEN):
        cross_ref = _cross_ref(element)
        velden = {lokaal(e.tag): (e.text or "").strip() for e in element.iterfind(f"{_S}body/*")}
        fout = _complete(velden, faultcode, faultstring)
        return Antwoord(status, Antwoordsoort.STUF_FOUT, cross_ref, fout, retry_after=retry_after)
    if fault is not None:
        fout = _complete({}, faultcode, faultstring)
        soort = Antwoordsoort.STUF_FOUT if fout.code else Antwoordsoort.SOAP_FOUT
        return Antwoord(status, soort, fout=fout, retry_after=retry_after)
    melding = f"het antwoord is geen Bv03 maar {printable(lokaal(wortel.tag), 60)}"
    return Antwoord(status, Antwoordsoort.ONLEESBAAR, melding=melding, retry_after=retry_after)


def _cross_ref(element: etree._Element) -> str:
    gevonden = next(element.iter(f"{_S}crossRefnummer"), None)
    return "" if gevonden is None else (gevonden.text or "").strip()


def _read_fault(fault: etree._Element) -> tuple[str, str]:
    """Return faultcode (without prefix) and faultstring of a fault of either SOAP version."""
    code = tekst = ""
    for element in fault.iter():
        naam, waarde = lokaal(element.tag), (element.text or "").strip()
        if naam in ("faultcode", "Value") and not code:
            code = waarde.rpartition(":")[2]
        elif naam in ("faultstring", "Text") and not tekst:
            tekst = waarde
    return code, tekst


def _complete(velden: dict[str, str], faultcode: str, faultstring: str) -> Foutinhoud:
    """Fill what is missing in the body of a Fo03 from the fault around it, and cut to the lengths of the schema."""
    code, plek = velden.get("code", ""), velden.get("plek", "").lower()
    if not code and (gevonden := _STUFCODE.search(faultcode)):
        code = gevonden[0]
    if plek not in ("client", "server"):
        plek = _PLEK.get(faultcode.partition(".")[0], "")
    omschrijving = velden.get("omschrijving") or faultstring or "geen omschrijving"
    return Foutinhoud(code[:7], plek, omschrijving[:200], velden.get("details", "")[:1000] or None)
