"""Incidents on both databases: one open and one close per cause and subject, however many look at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from knooppunt.achterstand import read_achterstand
from routing import bewaking, doorgifte, incident, quarantaine, schema
from routing.bewaking import Grenzen
from routing.fouten import make_fout
from routing.herzending import resend
from routing.incident import Incidentboek
from routing.klok import Klok, now_ms
from routing.opslag import Opslag
from routing.partij import TUSSENPARTIJ, Aansluiting, Kanaal, Partij, Partijsoort, Protocol
from routing.register import Register
from routing.vastlegging import Termijnen

Stort = Callable[..., str]
LANE, ANDER = "99010001", "99010002"
BRON = "urn:nld:oin:00000001999999990000:systeem:knooppunt"
GRENZEN = Grenzen(oudste_ms=3_600_000, achterstand=5)
UUR_MS = 3_600_000


@pytest.fixture
def boek() -> Incidentboek:
    return Incidentboek(BRON)


async def events(opslag: Opslag) -> list[dict[str, object]]:
    n = schema.notificatie.c
    rijen = await opslag.read(lambda conn: conn.execute(sa.select(n.event).order_by(n.id)).scalars().all())
    return [json.loads(rij) for rij in rijen]


async def look(opslag: Opslag, boek: Incidentboek) -> list[tuple[str, str]]:
    """Do what a node does at every look; returns what is open afterwards."""
    await opslag.write(boek.apply, await opslag.read(bewaking.look, GRENZEN))
    return sorted((i.oorzaak, i.onderwerp) for i in await opslag.read(incident.find, alleen_open=True))


async def set_lane(opslag: Opslag, lane: str, **waarden: object) -> None:
    await opslag.write(
        lambda conn: conn.execute(sa.update(schema.lane).where(schema.lane.c.naam == lane).values(**waarden))
    )


async def test_an_incident_is_opened_once_and_closed_once_by_whoever_is_first(opslag: Opslag, boek: Incidentboek):
    geopend = await asyncio.gather(
        *(opslag.write(boek.open, "ontvanger_onbereikbaar", LANE, {"wachtend": 3}) for _ in range(20))
    )
    assert sum(geopend) == 1
    (staat,) = await opslag.read(incident.find, alleen_open=True)
    gesloten = await asyncio.gather(*(opslag.write(boek.close, staat.nummer, "weg") for _ in range(20)))
    assert sum(gesloten) == 1
    assert await opslag.read(incident.find, alleen_open=True) == ()
    assert await opslag.write(boek.open, "ontvanger_onbereikbaar", LANE, {})
    assert [i.gesloten_op is None for i in await opslag.read(incident.find)] == [True, False]
    assert [e["type"] for e in await events(opslag)] == [
        "nl.knooppunt.incident-geopend",
        "nl.knooppunt.incident-gesloten",
        "nl.knooppunt.incident-geopend",
    ]


async def test_many_nodes_that_see_the_same_open_it_once(database_url: str, opslag: Opslag, boek: Incidentboek):
    anderen = [Opslag(database_url, exclusief=False) for _ in range(3)]
    verschil = incident.Verschil({("achterstand", ""): {"wachtend": 9}, ("ontvanger_weigert", LANE): {}}, ())
    try:
        await asyncio.gather(*(o.write(boek.apply, verschil) for o in (opslag, *anderen) for _ in range(5)))
    finally:
        for ander in anderen:
            await ander.close()
    assert len(await opslag.read(incident.find)) == 2
    assert len(await events(opslag)) == 2


async def test_an_event_has_the_attributes_of_the_profile_and_says_what_to_do(opslag: Opslag, boek: Incidentboek):
    await opslag.write(boek.open, "bericht_wacht_lang", LANE, {"wachtend": 2})
    (event,) = await events(opslag)
    (staat,) = await opslag.read(incident.find)
    assert event["specversion"] == "1.0"
    assert event["source"] == BRON
    assert event["id"] == f"{staat.kenmerk}-geopend"
    assert event["subject"] == f"incident/{staat.nummer}"
    assert event["datacontenttype"] == "application/json"
    assert str(event["time"]).endswith("Z")
    assert event["data"]["titel"] == f"Een bericht voor ontvanger {LANE} wacht te lang"
    assert f"knooppunt lane toon {LANE}" in event["data"]["actie"]
    assert event["data"]["feiten"] == {"wachtend": 2}


async def test_the_row_says_who_closed_it_and_no_event_does(opslag: Opslag, boek: Incidentboek):
    await opslag.write(boek.open, "achterstand", "", {})
    (staat,) = await opslag.read(incident.find)
    await opslag.write(boek.close, staat.nummer, "gesloten", "j.jansen")
    (staat,) = await opslag.read(incident.find)
    _, event = await events(opslag)
    assert staat.gesloten_omdat == "gesloten door j.jansen"
    assert event["data"]["gesloten_omdat"] == "gesloten door een beheerder"
    assert "jansen" not in json.dumps(event)


async def test_without_a_webhook_nothing_piles_up(opslag: Opslag):
    await opslag.write(Incidentboek().open, "achterstand", "", {})
    assert await events(opslag) == []


async def test_lanes_open_incidents_and_close_them(opslag: Opslag, boek: Incidentboek, klok: Klok, stort: Stort):
    await opslag.write(stort, LANE)
    await opslag.write(stort, ANDER, kanaal=Kanaal.PULL)
    assert await look(opslag, boek) == []
    nu = await opslag.read(now_ms)
    await set_lane(opslag, LANE, breaker_since=nu, breaker_reason="Geen verbinding", failures=5)
    await set_lane(opslag, ANDER, paused_by="beheer", paused_reason="onderhoud", paused_at=nu)
    assert await look(opslag, boek) == [("ontvanger_onbereikbaar", LANE)]
    klok.verschuiving_ms += UUR_MS + 1000
    lang = [
        ("bericht_wacht_lang", LANE),
        ("bericht_wacht_lang", ANDER),
        ("ontvanger_onbereikbaar", LANE),
        ("pauze_duurt_lang", ANDER),
    ]
    assert await look(opslag, boek) == lang
    assert await look(opslag, boek) == lang
    await set_lane(opslag, LANE, breaker_since=None, failures=0)
    await set_lane(opslag, ANDER, paused_until=nu + 2 * UUR_MS)
    assert await look(opslag, boek) == lang[:2]
    assert len(await events(opslag)) == 6


async def test_what_is_offered_again_waits_from_then(opslag: Opslag, boek: Incidentboek, klok: Klok, stort: Stort):
    bericht_id = await opslag.write(stort, LANE)

    def give_up(conn: sa.Connection) -> None:
        _finish(conn, bericht_id, "Vervallen")
        conn.execute(sa.update(schema.lane).values(pending=0))

    await opslag.write(give_up)
    klok.verschuiving_ms += 6 * 24 * UUR_MS
    push = Aansluiting(LANE, (), Kanaal.PUSH, Protocol.STUF, "https://127.0.0.1/")
    register = Register.of([Partij(LANE, Partijsoort.ZORGAANBIEDER, LANE)], [push], [])
    termijnen = Termijnen(24 * UUR_MS, 24 * UUR_MS)
    await opslag.write(lambda conn: resend(conn, bericht_id, termijnen, "beheer", register=register))
    assert await look(opslag, boek) == []
    (stand,) = await opslag.read(read_achterstand)
    assert stand.oudste_seconden < 60
    klok.verschuiving_ms += UUR_MS + 1000
    assert await look(opslag, boek) == [("bericht_wacht_lang", LANE)]
    (stand,) = await opslag.read(read_achterstand)
    assert stand.oudste_seconden == pytest.approx(UUR_MS / 1000, abs=60)


async def test_what_comes_out_of_quarantine_waits_from_then(
    opslag: Opslag, boek: Incidentboek, klok: Klok, stort: Stort
):
    bericht_id = await opslag.write(stort, LANE)
    a = schema.aflevering

    def set_apart(conn: sa.Connection) -> None:
        conn.execute(sa.update(a).values(quarantaine_op=now_ms(conn), open=False))
        conn.execute(sa.update(schema.lane).values(pending=0))

    await opslag.write(set_apart)
    klok.verschuiving_ms += 24 * UUR_MS
    await opslag.write(quarantaine.release, bericht_id, "beheer")
    assert await look(opslag, boek) == []


async def test_the_backlog_of_all_lanes_together_is_one_incident(opslag: Opslag, boek: Incidentboek, stort: Stort):
    for lane in (LANE, ANDER):
        for _ in range(3):
            await opslag.write(stort, lane)
    assert await look(opslag, boek) == [("achterstand", "")]
    await set_lane(opslag, LANE, pending=1)
    assert await look(opslag, boek) == []


async def test_quarantine_is_an_incident_until_it_is_empty(opslag: Opslag, boek: Incidentboek, stort: Stort):
    bericht_id = await opslag.write(stort, LANE)
    a = schema.aflevering

    def set_apart(conn: sa.Connection, sinds: int | None) -> None:
        conn.execute(sa.update(a).where(a.c.bericht_id == bericht_id).values(quarantaine_op=sinds, open=False))

    await opslag.write(set_apart, 1_790_000_000_000)
    assert await look(opslag, boek) == [("bericht_in_quarantaine", LANE)]
    await opslag.write(set_apart, None)
    assert await look(opslag, boek) == []


async def test_a_refusal_is_told_with_the_fo01_and_is_over_when_the_ontvanger_takes_a_later_one(
    opslag: Opslag, boek: Incidentboek, stort: Stort
):
    gemeld: list[str] = []
    tell = bewaking.note_failure(boek, lambda _conn, bericht_id, fout: gemeld.append(f"{bericht_id} {fout.code}"))
    eerste, tweede = [await opslag.write(stort, LANE) for _ in range(2)]
    weigering, termijn = make_fout("geweigerd_door_ontvanger", "B"), make_fout("niet_bezorgd_binnen_termijn", "B")
    await opslag.write(tell, tweede, termijn)
    assert await look(opslag, boek) == []
    await opslag.write(tell, eerste, weigering)
    await opslag.write(tell, eerste, weigering)
    assert gemeld == [f"{tweede} KNP001", f"{eerste} KNP002", f"{eerste} KNP002"]
    assert await look(opslag, boek) == [("ontvanger_weigert", LANE)]

    await opslag.write(_finish, tweede, "Bezorgd")
    assert await look(opslag, boek) == []


@pytest.mark.parametrize("lane", [TUSSENPARTIJ, "0344"])
async def test_a_refusal_is_over_when_the_same_ontvanger_takes_a_later_one_in_the_lane_where_he_refused(
    opslag: Opslag, boek: Incidentboek, stort: Stort, lane: str
):
    """Behind VECOZO, or of a gemeente that merged, an ontvanger has the lane of another."""
    geweigerd, later = [await opslag.write(stort, lane) for _ in range(2)]
    b, ontvanger = schema.bericht, "0164"
    await opslag.write(lambda conn: conn.execute(sa.update(b).values(ontvanger=ontvanger)))
    tell = bewaking.note_failure(boek, lambda *_: None)
    await opslag.write(_finish, geweigerd, "Bezorging afgebroken")
    await opslag.write(tell, geweigerd, make_fout("geweigerd_door_ontvanger", "B"))
    assert await look(opslag, boek) == [("ontvanger_weigert", ontvanger)]
    await opslag.write(_finish, later, "Bezorgd")
    assert await look(opslag, boek) == []


async def test_what_vecozo_took_over_ends_a_refusal_when_it_arrived_at_the_same_ontvanger(
    opslag: Opslag, boek: Incidentboek, stort: Stort
):
    b = schema.bericht
    geweigerd, ander, later = [await opslag.write(stort, TUSSENPARTIJ) for _ in range(3)]
    await opslag.write(lambda conn: conn.execute(sa.update(b).values(ontvanger=LANE)))
    await opslag.write(lambda conn: conn.execute(sa.update(b).where(b.c.id == ander).values(ontvanger=ANDER)))
    for bericht_id in (geweigerd, ander, later):
        await opslag.write(_finish, bericht_id, "Bezorgd")
    await opslag.write(doorgifte.follow, later)
    await opslag.write(
        bewaking.note_failure(boek, lambda *_: None), geweigerd, make_fout("geweigerd_door_ontvanger", "B")
    )
    for _ in range(2):
        assert await look(opslag, boek) == [("ontvanger_weigert", LANE)]
    await opslag.write(doorgifte.drop, later)
    await opslag.write(lambda conn: conn.execute(sa.update(b).where(b.c.id == later).values(fout_code="999")))
    assert await look(opslag, boek) == [("ontvanger_weigert", LANE)]  # it was refused there as well
    await opslag.write(lambda conn: conn.execute(sa.update(b).where(b.c.id == later).values(fout_code=None)))
    assert await look(opslag, boek) == []


def _finish(conn: sa.Connection, bericht_id: str, status: str) -> None:
    a, b = schema.aflevering, schema.bericht
    conn.execute(sa.update(a).where(a.c.bericht_id == bericht_id).values(open=False))
    conn.execute(sa.update(b).where(b.c.id == bericht_id).values(status=status))


async def test_only_what_was_looked_at_is_closed(opslag: Opslag, boek: Incidentboek):
    for node in ("node-1", "node-2"):
        await opslag.write(boek.open, "schijf_vol", node, {})
    verschil = await opslag.read(incident.compare, ["schijf_vol"], {}, {"node-1"})
    await opslag.write(boek.apply, verschil)
    assert [i.onderwerp for i in await opslag.read(incident.find, alleen_open=True)] == ["node-2"]


def test_every_cause_has_words_that_fit_its_subject():
    for oorzaak in incident.oorzaken().values():
        assert oorzaak.niveau in ("storing", "waarschuwing")
        assert oorzaak.soort in ("ontvanger", "knooppunt", "vrager", "bestemming", "hub")
        assert ("{onderwerp}" in oorzaak.titel) == (oorzaak.soort != "hub")
        assert oorzaak.actie.format(onderwerp="X")
