"""The authorisation server: `POST /oauth/token`, and the metadata that describes it (RFC 8414).

A client shows who it is with its certificate alone (``tls_client_auth``, RFC 8705 §2.1); `client_id` is the code of the
partij in whose name it acts, which has to be one of its certificate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from knooppunt.api.scope import Scope
from knooppunt.api.token import Token, Tokens
from routing.bericht import Identiteit
from routing.register import RegisterBron

PAD: Final = "/oauth/token"
METADATA: Final = "/.well-known/oauth-authorization-server"
_FORMULIER: Final = "application/x-www-form-urlencoded"
_GROOTST: Final = 8 * 1024
_NIET_BEWAREN: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_ANDER_BEWIJS: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
_VELDEN: Final = frozenset({"grant_type", "client_id", "scope"})


class _Geweigerd(Exception):
    """A request for a token that is refused (RFC 6749 §5.2); the text is Dutch, in ASCII and without quotes."""

    def __init__(self, code: str, melding: str, status: int = 400) -> None:
        super().__init__(melding)
        self.code, self.status = code, status


def issuer(request: web.Request, publieke_url: str | None) -> str:
    """Give the address of this hub as the client knows it: what is configured, or else where it connected to."""
    return publieke_url.rstrip("/") if publieke_url else f"https://{request.host}"


class Tokenloket:
    """Gives tokens to clients.

    Args:
        tokens: makes them.
        register_bron: who may act for which partijen.
        identify: says who is at the other end of the connection.
        publieke_url: address of the hub for its clients; None: where they connect to.
    """

    def __init__(
        self,
        tokens: Tokens,
        register_bron: RegisterBron,
        identify: Callable[[web.Request], Identiteit],
        publieke_url: str | None = None,
    ) -> None:
        self._tokens = tokens
        self._register_bron = register_bron
        self._identify = identify
        self._publieke_url = publieke_url

    def add_routes(self, app: web.Application) -> None:
        """Put both addresses in an application."""
        app.router.add_post(PAD, self._give)
        app.router.add_get(METADATA, self._describe, allow_head=False)

    async def read(self, request: web.Request, token: str, identiteit: Identiteit) -> Token:
        """Read an access token that came with a request.

        Raises:
            TokenGeweigerd: it does not count here.
        """
        return await self._tokens.read(token, issuer(request, self._publieke_url), identiteit)

    async def _give(self, request: web.Request) -> web.Response:
        try:
            return web.json_response(await self._grant(request), headers=_NIET_BEWAREN)
        except _Geweigerd as fout:
            inhoud = {"error": fout.code, "error_description": str(fout)}
            return web.json_response(inhoud, status=fout.status, headers=_NIET_BEWAREN)

    async def _grant(self, request: web.Request) -> dict[str, Any]:
        try:
            identiteit = self._identify(request)
        except web.HTTPForbidden:
            raise _Geweigerd("invalid_client", "Er is geen geldig certificaat getoond.", 401) from None
        velden = await _read_form(request)
        if hdrs.AUTHORIZATION in request.headers or velden.keys() & _ANDER_BEWIJS:
            raise _Geweigerd("invalid_request", "Alleen het certificaat bewijst wie u bent; laat ander bewijs weg.")
        if onbekend := velden.keys() - _VELDEN:
            raise _Geweigerd("invalid_request", f"Er zijn {len(onbekend)} velden te veel.")
        if "grant_type" not in velden:
            raise _Geweigerd("invalid_request", "grant_type ontbreekt.")
        if velden["grant_type"] != "client_credentials":
            raise _Geweigerd("unsupported_grant_type", "Alleen client_credentials bestaat hier.")
        if "client_id" not in velden:
            raise _Geweigerd("invalid_request", "client_id ontbreekt: de code van uw partij.")
        partij = velden["client_id"]
        if partij not in self._register_bron.current().partijen_of(identiteit):
            raise _Geweigerd("invalid_client", "Dit certificaat hoort niet bij de partij die client_id noemt.", 401)
        scopes = _read_scopes(velden.get("scope", ""))
        token = self._tokens.issue(issuer(request, self._publieke_url), partij, scopes, identiteit)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self._tokens.duur_s,
            "scope": " ".join(sorted(scopes)),
        }

    async def _describe(self, request: web.Request) -> web.Response:
        uitgever = issuer(request, self._publieke_url)
        return web.json_response(
            {
                "issuer": uitgever,
                "token_endpoint": uitgever + PAD,
                "token_endpoint_auth_methods_supported": ["tls_client_auth"],
                "grant_types_supported": ["client_credentials"],
                "response_types_supported": [],
                "scopes_supported": [scope.value for scope in Scope],
                "tls_client_certificate_bound_access_tokens": True,
                "ui_locales_supported": ["nl"],
            }
        )


async def _read_form(request: web.Request) -> dict[str, str]:
    if request.content_type != _FORMULIER:
        raise _Geweigerd("invalid_request", f"De inhoud moet {_FORMULIER} zijn.")
    ruw = bytearray()
    async for blok in request.content.iter_chunked(_GROOTST):
        ruw += blok
        if len(ruw) > _GROOTST:
            raise _Geweigerd("invalid_request", "Het verzoek is te groot.", 413)
    try:
        paren = parse_qsl(ruw.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(ruw), errors="strict")
    except ValueError:
        raise _Geweigerd("invalid_request", "De inhoud is geen formulier in UTF-8.") from None
    velden = dict(paren)
    if len(velden) < len(paren):
        raise _Geweigerd("invalid_request", "Een veld komt dubbel voor.")
    return {naam: waarde for naam, waarde in velden.items() if waarde}  # empty counts as absent (RFC 6749 §3.2)


def _read_scopes(tekst: str) -> frozenset[Scope]:
    delen = set(tekst.split(" ")) - {""}
    if not delen:
        raise _Geweigerd("invalid_scope", "Noem in scope wat u wilt doen; wat er is, staat in de metadata.")
    if not delen <= set(Scope):
        raise _Geweigerd("invalid_scope", "scope noemt iets wat hier niet bestaat; zie de metadata.")
    return frozenset(map(Scope, delen))
