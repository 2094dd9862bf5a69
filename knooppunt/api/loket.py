"""The API as an aiohttp application: who asks, may he, are the parameters right, and answers in one form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog
from aiohttp import web
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from knooppunt.api.eindpunt import Eindpunt
from knooppunt.api.openapi import VERSIE, describe
from knooppunt.api.probleem import Probleem, of_http
from routing.bericht import Identiteit
from routing.databank import OpslagFout
from routing.register import RegisterBron

_log = structlog.get_logger(__name__)

BASIS = "/api/v1"
_PROBEER_LATER = "Probeer het later opnieuw."
_REDENEN = {
    "missing": "ontbreekt",
    "extra_forbidden": "bestaat niet",
    "string_too_short": "is te kort",
    "string_too_long": "is te lang",
    "string_pattern_mismatch": "bevat tekens die niet kunnen",
    "greater_than_equal": "is te klein",
    "less_than_equal": "is te groot",
}


class Loket:
    """Serves the operations.

    Args:
        eindpunten: all of them.
        register_bron: who may act for which partijen.
        identify: says who is at the other end of the connection.
    """

    def __init__(
        self,
        eindpunten: Iterable[Eindpunt],
        register_bron: RegisterBron,
        identify: Callable[[web.Request], Identiteit],
    ) -> None:
        self._eindpunten = tuple(eindpunten)
        self._register_bron = register_bron
        self._identify = identify

    def add_routes(self, app: web.Application) -> None:
        """Put the API in an application, below `BASIS`."""
        api = web.Application(middlewares=[_in_one_form])
        for eindpunt in self._eindpunten:
            api.router.add_get(eindpunt.pad, self._serve(eindpunt), allow_head=False)
        api.router.add_get("/openapi.json", self._describe, allow_head=False)
        app.add_subapp(BASIS, api)

    def _serve(self, eindpunt: Eindpunt) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            register = self._register_bron.current()
            partijen = eindpunt.toegang(register, register.partijen_of(self._identify(request)))
            if not partijen:
                detail = "Laat uw certificaat bij het knooppunt registreren bij de aansluiting van uw partij."
                raise Probleem(403, "Dit certificaat hoort bij geen partij die dit mag vragen.", detail)
            antwoord = await eindpunt.handler(partijen, _read(eindpunt, request))
            return web.Response(body=antwoord.model_dump_json(by_alias=True), content_type="application/json")

        return serve

    async def _describe(self, request: web.Request) -> web.Response:
        self._identify(request)  # the description is no secret, but an expired certificate opens nothing
        return web.json_response(describe(self._eindpunten, BASIS))


def _read(eindpunt: Eindpunt, request: web.Request) -> Any:
    """Check the parameters of path and query.

    Raises:
        Probleem: 400, with everything that is wrong.
    """
    dubbel = sorted({naam for naam in request.query if len(request.query.getall(naam)) > 1})
    if dubbel:
        raise _wrong((naam, "komt dubbel voor") for naam in dubbel)
    in_pad = sorted(request.query.keys() & request.match_info.keys())
    if in_pad:
        raise _wrong((naam, "bestaat niet") for naam in in_pad)
    try:
        return eindpunt.vraag.model_validate({**request.query, **request.match_info})
    except ValidationError as fout:
        raise _wrong((".".join(map(str, f["loc"])), _reason(f)) for f in fout.errors(include_input=False)) from None


def _wrong(parameters: Iterable[tuple[str, str]]) -> Probleem:
    schoon = tuple((naam[:64], reden) for naam, reden in parameters)
    return Probleem(400, "De vraag voldoet niet aan de beschrijving.", "Zie openapi.json.", schoon)


def _reason(fout: ErrorDetails) -> str:
    eigen = fout.get("ctx", {}).get("error")
    return str(eigen) if isinstance(eigen, ValueError) else _REDENEN.get(fout["type"], "klopt niet")


@web.middleware
async def _in_one_form(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        antwoord = await handler(request)
    except Probleem as probleem:
        antwoord = probleem.answer()
    except web.HTTPException as fout:
        antwoord = of_http(fout)
    except OpslagFout:
        _log.warning("vraag niet beantwoord: de database is niet te lezen")
        antwoord = Probleem(503, "Het knooppunt kan nu niet antwoorden.", _PROBEER_LATER).answer()
        antwoord.headers["Retry-After"] = "60"
    except Exception:  # noqa: BLE001 - whatever it was, the client is to hear it in words
        _log.exception("vraag niet beantwoord", route=request.match_info.route.name)
        antwoord = Probleem(500, "Er ging iets mis bij het knooppunt.", _PROBEER_LATER).answer()
    antwoord.headers["API-Version"] = VERSIE
    return antwoord
