"""One kept HTTP/1.1 connection to a receiver, and the few of them that each receiver gets.

Only what delivery needs: one POST at a time per connection, no redirects, no cookies, no proxies. Reading the answer is
llhttp's work (httptools). A connection is used again only when nothing about the last exchange was out of order.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import lru_cache
from socket import SOCK_STREAM
from typing import Final, cast

import aiohappyeyeballs
import httptools
from yarl import URL

_MAX_KOPPEN: Final = 64 * 1024  # bytes of an answer before its body begins
_UITGEPAKT: Final = (b"gzip", b"x-gzip", b"deflate")
_ALTIJD: Final = "Accept: text/xml\r\nAccept-Encoding: identity\r\nUser-Agent: knooppunt\r\n"


class Verbroken(ConnectionError):
    """The connection ended before the answer was complete.

    `begonnen`: a part of it was there. `nieuw`: it was the first one over this connection.
    """

    def __init__(self, *, begonnen: bool, nieuw: bool) -> None:
        super().__init__("the connection ended")
        self.begonnen = begonnen
        self.nieuw = nieuw


class GeenHttp(Exception):
    """What came back is no HTTP."""


class Onbereikt(OSError):
    """No connection could be made; what the system said is the cause."""


@dataclass(frozen=True, slots=True)
class Adres:
    """Where a URL leads to: `pad` with its query, as it stands in a request; `naam` is the Host header."""

    tls: bool
    host: str
    poort: int
    naam: str
    pad: str


@lru_cache(4096)
def read_url(url: str) -> Adres:
    """Take a URL apart.

    Raises:
        ValueError: it is no http or https URL.
    """
    deel = URL(url)
    if deel.scheme not in ("http", "https") or not deel.raw_host or not deel.port:
        raise ValueError(url)
    return Adres(
        deel.scheme == "https", deel.raw_host, deel.port, deel.host_port_subcomponent or deel.raw_host, deel.raw_path_qs
    )


@dataclass(slots=True)
class HttpAntwoord:
    """An answer as it came in; `te_groot`: there was more than was asked to be read, and `body` is not complete."""

    status: int = 0
    retry_after: str | None = None
    body: bytearray = field(default_factory=bytearray)
    te_groot: bool = False


class Verbinding(asyncio.Protocol):
    """One connection; `herbruikbaar` says whether another request may go over it."""

    def __init__(self, max_antwoord: int) -> None:
        self.herbruikbaar = False
        self.sinds = 0.0  # idle since, by the clock of the loop
        self._max = max_antwoord
        self._lezer = httptools.HttpResponseParser(self)
        self._wachter: asyncio.Future[HttpAntwoord] | None = None
        self._verloren: Exception | None = None
        self._ruimte: asyncio.Future[None] | None = None  # there while the transport wants no more
        self._nieuw()

    def _nieuw(self) -> None:
        self._antwoord = HttpAntwoord()
        self._gelezen = 0
        self._begonnen = self._begrensd = False
        self._inpak = b""

    async def exchange(self, kop: bytes, body: bytes | AsyncIterator[bytes]) -> HttpAntwoord:
        """Send one request and read its answer.

        Raises:
            Verbroken: the connection ended first.
            GeenHttp: what came is no HTTP.
            OSError: the connection was lost.
        """
        if self._verloren is not None:
            raise self._verloren
        self._nieuw()
        self.herbruikbaar = False
        wachter: asyncio.Future[HttpAntwoord] = asyncio.get_running_loop().create_future()
        self._wachter = wachter
        if isinstance(body, bytes):
            self._transport.write(kop + body)
            return await wachter
        self._transport.write(kop)
        async for stuk in body:
            if self._ruimte is not None:
                await asyncio.wait((self._ruimte, wachter), return_when=asyncio.FIRST_COMPLETED)
            if wachter.done():  # it answered before it heard all
                self.close()
                break
            self._transport.write(stuk)
        return await wachter

    def close(self) -> None:
        """Break the connection off, and the exchange that runs over it."""
        self.herbruikbaar = False
        if self._wachter is not None and not self._wachter.done():
            self._wachter.cancel()
        self._transport.abort()

    # --- what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read a piece of the answer; what nobody asked for ends the connection."""
        if self._wachter is None or self._wachter.done():
            self.close()
            return
        self._gelezen += len(data)
        if self._gelezen > (4 * self._max if self._begonnen else 0) + _MAX_KOPPEN:
            self._too_large()
            return
        try:
            self._lezer.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as fout:
            self._fail(GeenHttp(str(fout)))

    def eof_received(self) -> None:
        """End an answer that lasts until the other side closes."""
        if self._begonnen and not self._begrensd:
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits that nothing more will come."""
        self.herbruikbaar = False
        self._verloren = exc or Verbroken(begonnen=self._begonnen, nieuw=not self.sinds)
        self._fail(self._verloren)
        self.resume_writing()

    def pause_writing(self) -> None:
        """Make a body that is written in pieces wait."""
        self._ruimte = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """Let it go on."""
        if self._ruimte is not None:
            if not self._ruimte.done():
                self._ruimte.set_result(None)
            self._ruimte = None

    # --- what llhttp calls

    def on_message_begin(self) -> None:
        """See a second answer to one question: then nothing more is asked over this connection."""
        if self._wachter is None or self._wachter.done():
            self.herbruikbaar = False

    def on_header(self, naam: bytes, waarde: bytes) -> None:
        """Keep the few headers that matter."""
        naam = naam.lower()
        if naam == b"retry-after":
            self._antwoord.retry_after = waarde.decode("latin-1")
        elif naam in (b"content-length", b"transfer-encoding"):
            self._begrensd = True
        elif naam == b"content-encoding":
            self._inpak = waarde.strip().lower()

    def on_headers_complete(self) -> None:
        """Keep the status."""
        self._antwoord.status = self._lezer.get_status_code()
        self._begonnen = True

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._antwoord.body += body
        if len(self._antwoord.body) > self._max:
            self._too_large()

    def on_message_complete(self) -> None:
        """Hand over the answer; an interim one (1xx) is none."""
        if self._antwoord.status < 200:
            self._nieuw()
            return
        if self._wachter is not None and not self._wachter.done():
            self.herbruikbaar = self._lezer.should_keep_alive() and self._begrensd and self._ruimte is None
        self._finish()
        self._nieuw()  # whatever follows is not about this one

    def _finish(self) -> None:
        if self._inpak in _UITGEPAKT:
            self._unpack()
        if self._wachter is not None and not self._wachter.done():
            self._wachter.set_result(self._antwoord)

    def _unpack(self) -> None:
        try:
            heel = zlib.decompressobj(47).decompress(self._antwoord.body, self._max + 1)
        except zlib.error:
            return  # then it is not readable, which its reader will say
        self._antwoord.te_groot = len(heel) > self._max
        self._antwoord.body = bytearray(heel)

    def _too_large(self) -> None:
        self._antwoord.te_groot = True
        self._inpak = b""
        self._finish()
        self.close()

    def _fail(self, fout: Exception) -> None:
        if self._wachter is not None and not self._wachter.done():
            self._wachter.set_exception(fout)
            self._transport.abort()


@dataclass(slots=True)
class _Bestemming:
    """The connections to one receiver: how many may be in use, and which ones wait, the last one used at the end."""

    vrij: asyncio.Semaphore
    rust: list[Verbinding] = field(default_factory=list)


class Verbindingen:
    """The connections of one client, to be used on one event loop.

    Args:
        context: for https; None for the defaults of the platform.
        per_ontvanger: connections to one receiver.
        bewaartijd: seconds that an idle one is kept.
        verbindtijd: seconds that making one may take.
        max_antwoord: bytes of an answer that are read at most.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None,
        *,
        per_ontvanger: int,
        bewaartijd: float,
        verbindtijd: float,
        max_antwoord: int,
    ) -> None:
        self._context = context
        self._per_ontvanger = per_ontvanger
        self._bewaartijd = bewaartijd
        self._verbindtijd = verbindtijd
        self._max_antwoord = max_antwoord
        self._bestemmingen: dict[tuple[bool, str, int], _Bestemming] = {}
        self._veger: asyncio.TimerHandle | None = None

    async def post(self, url: str, koppen: str, lengte: int, body: bytes | AsyncIterator[bytes]) -> HttpAntwoord:
        """Send one POST and read its answer.

        Args:
            url: where to.
            koppen: headers that say what it is, each with its line end; Host and Content-Length are ours.
            lengte: bytes of the body.
            body: whole or in pieces.

        Raises:
            ValueError: it is no URL.
            Onbereikt: no connection could be made.
            ssl.SSLError, TimeoutError, Verbroken, GeenHttp, OSError: there is no answer.
        """
        adres = read_url(url)
        bestemming = self._bestemmingen.get((adres.tls, adres.host, adres.poort))
        if bestemming is None:
            bestemming = _Bestemming(asyncio.Semaphore(self._per_ontvanger))
            self._bestemmingen[adres.tls, adres.host, adres.poort] = bestemming
        kop = f"POST {adres.pad} HTTP/1.1\r\nHost: {adres.naam}\r\n{_ALTIJD}{koppen}Content-Length: {lengte}\r\n\r\n"
        async with bestemming.vrij:
            verbinding = self._kept(bestemming) or await self._connect(adres)
            try:
                return await verbinding.exchange(kop.encode("latin-1"), body)
            finally:
                if verbinding.herbruikbaar:
                    self._keep(bestemming, verbinding)
                else:
                    verbinding.close()

    def close(self) -> None:
        """Close all connections that are not in use."""
        if self._veger is not None:
            self._veger.cancel()
            self._veger = None
        for bestemming in self._bestemmingen.values():
            for verbinding in bestemming.rust:
                verbinding.close()
            bestemming.rust.clear()

    def _kept(self, bestemming: _Bestemming) -> Verbinding | None:
        uiterste = asyncio.get_running_loop().time() - self._bewaartijd
        while bestemming.rust:
            verbinding = bestemming.rust.pop()
            if verbinding.herbruikbaar and verbinding.sinds > uiterste:
                return verbinding
            verbinding.close()
        return None

    def _keep(self, bestemming: _Bestemming, verbinding: Verbinding) -> None:
        lus = asyncio.get_running_loop()
        verbinding.sinds = lus.time()
        bestemming.rust.append(verbinding)
        if self._veger is None:
            self._veger = lus.call_later(self._bewaartijd, self._sweep)

    def _sweep(self) -> None:
        """Close what was idle for too long; look again while there are any."""
        lus = asyncio.get_running_loop()
        uiterste = lus.time() - self._bewaartijd
        wachtend = False
        for bestemming in self._bestemmingen.values():
            for oud in [een for een in bestemming.rust if een.sinds <= uiterste or not een.herbruikbaar]:
                oud.close()
                bestemming.rust.remove(oud)
            wachtend = wachtend or bool(bestemming.rust)
        self._veger = lus.call_later(self._bewaartijd, self._sweep) if wachtend else None

    async def _connect(self, adres: Adres) -> Verbinding:
        lus = asyncio.get_running_loop()
        tls = self._secure() if adres.tls else None
        try:
            async with asyncio.timeout(self._verbindtijd):
                plaatsen = await lus.getaddrinfo(adres.host, adres.poort, type=SOCK_STREAM)
                sock = await aiohappyeyeballs.start_connection(plaatsen, happy_eyeballs_delay=0.25)
                _, verbinding = await lus.create_connection(  # which closes the socket when it fails
                    lambda: Verbinding(self._max_antwoord),
                    sock=sock,
                    ssl=tls,
                    server_hostname=adres.host if adres.tls else None,
                )
        except (TimeoutError, ssl.SSLError):
            raise
        except OSError as fout:
            raise Onbereikt(str(fout)) from fout
        return verbinding

    def _secure(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context
