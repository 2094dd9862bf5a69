"""The threshold of the koppelvlak: who hands in a bericht gets a place first, or hears when to try again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from aiohttp import hdrs, web

from knooppunt.meting import Meting
from knooppunt.tls import identify
from routing.fouten import Fout, make_fout
from routing.toelating import Druk, Plek, Toelating

_log = structlog.get_logger(__name__)

_TE_SNEL, _KAN_NIET = 429, 503

Drempel = Callable[..., Awaitable[web.StreamResponse]]
"""The middleware."""


@dataclass(frozen=True, slots=True)
class Ingang:
    """An address where berichten are handed in: its channel, the most bytes of a body, and how it says no."""

    kanaal: str
    hoogstens: int
    refuse: Callable[[Fout, int], web.Response]


def threshold(toelating: Toelating, ingangen: Mapping[str, Ingang], meting: Meting, generatie: str) -> Drempel:
    """Make the middleware.

    Args:
        toelating: gives out places.
        ingangen: by path as the route declares it; every other request passes.
        meting: where refusals are counted.
        generatie: of the fault codes; the causes here have the same one in both.
    """

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.method != hdrs.METH_POST or (bron := request.match_info.route.resource) is None:
            return await handler(request)
        ingang = ingangen.get(bron.canonical)
        if ingang is None:
            return await handler(request)
        identiteit = identify(request)
        try:
            with toelating.admit(identiteit, request.content_length, ingang.hoogstens) as plek:
                try:
                    antwoord = await handler(request)
                finally:
                    plek.settle(request.content.total_bytes)
        except Druk as druk:
            meting.niet_toegelaten.labels(ingang.kanaal, druk.oorzaak).inc()
            _log.info("niet toegelaten", oorzaak=druk.oorzaak, oin=identiteit.oin, kanaal=ingang.kanaal)
            antwoord = ingang.refuse(make_fout(druk.oorzaak, generatie), _KAN_NIET if druk.van_ons else _TE_SNEL)
            antwoord.headers[hdrs.RETRY_AFTER] = str(druk.wachttijd)
            return antwoord
        _show_quota(antwoord, plek)
        return antwoord

    return guard


def _show_quota(antwoord: web.StreamResponse, plek: Plek) -> None:
    """Say what was agreed and what is left (draft-ietf-httpapi-ratelimit-headers)."""
    antwoord.headers["RateLimit-Policy"] = f'"berichten";q={plek.quota};w=60'
    antwoord.headers["RateLimit"] = f'"berichten";r={plek.over}'
