"""Signals on the Wlz with real stores: what is told, once, to whom, and what is kept of whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from proefwlz import BSNS, BUUR, DAG_MS, GEMEENTE, Dagronde, indicatie, register_with, tell, today
from sqlalchemy import Connection, event, func, select
from sqlalchemy.engine import Engine

from routing import schema
from routing.incident import OORZAAK_WEG, Incident, Incidentboek, find
from routing.klok import Klok
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.wlz import vergelijking
from routing.wlz.clientenlijst import Bewerking, Lijstfout, Opgave
from routing.wlz.register import Oorzaak, RegisterFout
from routing.wlz.signalering import GEKROMPEN, ONLEESBAAR, accept_shrink

_WLZ = [tabel for naam, tabel in schema.metadata.tables.items() if naam.startswith("wlz_")]
_REGISTER = ("wlz_ronde", "wlz_indicatie")
_GEMEENTE = ("wlz_client", "wlz_gevolgd", "wlz_signaal")


@pytest.fixture
def dag(opslag: Opslag, kluis: Kluis) -> Dagronde:
    return Dagronde(opslag, kluis)


async def _rows(opslag: Opslag, tabel: str) -> int:
    return await opslag.read(
        lambda c: c.execute(select(func.count()).select_from(schema.metadata.tables[tabel])).scalar_one()
    )


async def _events(opslag: Opslag) -> list[dict[str, Any]]:
    def read(conn: Connection) -> list[str]:
        return list(conn.execute(select(schema.notificatie.c.event).order_by(schema.notificatie.c.id)).scalars())

    return [json.loads(inhoud) for inhoud in await opslag.read(read)]


async def test_the_first_round_is_no_storm_but_the_state_of_things_can_be_read(dag: Dagronde) -> None:
    dag.bron.inhoud = {
        **{BSNS[nr]: [indicatie(nr + 1)] for nr in range(700)},
        BSNS[700]: [indicatie(701, tot=today(-9))],
        BSNS[701]: [indicatie(702, van=today(9))],
    }
    await dag.follow(*range(703))
    await dag.run()
    signalen = await dag.signals()
    assert {s.soort for s in signalen} == {"stand"}
    assert sorted(s.referentie for s in signalen) == sorted(f"Z-{nr}" for nr in range(700))
    events = await _events(dag.opslag)
    assert [e["type"] for e in events] == ["nl.knooppunt.wlz-stand"] * 2  # one per handful of clients
    assert sum(e["data"]["aantal"] for e in events) == 700
    await dag.run()
    assert len(await dag.signals()) == 700


async def test_a_begin_and_an_end_are_told_once(dag: Dagronde, klok: Klok) -> None:
    await dag.follow(1, 2)
    await dag.run()
    dag.bron.inhoud = {BSNS[1]: [indicatie(1, van=today())], BSNS[2]: [indicatie(2, van=today(5))]}
    klok.verschuiving_ms += DAG_MS
    await dag.run()
    await dag.run()
    assert tell(await dag.signals()) == [("begin", "Z-1")]
    dag.bron.inhoud[BSNS[1]] = [indicatie(1, van=today(), tot=today(3))]
    for _ in range(5):
        klok.verschuiving_ms += DAG_MS
        await dag.run()
    assert tell(await dag.signals()) == [("begin", "Z-1"), ("einde", "Z-1"), ("begin", "Z-2")]
    eind = (await dag.signals())[1]
    assert (eind.ingangsdatum, eind.einddatum) == (today().isoformat(), today(3).isoformat())
    assert eind.indicatie == (await dag.signals())[0].indicatie
    een, *_ = await _events(dag.opslag)
    assert (een["type"], een["data"]) == ("nl.knooppunt.wlz-signaal", {"volgnummer": 1, "referentie": "Z-1"})


async def test_what_is_gone_from_the_register_has_ended(dag: Dagronde, klok: Klok) -> None:
    dag.bron.inhoud = {BSNS[1]: [indicatie(1)]}
    await dag.follow(1)
    await dag.run()
    dag.bron.inhoud = {}
    klok.verschuiving_ms += DAG_MS
    await dag.run()
    assert tell(await dag.signals()) == [("stand", "Z-1"), ("einde", "Z-1")]


async def test_a_register_that_cannot_be_read_whole_ends_nothing(dag: Dagronde, klok: Klok) -> None:
    dag.bron.inhoud = {BSNS[nr]: [indicatie(nr + 1)] for nr in range(20)}
    await dag.follow(*range(20))
    await dag.run()
    voor = await dag.signals()
    dag.bron.inhoud = {}
    dag.bron.kapot = ("5509", RegisterFout(Oorzaak.TIJD))
    for _ in range(3):
        klok.verschuiving_ms += DAG_MS
        await dag.run()
    assert await dag.signals() == voor
    assert await _rows(dag.opslag, "wlz_indicatie") == 20
    dag.bron.kapot = None
    await dag.run()
    assert [s.soort for s in await dag.signals()][20:] == ["einde"] * 20
    assert await _rows(dag.opslag, "wlz_ronde") == 1


async def test_a_register_that_lost_half_of_what_it_held_is_not_believed(dag: Dagronde, klok: Klok) -> None:
    dag.bron.inhoud = {BSNS[nr]: [indicatie(nr + 1)] for nr in range(1000)}
    await dag.follow(1, 2)
    await dag.run()
    dag.bron.inhoud = dict(list(dag.bron.inhoud.items())[-499:])
    klok.verschuiving_ms += DAG_MS
    await dag.run()
    assert {s.soort for s in await dag.signals()} == {"stand"}
    dag.bron.inhoud = {BSNS[nr]: [indicatie(nr + 1)] for nr in range(2, 600)}
    await dag.run()
    assert [(s.soort, s.referentie) for s in await dag.signals()][2:] == [("einde", "Z-1")]


async def test_a_register_that_stays_unreadable_is_an_incident_until_it_can_be_read(dag: Dagronde, klok: Klok) -> None:
    await dag.follow(1)
    await dag.run()
    dag.bron.kapot = ("5509", RegisterFout(Oorzaak.TOEGANG))
    klok.verschuiving_ms += DAG_MS
    await dag.run()
    assert await _incidents(dag.opslag) == []  # one round late: it may be better in a quarter
    klok.verschuiving_ms += DAG_MS
    await dag.run()
    await dag.run()
    (open_,) = await _incidents(dag.opslag)
    assert (open_.oorzaak, open_.gesloten_op) == (ONLEESBAAR, None)
    assert open_.feiten["reden"] == Oorzaak.TOEGANG.value
    dag.bron.kapot = None
    await dag.run()
    assert [i.gesloten_omdat for i in await _incidents(dag.opslag)] == [OORZAAK_WEG]


async def test_a_register_that_was_never_read_is_an_incident_as_long_as_somebody_is_followed(dag: Dagronde) -> None:
    dag.bron.kapot = ("5501", RegisterFout(Oorzaak.VERBINDING))
    await dag.follow(1)
    await dag.run()
    assert [i.oorzaak for i in await _incidents(dag.opslag)] == [ONLEESBAAR]
    await dag.change(Bewerking.VERVANGEN, [])
    await dag.run()
    assert [i.gesloten_omdat for i in await _incidents(dag.opslag)] == [OORZAAK_WEG]


async def test_an_operator_may_say_that_half_of_the_register_is_really_gone(dag: Dagronde, klok: Klok) -> None:
    async def accept() -> int | None:
        return await dag.opslag.write(accept_shrink, Incidentboek(), "beheerder")

    dag.bron.inhoud = {BSNS[nr]: [indicatie(nr + 1)] for nr in range(2000)}
    await dag.follow(1, 1999)
    await dag.run()
    assert await accept() is None  # nothing was refused, so there is nothing to accept
    dag.bron.inhoud = dict(list(dag.bron.inhoud.items())[-900:])
    klok.verschuiving_ms += DAG_MS
    await dag.run()
    (open_,) = await _incidents(dag.opslag)
    assert (open_.oorzaak, dict(open_.feiten)) == (GEKROMPEN, {"indicaties": 900, "eerder": 2000})
    assert {s.soort for s in await dag.signals()} == {"stand"}
    dag.bron.kapot = ("5509", RegisterFout(Oorzaak.TIJD))
    await dag.run()  # which says nothing of its size
    dag.bron.kapot = None
    assert await accept() == 900
    assert await accept() is None
    await dag.run()
    assert [(s.soort, s.referentie) for s in await dag.signals()][2:] == [("einde", "Z-1")]
    assert [i.gesloten_omdat for i in await _incidents(dag.opslag)] == ["aanvaard door beheerder"]


async def _incidents(opslag: Opslag) -> list[Incident]:
    return list(await opslag.read(find))


async def test_who_dies_before_the_commit_has_told_nothing_and_who_goes_on_tells_it_once(
    dag: Dagronde, klok: Klok, monkeypatch: pytest.MonkeyPatch
) -> None:
    await dag.follow(*range(600))
    await dag.run()
    dag.bron.inhoud = {BSNS[nr]: [indicatie(nr + 1)] for nr in range(600)}
    klok.verschuiving_ms += DAG_MS
    keer = 0

    def die(*args: object) -> None:
        nonlocal keer
        keer += 1
        if keer == 2:
            raise RuntimeError("weg")
        echt(*args)  # type: ignore[arg-type]

    echt = vergelijking.set_compared
    monkeypatch.setattr(vergelijking, "set_compared", die)
    with pytest.raises(RuntimeError, match="weg"):
        await dag.run()
    assert len(await dag.signals()) == 500
    assert len(await _events(dag.opslag)) == 500
    await dag.run()
    assert sorted(s.referentie for s in await dag.signals()) == sorted(f"Z-{nr}" for nr in range(600))
    assert len(await _events(dag.opslag)) == 600


async def test_removing_a_client_ends_the_processing_and_leaves_nothing(dag: Dagronde, klok: Klok) -> None:
    await dag.follow(1, 2)
    await dag.run()
    dag.bron.inhoud = {BSNS[1]: [indicatie(1)], BSNS[2]: [indicatie(2)]}
    klok.verschuiving_ms += DAG_MS
    await dag.run()
    verschil = await dag.change(Bewerking.VERWIJDEREN, [Opgave("Z-1"), Opgave("Z-99")])
    assert (verschil.eraf, verschil.gelijk) == ((BSNS[1],), 1)
    assert tell(await dag.signals()) == [("begin", "Z-2")]
    assert [e["data"]["referentie"] for e in await _events(dag.opslag)] == ["Z-2"]
    assert [await _rows(dag.opslag, tabel) for tabel in _GEMEENTE] == [1, 1, 1]
    await dag.change(Bewerking.VERVANGEN, [])
    assert [await _rows(dag.opslag, tabel) for tabel in _GEMEENTE] == [0, 0, 0]
    klok.verschuiving_ms += DAG_MS
    gelezen = dag.bron.gelezen
    await dag.run()
    assert dag.bron.gelezen == gelezen  # nobody is followed, so the register is not read


async def test_replacing_keeps_what_was_told_about_who_stays(dag: Dagronde, klok: Klok) -> None:
    dag.bron.inhoud = {BSNS[1]: [indicatie(1)], BSNS[2]: [indicatie(2)]}
    await dag.follow(1, 2)
    await dag.run()
    verschil = await dag.change(
        Bewerking.VERVANGEN, [Opgave("Z-1", BSNS[1]), Opgave("Z-3", BSNS[3]), Opgave("anders", BSNS[2])]
    )
    assert (verschil.erbij, verschil.eraf, verschil.gelijk) == ((BSNS[3], BSNS[2]), (BSNS[2],), 1)
    klok.verschuiving_ms += DAG_MS
    await dag.run()
    assert sorted(tell(await dag.signals())) == [("stand", "Z-1"), ("stand", "anders")]


async def test_adding_twice_changes_nothing_and_adding_another_under_a_taken_reference_is_refused(
    dag: Dagronde,
) -> None:
    await dag.follow(1, 2)
    verschil = await dag.change(Bewerking.TOEVOEGEN, [Opgave("Z-1", BSNS[1])])
    assert (verschil.erbij, verschil.eraf, verschil.gelijk) == ((), (), 1)
    with pytest.raises(Lijstfout) as fout:
        await dag.change(Bewerking.TOEVOEGEN, [Opgave("Z-4", BSNS[4]), Opgave("Z-1", BSNS[5]), Opgave("Z-9", BSNS[2])])
    assert [nummer for nummer, _ in fout.value.fouten] == [2, 3]
    assert not any(bsn in str(fout.value.fouten) for bsn in BSNS[:9])
    assert await _rows(dag.opslag, "wlz_client") == 2


async def test_a_gemeente_without_machtiging_is_neither_told_nor_compared(dag: Dagronde) -> None:
    dag.bron.inhoud = {BSNS[1]: [indicatie(1)]}
    await dag.follow(1)
    await dag.follow(1, gemeente=BUUR)
    dag.register = register_with(BUUR)
    await dag.run()
    assert await dag.signals(GEMEENTE) == []
    assert tell(await dag.signals(BUUR)) == [("stand", "Z-1")]
    assert await _events(dag.opslag) == []  # the neighbour has no webhook
    dag.register = register_with()
    gelezen = dag.bron.gelezen
    await dag.run()
    assert dag.bron.gelezen == gelezen


async def test_after_a_new_key_nothing_is_told_again(dag: Dagronde, kluis: Kluis, klok: Klok, tmp_path: Path) -> None:
    dag.bron.inhoud = {BSNS[1]: [indicatie(1)], BSNS[2]: [indicatie(2)]}
    await dag.follow(1, 2)
    await dag.run()
    dag.renew(Kluis.create(tmp_path / "sleutels"))
    klok.verschuiving_ms += DAG_MS
    dag.bron.inhoud[BSNS[2]] = [indicatie(2, tot=today(-1))]
    await dag.run()
    assert sorted(tell(await dag.signals())) == [("einde", "Z-2"), ("stand", "Z-1"), ("stand", "Z-2")]
    with pytest.raises(Lijstfout):
        await dag.change(Bewerking.TOEVOEGEN, [Opgave("nieuw", BSNS[1])])


async def test_signals_go_when_their_term_has_passed(dag: Dagronde, klok: Klok) -> None:
    dag.bron.inhoud = {BSNS[1]: [indicatie(1)]}
    await dag.follow(1)
    await dag.run()
    klok.verschuiving_ms += 43 * DAG_MS
    await dag.run()
    assert await dag.signals() == []
    assert await _rows(dag.opslag, "wlz_gevolgd") == 1


async def test_every_signal_stands_in_the_processing_log(dag: Dagronde, kluis: Kluis) -> None:
    dag.bron.inhoud = {BSNS[1]: [indicatie(1), indicatie(2)], BSNS[2]: [indicatie(3)]}
    await dag.follow(1, 2, 3)
    await dag.run()
    regels = await dag.opslag.read(lambda c: c.execute(select(schema.verwerking)).all())
    assert len({rij.data_subject_id for rij in regels}) == len(regels) == 2
    assert {rij.processing_activity_id for rij in regels} == {"urn:knooppunt:verwerkingsactiviteit:wlz-signalen"}
    (waarom,) = await dag.opslag.read(lambda c: c.execute(select(schema.verantwoording)).all())
    assert (waarom.partij, waarom.dienst, waarom.doel, waarom.wet) == (GEMEENTE, "wlz-signalen", "afstemming", "wmo")
    assert {rij.trace_id for rij in regels} == {waarom.trace_id}


async def test_the_two_stores_share_no_key_and_hold_nothing_that_can_be_read(dag: Dagronde) -> None:
    dag.bron.inhoud = {BSNS[1]: [indicatie(1)]}
    await dag.follow(1)
    await dag.follow(1, gemeente=BUUR)
    await dag.run()
    gezien: dict[str, set[bytes]] = {"register": set(), "gemeente": set()}
    kenmerken = []
    for tabel in _WLZ:
        for rij in await dag.opslag.read(lambda c, t=tabel: c.execute(select(t)).mappings().all()):
            velden = [waarde if isinstance(waarde, bytes) else str(waarde).encode() for waarde in rij.values()]
            for geheim in (BSNS[1].encode(), b"Z-1", indicatie(1).kenmerk.bytes, str(indicatie(1).kenmerk).encode()):
                assert not any(geheim in veld for veld in velden), tabel.name
            kant = "register" if tabel.name in _REGISTER else "gemeente"
            gezien[kant] |= {veld for veld in rij.values() if isinstance(veld, bytes)}
            if tabel.name == "wlz_client":
                kenmerken.append(rij["kenmerk"])
    assert gezien["register"]
    assert not gezien["register"] & gezien["gemeente"]
    assert len(set(kenmerken)) == 2  # the same person, on the lists of two gemeenten


async def test_no_statement_touches_both_stores(dag: Dagronde, klok: Klok) -> None:
    with _statements() as zinnen:
        dag.bron.inhoud = {BSNS[1]: [indicatie(1)]}
        await dag.follow(1)
        await dag.run()
        dag.bron.inhoud = {}
        klok.verschuiving_ms += DAG_MS
        await dag.run()
        await dag.change(Bewerking.VERVANGEN, [])
    assert any("wlz_indicatie" in zin for zin in zinnen)
    assert any("wlz_client" in zin for zin in zinnen)
    for zin in zinnen:
        assert not (any(t in zin for t in _REGISTER) and any(t in zin for t in _GEMEENTE)), zin


@contextmanager
def _statements() -> Iterator[list[str]]:
    zinnen: list[str] = []

    def note(_conn: object, _cursor: object, zin: str, *_rest: object) -> None:
        zinnen.append(zin)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield zinnen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
