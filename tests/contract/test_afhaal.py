"""Collecting on both databases: only one's own, oldest first, until confirmed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from routing import bezorging, lanebeheer, logboek, schema
from routing.afhaal import Afhaalbak
from routing.fouten import Fout
from routing.kluis import Kluis, KluisFout
from routing.lanes import Vervolg
from routing.opslag import ACHTERAAN, Opslag
from routing.partij import Kanaal
from routing.poorten import Uitkomst, Uitkomstsoort
from routing.status import Status

Stort = Callable[..., str]
A, B = "98010001", "98010002"


@pytest.fixture
def bak(opslag: Opslag, kluis: Kluis) -> Afhaalbak:
    return Afhaalbak(opslag, kluis)


async def test_lists_only_ones_own_oldest_first_and_at_most_the_limit(opslag: Opslag, bak: Afhaalbak, stort: Stort):
    volgorde = [await opslag.write(stort, lane, kanaal=Kanaal.PULL) for lane in (A, B, A, A, B)]
    await opslag.write(stort, "99010001")
    assert [k.bericht_id for k in await bak.list_ready({A, B}, limit=10)] == volgorde
    assert [k.bericht_id for k in await bak.list_ready({A, B}, limit=2)] == volgorde[:2]
    assert [k.bericht_id for k in await bak.list_ready({A}, limit=10)] == [volgorde[i] for i in (0, 2, 3)]
    assert await bak.list_ready(set(), limit=10) == []
    assert await bak.list_ready({"99010001"}, limit=10) == []  # that one is pushed
    (eerste, *_) = await bak.list_ready({A}, limit=1)
    assert eerste.envelop.stuurgegevens.ontvanger.organisatie == A
    assert eerste.ontvangen_op.utcoffset() == timedelta(0)


async def test_filters(opslag: Opslag, bak: Afhaalbak, stort: Stort):
    een = await opslag.write(stort, A, kanaal=Kanaal.PULL, functie="WMO301", conversatie="gesprek", versie="0003")
    twee = await opslag.write(stort, A, kanaal=Kanaal.PULL, functie="WMO302", cross_ref="vraag", versie="0002")

    async def vind(**filters: object) -> list[str]:
        return [k.bericht_id for k in await bak.list_ready({A}, limit=5, **filters)]

    assert await vind(functie="WMO301") == [een]
    assert await vind(conversatie="gesprek") == [een]
    assert await vind(cross_ref="vraag") == [twee]
    assert await vind(versie=2, subversie=2) == [twee]
    assert await vind(versie="0003") == [een]
    assert await vind(versie="3", functie="WMO302") == []
    assert [k.bericht_id for k in await bak.list_ready({A}, limit=1, subversie="2")] == [een]


async def test_opening_gives_the_very_bytes_and_takes_nothing_away(opslag: Opslag, bak: Afhaalbak, stort: Stort):
    ref, inhoud = str(uuid.uuid4()), bytes(range(256)) * 5000
    await opslag.write(stort, A, kanaal=Kanaal.PULL, inhoud=inhoud, referentienummer=ref)
    for _ in range(2):
        geopend = await bak.open({A}, ref)
        assert geopend is not None
        klaarstaand, payload = geopend
        assert b"".join(payload.chunks()) == inhoud
        assert (payload.size, payload.digest) == (klaarstaand.size, klaarstaand.digest)
    assert await bak.open({B}, ref) is None
    assert await bak.open({A}, str(uuid.uuid4())) is None


async def test_confirming_is_for_the_ontvanger_and_counts_once(opslag: Opslag, bak: Afhaalbak, stort: Stort):
    ref = str(uuid.uuid4())
    bericht = await opslag.write(stort, A, kanaal=Kanaal.PULL, referentienummer=ref)
    assert not await bak.confirm({B}, ref)
    uitkomsten = await asyncio.gather(*(bak.confirm({A, B}, ref) for _ in range(5)))
    assert sorted(uitkomsten) == [False] * 4 + [True]
    assert not await bak.confirm({A}, ref)
    assert await bak.list_ready({A}, limit=5) == []
    assert await bak.open({A}, ref) is None
    (regel,) = await bak.statuses({A}, referentienummer=ref)
    assert regel.status is Status.BEZORGD
    lane, g = schema.lane.c, schema.gebeurtenis.c
    assert await opslag.read(lambda conn: conn.execute(sa.select(lane.pending)).scalar()) == 0
    verhaal = await opslag.read(lambda c: c.execute(sa.select(g.soort).where(g.bericht_id == bericht)).scalars().all())
    assert verhaal == ["opgehaald"]


async def test_the_same_referentienummer_of_two_zenders_is_two_berichten(opslag: Opslag, bak: Afhaalbak, stort: Stort):
    ref = str(uuid.uuid4())
    ids = [await opslag.write(stort, A, kanaal=Kanaal.PULL, referentienummer=ref, zender=z) for z in ("0344", "0363")]
    for bericht_id in ids:
        geopend = await bak.open({A}, ref)
        assert geopend is not None
        assert geopend[0].bericht_id == bericht_id
        assert await bak.confirm({A}, ref)
    assert not await bak.confirm({A}, ref)


async def test_what_waited_for_a_push_can_be_collected_after_a_change_of_kanaal(
    opslag: Opslag, bak: Afhaalbak, stort: Stort
):
    refs = [str(uuid.uuid4()), str(uuid.uuid4())]
    for ref in refs:
        await opslag.write(stort, A, referentienummer=ref)
    (lease,) = await opslag.write_lane(ACHTERAAN, bezorging.claim, 1, 1)
    stap = bezorging.Stap(
        lease, lease.koppen[0], Uitkomst(Uitkomstsoort.TIJDELIJK, "weg"), None, wait_ms=60_000, mislukt=1
    )
    assert await opslag.write_lane(A, bezorging.settle, [stap], lambda *_: None) == [Vervolg.PAUZE]
    await opslag.write_lane(A, lanebeheer.switch, [A], Kanaal.PULL)
    for ref in refs:
        assert await bak.confirm({A}, ref)
        assert (await bak.statuses({A}, referentienummer=ref))[0].status is Status.BEZORGD


async def test_statuses_are_for_zender_and_ontvanger_but_a_refusal_only_for_the_zender(
    opslag: Opslag, bak: Afhaalbak, stort: Stort
):
    ref = str(uuid.uuid4())
    bericht = await opslag.write(stort, A, referentienummer=ref, zender="0344", conversatie="c", status="Ontvangen")
    for wie in ({A}, {"0344"}, {"0344", A}):
        assert len(await bak.statuses(wie, referentienummer=ref)) == 1
        assert len(await bak.statuses(wie, conversatie="c")) == 1
    assert await bak.statuses({B}, referentienummer=ref) == []
    assert await bak.statuses({A}, referentienummer=ref, conversatie="anders") == []
    fout = Fout("payload_ongeldig", "IB014", "VECOZO", "client", "Niet goed")
    await opslag.write(lambda conn: logboek.set_fault(conn, bericht, fout))
    await opslag.write(logboek.set_status, bericht, Status.AFGEKEURD)
    assert await bak.statuses({A}, referentienummer=ref) == []
    (regel,) = await bak.statuses({"0344"}, referentienummer=ref)
    assert (regel.status, regel.melder) == (Status.AFGEKEURD, "VECOZO")
    assert regel.fout is not None
    assert (regel.fout.code, regel.fout.omschrijving) == ("IB014", "Niet goed")


async def test_a_payload_of_another_row_cannot_be_read(opslag: Opslag, bak: Afhaalbak, stort: Stort):
    refs = [str(uuid.uuid4()), str(uuid.uuid4())]
    ids = [await opslag.write(stort, A, kanaal=Kanaal.PULL, referentienummer=ref) for ref in refs]
    p = schema.payload

    def verplaats(conn: sa.Connection) -> None:
        bron = conn.execute(sa.select(p).where(p.c.bericht_id == ids[0])).one()
        nieuw = {"datasleutel": bron.datasleutel, "inhoud": bron.inhoud}
        conn.execute(sa.update(p).where(p.c.bericht_id == ids[1]).values(nieuw))

    await opslag.write(verplaats)
    geopend = await bak.open({A}, refs[1])
    assert geopend is not None
    with pytest.raises(KluisFout, match="hoort bij een ander bericht"):
        list(geopend[1].chunks())
