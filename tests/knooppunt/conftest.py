"""A test authority on disk, and a plain TLS client that shows what the other side really answers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from knooppunt.configuratie import Koppelvlak
from knooppunt.luisteraar import Grenzen, Luisteraar
from knooppunt.pki import Proefautoriteit, Uitgifte, make_demo
from knooppunt.tls import server_context

OIN = "00000001999999990001"


@pytest.fixture
def pki(tmp_path: Path) -> Path:
    """Folder with an authority, a hub and the partij `gemeente`."""
    make_demo(tmp_path / "pki", [("gemeente", OIN)])
    return tmp_path / "pki"


@pytest.fixture
def autoriteit(pki: Path) -> Proefautoriteit:
    """The authority of `pki`, to issue odd certificates with."""
    return Proefautoriteit.read(pki)


@pytest.fixture
def koppelvlak(pki: Path) -> Koppelvlak:
    """Settings of a listener that uses `pki`."""
    return Koppelvlak(certificaat=pki / "hub.pem", sleutel=pki / "hub.key", ca=pki / "ca.pem")


@pytest.fixture
def client(pki: Path) -> Callable[..., ssl.SSLContext]:
    """Makes a client context with a certificate: a name in `pki`, a fresh Uitgifte, or none."""

    def make(bewijs: str | Uitgifte | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=pki / "ca.pem")
        if isinstance(bewijs, Uitgifte):
            bewijs.write(pki, "los")
            bewijs = "los"
        if bewijs is not None:
            context.load_cert_chain(pki / f"{bewijs}.pem", pki / f"{bewijs}.key")
        return context

    return make


@pytest.fixture
async def luister(koppelvlak: Koppelvlak) -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """Starts a listener for an application and returns its port; all are stopped afterwards."""
    gestart: list[Luisteraar] = []

    async def start(app: web.Application, grenzen: Grenzen | None = None, *, tls: bool = True) -> int:
        context = server_context(koppelvlak) if tls else None
        luisteraar = Luisteraar(app, "127.0.0.1", 0, tls=context, grenzen=grenzen)
        await luisteraar.start()
        gestart.append(luisteraar)
        return int(luisteraar.url.rsplit(":", 1)[1])

    yield start
    for luisteraar in gestart:
        await luisteraar.stop()


@pytest.fixture
def converse() -> Callable[..., Awaitable[bytes]]:
    """Sends raw bytes over a connection and returns all that comes back until the other side closes."""

    async def talk(poort: int, verzoek: bytes, context: ssl.SSLContext | None = None) -> bytes:
        lezer, schrijver = await asyncio.open_connection("127.0.0.1", poort, ssl=context)
        try:
            schrijver.write(verzoek)
            return await lezer.read()
        finally:
            schrijver.close()

    return talk
