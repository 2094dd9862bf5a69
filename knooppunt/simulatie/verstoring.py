"""Faults on demand in an HTTP application: the middleware that spoils requests and answers of a simulator.

What can be known from method and path strikes before the handler; a fault that depends on what is in the bericht is
drawn by the handler with `strike`, as soon as it knows the functie.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

from knooppunt.simulatie.storing import NIET_VERWERKT, Storing, Storingen, Storingsoort

_WARTAAL = b"\x00\xff<dit is {geen antwoord"
_LEEST = frozenset({"GET", "HEAD"})


@dataclass(slots=True)
class _Beurt:
    """The request that is being handled, and what strikes it."""

    storing: Storing | None = None


_beurt: ContextVar[_Beurt | None] = ContextVar("beurt", default=None)


def strike(storingen: Storingen, wat: str | None) -> Storing | None:
    """Draw the fault for a bericht in a request that `disturb` guards.

    The middleware sees to the answer. After a fault of `NIET_VERWERKT` the caller takes nothing in; whatever it
    answers, it is not sent.
    """
    storing = storingen.draw(wat)
    if (beurt := _beurt.get()) is not None:
        beurt.storing = storing
    return storing


def disturb(storingen: Storingen, verrichting: Callable[[web.Request], str | None]) -> Middleware:
    """Make the middleware.

    Args:
        storingen: what can strike.
        verrichting: name of what is asked, as ``/WAARBIJ`` of a fault may say it; None when the handler calls
            `strike` itself.
    """

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        beurt = _Beurt()
        wat = verrichting(request)
        if wat is not None:
            beurt.storing = storingen.draw(wat)
            storing = beurt.storing
            spoilt = storing is not None and storing.soort in {Storingsoort.KWIJT, Storingsoort.WARTAAL}
            if storing is not None and (storing.soort in NIET_VERWERKT or (spoilt and request.method in _LEEST)):
                await request.read()
                return await _spoil(request, storing, web.Response())
            if storing is not None and storing.soort is Storingsoort.LAAT and request.method in _LEEST:
                await asyncio.sleep(storing.seconden)  # an answer that streams cannot be held back afterwards
                return await handler(request)
        merk = _beurt.set(beurt)
        try:
            antwoord = await handler(request)
        finally:
            _beurt.reset(merk)
        return antwoord if beurt.storing is None else await _spoil(request, beurt.storing, antwoord)

    return guard


async def _spoil(request: web.Request, storing: Storing, antwoord: web.StreamResponse) -> web.StreamResponse:
    match storing.soort:
        case Storingsoort.LAAT:
            await asyncio.sleep(storing.seconden)
        case Storingsoort.KWIJT | Storingsoort.AFGEBROKEN:
            if request.transport is not None:
                request.transport.abort()
        case Storingsoort.FOUT:
            return web.Response(status=storing.status, text="Storing op verzoek.\n")
        case Storingsoort.WARTAAL:
            status = antwoord.status if antwoord.status not in {204, 304} else 200
            return web.Response(status=status, body=_WARTAAL, content_type=antwoord.content_type)
        case Storingsoort.VERKEERD | Storingsoort.VERLOPEN | Storingsoort.GRAPHQL:
            pass  # in the retour that follows, in the handshake before, and in the answer itself
    return antwoord
