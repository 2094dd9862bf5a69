"""The sending side: one POST per bericht over kept connections, and the delivery that routing asks for."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass

import aiohttp

from adapters.stufggk.antwoord_lezen import Antwoord, Antwoordsoort, read_antwoord
from adapters.stufggk.envelop_schrijven import Uitgaand, compose
from adapters.stufggk.uitkomst import STANDAARD, classify
from adapters.verbinding import may_have_arrived
from routing.bericht import Envelop
from routing.poorten import UitgaandePayload, Uitkomst, Uitkomstsoort, Zending
from routing.retry_after import read_retry_after
from routing.tijdgrens import Tijdgrenzen
from routing.uitkomstklassen import Uitkomstklassen, connection_kenmerk

_INEENS = 256 * 1024  # bytes; a larger message is written while its payload is read


class Onbereikbaar(Exception):
    """No answer could be had; the message is a Dutch sentence, `kenmerk` the key of what went wrong.

    `mogelijk_aangekomen`: what was sent may have reached the receiver.
    """

    def __init__(self, zin: str, kenmerk: str, *, mogelijk_aangekomen: bool) -> None:
        super().__init__(zin)
        self.kenmerk = kenmerk
        self.mogelijk_aangekomen = mogelijk_aangekomen


@dataclass(frozen=True, slots=True)
class Klantinstellingen:
    """Bounds on one exchange.

    `verbindtijd` and `tijd` are seconds: to connect, and for the whole exchange of a small message; a large one gets
    a second more per `tempo` bytes. `max_antwoord` is in bytes, `verbindingen` per receiver, `bewaartijd` the seconds
    that an idle connection is kept.
    """

    verbindtijd: float = 10.0
    tijd: float = 60.0
    tempo: int = 128 * 1024
    max_antwoord: int = 1024 * 1024
    verbindingen: int = 8
    bewaartijd: float = 15.0


class StufClient:
    """Sends berichten over StUF-GGk, as a gemeente application or as the hub does.

    Args:
        ssl_context: with the client certificate and the authorities that may have signed the server's; None for the
            defaults of the platform.
        instellingen: bounds on one exchange.
    """

    def __init__(
        self, ssl_context: ssl.SSLContext | None = None, instellingen: Klantinstellingen | None = None
    ) -> None:
        self._context = ssl_context
        self._instellingen = instellingen or Klantinstellingen()
        self._sessie: aiohttp.ClientSession | None = None
        self._tijdgrenzen = Tijdgrenzen()

    async def send(self, url: str, envelop: Envelop, payload: UitgaandePayload) -> Antwoord:
        """Send one bericht and understand the answer.

        Raises:
            Onbereikbaar: there is no answer.
            ValueError: the envelope cannot be written as StUF-GGk.
        """
        uitgaand = compose(envelop, payload)
        kop = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{uitgaand.soap_action}"'}
        body = b"".join(uitgaand.chunks()) if uitgaand.lengte <= _INEENS else _stream(uitgaand)
        return await self.exchange(url, body, uitgaand.lengte, kop)

    async def exchange(
        self, url: str, body: bytes | AsyncIterator[bytes], lengte: int, kop: Mapping[str, str]
    ) -> Antwoord:
        """Send one SOAP message and understand the answer.

        Args:
            url: where to.
            body: the message, whole or in pieces.
            lengte: its bytes.
            kop: headers that say what it is.

        Raises:
            Onbereikbaar: there is no answer.
        """
        tijd = self._instellingen.tijd + lengte / self._instellingen.tempo
        try:
            with self._tijdgrenzen.begin(tijd):
                return await self._post(url, body, lengte, kop)
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as fout:
            zin, kenmerk = _explain(fout, url), connection_kenmerk(fout)
            raise Onbereikbaar(zin, kenmerk, mogelijk_aangekomen=may_have_arrived(fout)) from fout

    async def close(self) -> None:
        """Close the connections."""
        if self._sessie is not None:
            await self._sessie.close()
            self._sessie = None

    async def _post(
        self, url: str, body: bytes | AsyncIterator[bytes], lengte: int, kop: Mapping[str, str]
    ) -> Antwoord:
        grenzen = self._instellingen
        kop = {**kop, "Content-Length": str(lengte)}
        async with self._open().post(url, data=body, headers=kop, allow_redirects=False) as antwoord:
            wachten = read_retry_after(antwoord.headers.get("Retry-After"))
            data = bytearray()
            async for stuk in antwoord.content.iter_any():
                data += stuk
                if len(data) > grenzen.max_antwoord:
                    antwoord.close()  # whatever else comes, nobody reads it
                    melding = f"het antwoord is groter dan {grenzen.max_antwoord} bytes"
                    return Antwoord(antwoord.status, Antwoordsoort.ONLEESBAAR, melding=melding, retry_after=wachten)
            return read_antwoord(antwoord.status, bytes(data), wachten)

    def _open(self) -> aiohttp.ClientSession:
        if self._sessie is None:
            self._sessie = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=self._context if self._context is not None else True,
                    limit=0,
                    limit_per_host=self._instellingen.verbindingen,
                    keepalive_timeout=self._instellingen.bewaartijd,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._instellingen.verbindtijd),
                headers={"Accept": "text/xml", "Accept-Encoding": "identity", "User-Agent": "knooppunt"},
            )
        return self._sessie


async def attempt(wissel: Awaitable[Antwoord], zending: Zending, klassen: Uitkomstklassen) -> Uitkomst:
    """Say how an exchange went, also when there was no answer.

    Args:
        wissel: `StufClient.send` or `exchange`.
        zending: what is offered.
        klassen: which class a kenmerk has.

    Raises:
        ValueError: it cannot be written.
    """
    try:
        antwoord = await wissel
    except Onbereikbaar as fout:
        soort, kenmerk = klassen.decide([fout.kenmerk])
        return Uitkomst(soort, str(fout), kenmerk=kenmerk, mogelijk_aangekomen=fout.mogelijk_aangekomen)
    referentienummer = zending.envelop.stuurgegevens.referentienummer
    return classify(antwoord, referentienummer, mogelijk_aangekomen=zending.mogelijk_aangekomen, klassen=klassen)


class StufBezorger:
    """Delivers berichten to partijen that listen with StUF-GGk (`routing.poorten.Bezorger`)."""

    def __init__(
        self,
        ssl_context: ssl.SSLContext | None = None,
        instellingen: Klantinstellingen | None = None,
        klassen: Uitkomstklassen = STANDAARD,
    ) -> None:
        self._client = StufClient(ssl_context, instellingen)
        self._klassen = klassen

    async def deliver(self, zending: Zending) -> Uitkomst:
        """Make one attempt and say how it went; never raises for what the other side does."""
        if zending.aansluiting.url is None:
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "De aansluiting van de ontvanger heeft geen adres.")
        wissel = self._client.send(zending.aansluiting.url, zending.envelop, zending.payload)
        try:
            return await attempt(wissel, zending, self._klassen)
        except ValueError as fout:
            return Uitkomst(Uitkomstsoort.BLIJVEND, f"Het bericht past niet in een StUF-envelop: {fout}.")

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()


async def _stream(uitgaand: Uitgaand) -> AsyncIterator[bytes]:
    for stuk in uitgaand.chunks():
        yield stuk
        await asyncio.sleep(0)  # decrypting and encoding is work; let others have a turn


_TLS = "De beveiligde verbinding (TLS) met de ontvanger kwam niet tot stand."


def _explain(fout: Exception, url: str) -> str:
    """Say in Dutch why there is no answer."""
    if type(fout) is aiohttp.ClientOSError and url.startswith("https:"):
        # With TLS 1.3 a refused client certificate only shows after the handshake, as an alert or a reset.
        return "De verbinding met de ontvanger viel weg; mogelijk neemt die het certificaat van het knooppunt niet aan."
    for soort, zin in _OORZAKEN:
        if isinstance(fout, soort):
            return zin
    return "De ontvanger gaf geen bruikbaar HTTP-antwoord."


_OORZAKEN: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "De naam van de ontvanger is niet te vinden (DNS)."),
    (
        aiohttp.ClientConnectorCertificateError,
        "Het certificaat van de ontvanger is niet geldig, of hoort niet bij dit adres.",
    ),
    (aiohttp.ClientSSLError, _TLS),
    (TimeoutError, "De ontvanger antwoordde niet op tijd."),
    (aiohttp.ClientConnectorError, "De ontvanger is niet bereikbaar: de verbinding wordt geweigerd of komt niet aan."),
    (aiohttp.InvalidURL, "Het adres van de aansluiting is geen geldige URL."),
    (aiohttp.ClientPayloadError, "De ontvanger brak zijn antwoord af."),
    (aiohttp.ServerDisconnectedError, "De ontvanger verbrak de verbinding zonder te antwoorden."),
    (OSError, "De verbinding met de ontvanger viel weg."),
)
"""First match counts."""
