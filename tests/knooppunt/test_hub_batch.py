"""A batch in a running hub: handed in over mutual TLS, left half by a stop, gone on with, and read."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp

from istandaarden.voorbeeldwaarden import bsns
from knooppunt.configuratie import Configuratie
from knooppunt.configuratiebestand import load
from knooppunt.hub import Hub
from knooppunt.simulatie.brp import personen
from knooppunt.simulatie.brp.server import BrpSimulator
from knooppunt.simulatie.storing import read_storing
from routing.kluis import Kluis
from routing.opslag import Opslag, upgrade
from routing.registerimport import parse_toml, store

_OIN = "00000001999999990001"  # of `gemeente` in the fixture pki
_PAD = "/api/v1/woonplaatsbeginsel/batches"
_WAARVOOR = {"doel": "controle", "zaakkenmerk": "Z-17"}
_CSV = {"Content-Type": "text/csv"}


async def _configure(map_: Path, brp_url: str) -> Configuratie:
    Kluis.create(map_ / "sleutels")
    url = f"sqlite:///{map_ / 'knooppunt.db'}"
    await asyncio.to_thread(upgrade, url)
    opslag = Opslag(url)
    register = (
        f'[[partij]]\ncode = "0344"\nurl = "https://0344.example/"\nidentiteiten = ["oin:{_OIN}"]\n'
        'mag_bevragen = ["woonplaats-batch:jeugdwet"]\n'
    )
    await opslag.write(store, parse_toml(register))
    await opslag.close()
    (map_ / "hub.toml").write_text(
        '[koppelvlak]\ncertificaat = "pki/hub.pem"\nsleutel = "pki/hub.key"\nca = "pki/ca.pem"\npoort = 0\n'
        "[beheer]\npoort = 0\n[opvragen]\nbatch_tegelijk = 1\n"
        f'[brp]\nurl = "{brp_url}"\nantwoord_seconden = 60\ngeheel_seconden = 120\n',
        "utf-8",
    )
    return load(map_ / "hub.toml", {})


async def _get(sessie: aiohttp.ClientSession, pad: str) -> Any:
    async with sessie.get(pad) as antwoord:
        return await antwoord.json()


async def _until(sessie: aiohttp.ClientSession, batch_id: str, klaar: Callable[[Any], bool]) -> None:
    """Look until a batch is so far; the test's own time-out is the limit."""
    while not klaar(await _get(sessie, f"{_PAD}/{batch_id}")):  # noqa: ASYNC110 - a client has no other way
        await asyncio.sleep(0.05)


async def test_a_hub_goes_on_with_a_batch_and_takes_in_one_file_at_a_time(
    pki: Path, tmp_path: Path, client: Callable[..., ssl.SSLContext]
) -> None:
    wie = bsns()[:250]
    iemand = next(p for p in personen.builtin_persons().values() if len(p.plekken) == 1 and not p.opschorting)
    bekend = {bsn: personen.Testpersoon(bsn, "20100501", iemand.inschrijving, iemand.plekken) for bsn in wie}

    def fail_after_a_portion(_bevraging: object) -> None:
        if len(brp.bevragingen) == 10:
            brp.storingen.switch([read_storing("fout:500")])

    brp = BrpSimulator(bekend, met_historie=False, meld=fail_after_a_portion)
    configuratie = await _configure(tmp_path, await brp.start())
    inhoud = "bsn;peildatum\n" + "".join(f"{bsn};2024-03-01\n" for bsn in wie)
    tls = aiohttp.TCPConnector(ssl=client("gemeente"))
    try:
        async with Hub(configuratie) as hub, aiohttp.ClientSession(hub.koppelvlak_url, connector=tls) as sessie:
            begonnen, verder = asyncio.Event(), asyncio.Event()

            async def slowly() -> AsyncIterator[bytes]:
                yield inhoud[:100].encode()
                begonnen.set()
                await verder.wait()
                yield inhoud[100:].encode()

            traag = asyncio.create_task(sessie.post(_PAD, params=_WAARVOOR, headers=_CSV, data=slowly()))
            await begonnen.wait()
            while True:  # until the server has begun to read the first one
                async with sessie.post(
                    _PAD, params=_WAARVOOR | {"zaakkenmerk": "Z-18"}, headers=_CSV, data=b"x"
                ) as vol:
                    if vol.status == 503:
                        assert int(vol.headers["Retry-After"]) > 0
                        break
            verder.set()
            async with await traag as antwoord:
                assert antwoord.status == 200
                batch_id = (await antwoord.json())["batchId"]
            await _until(sessie, batch_id, lambda stand: stand["beantwoord"] == 200)
        brp.storingen.switch([])
        tls = aiohttp.TCPConnector(ssl=client("gemeente"))
        async with Hub(configuratie) as hub, aiohttp.ClientSession(hub.koppelvlak_url, connector=tls) as sessie:
            await _until(sessie, batch_id, lambda stand: stand["toestand"] == "klaar")
            uit = await _get(sessie, f"{_PAD}/{batch_id}/resultaat")
    finally:
        await brp.close()
    assert len(uit["antwoorden"]) == 250
    assert all(regel["antwoord"]["gemeente"] and not regel["fouten"] for regel in uit["antwoorden"])
    gevraagd = sorted(bsn for bevraging in brp.bevragingen for bsn in bevraging.bsns)
    assert gevraagd == sorted(wie)
