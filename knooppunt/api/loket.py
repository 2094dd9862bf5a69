"""The API as an aiohttp application: who asks, may he, are the parameters right, and answers in one form."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

import structlog
from aiohttp import web

from knooppunt.api.eindpunt import Aanroep, Eindpunt
from knooppunt.api.inlevering import Inleverruimte
from knooppunt.api.lezing import read_body, read_file, read_parameters
from knooppunt.api.openapi import VERSIE, describe
from knooppunt.api.probleem import Probleem, of_http
from knooppunt.api.token import Token, TokenGeweigerd
from routing.bericht import Identiteit
from routing.databank import OpslagFout
from routing.register import RegisterBron

_log = structlog.get_logger(__name__)

BASIS = "/api/v1"
Tokenlezer = Callable[[web.Request, str, Identiteit], Awaitable[Token]]
"""Reads an access token that came with a request; raises `TokenGeweigerd`."""

_PROBEER_LATER = "Probeer het later opnieuw."


class Loket:
    """Serves the operations.

    Args:
        eindpunten: all of them.
        register_bron: who may act for which partijen.
        identify: says who is at the other end of the connection.
        ruimte: room for files that are handed in.
        tokenlezer: reads access tokens; without it none counts.
    """

    def __init__(
        self,
        eindpunten: Iterable[Eindpunt],
        register_bron: RegisterBron,
        identify: Callable[[web.Request], Identiteit],
        ruimte: Inleverruimte | None = None,
        tokenlezer: Tokenlezer | None = None,
    ) -> None:
        self._eindpunten = tuple(eindpunten)
        self._register_bron = register_bron
        self._identify = identify
        self._ruimte = ruimte or Inleverruimte()
        self._tokenlezer = tokenlezer or _refuse_tokens

    def add_routes(self, app: web.Application) -> None:
        """Put the API in an application, below `BASIS`."""
        api = web.Application(middlewares=[_in_one_form])
        for eindpunt in self._eindpunten:
            api.router.add_route(eindpunt.methode, eindpunt.pad, self._serve(eindpunt))
        api.router.add_get("/openapi.json", self._describe, allow_head=False)
        app.add_subapp(BASIS, api)

    def _serve(self, eindpunt: Eindpunt) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            identiteit = self._identify(request)
            register = self._register_bron.current()
            partijen = eindpunt.toegang(register, register.partijen_of(identiteit))
            if koppen := request.headers.getall("Authorization", []):
                partijen &= await self._narrow(eindpunt, request, koppen, identiteit)
            if not partijen:
                detail = "Laat uw certificaat bij het knooppunt registreren bij de aansluiting van uw partij."
                raise Probleem(403, "Dit certificaat hoort bij geen partij die dit mag vragen.", detail)
            vraag = await read_body(eindpunt, request) if eindpunt.takes_json else read_parameters(eindpunt, request)
            spoor = request.headers.get("traceparent", "")
            aanroep = Aanroep(partijen, identiteit, spoor, soort=request.content_type)
            if eindpunt.bestand:
                with self._ruimte.take(min(request.content_length or eindpunt.grens, eindpunt.grens)):
                    bestand = await read_file(eindpunt, request)
                    antwoord = await eindpunt.handler(replace(aanroep, inhoud=bestand), vraag)
            else:
                antwoord = await eindpunt.handler(aanroep, vraag)
            inhoud = antwoord if isinstance(antwoord, bytes) else antwoord.model_dump_json(by_alias=True)
            return web.Response(body=inhoud, content_type="application/json")

        return serve

    async def _narrow(
        self, eindpunt: Eindpunt, request: web.Request, koppen: Sequence[str], identiteit: Identiteit
    ) -> frozenset[str]:
        """Give the partij of the access token in `koppen`, the values of the header Authorization.

        Raises:
            Probleem: 401 when the token does not count here, 403 when it is for something else (RFC 6750 §3.1).
        """
        try:
            token = await self._tokenlezer(request, _bearer(koppen), identiteit)
        except TokenGeweigerd as fout:
            uitdaging = f'Bearer realm="knooppunt", error="invalid_token", error_description="{fout}"'
            raise Probleem(401, "Dit access token geldt hier niet.", str(fout), uitdaging=uitdaging) from None
        if eindpunt.scope not in token.scopes:
            uitdaging = f'Bearer realm="knooppunt", error="insufficient_scope", scope="{eindpunt.scope}"'
            detail = f"Vraag een token met scope {eindpunt.scope}."
            raise Probleem(403, "Dit access token is voor iets anders.", detail, uitdaging=uitdaging)
        return frozenset({token.partij})

    async def _describe(self, request: web.Request) -> web.Response:
        self._identify(request)  # the description is no secret, but an expired certificate opens nothing
        return web.json_response(describe(self._eindpunten, BASIS))


def _bearer(koppen: Sequence[str]) -> str:
    soort, _, token = koppen[0].partition(" ")
    if len(koppen) > 1 or soort.lower() != "bearer":
        raise TokenGeweigerd("Toon precies een access token, van de soort Bearer.")
    return token.strip()


async def _refuse_tokens(_request: web.Request, _token: str, _identiteit: Identiteit) -> Token:
    raise TokenGeweigerd("Dit knooppunt geeft geen access tokens.")


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
