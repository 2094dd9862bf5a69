"""A listening HTTP application with limits: connections, header sizes, time for a header, time for a request.

What this guards against: slow-loris in header and body, header floods, request smuggling (the parser of aiohttp refuses
a request with two lengths), decompression bombs, and telling a stranger which software runs (attacks 42, 61, 64).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestHandler

from knooppunt.journaal import ROUTE, Toegangslogboek
from routing.tijdgrens import Tijdgrenzen

_log = structlog.get_logger(__name__)

_TEKSTEN = {404: "Dit adres bestaat niet.", 405: "Deze methode kan hier niet."}
_HANDDRUK_SECONDEN = 10
_AFSCHEID_SECONDEN = 2
_STOP_SECONDEN = 10
_NASLEEP_SECONDEN = 2.0
"""How long the rest of a refused body is read and thrown away, so that the client gets to see the answer."""


@dataclass(frozen=True, slots=True)
class Grenzen:
    """Limits of a listener, as described in `knooppunt.configuratie.Koppelvlak`."""

    max_verbindingen: int = 100
    rust_seconden: float = 75
    verzoek_seconden: float = 300


class _Verbinding(RequestHandler):
    """One connection: closed at once when there are too many; a malformed request gets a few plain words."""

    __slots__ = ("_max_verbindingen",)

    def __init__(self, server: web.Server, loop: asyncio.AbstractEventLoop, grenzen: Grenzen, *, toegang: bool) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=grenzen.rust_seconden,
            max_line_size=8190,
            max_field_size=8190,
            max_headers=64,
            lingering_time=_NASLEEP_SECONDEN,
            auto_decompress=False,
            access_log_class=Toegangslogboek,
            access_log=logging.getLogger("knooppunt.toegang") if toegang else None,  # type: ignore[arg-type] # aiohttp takes None for none
        )
        self._max_verbindingen = grenzen.max_verbindingen

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._manager is not None and len(self._manager.connections) >= self._max_verbindingen:
            _log.warning("verbinding geweigerd: er zijn er te veel", grens=self._max_verbindingen)
            transport.close()
            return
        super().connection_made(transport)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - repeats what was sent, so it is not shown
    ) -> web.StreamResponse:
        if status >= 500:
            _log.error("verzoek mislukt", status=status, exc_info=exc)
        else:
            _log.info("ongeldig verzoek", status=status, soort=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer had begun; only breaking the connection can say that it failed")
        tekst = "Interne fout." if status >= 500 else "Ongeldig HTTP-verzoek."
        antwoord = web.Response(status=status, text=tekst, headers={hdrs.SERVER: "knooppunt"})
        antwoord.force_close()
        return antwoord


class Luisteraar:
    """Serves an application on one address until `stop`; with `deur`, a socket that listens there already."""

    def __init__(
        self,
        app: web.Application,
        adres: str,
        poort: int,
        *,
        tls: ssl.SSLContext | None = None,
        grenzen: Grenzen | None = None,
        toegang: bool = False,
        deur: socket.socket | None = None,
    ) -> None:
        self._deur = deur
        self._grenzen = grenzen or Grenzen()
        self._adres, self._poort, self._tls, self._toegang = adres, poort, tls, toegang
        self._tijdgrenzen = Tijdgrenzen()
        app.middlewares.append(_guard(self._tijdgrenzen, self._grenzen.verzoek_seconden))
        app.on_response_prepare.append(_dress)
        self._runner = web.AppRunner(app, shutdown_timeout=_STOP_SECONDEN)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the address is taken, or not one of this machine.
        """
        await self._runner.setup()
        afhandeling, lus = self._runner.server, asyncio.get_running_loop()
        if afhandeling is None:
            raise RuntimeError("the runner made no server")
        waar: dict[str, Any] = {"sock": self._deur}
        if self._deur is None:
            waar = {"host": self._adres, "port": self._poort}
        self._server = await lus.create_server(
            lambda: _Verbinding(afhandeling, lus, self._grenzen, toegang=self._toegang),
            **waar,
            ssl=self._tls,
            ssl_handshake_timeout=_HANDDRUK_SECONDEN if self._tls else None,
            ssl_shutdown_timeout=_AFSCHEID_SECONDEN if self._tls else None,
            backlog=512,
        )
        self._poort = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        """Address with the actual port, without a closing slash; valid after `start`."""
        return make_url("https" if self._tls else "http", self._adres, self._poort)

    async def stop(self) -> None:
        """Stop accepting connections, let running requests finish (at most 10 s), then close."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()
        self._tijdgrenzen.close()


def make_url(schema: str, adres: str, poort: int) -> str:
    """Give the URL, without a closing slash, at which this machine reaches what listens at `adres`."""
    gastheer = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(adres, adres)  # noqa: S104 - comparing
    if ":" in gastheer and not gastheer.startswith("["):
        gastheer = f"[{gastheer}]"
    return f"{schema}://{gastheer}:{poort}"


def _guard(tijdgrenzen: Tijdgrenzen, verzoek_seconden: float) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if (bron := request.match_info.route.resource) is not None:
            request[ROUTE] = bron.canonical
        codering = request.headers.get(hdrs.CONTENT_ENCODING)
        if codering is not None and codering.lower() != "identity":
            raise web.HTTPUnsupportedMediaType(text="Stuur de inhoud zonder Content-Encoding.")
        grens = tijdgrenzen.begin(verzoek_seconden)
        try:
            with grens:
                return await handler(request)
        except TimeoutError:
            if not grens.verlopen:
                raise
            if request.writer.output_size > 0:
                raise ConnectionResetError("the answer took too long to send") from None
            te_laat = web.HTTPRequestTimeout(text="Het verzoek duurde te lang.")
            te_laat.force_close()
            raise te_laat from None
        except web.HTTPException as antwoord:
            if antwoord.text == f"{antwoord.status}: {antwoord.reason}" and antwoord.status in _TEKSTEN:
                antwoord.text = _TEKSTEN[antwoord.status]
            raise

    return guard


async def _dress(_request: web.Request, antwoord: web.StreamResponse) -> None:
    antwoord.headers.popall(hdrs.SERVER, None)
    antwoord.headers.setdefault("X-Content-Type-Options", "nosniff")
    antwoord.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
