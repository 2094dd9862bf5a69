"""The operator's listener: is it alive, can it do its work, and what does it do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiohttp import web

from knooppunt.achterstand import read_achterstand, read_beheercijfers
from knooppunt.ketenzicht import count_late
from knooppunt.meting import CONTENT_TYPE, Meting
from routing.databank import OpslagFout
from routing.ketenbewaking.kalender import Kalender
from routing.opslag import Opslag

_log = structlog.get_logger(__name__)
GEDULD_SECONDEN = 5
"""How long `/readyz` takes at most; `timeout check` in `config/cluster/haproxy.cfg` is longer."""
_KETEN_SECONDEN = 60.0

Controle = Callable[[], Awaitable[None]]
"""Returns when a part can do its work, raises when it cannot; the text of the exception is not shown."""


class Beheer:
    """Application with `/livez`, `/readyz` and `/metrics`.

    Args:
        opslag: what the metrics are read from.
        meting: the metrics.
        controles: what must work to be ready, by name.
        kalender: for the terms of the chain.
        kanttekeningen: what `/readyz` tells as well, and which makes no difference: the hub answers for it itself.
    """

    def __init__(
        self,
        opslag: Opslag,
        meting: Meting,
        controles: Mapping[str, Controle],
        kalender: Kalender | None = None,
        kanttekeningen: Mapping[str, Controle] | None = None,
    ) -> None:
        self._opslag = opslag
        self._meting = meting
        self._controles = controles
        self._kalender = kalender or Kalender()
        self._kanttekeningen = kanttekeningen or {}
        self._keten_weer_na = 0.0

    def application(self) -> web.Application:
        """Make the application, for a `Luisteraar`."""
        app = web.Application()
        app.router.add_get("/livez", self._live)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._metrics)
        return app

    async def _live(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, _request: web.Request) -> web.Response:
        te_zien = {**self._controles, **self._kanttekeningen}
        uitslagen = await asyncio.gather(*(_works(naam, controle) for naam, controle in te_zien.items()))
        uitslag = dict(zip(te_zien, uitslagen, strict=True))
        gereed = all(uitslag[naam] for naam in self._controles)
        inhoud = {"status": "ok" if gereed else "niet gereed", "controles": uitslag}
        return web.json_response(inhoud, status=200 if gereed else 503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        try:
            self._meting.show(await self._opslag.read(read_achterstand))
            self._meting.show_cijfers(await self._opslag.read(read_beheercijfers))
            await self._look_at_keten()
        except OpslagFout:
            self._keten_weer_na = 0.0
            self._meting.forget()  # yesterday's backlog shown as today's would be a lie
            _log.warning("achterstand niet te lezen")
        return web.Response(body=self._meting.render(), headers={"Content-Type": CONTENT_TYPE})

    async def _look_at_keten(self) -> None:
        """Count the late terms, not at every question: what is late changes once a day, and counting it takes time."""
        nu = asyncio.get_running_loop().time()
        if nu >= self._keten_weer_na:
            self._meting.show_keten(await self._opslag.read(count_late, self._kalender))
            self._keten_weer_na = nu + _KETEN_SECONDEN


async def _works(naam: str, controle: Controle) -> bool:
    try:
        async with asyncio.timeout(GEDULD_SECONDEN):
            await controle()
    except Exception as fout:  # noqa: BLE001 - whatever it is, the part does not work
        _log.warning("controle mislukt", controle=naam, fout=type(fout).__name__)
        return False
    return True
