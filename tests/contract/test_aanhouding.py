"""Berichten that wait for a release, on both databases: held outside the lane, let go in order, once, or sent back."""

from __future__ import annotations

import asyncio
import json
import tomllib
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Row, select
from verhaal import AANBIEDER, GEMEENTE, VANDAAG, Verhaal

from istandaarden.catalogus import ingebouwd
from istandaarden.herkenning import recognise
from istandaarden.kop import read_kop
from istandaarden.regels.registers import Vasteregisters
from istandaarden.voorbeeld import make_voorbeeld
from routing import aanhouding, registerimport, releaseimport, schema, vrijgave
from routing.bericht import Aanlevering, Berichtcode, Envelop, Identiteit, Parameters, Stuurgegevens, Systeem
from routing.dossier import Dossier
from routing.foutbericht import Foutmelder
from routing.intake import Intake
from routing.klok import Klok, now, now_ms
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.partij import Kanaal
from routing.payload import Payload
from routing.poorten import Ontvangst, Ontvangstsoort
from routing.regeltoets import Regeltoets
from routing.register import RegisterBron
from routing.status import Status
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen
from routing.vrijgave import Vrijgave

_CERT_G = Identiteit("1" * 20, "aa" * 32)
_CERT_A = Identiteit("2" * 20, "bb" * 32)
_PUSH_MS, _PULL_MS = 60_000, 90_000
_UUR_MS = 3_600_000
_REGISTER = f"""
[[partij]]
code = "{GEMEENTE}"
url = "https://127.0.0.1:1/ggk"
identiteiten = ["oin:{_CERT_G.oin}"]
mag_zenden = ["WMO*", "JW*"]
mag_ontvangen = ["WMO*", "JW*"]
GEMEENTE

[[partij]]
code = "{AANBIEDER}"
naam = "Zorg voor Elkaar"
kanaal = "pull"
protocol = "vsp"
identiteiten = ["oin:{_CERT_A.oin}"]
mag_zenden = ["WMO*", "JW*"]
mag_ontvangen = ["WMO*", "JW*"]
AANBIEDER
"""


class Knoop:
    """One node: its own register, intake and release of what is held, on a log that it may share."""

    def __init__(self, opslag: Opslag, kluis: Kluis) -> None:
        self.opslag = opslag
        self.bron = RegisterBron()
        self.gewekt: list[str] = []
        melder = Foutmelder(kluis, self.bron, Termijnen(push=_PUSH_MS, pull=_PULL_MS))
        regeltoets = Regeltoets(Dossier(opslag, kluis), Vasteregisters(None, lambda: VANDAAG))
        self.intake = Intake(opslag, melder, Toetser(regeltoets=regeltoets), self.gewekt.append)
        self.vrijgave = Vrijgave(opslag, melder, self.gewekt.append)

    async def register(self, *, gemeente: str = "", aanbieder: str = "") -> None:
        tekst = _REGISTER.replace("\nGEMEENTE\n", f"\n{gemeente}\n").replace("\nAANBIEDER\n", f"\n{aanbieder}\n")
        await self.opslag.write(registerimport.store, registerimport.parse_toml(tekst))
        await self.bron.refresh(self.opslag)

    async def calendar(self, partij: str, *standaarden: str, **momenten: datetime | str | bool) -> None:
        """Give a partij moments of its own for release 3.2."""
        inlezing = releaseimport.parse_calendar(
            {"release": [{"standaarden": [*standaarden], "release": "3.2", "partijen": [partij], **momenten}]}
        )
        await self.opslag.write(releaseimport.store, inlezing)
        await self.bron.refresh(self.opslag)

    async def send(self, data: bytes, **anders: Any) -> str:
        """Offer a bericht, which is taken, and return its referentienummer."""
        aanlevering = offer(data, **anders)
        assert (await self.accept(aanlevering)).soort is Ontvangstsoort.AANGENOMEN
        return aanlevering.envelop.stuurgegevens.referentienummer

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        return await self.intake.accept(aanlevering)

    async def rows(self) -> dict[str, Row[Any]]:
        """Every bericht by its referentienummer."""
        return {
            rij.referentienummer: rij
            for rij in await self.opslag.read(lambda c: list(c.execute(select(schema.bericht))))
        }

    async def lane(self, code: str) -> list[Row[Any]]:
        """What waits in a lane, in order."""
        a, b = schema.aflevering.c, schema.bericht.c

        def read(conn: Connection) -> list[Row[Any]]:
            keuze = select(b.referentienummer, b.functie, b.berichtcode, b.cross_ref, a.expires_at, a.seq)
            keuze = keuze.join_from(schema.aflevering, schema.bericht).where(a.lane == code, a.open).order_by(a.seq)
            return list(conn.execute(keuze))

        return await self.opslag.read(read)

    async def held(self) -> list[str]:
        """Referentienummers of what is held, in order."""
        a, b = schema.aangehouden.c, schema.bericht.c
        keuze = select(b.referentienummer).join_from(schema.aangehouden, schema.bericht).order_by(a.id)
        return await self.opslag.read(lambda conn: list(conn.execute(keuze).scalars()))

    async def history(self, referentienummer: str) -> list[tuple[str, str | None, dict[str, Any]]]:
        g, b = schema.gebeurtenis.c, schema.bericht.c

        def read(conn: Connection) -> list[tuple[str, str | None, dict[str, Any]]]:
            keuze = select(g.soort, g.status, g.toelichting).join_from(schema.gebeurtenis, schema.bericht)
            rijen = conn.execute(keuze.where(b.referentienummer == referentienummer).order_by(g.id))
            return [(rij.soort, rij.status, json.loads(rij.toelichting)) for rij in rijen]

        return await self.opslag.read(read)


def offer(data: bytes, **anders: Any) -> Aanlevering:
    soort = recognise(data)
    van_gemeente = soort.van == "gemeente"
    van, naar = (GEMEENTE, AANBIEDER) if van_gemeente else (AANBIEDER, GEMEENTE)
    sg = Stuurgegevens(
        berichtcode=Berichtcode.DI01,
        zender=Systeem(van, "App"),
        ontvanger=Systeem(naar, "GGk"),
        referentienummer=str(uuid.uuid4()),
        tijdstip="20261120120000",
        functie=soort.code,
    )
    envelop = Envelop(replace(sg, **anders), Parameters("0001", "0000", "0003", "0002"))
    return Aanlevering(envelop, Payload(data), _CERT_G if van_gemeente else _CERT_A, "stuf")


@pytest.fixture
async def knoop(opslag: Opslag, kluis: Kluis) -> Knoop:
    knoop = Knoop(opslag, kluis)
    await knoop.register()
    return knoop


@pytest.fixture
async def opening(opslag: Opslag) -> datetime:
    """An hour from now, by the clock of the database."""
    return await opslag.read(now) + timedelta(hours=1)


@pytest.fixture
def v() -> Verhaal:
    return Verhaal("iwmo")


async def test_a_held_bericht_is_acknowledged_and_kept_outside_the_lane_which_goes_on(
    knoop: Knoop, opening: datetime, v: Verhaal
) -> None:
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    ander = Verhaal("ijw")
    eerste = await knoop.send(v.start())
    tweede = await knoop.send(ander.start())  # a standaard that is open
    assert (await knoop.rows())[eerste].status == Status.WORDT_VERWERKT
    assert [rij.referentienummer for rij in await knoop.lane(GEMEENTE)] == [tweede]
    assert await knoop.held() == [eerste]
    verleden = {gebeurtenis[0]: gebeurtenis for gebeurtenis in await knoop.history(eerste)}
    assert verleden["route"][2]["besluit"] == f"aangehouden voor {GEMEENTE}"
    aangehouden = verleden["aangehouden"]
    assert aangehouden[:2] == ("aangehouden", None)
    assert aangehouden[2]["tot"] == opening.isoformat()
    assert f"voor {GEMEENTE} nog niet open; dat gebeurt op" in aangehouden[2]["toelichting"]


@pytest.mark.parametrize("kanaal", ["push", "pull"])
async def test_when_it_opens_they_enter_the_lane_in_order_with_a_term_from_then(
    knoop: Knoop, klok: Klok, opening: datetime, v: Verhaal, kanaal: str
) -> None:
    naar, maak = (GEMEENTE, v.start) if kanaal == "push" else (AANBIEDER, v.wijs_toe)
    await knoop.calendar(naar, "iwmo", open=opening)
    gezonden = [await knoop.send(maak()) for _ in range(5)]
    knoop.gewekt.clear()
    await knoop.vrijgave.perform()
    assert await knoop.held() == gezonden  # not yet
    assert knoop.gewekt == []
    klok.verschuiving_ms += _UUR_MS
    await knoop.vrijgave.perform()
    assert await knoop.held() == []
    assert knoop.gewekt == [naar]
    rijen = await knoop.lane(naar)
    assert [rij.referentienummer for rij in rijen] == gezonden
    nu = await knoop.opslag.read(now_ms)
    termijn = _PUSH_MS if kanaal == "push" else _PULL_MS
    assert all(nu - 30_000 + termijn < rij.expires_at <= nu + termijn for rij in rijen)
    rijen_ = await knoop.rows()
    status = Status.WORDT_VERWERKT if kanaal == "push" else Status.WORDT_AANGEBODEN
    assert {rijen_[ref].status for ref in gezonden} == {status}
    assert (await knoop.history(gezonden[0]))[-1][0] == "vrijgegeven"


async def test_an_operator_who_opens_it_sooner_lets_them_go(knoop: Knoop, opening: datetime, v: Verhaal) -> None:
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    eerste = await knoop.send(v.start())
    await knoop.calendar(GEMEENTE, "iwmo", vervalt=True)
    await knoop.vrijgave.perform()
    assert [rij.referentienummer for rij in await knoop.lane(GEMEENTE)] == [eerste]


async def test_what_arrives_after_the_opening_does_not_overtake_what_is_still_held(
    knoop: Knoop, klok: Klok, opening: datetime, v: Verhaal
) -> None:
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    eerste = [await knoop.send(v.start()) for _ in range(3)]
    klok.verschuiving_ms += _UUR_MS
    laat = await knoop.send(v.start())
    assert await knoop.held() == [*eerste, laat]
    verleden = {soort: toelichting for soort, _, toelichting in await knoop.history(laat)}
    assert "gaat voor" in verleden["aangehouden"]["toelichting"]
    await knoop.vrijgave.perform()
    daarna = await knoop.send(v.start())
    assert [rij.referentienummer for rij in await knoop.lane(GEMEENTE)] == [*eerste, laat, daarna]


async def test_what_arrives_while_others_are_being_let_go_does_not_overtake_them(
    knoop: Knoop, klok: Klok, opening: datetime, v: Verhaal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vrijgave, "PER_KEER", 2)
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    eerst = [await knoop.send(v.start()) for _ in range(9)]
    klok.verschuiving_ms += _UUR_MS
    later: list[str] = []

    async def keep_sending() -> None:
        for _ in range(9):
            later.append(await knoop.send(v.start()))  # noqa: PERF401 - one after another, as one zender does

    await asyncio.gather(keep_sending(), knoop.vrijgave.perform())
    await knoop.vrijgave.perform()
    assert await knoop.held() == []
    assert [rij.referentienummer for rij in await knoop.lane(GEMEENTE)] == [*eerst, *later]


@pytest.mark.parametrize("nu", ["gesloten", "nooit open"])
async def test_when_it_will_not_open_any_more_the_zender_hears_so(
    knoop: Knoop, opening: datetime, v: Verhaal, nu: str
) -> None:
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    aanlevering = offer(v.start())
    ontvangst = await knoop.accept(aanlevering)
    referentie = aanlevering.envelop.stuurgegevens.referentienummer
    if nu == "gesloten":
        await knoop.calendar(GEMEENTE, "iwmo", retour_dicht=datetime(2026, 1, 1, tzinfo=UTC))
    else:
        await knoop.calendar(GEMEENTE, "iwmo", open=opening, retour_dicht=opening)
    await knoop.vrijgave.perform()
    await knoop.vrijgave.perform()  # once is enough
    assert await knoop.held() == []
    assert await knoop.lane(GEMEENTE) == []
    (fo01,) = await knoop.lane(AANBIEDER)
    assert (fo01.berichtcode, fo01.cross_ref) == (Berichtcode.FO01, referentie)
    rij = (await knoop.rows())[referentie]
    assert (rij.status, rij.fout_code, rij.fout_melder) == (Status.AFGEKEURD, "IB023", "BIDN")
    assert "gesloten" in (await knoop.history(referentie))[-1][2]["toelichting"]
    # The same again, still closed: the same receipt. Once it is open, the number may be used for a new try.
    again = await knoop.accept(aanlevering)
    assert (again.soort, again.referentienummer) == (Ontvangstsoort.HERHAALD, ontvangst.referentienummer)
    await knoop.calendar(GEMEENTE, "iwmo", vervalt=True)
    assert (await knoop.accept(aanlevering)).soort is Ontvangstsoort.AANGENOMEN
    assert [rij.referentienummer for rij in await knoop.lane(GEMEENTE)] == [referentie]


async def test_a_held_bericht_offered_again_is_a_repetition(knoop: Knoop, opening: datetime, v: Verhaal) -> None:
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    aanlevering = offer(v.start())
    eerste = await knoop.accept(aanlevering)
    assert await knoop.accept(aanlevering) == replace(eerste, soort=Ontvangstsoort.HERHAALD)
    assert len(await knoop.held()) == 1
    ander = await knoop.accept(replace(aanlevering, payload=Payload(v.start(dag=date(2026, 6, 21)))))
    assert ander.soort is Ontvangstsoort.GEWEIGERD


async def test_a_wrong_bericht_is_not_held_but_refused_at_once(knoop: Knoop, opening: datetime, v: Verhaal) -> None:
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    await knoop.send(v.start().replace(b"<wmo305:Client>", b"<wmo305:Client><wmo305:X/>", 1).replace(b"Bsn>", b"Bsm>"))
    assert await knoop.held() == []
    assert [rij.berichtcode for rij in await knoop.lane(AANBIEDER)] == [Berichtcode.FO01]


# --- the hub answers for the ontvanger -----------------------------------------------------------------------------


async def test_the_retour_of_the_hub_waits_along_with_what_it_accepts(
    knoop: Knoop, klok: Klok, opening: datetime, v: Verhaal
) -> None:
    await knoop.register(gemeente="antwoordt_hub = true")
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    heen = await knoop.send(v.start())
    assert await knoop.lane(GEMEENTE) == await knoop.lane(AANBIEDER) == []
    assert len(await knoop.held()) == 2
    klok.verschuiving_ms += _UUR_MS
    await knoop.vrijgave.perform()
    assert [rij.referentienummer for rij in await knoop.lane(GEMEENTE)] == [heen]
    (retour,) = await knoop.lane(AANBIEDER)
    assert (retour.functie, retour.cross_ref) == ("WMO306", heen)


async def test_a_retour_that_refuses_does_not_wait(knoop: Knoop, opening: datetime, v: Verhaal) -> None:
    await knoop.register(gemeente="antwoordt_hub = true")
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    heen = await knoop.send(v.start().replace(b"Bsn>9999", b"Bsn>8999"))
    assert (await knoop.rows())[heen].status == Status.AFGEKEURD
    assert await knoop.held() == []
    assert [rij.functie for rij in await knoop.lane(AANBIEDER)] == ["WMO306"]


async def test_of_heenbericht_and_retour_of_the_hub_that_never_go_the_zender_hears_once(
    knoop: Knoop, opening: datetime, v: Verhaal
) -> None:
    await knoop.register(gemeente="antwoordt_hub = true")
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    heen = await knoop.send(v.start())
    await knoop.calendar(GEMEENTE, "iwmo", retour_dicht=datetime(2026, 1, 1, tzinfo=UTC))
    await knoop.vrijgave.perform()
    assert await knoop.held() == await knoop.lane(GEMEENTE) == []
    (fo01,) = await knoop.lane(AANBIEDER)
    assert (fo01.berichtcode, fo01.cross_ref) == (Berichtcode.FO01, heen)
    rijen = (await knoop.rows()).values()
    assert {rij.functie: rij.status for rij in rijen if rij.functie} == dict.fromkeys(("WMO305", "WMO306"), "Afgekeurd")


# --- several at once, and the end of a process ---------------------------------------------------------------------


@pytest.fixture
async def knopen(
    database_url: str, opslag: Opslag, klok: Klok, kluis: Kluis, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[Knoop]]:
    """Four nodes with writers of their own on PostgreSQL; on SQLite, where there is one process, they share it."""
    monkeypatch.setattr(vrijgave, "PER_KEER", 3)
    logs = [opslag]
    if database_url.startswith("postgresql"):
        logs += [Opslag(database_url, klok=klok) for _ in range(3)]
    knopen = [Knoop(logs[n % len(logs)], kluis) for n in range(4)]
    await knopen[0].register()
    yield knopen
    for log in logs[1:]:
        await log.close()


@pytest.mark.parametrize("einde", ["open", "gesloten"])
async def test_several_nodes_at_once_let_each_bericht_go_once_and_in_order(
    knopen: list[Knoop], klok: Klok, opening: datetime, v: Verhaal, einde: str
) -> None:
    een = knopen[0]
    await een.calendar(GEMEENTE, "iwmo", open=opening)
    gezonden = [await een.send(v.start()) for _ in range(25)]
    if einde == "gesloten":
        await een.calendar(GEMEENTE, "iwmo", retour_dicht=datetime(2026, 1, 1, tzinfo=UTC))
    for knoop in knopen:
        await knoop.bron.refresh(knoop.opslag)
    klok.verschuiving_ms += _UUR_MS
    while await een.held():
        await asyncio.gather(*(knoop.vrijgave.perform() for knoop in knopen for _ in range(2)))
    if einde == "open":
        assert [rij.referentienummer for rij in await een.lane(GEMEENTE)] == gezonden
    else:
        assert sorted(rij.cross_ref for rij in await een.lane(AANBIEDER)) == sorted(gezonden)


async def test_what_fails_half_way_leaves_all_of_it_held(
    knoop: Knoop, klok: Klok, opening: datetime, v: Verhaal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    gezonden = [await knoop.send(v.start()) for _ in range(3)]
    klok.verschuiving_ms += _UUR_MS
    keer = iter([False, False, True])
    enqueue = aanhouding.lanes.enqueue

    def fail(*args: Any) -> None:
        if next(keer):
            raise RuntimeError
        enqueue(*args)

    monkeypatch.setattr(aanhouding.lanes, "enqueue", fail)
    with pytest.raises(RuntimeError):
        await knoop.vrijgave.perform()
    assert await knoop.held() == gezonden
    monkeypatch.undo()
    await knoop.vrijgave.perform()
    assert [rij.referentienummer for rij in await knoop.lane(GEMEENTE)] == gezonden


async def test_who_left_the_register_meanwhile_keeps_his_lane(
    knoop: Knoop, klok: Klok, opening: datetime, v: Verhaal
) -> None:
    await knoop.calendar(AANBIEDER, "iwmo", open=opening)
    heen = await knoop.send(v.wijs_toe())
    leeg = f'[[partij]]\ncode = "{AANBIEDER}"\nnaam = "Zorg voor Elkaar"\n'
    await knoop.opslag.write(registerimport.store, registerimport.parse_toml(leeg))
    await knoop.bron.refresh(knoop.opslag)
    klok.verschuiving_ms += _UUR_MS
    await knoop.vrijgave.perform()
    assert [rij.referentienummer for rij in await knoop.lane(AANBIEDER)] == [heen]


async def test_a_change_of_kanaal_meanwhile_is_followed(
    knoop: Knoop, klok: Klok, opening: datetime, v: Verhaal
) -> None:
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    await knoop.send(v.start())
    tekst = _REGISTER.replace("GEMEENTE\n", "", 1).replace("\nAANBIEDER\n", "\n")
    tekst = tekst.replace('url = "https://127.0.0.1:1/ggk"', 'kanaal = "pull"\nprotocol = "vsp"')
    await knoop.opslag.write(registerimport.store, registerimport.parse_toml(tekst))
    await knoop.bron.refresh(knoop.opslag)
    klok.verschuiving_ms += _UUR_MS
    await knoop.vrijgave.perform()
    kanalen = await knoop.opslag.read(lambda conn: list(conn.execute(select(schema.lane.c.kanaal)).scalars()))
    assert kanalen == [Kanaal.PULL]


# --- the calendar in the register ----------------------------------------------------------------------------------


async def test_an_import_with_one_error_changes_nothing_and_names_every_error(knoop: Knoop, opening: datetime) -> None:
    await knoop.calendar(GEMEENTE, "iwmo", open=opening)
    eerder = await knoop.opslag.read(lambda conn: list(conn.execute(select(schema.releasemoment))))
    versie = knoop.bron.current().versie
    ruw = tomllib.loads("""
        [[release]]
        standaarden = ["iwmo", "iwlz"]
        release = "3.3"
        open = 2027-04-05T13:00:00
        [[release]]
        standaarden = ["ijw"]
        release = "3.3"
        partijen = ["99999999"]
        open = 2027-04-05T13:00:00
        heen_dicht = 2027-03-31T17:00:00
    """)
    with pytest.raises(registerimport.Importfout) as fout:
        await knoop.opslag.write(releaseimport.store, releaseimport.parse_calendar(ruw))
    een, twee, drie = fout.value.fouten
    assert "release 1 (3.3): standaard 'iwlz' bestaat niet; kies uit" in een
    assert twee == "release 2 (3.3): partij '99999999' staat niet in het register"
    assert drie.startswith("release 2 (3.3): heen_dicht (woensdag 31 maart 2027 om 17:00 uur) ligt voor open (")
    assert await knoop.opslag.read(lambda conn: list(conn.execute(select(schema.releasemoment)))) == eerder
    assert not await knoop.bron.refresh(knoop.opslag)
    assert knoop.bron.current().versie == versie


async def test_general_moments_may_not_bring_those_of_a_partij_into_disorder(knoop: Knoop) -> None:
    dag = datetime(2027, 4, 5, 11, tzinfo=UTC)
    await knoop.calendar(GEMEENTE, "iwmo", open=dag)
    inlezing = releaseimport.parse_calendar(
        {"release": [{"standaarden": ["iwmo"], "release": "3.2", "retour_dicht": dag - timedelta(days=4)}]}
    )
    with pytest.raises(registerimport.Importfout, match=f"iwmo 3.2 voor {GEMEENTE}: retour_dicht"):
        await knoop.opslag.write(releaseimport.store, inlezing)


async def test_imported_moments_replace_what_was_imported_for_that_release_and_nothing_else(knoop: Knoop) -> None:
    dag = datetime(2027, 4, 5, 11, tzinfo=UTC)
    await knoop.calendar(GEMEENTE, "iwmo", "ijw", open=dag, retour_dicht="geen")
    await knoop.calendar(GEMEENTE, "iwmo", open=dag + timedelta(days=1))
    kalender = knoop.bron.current().kalender
    wmo, jw = (kalender.eigen[GEMEENTE, standaard, "3.2"].tijden for standaard in ("iwmo", "ijw"))
    assert wmo == {"open": dag + timedelta(days=1)}
    assert jw == {"open": dag, "retour_dicht": None}
    assert kalender.algemeen["iwmo", "3.2"].opens == datetime(2023, 4, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize(("code", "release"), [("WMO305", "2.3"), ("JW303", "2.3")])
async def test_a_release_of_the_past_is_refused_until_the_operator_opens_it_beside_the_current_one(
    knoop: Knoop, v: Verhaal, code: str, release: str
) -> None:
    data = make_voorbeeld(ingebouwd().find(code, release))
    kop = read_kop([data])
    assert kop.afzender
    assert kop.ontvanger
    data = data.replace(f">{kop.afzender}<".encode(), f">{AANBIEDER}<".encode(), 1)
    data = data.replace(f">{kop.ontvanger}<".encode(), f">{GEMEENTE}<".encode(), 1)
    aanlevering = offer(data)
    parameters = Parameters("0001", "0000", "0002", "0003")
    aanlevering = replace(aanlevering, envelop=replace(aanlevering.envelop, parameters=parameters))
    referentie = aanlevering.envelop.stuurgegevens.referentienummer
    assert (await knoop.accept(aanlevering)).soort is Ontvangstsoort.AANGENOMEN
    assert (await knoop.rows())[referentie].fout_code == "IB023"
    dicht = dict.fromkeys(("declaraties_dicht", "heen_dicht", "retour_dicht"), "geen")
    inlezing = releaseimport.parse_calendar(
        {"release": [{"standaarden": ["iwmo", "ijw"], "release": release, **dicht}]}
    )
    await knoop.opslag.write(releaseimport.store, inlezing)
    await knoop.bron.refresh(knoop.opslag)
    assert (await knoop.accept(aanlevering)).soort is Ontvangstsoort.AANGENOMEN
    nieuw = await knoop.send(v.start())
    assert [rij.referentienummer for rij in await knoop.lane(GEMEENTE)] == [referentie, nieuw]
