"""Answers of the interface: JSON, problems, and payloads that stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from aiohttp import web

from adapters.vsp.model import ValidationProblemDetails, dump
from adapters.vsp.weigering import Afgewezen
from routing.payload import DREMPEL
from routing.poorten import UitgaandePayload

_log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

VAST = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Headers of every answer: berichten hold personal data and are not to be kept or guessed at on the way."""


def json_answer(data: bytes, status: int = 200) -> web.Response:
    """Answer with JSON that `adapters.vsp.model.dump` wrote."""
    return web.Response(body=data, status=status, content_type="application/json", charset="utf-8", headers=VAST)


def problem(afgewezen: Afgewezen) -> web.Response:
    """Answer with the problem (``application/json``, as the descriptions say, not ``application/problem+json``)."""
    vorm = ValidationProblemDetails.model_validate(
        {
            "type": "about:blank",
            "title": afgewezen.titel,
            "status": afgewezen.status,
            "detail": afgewezen.detail or None,
            "errors": afgewezen.fouten or None,
        }
        | afgewezen.extra
    )
    antwoord = json_answer(dump(vorm), afgewezen.status)
    if afgewezen.wachttijd is not None:
        antwoord.headers["Retry-After"] = str(afgewezen.wachttijd)
    return antwoord


def answering(handler: Handler) -> Handler:
    """Wrap a handler so that a refusal, and a mistake of ours, is answered with a problem in Dutch."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Afgewezen as afgewezen:
            return problem(afgewezen)
        except (web.HTTPException, ConnectionError):  # an answer of its own, or the other side left
            raise
        except Exception:  # noqa: BLE001 - whatever it was, the client is to hear it in words
            _log.exception("aanvraag niet afgehandeld", handler=getattr(handler, "__qualname__", ""))
            titel = "Er ging iets mis bij het knooppunt."
            return problem(Afgewezen(500, titel, "Probeer het later ongewijzigd opnieuw.", wachttijd=60))

    return answer


async def read_chunks(payload: UitgaandePayload) -> AsyncIterator[bytes]:
    """Read a stored payload without holding up the event loop: a large one is opened and unpacked in a thread.

    One piece behind: the last piece is given only when reading ended well, since digest and length are known only then.
    """
    groot = payload.size > DREMPEL
    stukken = payload.chunks()
    vorig: bytes | None = None
    while (stuk := await asyncio.to_thread(next, stukken, None) if groot else next(stukken, None)) is not None:
        if vorig is not None:
            yield vorig
        vorig = stuk
    if vorig is not None:
        yield vorig
