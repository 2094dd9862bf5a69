"""Writing a Di01, Du01 or Fo01 as a SOAP 1.1 message, payload in pieces (ggk-protocol.md §2.3 and §2.5)."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from adapters.stufggk.namen import GGK, SOAP11, SOAP_ACTION, STUF
from adapters.stufggk.xmlschrijven import escape
from routing.bericht import Berichtcode, Envelop, Stuurgegevens, Systeem
from routing.poorten import UitgaandePayload

SOAP_BEGIN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<soap:Envelope xmlns:soap="{SOAP11}" xmlns:StUF="{STUF}" xmlns:GGK="{GGK}"><soap:Body>'
)
SOAP_EIND = "</soap:Body></soap:Envelope>"
_ELEMENT = {
    Berichtcode.DI01: "GGK:envelopHeenbericht-ggk_Di01",
    Berichtcode.DU01: "GGK:envelopRetourbericht-ggk_Du01",
    Berichtcode.FO01: "StUF:Fo01Bericht",
}
_VERSIES = ("applicatieVersie", "applicatieSubversie", "functieVersie", "functieSubversie")
_BLOK = 3 * 32 * 1024  # a multiple of three bytes, so that only the last block of base64 has padding


@dataclass(frozen=True, slots=True)
class Uitgaand:
    """A message ready to be sent; `lengte` is the exact number of bytes that `chunks` yields."""

    soap_action: str
    lengte: int
    kop: bytes
    staart: bytes
    payload: UitgaandePayload
    als_base64: bool

    def chunks(self) -> Iterator[bytes]:
        """Yield the message; the payload is read while it goes out."""
        yield self.kop
        yield from _base64(self.payload.chunks()) if self.als_base64 else self.payload.chunks()
        yield self.staart


def compose(envelop: Envelop, payload: UitgaandePayload) -> Uitgaand:
    """Put a bericht in its SOAP envelope; zender, referentienummer, tijdstip and functie stay what they are.

    Args:
        envelop: stuurgegevens and parameters.
        payload: the content; of a Fo01 the serialised StUF:body element with all its namespaces.

    Raises:
        ValueError: this envelope cannot be expressed in StUF-GGk; the Dutch message says why.
    """
    sg = envelop.stuurgegevens
    code = sg.berichtcode
    element = _ELEMENT[code]
    if code is Berichtcode.FO01:
        if sg.cross_ref is None:
            raise ValueError("een Fo01 zonder crossRefnummer bestaat niet in StUF")
        kop = f"{SOAP_BEGIN}<{element}>{_stuurgegevens('StUF', sg)}"
        staart, lengte = f"</{element}>{SOAP_EIND}", payload.size
    else:
        opening, sluiting = _parameters(envelop)
        kop = f"{SOAP_BEGIN}<{element}>{_stuurgegevens('GGK', sg)}{opening}"
        staart, lengte = f"{sluiting}</{element}>{SOAP_EIND}", (payload.size + 2) // 3 * 4
    begin, eind = kop.encode(), staart.encode()
    return Uitgaand(
        SOAP_ACTION[code], len(begin) + lengte + len(eind), begin, eind, payload, code is not Berichtcode.FO01
    )


@lru_cache(1024)
def write_systeem(naam: str, systeem: Systeem) -> str:
    """Write a zender or ontvanger element; an empty organisatie is left out, as only a Fo01 or Bv03 may have it."""
    delen = [f"<StUF:organisatie>{escape(systeem.organisatie)}</StUF:organisatie>"] if systeem.organisatie else []
    delen.append(f"<StUF:applicatie>{escape(systeem.applicatie)}</StUF:applicatie>")
    if systeem.administratie is not None:
        delen.append(f"<StUF:administratie>{escape(systeem.administratie)}</StUF:administratie>")
    if systeem.gebruiker is not None:
        delen.append(f"<StUF:gebruiker>{escape(systeem.gebruiker)}</StUF:gebruiker>")
    return f"<StUF:{naam}>{''.join(delen)}</StUF:{naam}>"


def _stuurgegevens(prefix: str, sg: Stuurgegevens) -> str:
    cross_ref = functie = ""
    if sg.berichtcode is not Berichtcode.DI01:
        if sg.cross_ref is None:
            raise ValueError("een Du01 zonder crossRefnummer bestaat niet in StUF")
        cross_ref = f"<StUF:crossRefnummer>{escape(sg.cross_ref)}</StUF:crossRefnummer>"
    if sg.berichtcode is not Berichtcode.FO01:
        functie = f"<StUF:functie>{escape(sg.functie or '')}</StUF:functie>"
    return (
        f"<{prefix}:stuurgegevens><StUF:berichtcode>{sg.berichtcode}</StUF:berichtcode>"
        f"{write_systeem('zender', sg.zender)}{write_systeem('ontvanger', sg.ontvanger)}"
        f"<StUF:referentienummer>{escape(sg.referentienummer)}</StUF:referentienummer>"
        f"<StUF:tijdstipBericht>{escape(sg.tijdstip)}</StUF:tijdstipBericht>"
        f"{cross_ref}{functie}</{prefix}:stuurgegevens>"
    )


def _parameters(envelop: Envelop) -> tuple[str, str]:
    """Return what comes before and after the base64 text."""
    p = envelop.parameters
    if p is None:
        raise ValueError("een Di01 of Du01 zonder parameters bestaat niet in StUF")
    naam = f' bestandsnaam="{_attribuut(p.bestandsnaam)}"' if p.bestandsnaam is not None else ""
    versies = _versies(p.applicatie_versie, p.applicatie_subversie, p.functie_versie, p.functie_subversie)
    return (
        f"<GGK:parameters>{versies}<GGK:bericht><GGK:{p.vorm}{naam}>",
        f"</GGK:{p.vorm}></GGK:bericht></GGK:parameters>",
    )


@lru_cache(1024)
def _versies(*waarden: str) -> str:
    """Write the four versions; nearly all berichten have the same few."""
    return "".join(f"<GGK:{veld}>{escape(waarde)}</GGK:{veld}>" for veld, waarde in zip(_VERSIES, waarden, strict=True))


def _attribuut(tekst: str) -> str:
    return escape(tekst).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def _base64(delen: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for deel in delen:
        data = rest + deel if rest else deel
        for begin in range(0, len(data) - len(data) % 3, _BLOK):
            yield binascii.b2a_base64(data[begin : min(begin + _BLOK, len(data) - len(data) % 3)], newline=False)
        rest = data[len(data) - len(data) % 3 :]
    if rest:
        yield binascii.b2a_base64(rest, newline=False)
