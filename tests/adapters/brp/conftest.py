"""A simulated BRP on a real socket, and the adapter in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import date
from typing import Any

import pytest
from aiohttp import web

from adapters.brp.bron import BrpFeitenbron
from adapters.brp.client import BrpClient, Grenzen
from knooppunt.simulatie.brp.personen import Testpersoon
from knooppunt.simulatie.brp.server import KENT, BrpSimulator
from knooppunt.simulatie.storing import Storingen, read_storing
from routing.ladder import Ladder

SNEL = Grenzen(antwoord_s=5, geheel_s=10, per_seconde=1000, ladder=Ladder(0.001, 0.002))
VANDAAG = date(2026, 3, 4)


@pytest.fixture
async def stapel() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stapel:
        yield stapel


@pytest.fixture
def simuleer(stapel: AsyncExitStack) -> Callable[..., Awaitable[BrpSimulator]]:
    """Starts a simulated BRP over test persons, with faults as users write them."""

    async def start(personen: dict[str, Testpersoon], *storingen: str, **opties: Any) -> BrpSimulator:
        opties = {"vandaag": lambda: VANDAAG, "opnieuw_na": 0} | opties
        simulator = BrpSimulator(personen, storingen=Storingen(map(read_storing, storingen), kent=KENT), **opties)
        stapel.push_async_callback(simulator.close)
        await simulator.start()
        return simulator

    return start


@pytest.fixture
def vraag_aan(stapel: AsyncExitStack) -> Callable[..., BrpFeitenbron]:
    """Makes the adapter for an address, with or without history."""

    def make(url: str, *, historie: bool = True, grenzen: Grenzen = SNEL, **opties: Any) -> BrpFeitenbron:
        client = BrpClient(url, url if historie else None, grenzen=grenzen, **opties)
        bron = BrpFeitenbron(client, lambda: VANDAAG)
        stapel.push_async_callback(bron.close)
        return bron

    return make


@pytest.fixture
def serve(stapel: AsyncExitStack) -> Callable[..., Awaitable[str]]:
    """Starts a server with one handler for everything and returns its address."""

    async def start(handler: Callable[[web.Request], Awaitable[web.StreamResponse]], **opties: Any) -> str:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await handler(request)

        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", answer)
        runner = web.AppRunner(app, shutdown_timeout=1)
        stapel.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, **opties).start()
        return f"{'https' if opties else 'http'}://127.0.0.1:{runner.addresses[0][1]}"

    return start
