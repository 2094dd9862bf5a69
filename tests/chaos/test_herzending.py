"""``kill -9`` during a bulk resend, before and after a commit: what it left is finished, and nothing goes out twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from proefhub import Deelnemer, Proefhub

from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.verzending import StufZender
from routing import herzendtaak, schema
from routing.herzendtaak import Selectie, Toestand
from routing.opslag import Opslag
from routing.poorten import Uitkomstsoort

_GEMEENTE, _AANBIEDER = Deelnemer("0363", "Amsterdam"), Deelnemer("90000001", "Zorg")
_AANTAL = 30
_LEASE = {"KNOOPPUNT_LEASE_MS": "8000"}  # who died is waited for as long as that


def _bericht(nummer: int) -> bytes:
    return build(
        ingebouwd().find("WMO319", "3.2"),
        {
            "Header": {
                "Afzender": _GEMEENTE.code,
                "Ontvanger": _AANBIEDER.code,
                "BerichtIdentificatie": {"Identificatie": str(nummer), "Dagtekening": "2026-01-05"},
                "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
            },
            "Antwoord": {"ReferentieAanbieder": f"R{nummer}", "VerzoekAntwoord": "2"},
        },
    )


def _expire_all(conn: sa.Connection) -> None:
    """Let everything have been given up, as after an outage that took too long."""
    conn.execute(sa.update(schema.aflevering).values(open=False, done_at=1))
    conn.execute(sa.update(schema.lane).values(pending=0))
    conn.execute(sa.update(schema.bericht).values(status="Vervallen"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("punt", [pytest.param("voor_commit", marks=pytest.mark.traag), "na_commit"])
async def test_a_bulk_resend_survives_kill_and_offers_each_once(tmp_path: Path, punt: str):
    hub = Proefhub(tmp_path, [_GEMEENTE, _AANBIEDER])
    await hub.register({})  # the aanbieder collects: what is offered to him stays countable
    await hub.start()
    _, client = hub.credentials(_GEMEENTE.code)
    zender = StufZender(f"{hub.basis}/ggk/0210/OntvangAsynchroon", client)
    for nummer in range(_AANTAL):
        envelop = compose_envelop(van=_GEMEENTE.code, naar=_AANBIEDER.code, functie="WMO319")
        assert (await zender.send(envelop, _bericht(nummer))).soort is Uitkomstsoort.BEZORGD
    await zender.close()
    assert await hub.stop() == 0
    opslag = Opslag(hub.database_url)
    await opslag.write(_expire_all)
    taak = await opslag.write(herzendtaak.prepare, Selectie(), "proef")
    await opslag.write(herzendtaak.start, taak, 600, "proef")
    await opslag.close()
    for keer in (4, 7):  # a little further the second time; a job of 30 takes some three seconds
        await hub.start(KNOOPPUNT_CRASH=f"{punt}:{keer}", **_LEASE)
        assert hub.proces is not None
        await hub.proces.wait()
        assert hub.proces.returncode == -9
    await hub.start(**_LEASE)
    opslag = Opslag(hub.database_url, exclusief=False)
    try:
        while (await opslag.read(herzendtaak.read_stand, taak))[0].toestand is not Toestand.KLAAR:
            assert hub.proces is not None
            assert hub.proces.returncode is None
        (stand,) = await opslag.read(herzendtaak.read_stand, taak)
        a = schema.aflevering.c
        afleveringen = await opslag.read(lambda conn: conn.execute(sa.select(a.bericht_id)).scalars().all())
    finally:
        await opslag.close()
        await hub.stop()
    assert (stand.aangeboden, stand.overgeslagen) == (_AANTAL, 0)
    assert set(Counter(afleveringen).values()) == {2}
    assert len(afleveringen) == 2 * _AANTAL
