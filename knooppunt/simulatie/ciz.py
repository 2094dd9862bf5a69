"""A simulated Wlz-register: token endpoint, both versions of the Indicatieregister, and faults on demand."""

from __future__ import annotations

import json
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import hdrs, web

from adapters.iwlz.graphql import SOORT
from knooppunt.luisteraar import Luisteraar
from knooppunt.simulatie.indicaties import execute, read_indications
from knooppunt.simulatie.storing import Graphqlfout, Storingen, Storingsoort
from knooppunt.simulatie.verstoring import disturb, strike

TOKEN: Final = "/auth/token"  # noqa: S105 - a path
VERSIE1, VERSIE2 = "/v1/graphql", "/v2/graphql"
SCOPE: Final = "registers/wlzindicatieregister/indicaties/indicatie:read"
_TOKEN_S: Final = 3600


STORINGEN: Final = frozenset(Storingsoort) - {Storingsoort.VERKEERD}
"""What can be made to go wrong here."""


@dataclass(frozen=True, slots=True)
class Registervraag:
    """A question that came in: which version, which operation, and the B3 trace; never about whom."""

    versie: int
    operatie: str
    spoor: str
    antwoord: str


class Cizregister:
    """The simulated register.

    `vragen` is the ledger, `tokens` counts the tokens that were given. What is asked is called ``token``, ``toets`` or
    ``kopie`` where a fault is limited to it.

    Args:
        tls: server context; None for plain HTTP.
        indicaties: TOML file, read again for every question so that it may change meanwhile; None for the built-in one.
        meld: hears of every question.
        storingen: what goes wrong.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        indicaties: Path | None = None,
        meld: Callable[[Registervraag], None] | None = None,
        storingen: Storingen | None = None,
    ) -> None:
        self.storingen = storingen or Storingen(kent=STORINGEN)
        self.vragen: list[Registervraag] = []
        self.tokens = 0
        self.token_s = _TOKEN_S
        self._tls, self._bestand, self._meld = tls, indicaties, meld
        self._geldig: dict[str, float] = {}
        self._luisteraar: Luisteraar | None = None

    async def start(self, poort: int = 0) -> str:
        """Begin to listen and return the address, without a closing slash.

        Raises:
            ConfiguratieFout: the file with indications cannot be read.
            OSError: the port is taken.
        """
        read_indications(self._bestand)
        app = web.Application(middlewares=[disturb(self.storingen, _name)])
        app.router.add_post(TOKEN, self._token)
        app.router.add_post(VERSIE1, self._answer)
        app.router.add_post(VERSIE2, self._answer)
        self._luisteraar = Luisteraar(app, "127.0.0.1", poort, tls=self._tls)
        await self._luisteraar.start()
        return self._luisteraar.url

    async def close(self) -> None:
        """Stop listening."""
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

    async def _answer(self, request: web.Request) -> web.Response:
        versie = 1 if request.path == VERSIE1 else 2
        storing = strike(self.storingen, "toets" if versie == 1 else "kopie")
        token = request.headers.get(hdrs.AUTHORIZATION, "").removeprefix("Bearer ")
        if self._geldig.get(token, 0.0) <= time.monotonic():
            return _graphql({"errors": [{"message": "Unauthorized"}]}, 401)
        if not request.headers.get("X-B3-TraceId") or not request.headers.get("X-B3-SpanId"):
            return _graphql({"errors": [{"message": "X-B3-TraceId and X-B3-SpanId are required"}]}, 400)
        try:
            vraag = json.loads(await request.read())
        except ValueError:
            vraag = None
        if not isinstance(vraag, dict):
            return _graphql({"errors": [{"message": "no GraphQL request"}]}, 400)
        uitkomst: dict[str, Any] = dict(execute(versie, vraag, read_indications(self._bestand)).formatted)
        self._book(
            request, versie, vraag, storing.tekst if storing else "fouten" if "errors" in uitkomst else "antwoord"
        )
        if storing is not None and storing.soort is Storingsoort.GRAPHQL:
            return _graphql(_damage(storing.graphql, uitkomst), 200)
        return _graphql(uitkomst, 200 if "data" in uitkomst else 400)

    def _book(self, request: web.Request, versie: int, vraag: dict[str, Any], antwoord: str) -> None:
        operatie = str(vraag.get("query", "")).split("(")[0].removeprefix("query").strip()
        regel = Registervraag(versie, operatie, request.headers["X-B3-TraceId"], antwoord)
        self.vragen.append(regel)
        if self._meld is not None:
            self._meld(regel)


def _name(request: web.Request) -> str | None:
    """Name the request for a token; the questions are named by their handler, which also damages their answers."""
    return "token" if request.path == TOKEN else None


def _damage(hoe: Graphqlfout, uitkomst: dict[str, Any]) -> dict[str, Any]:
    fout = {"message": "resolver failed", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
    veld, lijst = next(iter((uitkomst.get("data") or {"": []}).items()))
    match hoe:
        case Graphqlfout.FOUTEN:
            return {"errors": [fout], "data": None}
        case Graphqlfout.HALF:
            return {"errors": [fout | {"path": [veld]}], "data": {veld: lijst[1:]}}
        case Graphqlfout.NIETS:
            return {"data": {veld: None}}
        case Graphqlfout.ANDER:
            return {"data": {veld: [rij | {"bsn": "999990019"} for rij in lijst]}}


def _graphql(inhoud: Any, status: int) -> web.Response:
    return web.Response(body=json.dumps(inhoud).encode(), status=status, content_type=SOORT)
