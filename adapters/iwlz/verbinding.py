"""One HTTP request to the network: time-outs, size, and what each way of failing is called."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import hdrs

from routing.retry_after import read_retry_after
from routing.wlz.register import Oorzaak, RegisterFout

_HAP: Final = 64 * 1024
_MISSCHIEN_STRAKS: Final = frozenset({429, 502, 503, 504})
_OORZAAK_VAN: Final = {401: Oorzaak.TOEGANG, 403: Oorzaak.TOEGANG, 429: Oorzaak.DRUK}


class Mislukt(RegisterFout):
    """A request that got no usable answer.

    `opnieuw` says whether the same request may succeed in a moment, `opnieuw_na` what the other side asked for, in
    seconds, and `status` the HTTP status when there was one.
    """

    def __init__(
        self, oorzaak: Oorzaak, *, opnieuw: bool = False, opnieuw_na: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(oorzaak)
        self.opnieuw = opnieuw
        self.opnieuw_na = opnieuw_na
        self.status = status


@dataclass(frozen=True, slots=True)
class Antwoord:
    """A complete answer: media type without parameters, and body."""

    status: int
    soort: str
    inhoud: bytes


class Verbinding:
    """Connections to the network of iWlz.

    Args:
        tls: with our certificate; None for plain HTTP in tests.
        antwoord_s: seconds for one request, from connecting to the last byte.
        verbinding_s: seconds to connect.
    """

    def __init__(self, tls: ssl.SSLContext | None, antwoord_s: float, verbinding_s: float) -> None:
        self._tls = tls
        self._tijd = aiohttp.ClientTimeout(total=antwoord_s, sock_connect=verbinding_s)
        self._sessie: aiohttp.ClientSession | None = None

    async def post(self, url: str, inhoud: bytes, koppen: Mapping[str, str], grens: int) -> Antwoord:
        """Send one POST and read the answer, whatever its status below 500.

        Args:
            url: where to; an answer that sends us elsewhere is a fault.
            inhoud: the body.
            koppen: headers.
            grens: bytes of answer that are read at most.

        Raises:
            Mislukt: no answer, no complete one, or one that says to come back later.
        """
        try:
            async with self._open().post(url, data=inhoud, headers=koppen, allow_redirects=False) as antwoord:
                self._refuse(antwoord)
                return Antwoord(antwoord.status, antwoord.content_type, await _read(antwoord, grens))
        except TimeoutError:  # asked again it would only keep the asker waiting longer
            raise Mislukt(Oorzaak.TIJD) from None
        except (aiohttp.ClientError, OSError) as fout:
            if _is_tls(fout):
                raise Mislukt(Oorzaak.CERTIFICAAT) from None
            # a question changes nothing there, so one whose answer got lost may be asked again
            raise Mislukt(Oorzaak.VERBINDING, opnieuw=True) from None

    async def close(self) -> None:
        """Release connections."""
        if self._sessie is not None:
            await self._sessie.close()
            self._sessie = None

    def _open(self) -> aiohttp.ClientSession:
        if self._sessie is None:
            self._sessie = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls if self._tls is not None else True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._tijd,
            )
        return self._sessie

    @staticmethod
    def _refuse(antwoord: aiohttp.ClientResponse) -> None:
        status = antwoord.status
        if status >= 500 or status in _OORZAAK_VAN:
            raise Mislukt(
                _OORZAAK_VAN.get(status, Oorzaak.STORING),
                opnieuw=status in _MISSCHIEN_STRAKS,
                opnieuw_na=read_retry_after(antwoord.headers.get(hdrs.RETRY_AFTER)),
                status=status,
            )
        if 300 <= status < 400:
            raise Mislukt(Oorzaak.ONBEGRIJPELIJK, status=status)


def _is_tls(fout: BaseException | None) -> bool:
    """Say whether certificates are the matter; that ours is refused shows only after the handshake of TLS 1.3."""
    while fout is not None:
        if isinstance(fout, ssl.SSLError | aiohttp.ClientConnectorCertificateError):
            return True
        fout = fout.__cause__ or fout.__context__
    return False


async def _read(antwoord: aiohttp.ClientResponse, grens: int) -> bytes:
    delen, grootte = [], 0
    async for deel in antwoord.content.iter_chunked(_HAP):
        grootte += len(deel)
        if grootte > grens:
            raise Mislukt(Oorzaak.ONBEGRIJPELIJK, status=antwoord.status)
        delen.append(deel)
    return b"".join(delen)
