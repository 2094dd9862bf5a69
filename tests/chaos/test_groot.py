"""The largest envelope travels end to end while small ones keep flowing, in little memory; a larger one is stopped."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import aiohttp
import psutil
import pytest
from proefhub import Deelnemer, Proefhub

from adapters.stufggk.envelop_schrijven import compose
from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.stuf import PAD, StufPartij
from routing.payload import Payload
from routing.poorten import Uitkomstsoort

_GEMEENTE, _AANBIEDER = Deelnemer("0363", "Amsterdam"), Deelnemer("90000001", "Zorg")
_MIB = 1024 * 1024


def _kop(code: str) -> dict[str, object]:
    van, naar = (_AANBIEDER.code, _GEMEENTE.code) if code == "WMO323" else (_GEMEENTE.code, _AANBIEDER.code)
    return {
        "Afzender": van,
        "Ontvanger": naar,
        "BerichtIdentificatie": {"Identificatie": "1", "Dagtekening": "2026-02-05"},
        "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
    }


def _declaratie(grootte: int) -> bytes:
    """A valid WMO323 of about `grootte` bytes."""
    periode = {"Begindatum": "2026-01-01", "Einddatum": "2026-01-31"}

    def inhoud(aantal: int) -> bytes:
        prestaties = [
            {
                "ProductReferentie": {"ReferentieNummer": f"P{nummer}"},
                "ToewijzingNummer": nummer,
                "ProductCategorie": "01",
                "ProductCode": "01A11",
                "ProductPeriode": periode,
                "GeleverdVolume": 1,
                "Eenheid": "01",
                "ProductTarief": 100,
                "IngediendBedrag": {"Bedrag": 100, "DebetCredit": "D"},
            }
            for nummer in range(1, aantal + 1)
        ]
        return build(
            ingebouwd().find("WMO323", "3.2"),
            {
                "Header": _kop("WMO323"),
                "Declaratie": {
                    "DeclaratieNummer": "D1",
                    "DeclaratiePeriode": periode,
                    "DeclaratieDagtekening": "2026-02-05",
                    "TotaalIngediendBedrag": {"TotaalBedrag": 100 * aantal, "DebetCredit": "D"},
                    "Clienten": {"Client": [{"Bsn": "999990019", "Prestaties": {"Prestatie": prestaties}}]},
                },
            },
        )

    per_prestatie = (len(inhoud(1100)) - len(inhoud(1000))) / 100
    return inhoud(int(grootte / per_prestatie))


def _klein(nummer: int) -> bytes:
    antwoord = {"ReferentieAanbieder": f"R{nummer}", "VerzoekAntwoord": "2"}
    return build(ingebouwd().find("WMO319", "3.2"), {"Header": _kop("WMO319"), "Antwoord": antwoord})


async def _peak(pid: int, klaar: asyncio.Event) -> int:
    """Largest resident memory of the hub until `klaar`, in bytes, sampled every few milliseconds."""
    proces, hoogste = psutil.Process(pid), 0
    while not klaar.is_set():
        hoogste = max(hoogste, proces.memory_info().rss)
        await asyncio.sleep(0.005)
    return hoogste


async def _keep_sending(partij: StufPartij, naar: str, klaar: asyncio.Event) -> int:
    aantal = 0
    while not klaar.is_set():
        verzending = await partij.send("WMO319", _klein(aantal), naar)
        assert verzending.uitkomst.soort is Uitkomstsoort.BEZORGD
        aantal += 1
    return aantal


@pytest.mark.timeout(240)
async def test_24_mib_passes_while_small_ones_flow_and_26_mib_is_stopped(tmp_path: Path) -> None:
    hub = await asyncio.to_thread(Proefhub, tmp_path, (_GEMEENTE, _AANBIEDER))
    gemeente, aanbieder = hub.stuf_partij(_GEMEENTE.code), hub.stuf_partij(_AANBIEDER.code)
    try:
        await hub.register({p.code: await p.start() for p in (gemeente, aanbieder)})
        await hub.start()
        assert hub.proces is not None
        for partij in (gemeente, aanbieder):
            partij.connect_hub(hub.basis)
        for nummer in range(50):  # warm: schemas compiled, connections open
            await gemeente.send("WMO319", _klein(nummer), _AANBIEDER.code)

        payload = await asyncio.to_thread(_declaratie, int(23.9 * _MIB * 3 / 4))
        envelop = compose_envelop(van=_AANBIEDER.code, naar=_GEMEENTE.code, functie="WMO323")
        omvang = compose(envelop, Payload(payload)).lengte
        assert 23.5 * _MIB < omvang < 25 * _MIB

        rust = psutil.Process(hub.proces.pid).memory_info().rss
        klaar = asyncio.Event()
        meting = asyncio.create_task(_peak(hub.proces.pid, klaar))
        stroom = asyncio.create_task(_keep_sending(gemeente, _AANBIEDER.code, klaar))
        groot = await aanbieder.send("WMO323", payload, _GEMEENTE.code)
        assert groot.uitkomst.soort is Uitkomstsoort.BEZORGD, groot.uitkomst
        aangekomen = await gemeente.grootboek.wait_for(lambda b: b.functie == "WMO323", seconden=60)
        klaar.set()
        groei, ondertussen = await meting - rust, await stroom
        assert aangekomen.digest == groot.boeking.digest
        assert groei < 4 * omvang
        assert ondertussen > 20
        print(f"\nenvelop {omvang / _MIB:.1f} MiB, groei {groei / omvang:.2f} x, ondertussen {ondertussen} kleine")

        _, client = hub.credentials(_AANBIEDER.code)
        assert await _refused(hub.basis + PAD, client, 26 * _MIB) <= 27 * _MIB
        assert await _refused(hub.basis + PAD, client, 400 * _MIB) < 200 * _MIB  # while reading; the rest is buffers
        assert (await gemeente.send("WMO319", _klein(0), _AANBIEDER.code)).uitkomst.soort is Uitkomstsoort.BEZORGD
    finally:
        await hub.stop()
        for partij in (gemeente, aanbieder):
            await partij.close()


async def _refused(url: str, client: ssl.SSLContext, grootte: int) -> int:
    """Send an envelope of `grootte` bytes that does not say its length; return how much the hub took of it."""
    genomen = 0

    async def stroom() -> object:
        nonlocal genomen
        envelop = compose_envelop(van=_AANBIEDER.code, naar=_GEMEENTE.code, functie="WMO323")
        for blok in compose(envelop, Payload(b"x" * 20 * _MIB)).chunks():
            if b"</" not in blok or genomen == 0:  # the payload never ends
                genomen += len(blok)
                yield blok
        while genomen < grootte:
            genomen += 65536
            yield b"A" * 65536

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client)) as sessie:
        try:
            async with sessie.post(url, data=stroom(), headers={"Content-Type": "text/xml; charset=utf-8"}) as antwoord:
                assert antwoord.status == 413
                tekst = await antwoord.text()
                assert "IB003" in tekst
        except (aiohttp.ClientConnectionError, ConnectionResetError):
            pass  # the hub may close while we are still writing: that is a refusal as well
    return genomen
