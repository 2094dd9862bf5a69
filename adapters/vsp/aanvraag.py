"""Reading a push: a multipart/form-data body with the parts berichtMetadata and payload, in either order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import ValidationError

from adapters.vsp.foutteksten import explain
from adapters.vsp.model import BerichtMetadata
from adapters.vsp.paden import MAX_METADATA, MAX_PAYLOAD
from adapters.vsp.weigering import Afgewezen
from routing.leestijd import Leestijd
from routing.payload import Payload

METADATA, PAYLOAD = "berichtMetadata", "payload"
ONGELDIG = "De aanvraag voldoet niet aan de beschrijving van de koppeling."
_HAP = 64 * 1024
_OMSLAG = 64 * 1024
"""Bytes that boundaries and part headers may take."""


@dataclass(slots=True)
class _Delen:
    metadata: bytes | None = None
    payload: Payload | None = None


async def read_push(request: web.Request, leestijd: Leestijd) -> tuple[BerichtMetadata, Payload]:
    """Read a push, keeping the payload compressed and refusing what is too large while it arrives.

    Args:
        request: with its body still unread.
        leestijd: how long the whole body may take.

    Raises:
        Afgewezen: 400 with a sentence per part or field, 408, or 413.
    """
    _check_headers(request)
    try:
        async with leestijd.bound() as note:
            delen = await _read_parts(request, note)
    except TimeoutError:
        raise Afgewezen(408, "De aanvraag kwam niet op tijd binnen.", "Bied het bericht opnieuw aan.") from None
    except (ValueError, RuntimeError, AssertionError, HttpProcessingError, web.RequestPayloadError):
        # What aiohttp's multipart reader raises for a broken or half body; its English says nothing to a user.
        zin = "De multipart-inhoud is afgebroken of verkeerd opgebouwd."
        raise Afgewezen(400, ONGELDIG, zin, fouten={"$": [zin]}) from None
    return _check(delen)


def _check_headers(request: web.Request) -> None:
    zin = ""
    if request.content_type != "multipart/form-data":
        zin = "De aanvraag is geen multipart/form-data."
    elif request.headers.get("Content-Encoding", "identity") != "identity":
        zin = "De aanvraag is gecomprimeerd; lever haar aan zonder Content-Encoding."
    if zin:
        raise Afgewezen(400, ONGELDIG, zin, fouten={"$": [zin]})
    if (request.content_length or 0) > MAX_PAYLOAD + MAX_METADATA + _OMSLAG:
        raise _too_large()


async def _read_parts(request: web.Request, note: Callable[[int], None]) -> _Delen:
    delen = _Delen()
    lezer = MultipartReader(request.headers, request.content)
    while (deel := await lezer.next()) is not None:
        if not isinstance(deel, BodyPartReader):
            zin = "Een deel mag niet zelf uit delen bestaan."
            raise Afgewezen(400, ONGELDIG, zin, fouten={"$": [zin]})
        if deel.name not in (METADATA, PAYLOAD):
            zin = f"Alleen de delen {METADATA} en {PAYLOAD} zijn toegestaan."
            raise Afgewezen(400, ONGELDIG, zin, fouten={(deel.name or "$")[:100]: [zin]})
        codering = deel.headers.get("Content-Transfer-Encoding", "binary").lower()
        if "Content-Encoding" in deel.headers or codering not in ("binary", "8bit", "7bit"):
            zin = "Een deel staat er gewoon in, zonder Content-Encoding of Content-Transfer-Encoding."
            raise Afgewezen(400, ONGELDIG, zin, fouten={deel.name: [zin]})
        if (delen.metadata if deel.name == METADATA else delen.payload) is not None:
            zin = "Dit deel komt meer dan eens voor."
            raise Afgewezen(400, ONGELDIG, zin, fouten={deel.name: [zin]})
        if deel.name == METADATA:
            delen.metadata = await _read_metadata(deel)
        else:
            delen.payload = await _read_payload(deel, lambda: note(request.content.total_bytes))
    return delen


async def _read_metadata(deel: BodyPartReader) -> bytes:
    data = bytearray()
    while stuk := await deel.read_chunk(_HAP):
        data += stuk
        if len(data) > MAX_METADATA:
            zin = f"De metadata zijn groter dan {MAX_METADATA} bytes."
            raise Afgewezen(400, ONGELDIG, zin, fouten={METADATA: [zin]})
    return bytes(data)


async def _read_payload(deel: BodyPartReader, note: Callable[[], None]) -> Payload:
    payload = Payload()
    while stuk := await deel.read_chunk(_HAP):
        note()
        payload.write(stuk)
        if payload.size > MAX_PAYLOAD:
            raise _too_large()
    payload.finish()
    return payload


def _too_large() -> Afgewezen:
    zin = "Splits de inhoud en bied de delen aan als aparte berichten."
    return Afgewezen(413, f"De payload is groter dan {MAX_PAYLOAD} bytes (25 MiB).", zin, fouten={PAYLOAD: [zin]})


def _check(delen: _Delen) -> tuple[BerichtMetadata, Payload]:
    fouten: dict[str, list[str]] = {}
    metadata = None
    if delen.metadata is None:
        fouten[METADATA] = ["Dit deel ontbreekt."]
    else:
        try:
            metadata = BerichtMetadata.model_validate_json(delen.metadata)
        except ValidationError as fout:
            fouten |= explain(fout, METADATA)
    if delen.payload is None:
        fouten[PAYLOAD] = ["Dit deel ontbreekt."]
    elif not delen.payload.size:
        fouten[PAYLOAD] = ["De payload is leeg."]
    if metadata is None or delen.payload is None or fouten:
        raise Afgewezen(400, ONGELDIG, "Herstel de genoemde punten en bied het bericht opnieuw aan.", fouten=fouten)
    return metadata, delen.payload
