"""The duplicate table, cell by cell: earlier try x content x nodes (docs/dubbele-berichten.md says the same).

Many nodes are two logs and two intakes on one PostgreSQL. "In progress" is real: the earlier try stands in a
transaction that is held open, and the later one is seen to wait for it. Over REST (`vsp`) the metadata are translated
anew for every try, with a tijdstip of ours, and the intake answers with a status.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
import structlog
from aiohttp import web
from meeteller import in_one_group
from sjabloon import make_tables
from veldproef import bericht

from adapters.vsp.client import VspClient, VspFout
from adapters.vsp.server import PREFIX, VspInterface
from adapters.vsp.vertaling import KANAAL, to_metadata
from knooppunt.simulatie.opstellen import compose_envelop
from routing import registerimport, schema
from routing.afhaal import Afhaalbak
from routing.bericht import Aanlevering, Identiteit
from routing.foutbericht import Foutmelder
from routing.intake import Intake
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.payload import Payload
from routing.poorten import Ontvangst, Ontvangstsoort
from routing.register import RegisterBron
from routing.status import Status
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen

_GEMEENTE, _AANBIEDER = "0363", "90000001"
_CERT = Identiteit("1" * 20, "aa" * 32)
_REGISTER = f"""
[[partij]]
code = "{_GEMEENTE}"
url = "https://127.0.0.1:1/ggk"
identiteiten = ["oin:{_CERT.oin}"]
mag_zenden = ["WMO*"]
mag_ontvangen = ["WMO*"]

[[partij]]
code = "{_AANBIEDER}"
naam = "Zorg"
kanaal = "pull"
protocol = "vsp"
identiteiten = ["oin:{"2" * 20}"]
mag_ontvangen = ["WMO*"]
"""
_GEDULD = 30


@dataclass(frozen=True)
class Deur:
    """An intake, and how a zender offers to it."""

    intake: Intake
    accept: Callable[[Aanlevering], Awaitable[Ontvangst]]


class Loket:
    """The REST interface before an intake, whose answers it keeps; one try at a time."""

    def __init__(self, intake: Intake, bak: Afhaalbak, bron: RegisterBron) -> None:
        self._intake = intake
        self._interface = VspInterface(self, bak, bron, lambda _request: _CERT)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Deur]:
        app = web.Application()
        self._interface.add_routes(app)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with VspClient(f"http://127.0.0.1:{runner.addresses[0][1]}{PREFIX}") as self._client:
            yield Deur(self._intake, self._push)
        await runner.cleanup()

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        """Be the intake for the interface."""
        self._antwoord = await self._intake.accept(aanlevering)
        return self._antwoord

    async def _push(self, aanlevering: Aanlevering) -> Ontvangst:
        metadata = to_metadata(replace(aanlevering.envelop, kanaalgegevens={KANAAL: {}}))
        status: int | None = 204
        try:
            await self._client.push(metadata, b"".join(aanlevering.payload.chunks()))
        except VspFout as fout:
            status = fout.status
        fout = self._antwoord.fout
        assert status == (204 if fout is None else 503 if fout.oorzaak == "opslaan_onmogelijk" else 422)
        return self._antwoord


class Knooppunten:
    """Two intakes with their doors, `een` and `ander`: of one node or of two."""

    def __init__(self, opslagen: list[Opslag], bron: RegisterBron, een: Deur, ander: Deur) -> None:
        self.opslagen, self._bron = opslagen, bron
        self.een, self.ander = een, ander

    async def register(self, inhoud: str) -> None:
        """Let another register be in force."""
        await self.opslagen[0].write(registerimport.store, registerimport.parse_toml(inhoud))
        await self._bron.refresh(self.opslagen[0])

    async def stored(self, aanlevering: Aanlevering) -> list[tuple[str, bool]]:
        """Status and `geldend` of every row with this referentienummer, the valid one last."""
        b = schema.bericht.c
        ref = aanlevering.envelop.stuurgegevens.referentienummer
        keuze = sa.select(b.status, b.geldend).where(b.referentienummer == ref).order_by(b.geldend)
        return await self.opslagen[0].read(lambda conn: [(r.status, r.geldend) for r in conn.execute(keuze)])

    async def lanes(self) -> list[str]:
        a = schema.aflevering.c
        return await self.opslagen[0].read(lambda conn: list(conn.execute(sa.select(a.lane).order_by(a.id)).scalars()))

    async def somebody_waits(self) -> None:
        """Wait until a later try waits for an earlier one: for its row, or for the one writer."""
        ander = self.opslagen[-1]
        sloten = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = :naam")
        naam = {"naam": ander._leesengine.url.database}
        async with asyncio.timeout(_GEDULD):
            while True:
                if ander is self.opslagen[0]:
                    if not ander._rij.empty():
                        return
                elif await ander.read(lambda conn: conn.execute(sloten, naam).scalar_one()):
                    return
                await asyncio.sleep(0.01)  # another thread or process: its queue and its locks are the signal


@pytest.fixture
def kanaal(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "stuf"))


over_each_kanaal = pytest.mark.parametrize("kanaal", ["stuf", "vsp"], indirect=True)


@pytest.fixture(params=["sqlite, one node", "postgresql, one node", "postgresql, many nodes"])
async def knooppunten(request: pytest.FixtureRequest, tmp_path: Path, kanaal: str) -> AsyncIterator[Knooppunten]:
    url = f"sqlite:///{tmp_path / 'k.db'}"
    if request.param.startswith("postgresql"):
        url = str(request.getfixturevalue("postgres_url"))
    make_tables(url)
    opslagen = [Opslag(url) for _ in range(2 if "many" in request.param else 1)]
    kluis, bron = Kluis.create(tmp_path / "sleutels"), RegisterBron()
    melder = Foutmelder(kluis, bron, Termijnen(push=60_000, pull=60_000))
    async with AsyncExitStack() as stapel:
        deuren = []
        for opslag in (opslagen[0], opslagen[-1]):
            intake = Intake(opslag, melder, Toetser(), lambda _lane: None)
            loket = Loket(intake, Afhaalbak(opslag, kluis), bron)
            over_rest = kanaal == "vsp"
            deuren.append(
                await stapel.enter_async_context(loket.listening()) if over_rest else Deur(intake, intake.accept)
            )
        knooppunten = Knooppunten(opslagen, bron, *deuren)
        await knooppunten.register(_REGISTER)
        yield knooppunten
    for opslag in opslagen:
        await opslag.close()


def offer(payload: bytes | None = None) -> Aanlevering:
    envelop = compose_envelop(van=_GEMEENTE, naar=_AANBIEDER, functie="WMO319")
    return Aanlevering(envelop, Payload(payload or bericht(1, _AANBIEDER)), _CERT, "stuf")


def with_other_content(aanlevering: Aanlevering) -> Aanlevering:
    return replace(aanlevering, payload=Payload(bericht(2, _AANBIEDER)))


# --- the earlier try was accepted ----------------------------------------------------------------------------------


@over_each_kanaal
async def test_accepted_and_the_same_again_repeats_the_receipt(knooppunten: Knooppunten):
    aanlevering = offer()
    eerste = await knooppunten.een.accept(aanlevering)
    assert await knooppunten.ander.accept(aanlevering) == replace(eerste, soort=Ontvangstsoort.HERHAALD)
    assert await knooppunten.lanes() == [_AANBIEDER]


@over_each_kanaal
async def test_accepted_and_other_content_is_a_conflict(knooppunten: Knooppunten):
    aanlevering = offer()
    await knooppunten.een.accept(aanlevering)
    refused(await knooppunten.ander.accept(with_other_content(aanlevering)))
    assert await knooppunten.stored(aanlevering) == [(Status.WORDT_AANGEBODEN, True)]
    assert await knooppunten.lanes() == [_AANBIEDER]


# --- the earlier try was refused with a Fo01 -----------------------------------------------------------------------


@over_each_kanaal
async def test_refused_and_the_same_again_repeats_the_receipt_without_a_second_fo01(knooppunten: Knooppunten):
    aanlevering = offer(b"<kapot")
    eerste = await knooppunten.een.accept(aanlevering)
    assert eerste.soort is Ontvangstsoort.AANGENOMEN
    assert await knooppunten.ander.accept(aanlevering) == replace(eerste, soort=Ontvangstsoort.HERHAALD)
    assert await knooppunten.stored(aanlevering) == [(Status.AFGEKEURD, True)]
    assert await knooppunten.lanes() == [_GEMEENTE]  # the Fo01


@over_each_kanaal
async def test_refused_and_the_same_again_is_a_new_try_when_the_reason_is_gone(knooppunten: Knooppunten):
    aanlevering = offer()
    await knooppunten.register(_REGISTER.replace('mag_zenden = ["WMO*"]', 'mag_zenden = ["WMO307"]'))
    eerste = await knooppunten.een.accept(aanlevering)
    assert await knooppunten.stored(aanlevering) == [(Status.AFGEKEURD, True)]
    await knooppunten.register(_REGISTER)
    tweede = await knooppunten.ander.accept(aanlevering)
    assert (eerste.soort, tweede.soort) == (Ontvangstsoort.AANGENOMEN, Ontvangstsoort.AANGENOMEN)
    assert tweede.bericht_id != eerste.bericht_id
    assert await knooppunten.stored(aanlevering) == [(Status.AFGEKEURD, False), (Status.WORDT_AANGEBODEN, True)]
    assert await knooppunten.lanes() == [_GEMEENTE, _AANBIEDER]


@over_each_kanaal
async def test_refused_and_other_content_is_a_new_try(knooppunten: Knooppunten):
    kapot = offer(b"<kapot")
    await knooppunten.een.accept(kapot)
    assert (await knooppunten.ander.accept(with_other_content(kapot))).soort is Ontvangstsoort.AANGENOMEN
    assert await knooppunten.stored(kapot) == [(Status.AFGEKEURD, False), (Status.WORDT_AANGEBODEN, True)]
    assert await knooppunten.lanes() == [_GEMEENTE, _AANBIEDER]


# --- the earlier try is in progress --------------------------------------------------------------------------------


class Bezig:
    """Holds a try of an intake between its writing and its commit, until it is told how to end."""

    def __init__(self, deur: Deur, aanlevering: Aanlevering) -> None:
        intake = deur.intake
        self._echt: Callable[..., Any] = intake._store
        self._geschreven, self._mag_verder, self._mislukt = threading.Event(), threading.Event(), False
        intake._store = self._hold  # type: ignore[method-assign]  # to stand still inside the transaction
        self._taak = asyncio.ensure_future(deur.accept(aanlevering))
        self._intake = intake

    def _hold(self, conn: sa.Connection, opdracht: object) -> object:
        resultaat = self._echt(conn, opdracht)
        self._geschreven.set()
        assert self._mag_verder.wait(_GEDULD)
        if self._mislukt:
            raise RuntimeError("the node of the earlier try fails before its commit")
        return resultaat

    async def written(self) -> None:
        assert await asyncio.to_thread(self._geschreven.wait, _GEDULD)
        self._intake._store = self._echt  # type: ignore[method-assign]  # the later try is an ordinary one

    async def end(self, *, mislukt: bool = False) -> Ontvangst:
        self._mislukt = mislukt
        self._mag_verder.set()
        return await self._taak


async def meet(
    knooppunten: Knooppunten, eerder: Aanlevering, later: Aanlevering, *, mislukt: bool = False
) -> tuple[Ontvangst, Ontvangst]:
    """Let a later try arrive while an earlier one is in progress; returns both answers."""
    bezig = Bezig(knooppunten.een, eerder)
    await bezig.written()
    taak = asyncio.ensure_future(knooppunten.ander.accept(later))
    await knooppunten.somebody_waits()
    return await bezig.end(mislukt=mislukt), await taak


@over_each_kanaal
async def test_in_progress_and_the_same_waits_and_repeats_the_receipt(knooppunten: Knooppunten):
    aanlevering = offer()
    eerste, tweede = await meet(knooppunten, aanlevering, aanlevering)
    assert eerste.soort is Ontvangstsoort.AANGENOMEN
    assert tweede == replace(eerste, soort=Ontvangstsoort.HERHAALD)
    assert await knooppunten.lanes() == [_AANBIEDER]


@over_each_kanaal
async def test_in_progress_and_other_content_waits_and_conflicts(knooppunten: Knooppunten):
    aanlevering = offer()
    eerste, tweede = await meet(knooppunten, aanlevering, with_other_content(aanlevering))
    assert eerste.soort is Ontvangstsoort.AANGENOMEN
    refused(tweede)
    assert await knooppunten.lanes() == [_AANBIEDER]


@over_each_kanaal
@pytest.mark.parametrize("anders", [False, True], ids=["same", "other"])
async def test_in_progress_and_then_failed_never_was(knooppunten: Knooppunten, *, anders: bool):
    aanlevering = offer()
    later = with_other_content(aanlevering) if anders else aanlevering
    eerste, tweede = await meet(knooppunten, aanlevering, later, mislukt=True)
    assert eerste.fout is not None
    assert (eerste.soort, eerste.fout.oorzaak) == (Ontvangstsoort.GEWEIGERD, "opslaan_onmogelijk")
    assert tweede.soort is Ontvangstsoort.AANGENOMEN
    assert await knooppunten.stored(aanlevering) == [(Status.WORDT_AANGEBODEN, True)]


@over_each_kanaal
async def test_in_progress_and_then_refused_and_the_same_repeats_the_receipt_without_a_second_fo01(
    knooppunten: Knooppunten,
):
    kapot = offer(b"<kapot")
    eerste, tweede = await meet(knooppunten, kapot, kapot)
    assert eerste.soort is Ontvangstsoort.AANGENOMEN
    assert tweede == replace(eerste, soort=Ontvangstsoort.HERHAALD)
    assert await knooppunten.stored(kapot) == [(Status.AFGEKEURD, True)]
    assert await knooppunten.lanes() == [_GEMEENTE]  # the Fo01


@over_each_kanaal
async def test_in_progress_and_then_refused_makes_room_for_other_content(knooppunten: Knooppunten):
    kapot = offer(b"<kapot")
    eerste, tweede = await meet(knooppunten, kapot, with_other_content(kapot))
    assert (eerste.soort, tweede.soort) == (Ontvangstsoort.AANGENOMEN, Ontvangstsoort.AANGENOMEN)
    assert await knooppunten.stored(kapot) == [(Status.AFGEKEURD, False), (Status.WORDT_AANGEBODEN, True)]


# --- a refused try that two nodes replace at the same moment -------------------------------------------------------


@pytest.mark.parametrize("anders", [False, True], ids=["same", "other"])
@pytest.mark.parametrize("knooppunten", ["postgresql, many nodes"], indirect=True)
async def test_two_nodes_that_replace_a_refused_try_agree_on_one(knooppunten: Knooppunten, *, anders: bool):
    """The later one found the refused row just before the earlier one set it aside."""
    kapot = offer(b"<kapot")
    await knooppunten.een.accept(kapot)
    hersteld = with_other_content(kapot)
    later = replace(hersteld, payload=Payload(bericht(3, _AANBIEDER))) if anders else hersteld
    gevonden, verder = threading.Event(), threading.Event()
    intake = knooppunten.ander.intake
    echt = intake._repeated

    def slow(conn: sa.Connection, opdracht: Any) -> Ontvangst | None:
        gevonden.set()
        assert verder.wait(_GEDULD)
        return echt(conn, opdracht)

    intake._repeated = slow  # type: ignore[method-assign]  # to stand still between insert and look
    taak = asyncio.ensure_future(knooppunten.ander.accept(later))
    assert await asyncio.to_thread(gevonden.wait, _GEDULD)
    bezig = Bezig(knooppunten.een, hersteld)
    await bezig.written()
    verder.set()
    await knooppunten.somebody_waits()
    eerste, tweede = await bezig.end(), await taak
    assert eerste.soort is Ontvangstsoort.AANGENOMEN
    if anders:
        refused(tweede)
    else:
        assert tweede == replace(eerste, soort=Ontvangstsoort.HERHAALD)
    assert await knooppunten.stored(kapot) == [(Status.AFGEKEURD, False), (Status.WORDT_AANGEBODEN, True)]


async def test_many_at_once_over_all_nodes_are_stored_once(knooppunten: Knooppunten):
    aanlevering = offer()
    pogingen = [intake.accept(aanlevering) for intake in (knooppunten.een, knooppunten.ander) for _ in range(10)]
    antwoorden = await asyncio.gather(*pogingen)
    assert sorted(a.soort for a in antwoorden) == ["aangenomen", *["herhaald"] * 19]
    assert len({(a.referentienummer, a.tijdstip, a.bericht_id) for a in antwoorden}) == 1
    assert await knooppunten.lanes() == [_AANBIEDER]


# --- waiting in vain -----------------------------------------------------------------------------------------------


class Geduld:
    """Adds up how long a log let PostgreSQL wait in vain for a row, in `ms`: what it granted, not what a clock says."""

    def __init__(self, opslag: Opslag, gewoon_ms: int) -> None:
        self.ms = 0
        self._gewoon_ms = self._nu_ms = gewoon_ms
        for gebeurtenis, doe in (
            ("begin", self._begin),
            ("before_cursor_execute", self._look),
            ("handle_error", self._add),
        ):
            sa.event.listen(opslag._schrijfengine, gebeurtenis, doe)

    def _begin(self, _conn: sa.Connection) -> None:
        self._nu_ms = self._gewoon_ms

    def _look(self, _conn: object, _cursor: object, opdracht: str, *_anders: object) -> None:
        if gezet := re.match(r"SET LOCAL lock_timeout = (\d+)", opdracht):
            self._nu_ms = int(gezet[1])

    def _add(self, context: sa.ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlstate", None) == "55P03":
            self.ms += self._nu_ms


@pytest.mark.parametrize("knooppunten", ["postgresql, one node"], indirect=True)
async def test_who_waits_for_a_lane_that_another_holds_hears_so_within_seconds(
    knooppunten: Knooppunten, postgres_url: str
):
    """Also who came just after one that waited alone, and then waited in vain in a group."""
    (opslag,), accept = knooppunten.opslagen, knooppunten.een.intake.accept
    await accept(offer())
    instelling = sa.text("SELECT setting FROM pg_settings WHERE name = 'lock_timeout'")
    geduld = Geduld(opslag, int(await opslag.write(lambda conn: conn.execute(instelling).scalar_one())))
    later, elders = [offer() for _ in range(10)], offer(b"<kapot")
    dsn = sa.make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn) as houder, structlog.testing.capture_logs():  # to write a traceback takes longer
        houder.execute("SELECT naam FROM lane WHERE naam = %s FOR UPDATE", [_AANBIEDER])
        alleen = await accept(offer())
        *samen, vrij = await in_one_group(opslag, [accept(een) for een in (*later, elders)])
    assert vrij.soort is Ontvangstsoort.AANGENOMEN
    assert {een.fout and een.fout.oorzaak for een in (alleen, *samen)} == {"opslaan_onmogelijk"}
    assert geduld.ms <= 5000
    assert {(await accept(een)).soort for een in later} == {Ontvangstsoort.AANGENOMEN}


def refused(antwoord: Ontvangst) -> None:
    assert antwoord.soort is Ontvangstsoort.GEWEIGERD
    assert antwoord.fout is not None
    assert antwoord.fout.oorzaak == "referentienummer_niet_uniek"
