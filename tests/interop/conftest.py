"""The koppelvlak over mutual TLS, and zeep with the published contract as an independent client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import zeep
from aiohttp import web
from zeep.transports import Transport

from adapters.stufggk.server import PAD, OntvangAsynchroon
from knooppunt.pki import CLIENT, SERVER, Proefautoriteit
from knooppunt.tls import identify
from routing.bericht import Aanlevering
from routing.poorten import Ontvangst, Ontvangstsoort

OIN = "00000001999999990363"
BINDING = "{http://www.stufstandaarden.nl/koppelvlak/ggk0210}SOAPOntvangAsynchroon"


@dataclass
class Opschrijver:
    """An intake that records, and answers what the test wants."""

    antwoord: Ontvangst | Exception = field(
        default_factory=lambda: Ontvangst(
            Ontvangstsoort.AANGENOMEN, "11111111-2222-4333-8444-555555555555", "20260105091502999"
        )
    )
    gekregen: list[Aanlevering] = field(default_factory=list)

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        self.gekregen.append(aanlevering)
        if isinstance(self.antwoord, Exception):
            raise self.antwoord
        return self.antwoord


@dataclass
class Koppelvlak:
    """A running koppelvlak: its address, its intake, and the certificates that fit."""

    url: str
    intake: Opschrijver
    certificaat: tuple[str, str]
    ca: str
    sessies: list[requests.Session] = field(default_factory=list)

    def session(self) -> requests.Session:
        """Return an HTTP session that shows the certificate of the partij."""
        sessie = requests.Session()
        sessie.cert = self.certificaat
        sessie.verify = self.ca
        sessie.trust_env = False
        self.sessies.append(sessie)
        return sessie

    async def connect(self, wsdl: str) -> tuple[zeep.Client, Any]:
        """Load a contract in zeep; return the client, and the service at our address."""
        client = await asyncio.to_thread(zeep.Client, wsdl, transport=Transport(session=self.session()))
        return client, client.create_service(BINDING, self.url)


@pytest.fixture
async def koppelvlak(tmp_path: Path) -> AsyncIterator[Koppelvlak]:
    ca = Proefautoriteit.create()
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*ca.issue("hub", doelen=[SERVER]).write(tmp_path, "hub"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ca.pem.decode())
    certificaat, sleutel = ca.issue("Proefstad", OIN, doelen=[CLIENT]).write(tmp_path, "partij")
    intake = Opschrijver()
    transporten: set[asyncio.Transport] = set()

    @web.middleware
    async def remember(request: web.Request, handler: Any) -> Any:
        if request.transport is not None:
            transporten.add(request.transport)
        return await handler(request)

    app = web.Application(middlewares=[remember])
    OntvangAsynchroon(intake, identify).add_routes(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}{PAD}"
    koppelvlak = Koppelvlak(url, intake, (str(certificaat), str(sleutel)), str(tmp_path / "ca.pem"))
    yield koppelvlak
    for sessie in koppelvlak.sessies:
        sessie.close()
    for transport in transporten:
        transport.abort()  # a client that just hangs up leaves a TLS connection in its closing handshake
    await runner.cleanup()


@pytest.fixture
def gepubliceerd(corpus: Path) -> str:
    """Path of the WSDL as it was published."""
    return str(corpus / "ggk" / "ggk0210" / "ggkberichten" / "ggk0210_OntvangAsynchroon_ggkberichten.wsdl")
