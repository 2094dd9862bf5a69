"""One `opslag` per database, and berichten to put into it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from opstelling import Opstelling
from sjabloon import make_tables
from sqlalchemy import Connection

from routing import schema
from routing.bericht import Berichtcode, Envelop, Parameters, Stuurgegevens, Systeem
from routing.envelopvorm import to_json
from routing.klok import Klok, now_ms
from routing.kluis import Kluis
from routing.lanes import enqueue
from routing.opslag import Opslag
from routing.partij import Kanaal
from routing.payload import Payload
from routing.status import Status

DAG_MS = 86_400_000


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database of its own that has its tables."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    make_tables(url := f"sqlite:///{tmp_path / 'knooppunt.db'}")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def lege_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database of its own with nothing in it."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("leeg_postgres_url"))
    return f"sqlite:///{tmp_path / 'leeg.db'}"


@pytest.fixture
def klok() -> Klok:
    """Clock of `opslag`: add to `verschuiving_ms` to travel in time."""
    return Klok()


@pytest.fixture
async def opslag(database_url: str, klok: Klok) -> AsyncIterator[Opslag]:
    opslag = Opslag(database_url, klok=klok, schrijvers=2)  # on PostgreSQL, where transactions meet each other
    yield opslag
    await opslag.close()


@pytest.fixture
def kluis(tmp_path: Path) -> Kluis:
    return Kluis.create(tmp_path / "sleutels")


@pytest.fixture
def stort(kluis: Kluis) -> Callable[..., str]:
    """Operation that stores one invented bericht and puts it in the lane of its ontvanger; returns its id."""

    def stort(
        conn: Connection,
        lane: str = "99010001",
        *,
        kanaal: Kanaal = Kanaal.PUSH,
        inhoud: bytes = b"<Bericht/>",
        ttl_ms: int = 5 * DAG_MS,
        **afwijkend: str | None,
    ) -> str:
        bericht_id = str(uuid.uuid4())
        sg = Stuurgegevens(
            berichtcode=Berichtcode.DI01,
            zender=Systeem(str(afwijkend.get("zender", "0344")), "Suite"),
            ontvanger=Systeem(lane),
            referentienummer=str(afwijkend.get("referentienummer", uuid.uuid4())),
            tijdstip="20261123120000000",
            cross_ref=afwijkend.get("cross_ref"),
            functie=afwijkend.get("functie", "WMO301"),
        )
        parameters = Parameters("0001", "0000", str(afwijkend.get("versie", "0003")), "0002")
        payload = Payload(inhoud)
        status = Status.WORDT_VERWERKT if kanaal is Kanaal.PUSH else Status.WORDT_AANGEBODEN
        conn.execute(
            schema.bericht.insert().values(
                id=bericht_id,
                zender=sg.zender.organisatie,
                ontvanger=lane,
                berichtcode="Di01",
                functie=sg.functie,
                referentienummer=sg.referentienummer,
                cross_ref=sg.cross_ref,
                conversatie=afwijkend.get("conversatie") or sg.referentienummer,
                geldend=True,
                status=afwijkend.get("status", status.value),
                status_op=now_ms(conn),
                ontvangen_op=now_ms(conn),
                kanaal="stuf",
                envelop=to_json(Envelop(sg, parameters)),
                envelop_digest=payload.digest,
                payload_digest=payload.digest,
                payload_grootte=payload.size,
                ontvangst_referentie=str(uuid.uuid4()),
                ontvangst_tijdstip="20261123120000000",
            )
        )
        verzegeld = kluis.seal(bericht_id, "payload", payload.compressed)
        conn.execute(
            schema.payload.insert().values(
                bericht_id=bericht_id,
                sleutel_id=verzegeld.sleutel_id,
                datasleutel=verzegeld.datasleutel,
                inhoud=verzegeld.inhoud,
            )
        )
        enqueue(conn, lane, kanaal, bericht_id, ttl_ms)
        return bericht_id

    return stort


@pytest.fixture
async def op(opslag: Opslag, kluis: Kluis, klok: Klok, stort: Callable[..., str]) -> AsyncIterator[Opstelling]:
    opstelling = Opstelling(opslag, kluis, klok, stort)
    yield opstelling
    await opstelling.motor.stop()
