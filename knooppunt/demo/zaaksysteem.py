"""The case system of a gemeente: it asks the hub over the API, with the certificate of the gemeente."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

_TIJD: Final = aiohttp.ClientTimeout(total=20)


@dataclass(frozen=True, slots=True)
class Antwoord:
    """What the API said: HTTP status, the text as it came, and that text as JSON (empty when it is none)."""

    status: int
    tekst: str
    inhoud: Mapping[str, Any]

    @property
    def uitleg(self) -> str:
        """What a problem says, in one line: title, detail, and each parameter that is wrong."""
        delen = [str(self.inhoud.get(deel) or "") for deel in ("title", "detail")]
        delen += [f"{fout['name']} {fout['reason']}" for fout in self.inhoud.get("invalidParams", ())]
        return " ".join(deel for deel in delen if deel)


class Zaaksysteem:
    """Asks; use `close` when done.

    Args:
        hub: address of the koppelvlak.
        tls: context with the certificate of the gemeente.
    """

    def __init__(self, hub: str, tls: ssl.SSLContext) -> None:
        self._api = f"{hub}/api/v1"
        self._sessie = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls), timeout=_TIJD)

    async def ask(self, pad: str, vraag: Mapping[str, Any]) -> Antwoord:
        """Put a question with a body (POST).

        Raises:
            aiohttp.ClientError: there was no HTTP answer.
            TimeoutError: it did not come in time.
        """
        async with self._sessie.post(self._api + pad, json=vraag) as antwoord:
            return _read(antwoord.status, await antwoord.text())

    async def read(self, pad: str, **zoek: str) -> Antwoord:
        """Read something (GET); raises as `ask`."""
        async with self._sessie.get(self._api + pad, params=zoek) as antwoord:
            return _read(antwoord.status, await antwoord.text())

    async def close(self) -> None:
        """Release connections."""
        await self._sessie.close()


def _read(status: int, tekst: str) -> Antwoord:
    try:
        inhoud = json.loads(tekst)
    except ValueError:
        inhoud = {}
    return Antwoord(status, tekst, inhoud if isinstance(inhoud, dict) else {})
