"""What a session that is left idle in a transaction costs the lanes, beside the same work without it, in one run.

Such a session keeps PostgreSQL from cleaning up dead rows, and a lane row is updated for every delivery.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from veldproef import bericht

from knooppunt.simulatie.opstellen import compose_envelop
from routing import lanes
from routing.kluis import Kluis
from routing.lanes import Lease
from routing.opslag import ACHTERAAN, Opslag, upgrade
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.payload import Payload
from routing.status import Status
from routing.vastlegging import complete, insert_bericht, prepare

pytestmark = pytest.mark.bench
_LANES = [f"9000000{n}" for n in range(8)]
_PER_RONDE = 500


async def deliver(opslag: Opslag, kluis: Kluis, aantal: int) -> float:
    """Store and close so many berichten over all lanes; returns how many per second."""

    def store(conn: sa.Connection, naar: str) -> None:
        envelop = compose_envelop(van="0363", naar=naar, functie="WMO319")
        ref, inhoud = envelop.stuurgegevens.referentienummer, Payload(bericht(1, naar))
        nieuw = prepare(kluis, ref, envelop, inhoud, conversatie=ref, kanaal="stuf", ontvangst=(ref, ""))
        insert_bericht(conn, nieuw, Status.WORDT_VERWERKT, None)
        complete(conn, nieuw, (), (Aansluiting(naar, (), Kanaal.PUSH, Protocol.STUF, "https://x.example/"), 10**9))

    async def serve(lease: Lease) -> int:
        for kop in lease.koppen:
            assert await opslag.write_lane(lease.lane, lanes.complete, lease, kop)
        await opslag.write_lane(lease.lane, lanes.release, lease)
        return len(lease.koppen)

    begin, klaar = time.perf_counter(), 0
    while klaar < aantal:
        await asyncio.gather(*(opslag.write(store, lane) for lane in _LANES for _ in range(4)))
        leases = await opslag.write_lane(ACHTERAAN, lanes.claim, len(_LANES), 16)
        klaar += sum(await asyncio.gather(*(serve(lease) for lease in leases)))
    return klaar / (time.perf_counter() - begin)


@pytest.mark.timeout(1800)
@pytest.mark.xfail(
    reason="a hot lane row grows a chain of dead versions for as long as the session lasts", strict=False
)
async def test_deliveries_beside_a_session_idle_in_transaction(postgres_url: str, tmp_path: Path):
    upgrade(postgres_url)
    opslag, kluis = Opslag(postgres_url), Kluis.create(tmp_path / "sleutels")
    engine = sa.create_engine(postgres_url)
    try:
        await deliver(opslag, kluis, _PER_RONDE)  # warm-up
        zonder = [await deliver(opslag, kluis, _PER_RONDE) for _ in range(3)]
        with engine.connect() as sessie:
            sessie.execute(sa.text("SELECT txid_current()"))
            met = [await deliver(opslag, kluis, _PER_RONDE) for _ in range(6)]
    finally:
        engine.dispose()
        await opslag.close()
    basis = sum(zonder) / len(zonder)
    print("\nverhouding per ronde van", _PER_RONDE, ":", ", ".join(f"{tempo / basis:.2f}" for tempo in met))
    assert min(met) >= 0.8 * basis
