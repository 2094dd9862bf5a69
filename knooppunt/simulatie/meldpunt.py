"""Where a gemeente hears of events: an https address that takes CloudEvents with the agreed token, and keeps them."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import hdrs, web

from knooppunt.luisteraar import Luisteraar

_PAD: Final = "/meldingen"
_SOORT: Final = "application/cloudevents+json"

Melding = Mapping[str, Any]
"""A CloudEvent in JSON (structured mode)."""


class Meldpunt:
    """The webhook of one gemeente; `meldingen` is what came, in order, repetitions too.

    Args:
        tls: server context; the hub shows no certificate here but a token.
        token: what it must show.
    """

    def __init__(self, tls: ssl.SSLContext, token: str) -> None:
        self.meldingen: list[Melding] = []
        self._tls, self._token = tls, token
        self._nieuw = asyncio.Condition()
        self._luisteraar: Luisteraar | None = None

    async def start(self, poort: int = 0) -> str:
        """Begin to listen on 127.0.0.1 and return the address for the hub.

        Raises:
            OSError: the port is taken.
        """
        app = web.Application()
        app.router.add_post(_PAD, self._take)
        self._luisteraar = Luisteraar(app, "127.0.0.1", poort, tls=self._tls)
        await self._luisteraar.start()
        return self._luisteraar.url + _PAD

    async def close(self) -> None:
        """Stop listening."""
        if self._luisteraar is not None:
            await self._luisteraar.stop()

    async def wait_for(self, past: Callable[[Melding], bool], seconden: float) -> Melding:
        """Return the first melding that fits; wait for it when it is not there yet.

        Raises:
            TimeoutError: nothing that fits came within `seconden`.
        """

        def found() -> Melding | None:
            return next((melding for melding in self.meldingen if past(melding)), None)

        async with asyncio.timeout(seconden), self._nieuw:
            while (melding := found()) is None:
                await self._nieuw.wait()
            return melding

    async def _take(self, request: web.Request) -> web.Response:
        if request.headers.get(hdrs.AUTHORIZATION) != f"Bearer {self._token}":
            return web.Response(status=401)
        if request.content_type != _SOORT:
            return web.Response(status=415)
        try:
            melding = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400)
        async with self._nieuw:
            self.meldingen.append(melding)
            self._nieuw.notify_all()
        return web.Response(status=204)
