"""A simulated Wlz-register: token endpoint, both versions of the Indicatieregister, and faults on demand."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from aiohttp import hdrs, web

from adapters.iwlz.graphql import SOORT
from knooppunt.luisteraar import Luisteraar
from knooppunt.simulatie.indicaties import execute, read_indications

TOKEN: Final = "/auth/token"  # noqa: S105 - a path
VERSIE1, VERSIE2 = "/v1/graphql", "/v2/graphql"
SCOPE: Final = "registers/wlzindicatieregister/indicaties/indicatie:read"
_TOKEN_S: Final = 3600


class Storing(StrEnum):
    """What can be made to go wrong; the value is what the command line takes."""

    TE_LAAT = "te-laat"
    ANTWOORD_KWIJT = "antwoord-kwijt"
    FOUTEN = "fouten"  # HTTP 200 that carries errors and no data
    HALF = "half"  # HTTP 200 that carries errors and a part of the data
    NIETS = "niets"  # HTTP 200 where a list should be and null is
    STORING = "storing"  # HTTP 500
    DRUK = "druk"  # HTTP 503 with Retry-After
    ONLEESBAAR = "onleesbaar"
    GEEN_GRAPHQL = "geen-graphql"
    ANDER = "ander"  # about somebody else than was asked
    TOKEN_GEWEIGERD = "token-geweigerd"  # noqa: S105 - a name
    CERTIFICAAT_VERLOPEN = "certificaat-verlopen"  # of the server; decided when it starts


@dataclass(frozen=True, slots=True)
class Registervraag:
    """A question that came in: which version, which operation, and the B3 trace; never about whom."""

    versie: int
    operatie: str
    spoor: str
    antwoord: str


class Cizregister:
    """The simulated register.

    `storing` and `keer` may be changed while it runs: `keer` questions go wrong, all of them with None. `vragen` is the
    ledger, `tokens` counts the tokens that were given.

    Args:
        tls: server context; None for plain HTTP.
        indicaties: TOML file, read again for every question so that it may change meanwhile; None for the built-in one.
        meld: hears of every question.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        indicaties: Path | None = None,
        meld: Callable[[Registervraag], None] | None = None,
    ) -> None:
        self.storing: Storing | None = None
        self.keer: int | None = None
        self.vragen: list[Registervraag] = []
        self.tokens = 0
        self.token_s = _TOKEN_S
        self._tls, self._bestand, self._meld = tls, indicaties, meld
        self._geldig: dict[str, float] = {}
        self._einde = asyncio.Event()
        self._luisteraar: Luisteraar | None = None

    async def start(self, poort: int = 0) -> str:
        """Begin to listen and return the address, without a closing slash."""
        read_indications(self._bestand)  # says what is wrong with the file before anybody asks
        app = web.Application()
        app.router.add_post(TOKEN, self._token)
        app.router.add_post(VERSIE1, self._answer_1)
        app.router.add_post(VERSIE2, self._answer_2)
        self._luisteraar = Luisteraar(app, "127.0.0.1", poort, tls=self._tls)
        await self._luisteraar.start()
        return self._luisteraar.url

    async def close(self) -> None:
        """Stop listening; who still waits for a late answer gets none."""
        self._einde.set()
        if self._luisteraar is not None:
            await self._luisteraar.stop()

    def revoke(self) -> None:
        """Take every token back that was given."""
        self._geldig.clear()

    def valid_tokens(self) -> tuple[str, ...]:
        """Return the tokens that were given and not taken back."""
        return tuple(self._geldig)

    async def _token(self, request: web.Request) -> web.Response:
        velden = await request.post()
        if velden.get("grant_type") != "client_credentials" or velden.get("scope") != SCOPE:
            return web.json_response({"error": "invalid_scope"}, status=400)
        if not (velden.get("client_id") or request.headers.get(hdrs.AUTHORIZATION, "").startswith("Basic ")):
            return web.json_response({"error": "invalid_client"}, status=401)
        self.tokens += 1
        token = secrets.token_urlsafe(24)
        self._geldig[token] = time.monotonic() + self.token_s
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": self.token_s})

    async def _answer_1(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, 1)

    async def _answer_2(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, 2)

    async def _answer(self, request: web.Request, versie: int) -> web.StreamResponse:
        storing = self._next_fault()
        token = request.headers.get(hdrs.AUTHORIZATION, "").removeprefix("Bearer ")
        if storing is Storing.TOKEN_GEWEIGERD or self._geldig.get(token, 0.0) <= time.monotonic():
            return _graphql({"errors": [{"message": "Unauthorized"}]}, 401)
        if not request.headers.get("X-B3-TraceId") or not request.headers.get("X-B3-SpanId"):
            return _graphql({"errors": [{"message": "X-B3-TraceId and X-B3-SpanId are required"}]}, 400)
        try:
            vraag = json.loads(await request.read())
        except ValueError:
            vraag = None
        if not isinstance(vraag, dict):
            return _graphql({"errors": [{"message": "no GraphQL request"}]}, 400)
        uitkomst = execute(versie, vraag, read_indications(self._bestand)).formatted
        self._book(request, versie, vraag, "fouten" if "errors" in uitkomst else "antwoord", storing)
        if storing is None:
            return _graphql(uitkomst, 200 if "data" in uitkomst else 400)
        return await self._fail(request, storing, uitkomst)

    def _next_fault(self) -> Storing | None:
        if self.keer is None:
            return self.storing
        self.keer -= 1
        return self.storing if self.keer >= 0 else None

    def _book(
        self, request: web.Request, versie: int, vraag: dict[str, Any], antwoord: str, storing: Storing | None
    ) -> None:
        operatie = str(vraag.get("query", "")).split("(")[0].removeprefix("query").strip()
        regel = Registervraag(versie, operatie, request.headers["X-B3-TraceId"], storing or antwoord)
        self.vragen.append(regel)
        if self._meld is not None:
            self._meld(regel)

    async def _fail(self, request: web.Request, storing: Storing, uitkomst: Any) -> web.StreamResponse:
        match storing:
            case Storing.TE_LAAT:
                await self._einde.wait()
            case Storing.ANTWOORD_KWIJT:
                if request.transport is not None:
                    request.transport.close()
            case Storing.STORING:
                return web.Response(status=500, text="Internal Server Error")
            case Storing.DRUK:
                return web.Response(status=503, headers={hdrs.RETRY_AFTER: "1"})
            case Storing.GEEN_GRAPHQL:
                return web.Response(text="<html>Onderhoud</html>", content_type="text/html")
            case Storing.ONLEESBAAR:
                return web.Response(body=json.dumps(uitkomst).encode()[:-2], content_type=SOORT)
            case _:
                return _graphql(_damage(storing, uitkomst), 200)
        return web.Response(status=503)


def _damage(storing: Storing, uitkomst: Any) -> dict[str, Any]:
    fout = {"message": "resolver failed", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
    veld, lijst = next(iter((uitkomst.get("data") or {"": []}).items()))
    match storing:
        case Storing.FOUTEN:
            return {"errors": [fout], "data": None}
        case Storing.HALF:
            return {"errors": [fout | {"path": [veld]}], "data": {veld: []}}
        case Storing.NIETS:
            return {"data": {veld: None}}
        case _:
            return {"data": {veld: [rij | {"bsn": "999990019"} for rij in lijst]}}


def _graphql(inhoud: Any, status: int) -> web.Response:
    return web.Response(body=json.dumps(inhoud).encode(), status=status, content_type=SOORT)
