"""Switching faults while a simulated partij runs: a small page on the loopback address.

``GET /storingen`` lists what is on and how often it struck, ``PUT`` replaces it with the lines of the body, and
``DELETE`` turns everything off. Only this machine can reach it, and only under its loopback name, so that a web page
somewhere else cannot.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from knooppunt.luisteraar import Luisteraar
from knooppunt.simulatie.storing import Storingen, Storingsfout, read_storing

PAD = "/storingen"
_GROOTST = 16 * 1024


@asynccontextmanager
async def serve_switch(storingen: Storingen, poort: int) -> AsyncIterator[str]:
    """Serve the page for as long as the context is open.

    Args:
        storingen: what is switched.
        poort: port on 127.0.0.1; 0 takes a free one.

    Yields:
        The address of the page.

    Raises:
        OSError: the port is taken.
    """

    async def show(request: web.Request) -> web.Response:
        _check(request)
        return _list(storingen)

    async def replace(request: web.Request) -> web.Response:
        _check(request)
        try:
            regels = (await request.read()).decode().splitlines()
            storingen.switch([read_storing(regel) for regel in regels if regel.strip()])
        except UnicodeDecodeError:
            return web.Response(status=400, text="De storingen zijn geen UTF-8.\n")
        except Storingsfout as fout:
            return web.Response(status=400, text=f"{fout}\n")
        return _list(storingen)

    async def clear(request: web.Request) -> web.Response:
        _check(request)
        storingen.switch([])
        return _list(storingen)

    app = web.Application(client_max_size=_GROOTST)
    app.router.add_get(PAD, show)
    app.router.add_put(PAD, replace)
    app.router.add_delete(PAD, clear)
    luisteraar = Luisteraar(app, "127.0.0.1", poort)
    await luisteraar.start()
    try:
        yield luisteraar.url + PAD
    finally:
        await luisteraar.stop()


def _check(request: web.Request) -> None:
    if request.host.rsplit(":", 1)[0] not in {"127.0.0.1", "localhost"}:
        raise web.HTTPForbidden(text="Alleen te bedienen op 127.0.0.1.\n")


def _list(storingen: Storingen) -> web.Response:
    regels = [f"{s.tekst}  (trof {storingen.getroffen.get(s.tekst, 0)} maal)" for s in storingen.regels]
    return web.Response(text="".join(f"{regel}\n" for regel in regels or ["Geen storingen."]))
