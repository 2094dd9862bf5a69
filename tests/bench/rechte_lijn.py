"""The straight line: what a hub costs at least, as a process to measure against (limits.md §2).

SOAP POST → parse the envelope, check it by its schema, decode, parse the payload, check it by its schema → durable
commit together with whatever waits → Bv03 → hand over in memory → POST to the ontvanger → on his Bv03, mark as
delivered. Nothing else: no authorisation, no encryption, no history, no order, no retries, no limits. Never use this.

Reads one JSON object from its input (`pki`, `database`, `adressen`) and writes one line: where it listens. Without a
database it is bare aiohttp: it answers the same Bv03 to whatever comes.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import sys
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import psycopg
import uvloop
from aiohttp import web
from lxml import etree

from adapters.stufggk.antwoord_schrijven import write_bv03
from adapters.stufggk.koppelvlak import schema
from adapters.stufggk.namen import GGK, STUF
from adapters.stufggk.server import HUB
from adapters.stufggk.weigering import AntwoordOp
from istandaarden.catalogus import ingebouwd
from knooppunt.simulatie.certificaat import credentials
from knooppunt.tls import client_context, server_context
from routing import tijdstip
from routing.bericht import Systeem
from routing.nummering import new_key

_TEGELIJK = 16
_S, _G = f"{{{STUF}}}", f"{{{GGK}}}"
_BV03 = write_bv03(HUB, AntwoordOp(Systeem("0363", "Suite"), str(uuid.uuid4())), str(uuid.uuid4()), tijdstip.now())
_TABELLEN = """
CREATE TABLE bericht (
    id TEXT PRIMARY KEY, zender TEXT, ontvanger TEXT, referentienummer TEXT, functie TEXT, status TEXT,
    UNIQUE (zender, referentienummer));
CREATE TABLE payload (bericht_id TEXT PRIMARY KEY, inhoud {bytes});
CREATE TABLE gebeurtenis (id {teller}, bericht_id TEXT, soort TEXT);
"""


@dataclass(frozen=True, slots=True)
class Bericht:
    bericht_id: str
    zender: str
    ontvanger: str
    referentienummer: str
    functie: str
    soap: bytes


class KaleOpslag(Protocol):
    """The least that makes berichten durable: a row each for bericht, payload and gebeurtenis, and a commit."""

    async def commit(self, nieuw: list[Bericht], bezorgd: list[str]) -> None:
        """Write new berichten, and which were delivered, in one transaction."""

    def close(self) -> None:
        """Let go of the database."""


def open_opslag(url: str) -> KaleOpslag:
    """Open a database of SQLite or PostgreSQL and make the tables."""
    return _Sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else _Postgres(url)


class _Sqlite:
    """Statements on the event loop, only the commit in a thread."""

    def __init__(self, pad: str) -> None:
        self._conn = sqlite3.connect(pad, isolation_level=None, check_same_thread=False)
        self._conn.execute("PRAGMA journal_mode=WAL")
        self._conn.execute("PRAGMA synchronous=FULL")
        self._conn.execute("PRAGMA temp_store=MEMORY")
        self._conn.executescript(_TABELLEN.format(bytes="BLOB", teller="INTEGER PRIMARY KEY"))
        self._draad = ThreadPoolExecutor(1)

    async def commit(self, nieuw: list[Bericht], bezorgd: list[str]) -> None:
        conn = self._conn
        conn.execute("BEGIN IMMEDIATE")
        conn.executemany(
            "INSERT INTO bericht VALUES (?, ?, ?, ?, ?, 'Ontvangen')",
            [(b.bericht_id, b.zender, b.ontvanger, b.referentienummer, b.functie) for b in nieuw],
        )
        conn.executemany("INSERT INTO payload VALUES (?, ?)", [(b.bericht_id, b.soap) for b in nieuw])
        conn.executemany(
            "INSERT INTO gebeurtenis (bericht_id, soort) VALUES (?, 'ontvangen')", [(b.bericht_id,) for b in nieuw]
        )
        conn.executemany("UPDATE bericht SET status = 'Bezorgd' WHERE id = ?", [(welk,) for welk in bezorgd])
        await asyncio.get_running_loop().run_in_executor(self._draad, conn.commit)

    def close(self) -> None:
        self._draad.shutdown()
        self._conn.close()


class _Postgres:
    """One connection in a thread, one statement per table and group."""

    def __init__(self, url: str) -> None:
        self._conn = psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:"))
        self._conn.execute(_TABELLEN.format(bytes="BYTEA", teller="BIGSERIAL PRIMARY KEY"))
        self._conn.commit()
        self._draad = ThreadPoolExecutor(1)

    async def commit(self, nieuw: list[Bericht], bezorgd: list[str]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._draad, self._write, nieuw, bezorgd)

    def _write(self, nieuw: list[Bericht], bezorgd: list[str]) -> None:
        with self._conn.pipeline():
            if nieuw:
                ids = [b.bericht_id for b in nieuw]
                self._conn.execute(
                    "INSERT INTO bericht SELECT *, 'Ontvangen' FROM"
                    " unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])",
                    (
                        ids,
                        [b.zender for b in nieuw],
                        [b.ontvanger for b in nieuw],
                        [b.referentienummer for b in nieuw],
                        [b.functie for b in nieuw],
                    ),
                )
                self._conn.execute(
                    "INSERT INTO payload SELECT * FROM unnest(%s::text[], %b::bytea[])", (ids, [b.soap for b in nieuw])
                )
                self._conn.execute(
                    "INSERT INTO gebeurtenis (bericht_id, soort) SELECT i, 'ontvangen' FROM unnest(%s::text[]) i",
                    (ids,),
                )
            if bezorgd:
                self._conn.execute("UPDATE bericht SET status = 'Bezorgd' WHERE id = ANY(%s)", (bezorgd,))
            self._conn.commit()

    def close(self) -> None:
        self._draad.shutdown()
        self._conn.close()


class _Lijn:
    def __init__(self, opslag: KaleOpslag, adressen: dict[str, str], sessie: aiohttp.ClientSession) -> None:
        self._opslag, self._adressen, self._sessie = opslag, adressen, sessie
        self._parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
        self._nieuw: list[tuple[Bericht, asyncio.Future[None]]] = []
        self._bezorgd: list[str] = []
        self._werk = asyncio.Event()
        self._rij: asyncio.Queue[Bericht] = asyncio.Queue()

    async def receive(self, request: web.BaseRequest) -> web.Response:
        """Take one bericht and answer when it is durable."""
        soap = await request.read()
        bericht = self._read(soap)
        wachter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._nieuw.append((bericht, wachter))
        self._werk.set()
        await wachter
        op = AntwoordOp(Systeem(bericht.zender, "onbekend"), bericht.referentienummer)
        body = write_bv03(HUB, op, str(uuid.uuid4()), tijdstip.now())
        return web.Response(body=body, content_type="text/xml", charset="utf-8")

    def _read(self, soap: bytes) -> Bericht:
        element = etree.fromstring(soap, self._parser)[0][0]
        inhoud = element.find(f"{_G}parameters/{_G}bericht/{_G}xmlBestand")
        kop = element.find(f"{_G}stuurgegevens")
        assert inhoud is not None
        assert kop is not None
        payload = base64.b64decode(inhoud.text or "", validate=True)
        inhoud.text = "AAAA"
        if not schema().validate(element):
            raise ValueError("envelope")
        functie = kop.findtext(f"{_S}functie") or ""
        if not ingebouwd().schema(ingebouwd().find(functie, "3.2")).validate(etree.fromstring(payload, self._parser)):
            raise ValueError("payload")
        return Bericht(
            new_key(),
            kop.findtext(f"{_S}zender/{_S}organisatie") or "",
            kop.findtext(f"{_S}ontvanger/{_S}organisatie") or "",
            kop.findtext(f"{_S}referentienummer") or "",
            functie,
            soap,
        )

    async def commit(self) -> None:
        """Write what waits, again and again, and hand it over."""
        while True:
            await self._werk.wait()
            self._werk.clear()
            nieuw, self._nieuw = self._nieuw, []
            bezorgd, self._bezorgd = self._bezorgd, []
            await self._opslag.commit([b for b, _ in nieuw], bezorgd)
            for bericht, wachter in nieuw:
                wachter.set_result(None)
                self._rij.put_nowait(bericht)

    async def deliver(self) -> None:
        """Deliver one after another; this many run beside each other."""
        kop = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        while True:
            bericht = await self._rij.get()
            url = self._adressen[bericht.ontvanger]
            async with self._sessie.post(url, data=bericht.soap, headers=kop) as antwoord:
                body = await antwoord.read()
            assert antwoord.status == 200
            assert bericht.referentienummer.encode() in body
            self._bezorgd.append(bericht.bericht_id)
            self._werk.set()


async def _answer(request: web.BaseRequest) -> web.Response:
    await request.read()
    return web.Response(body=_BV03, content_type="text/xml", charset="utf-8")


async def _main() -> None:
    begin: dict[str, Any] = json.loads(sys.stdin.readline())
    pki = Path(begin["pki"])
    tls = credentials(pki / "hub.pem", pki / "hub.key", pki / "ca.pem")
    url: str | None = begin["database"]
    lus = asyncio.get_running_loop()
    if url is None:
        kaal = await lus.create_server(web.Server(_answer), "127.0.0.1", 0, ssl=server_context(tls))
        print(kaal.sockets[0].getsockname()[1], flush=True)
        await kaal.serve_forever()
        return
    opslag = open_opslag(url)
    verbinder = aiohttp.TCPConnector(ssl=client_context(tls), limit=0, limit_per_host=8)
    async with aiohttp.ClientSession(connector=verbinder, cookie_jar=aiohttp.DummyCookieJar()) as sessie:
        lijn = _Lijn(opslag, begin["adressen"], sessie)
        server = await lus.create_server(web.Server(lijn.receive), "127.0.0.1", 0, ssl=server_context(tls))
        print(server.sockets[0].getsockname()[1], flush=True)
        await _all([lijn.commit(), *(lijn.deliver() for _ in range(_TEGELIJK))])


async def _all(werk: Iterable[Any]) -> None:
    async with asyncio.TaskGroup() as taken:
        for deel in werk:
            taken.create_task(deel)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
