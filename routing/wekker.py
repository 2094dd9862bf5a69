"""Waking other nodes: on PostgreSQL a node tells the others that something waits, so that they need not poll to see it.

A wake-up is a convenience, never a condition: polling goes on, and what gets lost here costs at most one poll. It
travels over connections of its own, outside every transaction that writes (a NOTIFY inside one makes commits queue),
and at most once per `pauze_s`, however many berichten come in.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

import psycopg
import structlog
from psycopg import sql

from routing.databank import make_engine, parse_url

_log = structlog.get_logger(__name__)

_KANAAL: Final = "knooppunt_werk"
_HERSTEL_S: Final = (1.0, 30.0)
"""First and longest wait before a lost connection is made again."""


class Wekker:
    """One node's ear and voice.

    Args:
        url: of the PostgreSQL database; not through a pooler that hands out connections per transaction.
        wek: called on the event loop when another node has something new, and when the connection is back.
        pauze_s: shortest time in seconds between two messages.
    """

    def __init__(self, url: str, wek: Callable[[], None], pauze_s: float = 0.25) -> None:
        engine = make_engine(parse_url(url), schrijft=True)  # for its settings; it opens no connection
        _, self._verbinding = engine.dialect.create_connect_args(engine.url)
        self._wek = wek
        self._pauze_s = pauze_s
        self._zelf = uuid.uuid4().hex
        self._sein = asyncio.Event()
        self._taken: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen and to tell; needs a running event loop."""
        self._taken = [
            asyncio.create_task(self._keep(self._listen), name="wekker-luisteren"),
            asyncio.create_task(self._keep(self._tell), name="wekker-zeggen"),
        ]

    async def stop(self) -> None:
        """Stop, and let go of the connections."""
        for taak in self._taken:
            taak.cancel()
        await asyncio.gather(*self._taken, return_exceptions=True)
        self._taken = []

    def notify(self) -> None:
        """Have the other nodes told that something new waits; to be called after the commit, on the event loop."""
        self._sein.set()

    async def _keep(self, doe: Callable[[psycopg.AsyncConnection[Any]], Awaitable[None]]) -> None:
        """Do something on a connection, and again on a new one each time it is lost."""
        eerste, langste = _HERSTEL_S
        wachten = eerste
        while True:
            try:
                verbinding = await psycopg.AsyncConnection.connect(**self._verbinding, autocommit=True)
                async with verbinding:
                    wachten = eerste
                    await doe(verbinding)
            except (psycopg.Error, OSError) as fout:
                _log.info("wekker zonder verbinding; er wordt gepeild", fout=type(fout).__name__)
            await asyncio.sleep(wachten)
            wachten = min(2 * wachten, langste)

    async def _listen(self, verbinding: psycopg.AsyncConnection[Any]) -> None:
        await verbinding.execute(sql.SQL("LISTEN {}").format(sql.Identifier(_KANAAL)))
        self._wek()  # whatever was said before we listened
        async for bericht in verbinding.notifies():
            if bericht.payload != self._zelf:
                self._wek()

    async def _tell(self, verbinding: psycopg.AsyncConnection[Any]) -> None:
        while True:
            await self._sein.wait()
            self._sein.clear()
            await verbinding.execute("SELECT pg_notify(%s, %s)", (_KANAAL, self._zelf))
            await asyncio.sleep(self._pauze_s)
