"""A running hub holds what its ontvanger may not have yet, through ``kill -9``, and delivers it once it may."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from proefhub import Deelnemer, Proefhub
from sqlalchemy import Connection, select

from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from knooppunt.inzicht import dossier, find
from knooppunt.simulatie.grootboek import Boeking, Richting
from knooppunt.simulatie.stuf import StufPartij
from routing import releaseimport, schema
from routing.bericht import Berichtcode
from routing.opslag import Opslag
from routing.poorten import Uitkomstsoort

_GEMEENTE, _LAAT, _VLOT = Deelnemer("0363", "Amsterdam"), Deelnemer("90000001", "Laat"), Deelnemer("90000002", "Vlot")
_AANTAL = 6


def _bericht(nummer: int, naar: str) -> bytes:
    kop = {
        "Afzender": _GEMEENTE.code,
        "Ontvanger": naar,
        "BerichtIdentificatie": {"Identificatie": str(nummer), "Dagtekening": "2026-01-05"},
        "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
    }
    antwoord = {"ReferentieAanbieder": f"R{nummer}", "VerzoekAntwoord": "2"}
    return build(ingebouwd().find("WMO319", "3.2"), {"Header": kop, "Antwoord": antwoord})


async def _perform(hub: Proefhub, fn: Callable[..., Any], *args: Any) -> Any:
    """Write beside the running hub, as a command does."""
    opslag = Opslag(hub.database_url, exclusief=False)
    try:
        return await opslag.write(fn, *args)
    finally:
        await opslag.close()


async def _calendar(hub: Proefhub, **momenten: datetime | bool) -> None:
    tabel = {"standaarden": ["iwmo"], "release": "3.2", "partijen": [_LAAT.code]} | momenten
    await _perform(hub, releaseimport.store, releaseimport.parse_calendar({"release": [tabel]}))


async def _held(hub: Proefhub) -> list[str]:
    keuze = select(schema.bericht.c.referentienummer).join_from(schema.aangehouden, schema.bericht)
    return await _perform(hub, lambda conn: list(conn.execute(keuze.order_by(schema.aangehouden.c.id)).scalars()))


def _story(conn: Connection, referentie: str) -> list[str]:
    return [g.soort for g in dossier(conn, find(conn, referentie)).gebeurtenissen]


async def _send(gemeente: StufPartij, naar: str, nummer: int) -> str:
    verzending = await gemeente.send("WMO319", _bericht(nummer, naar), naar)
    assert verzending.uitkomst.soort is Uitkomstsoort.BEZORGD
    return verzending.referentienummer


@pytest.mark.timeout(240)
@pytest.mark.parametrize("databank", ["sqlite", pytest.param("postgresql", marks=pytest.mark.traag)])
async def test_what_was_held_survives_kills_and_arrives_once_and_in_order_when_the_calendar_opens(
    databank: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = None if databank == "sqlite" else str(request.getfixturevalue("postgres_url"))
    hub = await asyncio.to_thread(Proefhub, tmp_path, (_GEMEENTE, _LAAT, _VLOT), url)
    gemeente, laat, vlot = partijen = [hub.stuf_partij(d.code) for d in hub.deelnemers]
    try:
        await hub.register({p.code: await p.start() for p in partijen})
        await _calendar(hub, open=datetime.now(UTC) + timedelta(days=365))
        await hub.start()
        gemeente.connect_hub(hub.basis)
        gezonden = [await _send(gemeente, _LAAT.code, nummer) for nummer in range(_AANTAL)]
        ander = await _send(gemeente, _VLOT.code, 99)
        await vlot.grootboek.wait_for(lambda b: b.referentienummer == ander, seconden=20)
        assert await _held(hub) == gezonden
        await hub.kill()

        await _calendar(hub, vervalt=True)
        # Somewhere around the moment at which they are let go, which may be before it says that it listens.
        with contextlib.suppress(RuntimeError):
            await hub.start(KNOOPPUNT_CRASH="voor_commit:2")
        assert hub.proces is not None
        assert await hub.proces.wait() == -signal.SIGKILL
        await hub.start()
        daarna = hub.stuf_partij(_GEMEENTE.code)  # the hub has another address now
        partijen.append(daarna)
        daarna.connect_hub(hub.basis)
        gezonden.append(await _send(daarna, _LAAT.code, _AANTAL))
        await laat.grootboek.wait_for(lambda b: b.referentienummer == gezonden[-1], seconden=60)
        assert [b.referentienummer for b in laat.grootboek.of(Richting.ONTVANGEN)] == gezonden
        assert await _held(hub) == []
        verhaal = await _perform(hub, _story, gezonden[0])
        assert [s for s in verhaal if s != "aanbieden"][:4] == ["ontvangen", "route", "aangehouden", "vrijgegeven"]
        assert await hub.stop() == 0
    finally:
        await hub.stop()
        for partij in partijen:
            await partij.close()


@pytest.mark.timeout(120)
async def test_when_the_calendar_closes_instead_the_zender_gets_a_fo01_in_words(tmp_path: Path) -> None:
    hub = await asyncio.to_thread(Proefhub, tmp_path, (_GEMEENTE, _LAAT))
    gemeente, laat = partijen = [hub.stuf_partij(d.code) for d in hub.deelnemers]
    try:
        await hub.register({p.code: await p.start() for p in partijen})
        await _calendar(hub, open=datetime.now(UTC) + timedelta(days=365))
        await hub.start()
        gemeente.connect_hub(hub.basis)
        referentie = await _send(gemeente, _LAAT.code, 1)
        await _calendar(hub, retour_dicht=datetime(2026, 1, 1, 12, tzinfo=UTC))

        def about(boeking: Boeking) -> bool:
            return boeking.envelop.stuurgegevens.cross_ref == referentie

        fo01 = await gemeente.grootboek.wait_for(about, seconden=60)
        assert fo01.envelop.stuurgegevens.berichtcode is Berichtcode.FO01
        assert fo01.envelop.fout is not None
        assert fo01.envelop.fout.code == "IB023"
        assert "gesloten, sinds donderdag 1 januari 2026 om 13:00 uur" in fo01.payload.decode()
        assert laat.grootboek.of(Richting.ONTVANGEN) == []
        assert await hub.stop() == 0
    finally:
        await hub.stop()
        for partij in partijen:
            await partij.close()
