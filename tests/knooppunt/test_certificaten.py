from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sjabloon import make_tables

from knooppunt.certificaten import Certificaatwacht, inspect, read_own
from knooppunt.configuratie import Koppelvlak
from knooppunt.pki import Proefautoriteit, Uitgifte
from knooppunt.tls import client_context
from routing import incident
from routing.incident import Incidentboek
from routing.klok import Klok
from routing.onderhoud import Onderhoud, Taak
from routing.opslag import Opslag
from routing.partij import Aansluiting, Kanaal, Partij, Partijsoort, Protocol
from routing.register import Register, RegisterBron

DAG = dt.timedelta(days=1)


class Serveerder:
    """Starts TLS servers that show a certificate and nothing else."""

    def __init__(self, map_: Path) -> None:
        self._map = map_
        self._servers: list[asyncio.Server] = []

    async def start(self, uitgifte: Uitgifte, poort: int = 0) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*uitgifte.write(self._map, f"server{len(self._servers)}"))
        server = await asyncio.start_server(lambda _, schrijver: schrijver.close(), "127.0.0.1", poort, ssl=context)
        self._servers.append(server)
        return f"https://localhost:{server.sockets[0].getsockname()[1]}/pad"

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()
        self._servers.clear()


@pytest.fixture
async def serveerder(tmp_path: Path) -> AsyncIterator[Serveerder]:
    serveerder = Serveerder(tmp_path)
    yield serveerder
    await serveerder.stop()


def ends_in(autoriteit: Proefautoriteit, dagen: int, **anders: object) -> Uitgifte:
    nu = dt.datetime.now(dt.UTC)
    return autoriteit.issue("server", van=nu - 400 * DAG, tot=nu + dagen * DAG, **anders)


async def test_a_handshake_tells_when_a_certificate_ends_or_why_it_is_no_good(
    koppelvlak: Koppelvlak, autoriteit: Proefautoriteit, serveerder: Serveerder
):
    tls = client_context(koppelvlak)
    goed = await inspect(await serveerder.start(ends_in(autoriteit, 10)), tls)
    assert goed.einde == pytest.approx((dt.datetime.now(dt.UTC) + 10 * DAG).timestamp(), abs=60)
    assert "expired" in (await inspect(await serveerder.start(ends_in(autoriteit, -1)), tls)).bezwaar
    assert (
        "mismatch"
        in (await inspect(await serveerder.start(ends_in(autoriteit, 10, hosts=["elders.example"])), tls)).bezwaar
    )
    assert (await inspect(await serveerder.start(Proefautoriteit.create().issue("vreemd")), tls)).bezwaar


async def test_who_cannot_be_reached_says_nothing_about_his_certificate(koppelvlak: Koppelvlak):
    for url in ("https://localhost:1/", "https://bestaat-niet.invalid/"):
        assert await inspect(url, client_context(koppelvlak)) is None


def test_our_own_certificate_is_read_from_its_file(koppelvlak: Koppelvlak, tmp_path: Path):
    assert read_own(koppelvlak.certificaat).tot > dt.datetime.now(dt.UTC).timestamp()
    (tmp_path / "leeg.pem").write_text("")
    with pytest.raises(ValueError, match=r"PEM|certificate"):
        read_own(tmp_path / "leeg.pem")


async def test_an_ontvanger_has_an_incident_until_his_certificate_is_good(
    koppelvlak: Koppelvlak, autoriteit: Proefautoriteit, tmp_path: Path, serveerder: Serveerder
):
    url = f"sqlite:///{tmp_path / 'k.db'}"
    make_tables(url)
    klok = Klok()
    opslag = Opslag(url, klok=klok)
    bron = RegisterBron()
    wacht = Certificaatwacht(opslag, bron, Incidentboek(), client_context(koppelvlak), 30)
    taak = Taak("certificaten", 300.0, wacht.turn)

    def connect(**adressen: str) -> None:
        bron._register = Register.of(
            [Partij(code, Partijsoort.ZORGAANBIEDER, code) for code in adressen],
            [Aansluiting(code, (), Kanaal.PUSH, Protocol.STUF, adres) for code, adres in adressen.items()],
            [],
        )

    async def turn() -> list[tuple[str, str]]:
        klok.verschuiving_ms += 301_000
        assert await Onderhoud(opslag, ()).run(taak)
        return sorted((i.oorzaak, i.onderwerp) for i in await opslag.read(incident.find, alleen_open=True))

    try:
        adres = await serveerder.start(ends_in(autoriteit, 10))
        poort = int(adres.split(":")[2].split("/")[0])
        connect(
            p1=adres,
            p2=await serveerder.start(ends_in(autoriteit, -1)),
            p3=await serveerder.start(ends_in(autoriteit, 90)),
        )
        assert await turn() == [("certificaat_ontvanger", "p2"), ("certificaat_ontvanger_verloopt", "p1")]
        await serveerder.stop()
        assert len(await turn()) == 2  # not reached: what was known stays
        await serveerder.start(ends_in(autoriteit, 90), poort)
        assert await turn() == [("certificaat_ontvanger", "p2")]
        connect(p1=adres)
        assert await turn() == []
    finally:
        await opslag.close()
