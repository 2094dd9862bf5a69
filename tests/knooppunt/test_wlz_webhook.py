"""A signal from the register to the webhook of a gemeente, through a running hub: told without a word about whom."""

from __future__ import annotations

import asyncio
import json
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiohttp import web
from proefwlz import GEMEENTE, Dagronde
from sjabloon import make_tables
from typer.testing import CliRunner

from knooppunt.cli import app
from knooppunt.configuratiebestand import load
from knooppunt.hub import Hub
from knooppunt.luisteraar import Luisteraar
from knooppunt.pki import make_demo
from knooppunt.simulatie.ciz import TOKEN, VERSIE2, Cizregister
from routing import schema
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.wlz.clientenlijst import Bewerking, Opgave

JA = "999990342"  # has an indication in the simulated register
DAG_MS = round(timedelta(days=2).total_seconds() * 1000)


@pytest.mark.timeout(120)
async def test_a_begin_reaches_the_webhook_and_is_read_with_its_number(tmp_path: Path) -> None:
    make_demo(tmp_path / "pki", [])
    Kluis.create(tmp_path / "sleutels")
    make_tables(url := f"sqlite:///{tmp_path / 'knooppunt.db'}")
    kreeg: asyncio.Queue[tuple[str | None, str, bytes]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        inhoud = await request.read()
        kreeg.put_nowait((request.headers.get("Authorization"), request.content_type, inhoud))
        return web.Response(status=204)

    zaken = web.Application()
    zaken.router.add_post("/in", take)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "pki" / "hub.pem", tmp_path / "pki" / "hub.key")
    webhook, ciz = Luisteraar(zaken, "127.0.0.1", 0, tls=tls), Cizregister()
    await webhook.start()
    register = await ciz.start()
    (tmp_path / "0344.token").write_text("geheim-van-0344\n")
    (tmp_path / "webhooks.toml").write_text(
        f'[[webhook]]\ngemeente = "{GEMEENTE}"\nurl = "{webhook.url}/in"\ntoken_bestand = "0344.token"\n'
        'ca = "pki/ca.pem"\n'
    )
    config = tmp_path / "knooppunt.toml"
    config.write_text(
        '[koppelvlak]\ncertificaat = "pki/hub.pem"\nsleutel = "pki/hub.key"\nca = "pki/ca.pem"\npoort = 0\n'
        f'[beheer]\npoort = 0\n[wlz]\nkopie_url = "{register}{VERSIE2}"\ntoken_url = "{register}{TOKEN}"\n'
        'token_client = "knooppunt"\nwebhooks = "webhooks.toml"\n'
    )
    partijen = tmp_path / "partijen.toml"
    partijen.write_text(f'[[partij]]\ncode = "{GEMEENTE}"\nmag_bevragen = ["wlz-signalen:wmo"]\n')
    try:
        await _run("partij", "importeer", str(partijen), config=config)
        opslag = Opslag(url)
        try:
            dag = Dagronde(opslag, Kluis(tmp_path / "sleutels"))
            await dag.change(Bewerking.TOEVOEGEN, [Opgave("Z-1", JA)])
            await dag.run()  # two days ago the register was empty
            eerder = schema.wlz_ronde.c.begonnen_op - DAG_MS
            await opslag.write(lambda c: c.execute(sa.update(schema.wlz_ronde).values(begonnen_op=eerder)))
        finally:
            await opslag.close()
        async with Hub(load(config, {})):
            token, soort, inhoud = await kreeg.get()
        assert (token, soort) == ("Bearer geheim-van-0344", "application/cloudevents+json")
        event = json.loads(inhoud)
        assert event["type"] == "nl.knooppunt.wlz-signaal"
        assert event["data"].keys() == {"volgnummer", "referentie"}
        assert event["data"]["referentie"] == "Z-1"
        assert JA.encode() not in inhoud
        uit = await _run("wlz", "signalen", "--partij", GEMEENTE, "--zaak", "Z-18", "--json", config=config)
        (signaal,) = [s for s in json.loads(uit) if s["volgnummer"] == event["data"]["volgnummer"]]
        assert (signaal["soort"], signaal["referentie"]) == ("begin", "Z-1")
        assert kreeg.empty()
    finally:
        await ciz.close()
        await webhook.stop()


async def _run(*opdracht: str, config: Path) -> str:
    uit = await asyncio.to_thread(CliRunner().invoke, app, [*opdracht, "--config", str(config)])
    assert uit.exit_code == 0, uit.output
    return uit.stdout
