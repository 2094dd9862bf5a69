"""Counting the statements that a log sends to its database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from typing import Any

import sqlalchemy as sa

from routing.opslag import Opslag


class Meeteller:
    """Statements of writers and readers since it was made; BEGIN and COMMIT do not count."""

    def __init__(self, opslag: Opslag) -> None:
        self.opdrachten: list[str] = []
        for engine in (opslag._schrijfengine, opslag._leesengine):
            sa.event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _conn: object, _cursor: object, statement: str, *_anders: object) -> None:
        if statement not in ("BEGIN", "BEGIN IMMEDIATE"):
            self.opdrachten.append(statement)

    def take(self) -> list[str]:
        """Return what was counted, and begin anew."""
        geteld, self.opdrachten = self.opdrachten, []
        return geteld


async def in_one_group(opslag: Opslag, bewerkingen: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Run operations so that they wait for the only writer together, and share one transaction."""
    bezet, verder = threading.Event(), threading.Event()

    def hold(_conn: sa.Connection) -> None:
        bezet.set()
        assert verder.wait(30)

    eerste = asyncio.ensure_future(opslag.write(hold))
    await asyncio.to_thread(bezet.wait, 30)
    taken = [asyncio.ensure_future(bewerking) for bewerking in bewerkingen]
    while opslag._rij.qsize() < len(taken):  # noqa: ASYNC110 - they hand in when they have been judged
        await asyncio.sleep(0)
    verder.set()
    await eerste
    return list(await asyncio.gather(*taken))
