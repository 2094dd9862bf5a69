"""A webhook that takes CloudEvents: one POST per event, structured mode, as the NL GOV guideline for webhooks says.

The address is https and is not followed elsewhere; the secret travels as a bearer token (RFC 6750) and stands in no
log. Any 2xx is a receipt. 410 says that nobody listens there any more, and 400, 413, 415 and 422 that this event will
never be taken; all else is tried again.
"""

from __future__ import annotations

import ssl

import aiohttp

from routing.poorten import Uitkomst, Uitkomstsoort
from routing.retry_after import read_retry_after

_TIJD = aiohttp.ClientTimeout(total=30, sock_connect=10)
_BLIJVEND = frozenset({400, 405, 410, 413, 415, 422})


class Webhook:
    """Sends events to one address (`routing.poorten.Melder`).

    Args:
        url: where to, https.
        token: the secret that the receiver expects, or None.
        herkomst: name under which the sender is known to the receiver (``WebHook-Request-Origin``).
        tls: whom to trust; None for the authorities of the platform.
    """

    def __init__(self, url: str, token: str | None, herkomst: str, tls: ssl.SSLContext | None = None) -> None:
        if not url.startswith("https://"):
            raise ValueError("a webhook has an https address")
        self._url = url
        self._koppen = {
            "Content-Type": "application/cloudevents+json; charset=UTF-8",
            "WebHook-Request-Origin": herkomst,
            "User-Agent": "knooppunt",
        }
        if token is not None:
            self._koppen["Authorization"] = f"Bearer {token}"
        self._tls = tls
        self._sessie: aiohttp.ClientSession | None = None

    async def send(self, event: bytes) -> Uitkomst:
        """Make one attempt; the body of the answer is not read."""
        try:
            async with self._open().post(
                self._url, data=event, headers=self._koppen, timeout=_TIJD, allow_redirects=False
            ) as antwoord:
                return _judge(antwoord.status, antwoord.headers.get("Retry-After"))
        except TimeoutError:
            return _later("De webhook antwoordde niet op tijd.")
        except aiohttp.ClientConnectorCertificateError:
            return _later("Het certificaat van de webhook is niet geldig, of hoort niet bij dit adres.")
        except aiohttp.ClientConnectorError:
            return _later("De webhook is niet bereikbaar.")
        except (aiohttp.ClientError, OSError):
            return _later("De webhook gaf geen bruikbaar HTTP-antwoord.")

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
            )
        return self._sessie


def _judge(status: int, retry_after: str | None) -> Uitkomst:
    if 200 <= status < 300:
        return Uitkomst(Uitkomstsoort.BEZORGD, "De webhook nam de melding aan.", status)
    if status in _BLIJVEND:
        return Uitkomst(Uitkomstsoort.BLIJVEND, f"De webhook weigerde de melding (HTTP {status}).", status)
    if 300 <= status < 400:
        return _later(f"De webhook verwijst door (HTTP {status}); dat wordt niet gevolgd.", status)
    return _later(f"De webhook kan de melding nu niet aannemen (HTTP {status}).", status, read_retry_after(retry_after))


def _later(toelichting: str, status: int | None = None, opnieuw_na: float | None = None) -> Uitkomst:
    return Uitkomst(Uitkomstsoort.TIJDELIJK, toelichting, status, opnieuw_na=opnieuw_na)
