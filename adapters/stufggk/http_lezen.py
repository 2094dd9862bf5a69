"""From an HTTP request to an envelope: what may be posted, how much of it, and how slowly."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import hdrs, web

from adapters.stufggk.envelop_lezen import EnvelopLezer, Gelezen
from adapters.stufggk.weigering import Geweigerd
from istandaarden.weigering import printable
from routing.leestijd import Leestijd

_HAP = 16 * 1024  # bytes parsed before others get a turn: 0.2 ms of base64, at worst some 15 ms of tiny elements
_CODERINGEN = {"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii"}
_UITLEG = {
    "application/soap+xml": "dat is SOAP 1.2, dit koppelvlak spreekt SOAP 1.1",
    "multipart/related": "bijlagen (MTOM, XOP, SwA) worden hier niet gebruikt: de inhoud reist als base64",
}


def check_headers(request: web.BaseRequest) -> None:
    """Refuse what is not a plain SOAP 1.1 message (WS-I BP 1.1 §3.1 and R1119).

    Raises:
        Geweigerd: with status 415.
    """
    koppen = request.headers
    soort, codering = request.content_type, request.charset
    if soort != "text/xml":  # nor is it when there is no such header
        gekregen = printable(koppen.get(hdrs.CONTENT_TYPE, "geen"), 80)
        uitleg = f" ({_UITLEG[soort]})" if soort in _UITLEG else ""
        raise Geweigerd(f"Content-Type hoort text/xml te zijn; ontvangen is {gekregen}{uitleg}.", status=415)
    if codering is not None and codering.lower() not in _CODERINGEN:
        raise Geweigerd(f"charset hoort utf-8 te zijn; ontvangen is {printable(codering, 40)}.", status=415)
    inpakking = koppen.get(hdrs.CONTENT_ENCODING, "").strip().lower()
    if inpakking not in ("", "identity"):
        raise Geweigerd(
            f"Content-Encoding {printable(inpakking, 40)} wordt niet gebruikt; stuur platte XML.", status=415
        )


async def read_request(request: web.Request, lezer: EnvelopLezer, leestijd: Leestijd) -> Gelezen:
    """Read the body of a request without ever holding it, and without keeping others waiting.

    Args:
        request: of which the body has not been touched.
        lezer: fresh.
        leestijd: how long the whole body may take.

    Raises:
        Geweigerd: too slow, broken off, or refused by the reader.
    """
    inhoud = request.content
    if inhoud.is_eof() and inhoud.total_bytes <= _HAP and inhoud.exception() is None:  # it all came with the headers
        lezer.feed(inhoud.read_nowait())
        return lezer.close()
    gelezen = 0
    try:
        async with leestijd.bound() as note:
            while data := await inhoud.readany():
                gelezen += len(data)
                note(gelezen)
                for plek in range(0, len(data), _HAP):
                    lezer.feed(data[plek : plek + _HAP])
                    if gelezen > _HAP:
                        await asyncio.sleep(0)
    except TimeoutError:
        raise Geweigerd("Het bericht kwam te langzaam binnen.", status=408) from None
    except (web.RequestPayloadError, aiohttp.ClientError, ConnectionError):
        raise Geweigerd("Het bericht is afgebroken.", status=400) from None
    return lezer.close()
