"""The composition root: every part of a running hub, made in the right order and taken down in the reverse one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from types import TracebackType
from typing import Self

import aiohttp
import structlog
from aiohttp import web
from sqlalchemy.exc import DBAPIError

from adapters.stufggk.client import Klantinstellingen, StufBezorger
from adapters.stufggk.server import PAD, OntvangAsynchroon, Serverinstellingen
from adapters.vsp.client import VspBezorger
from adapters.vsp.server import Instellingen as VspInstellingen
from adapters.vsp.server import VspInterface
from istandaarden.regels.registers import Contractfout, Contractlijst, Registers, Vasteregisters
from knooppunt import achterstand, migratiestand
from knooppunt.api.eindpunten import all_endpoints
from knooppunt.api.loket import Loket
from knooppunt.beheer import Beheer
from knooppunt.configuratie import Configuratie, ConfiguratieFout, Koppelvlak
from knooppunt.luisteraar import Grenzen, Luisteraar
from knooppunt.melden import make_melder
from knooppunt.meting import GeteldeBezorger, GeteldeInnemer, Meting
from knooppunt.onderhoudstaken import make_tasks
from knooppunt.tls import client_context, identify, server_context
from routing.afhaal import Afhaalbak
from routing.aflevering import Afleveraar
from routing.aflevering import Instellingen as AfleverInstellingen
from routing.bericht import Systeem
from routing.databank import OpslagFout, parse_url
from routing.dossier import Dossier
from routing.intake import Intake
from routing.ketenbewaking.kalender import Kalender
from routing.kluis import Kluis, KluisFout
from routing.ladder import Ladder
from routing.onderhoud import Onderhoud
from routing.opslag import Opslag, upgrade
from routing.partij import Protocol
from routing.poorten import Bezorger
from routing.regeltoets import Regeltoets
from routing.register import RegisterBron
from routing.toetsing import Toetser
from routing.uitkomstklassen import Uitkomstklassen
from routing.vrijgave import Vrijgave

_log = structlog.get_logger(__name__)

_STOP_SECONDEN = 10.0
"""How long running deliveries may finish when the hub stops; what is broken off is offered again."""
_KIJK_SECONDEN = 1.0
"""How often the register is looked at for changes that a command or another node made, and what is held."""


class Hub:
    """A hub that runs for as long as the context is open.

    After entering, `koppelvlak_url` and `beheer_url` are the addresses it listens on (without a closing slash), and
    `opslag`, `kluis` and `register_bron` its parts, for tests and commands in the same process.

    Args:
        configuratie: all settings.
        upgrade: bring the tables of a PostgreSQL database up to date first; for SQLite that is always done.

    Raises:
        ConfiguratieFout: on entering, when something that is configured cannot be used, in Dutch.
    """

    opslag: Opslag
    kluis: Kluis
    register_bron: RegisterBron
    koppelvlak_url: str
    beheer_url: str

    def __init__(self, configuratie: Configuratie, *, upgrade: bool = False) -> None:
        self._in = configuratie
        self._upgrade = upgrade
        self._stapel = AsyncExitStack()
        self._neemt_aan = False

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stapel:  # unwinds what was made when a later part cannot be
            try:
                await self._build(stapel)
            except (OpslagFout, KluisFout) as fout:
                raise ConfiguratieFout(str(fout)) from None
            except DBAPIError as fout:
                raise ConfiguratieFout(f"De database is niet te gebruiken ({type(fout.orig).__name__}).") from None
            self._stapel = stapel.pop_all()
        return self

    async def __aexit__(
        self, _soort: type[BaseException] | None, _fout: BaseException | None, _spoor: TracebackType | None
    ) -> None:
        await self._stapel.aclose()

    async def _build(self, stapel: AsyncExitStack) -> None:
        """Make every part; each one is taken down before those made earlier."""
        hub, grens = self._in.hub, self._in.koppelvlak
        server_tls, client_tls = server_context(grens), client_context(grens)
        self.kluis = await asyncio.to_thread(Kluis, self._in.sleutels.map)
        self.opslag = await self._open_log(stapel)
        self.register_bron = RegisterBron()
        await self.register_bron.refresh(self.opslag)

        meting = Meting()
        af = self._in.aflevering
        melder = make_melder(self._in, self.kluis, self.register_bron)
        bezorgers = _make_bezorgers(client_tls, self._in, meting)
        for bezorger in bezorgers.values():
            stapel.push_async_callback(bezorger.close)
        afleveraar = Afleveraar(
            self.opslag,
            self.kluis,
            self.register_bron,
            bezorgers,
            melder.report_failure,
            instellingen=AfleverInstellingen(
                stop_s=_STOP_SECONDEN,
                gelijktijdig=af.gelijktijdig,
                ladder=Ladder(af.ladder_eerste_seconden, af.ladder_langste_seconden),
            ),
            standaardgeneratie=hub.fout_generatie,
        )
        afleveraar.start()
        stapel.push_async_callback(afleveraar.stop)
        onderhoud = Onderhoud(self.opslag, make_tasks(self._in, afleveraar))
        onderhoud.start()
        stapel.push_async_callback(onderhoud.stop)
        vrijgave = Vrijgave(self.opslag, melder, afleveraar.wake, hub.fout_generatie)
        for naam, gevolg, doe in (
            ("register volgen", "het oude blijft gelden", lambda: self.register_bron.refresh(self.opslag)),
            ("aangehouden berichten vrijgeven", "zij blijven wachten", vrijgave.perform),
        ):
            taak = asyncio.create_task(_keep_doing(naam, gevolg, doe), name=naam)
            stapel.push_async_callback(_cancel, taak)

        controles = {
            "koppelvlak": self._check_accepting,
            "database": self._check_database,
            "migraties": self._check_migrations,
            "sleutels": self._check_keys,
        }
        kalender = Kalender(self._in.keten.bevrijdingsdag)
        app = Beheer(self.opslag, meting, controles, kalender).application()
        adres, poort = self._in.beheer.adres, self._in.beheer.poort
        self.beheer_url = await _listen(stapel, Luisteraar(app, adres, poort), "beheer", adres, poort)

        toetser = Toetser(regeltoets=Regeltoets(Dossier(self.opslag, self.kluis), self._open_registers()))
        respijt = timedelta(days=af.oude_gemeentecode_dagen)
        intake = Intake(
            self.opslag, melder, toetser, afleveraar.wake, hub.fout_generatie, kalender=kalender, respijt=respijt
        )
        app, adres, poort = self._application(GeteldeInnemer(intake, meting), kalender), grens.adres, grens.poort
        toegang = self._in.logging.toegang
        luisteraar = Luisteraar(app, adres, poort, tls=server_tls, grenzen=_limits(grens), toegang=toegang)
        self.koppelvlak_url = await _listen(stapel, luisteraar, "koppelvlak", adres, poort)
        self._neemt_aan = True
        stapel.callback(self._refuse_ready)

    def _open_registers(self) -> Registers:
        pad = self._in.regels.contract
        try:
            return Vasteregisters(Contractlijst.read(pad) if pad is not None else None)
        except Contractfout as fout:
            raise ConfiguratieFout(f"regels.contract: {'; '.join(fout.fouten)}") from None

    async def _open_log(self, stapel: AsyncExitStack) -> Opslag:
        url = self._in.database.full_url()
        bijwerken = self._upgrade or parse_url(url).get_backend_name() == "sqlite"
        if bijwerken:
            await asyncio.to_thread(upgrade, url)
        opslag = Opslag(url)
        stapel.push_async_callback(opslag.close)
        if not bijwerken and not await opslag.read(migratiestand.is_current):
            raise ConfiguratieFout(
                "De database is niet op de stand van deze versie; doe eerst `knooppunt db upgrade`, of start met "
                "`knooppunt serve --upgrade`."
            )
        return opslag

    def _application(self, innemer: GeteldeInnemer, kalender: Kalender) -> web.Application:
        hub, publieke_url = self._in.hub, self._in.koppelvlak.publieke_url
        max_bytes = self._in.stuf.max_envelop_mib * 1024 * 1024
        app = web.Application(client_max_size=max_bytes)
        stuf = Serverinstellingen(
            hub=Systeem(hub.organisatie, hub.applicatie),
            fout_generatie=hub.fout_generatie,
            adres=publieke_url + PAD if publieke_url else None,
            max_bytes=max_bytes,
        )
        OntvangAsynchroon(innemer, identify, stuf).add_routes(app)
        afhaalbak = Afhaalbak(self.opslag, self.kluis)
        instellingen = VspInstellingen(publieke_url=publieke_url)
        VspInterface(innemer, afhaalbak, self.register_bron, identify, instellingen).add_routes(app)
        Loket(all_endpoints(self.opslag, kalender), self.register_bron, identify).add_routes(app)
        return app

    def _refuse_ready(self) -> None:
        self._neemt_aan = False

    async def _check_accepting(self) -> None:
        if not self._neemt_aan:
            raise RuntimeError("the koppelvlak is not open")

    async def _check_database(self) -> None:
        await self.opslag.write(achterstand.touch)

    async def _check_migrations(self) -> None:
        if not await self.opslag.read(migratiestand.is_current):
            raise RuntimeError("the tables are of another release")

    async def _check_keys(self) -> None:
        """Open with the keys as they are on disk now what is sealed with the key in use."""
        vers = await asyncio.to_thread(Kluis, self._in.sleutels.map)
        vers.open("proef", "proef", self.kluis.seal("proef", "proef", b"proef"))


def _make_bezorgers(tls: ssl.SSLContext, configuratie: Configuratie, meting: Meting) -> dict[Protocol, Bezorger]:
    af, klassen = configuratie.aflevering, configuratie.uitkomsten
    verbinding, antwoord = af.verbinding_seconden, af.antwoord_seconden
    stuf = StufBezorger(
        tls, Klantinstellingen(verbindtijd=verbinding, tijd=antwoord), Uitkomstklassen(Protocol.STUF, klassen.stuf)
    )
    vsp = VspBezorger(
        tls,
        aiohttp.ClientTimeout(total=5 * antwoord, sock_connect=verbinding, sock_read=antwoord),
        Uitkomstklassen(Protocol.VSP, klassen.vsp),
    )
    return {
        Protocol.STUF: GeteldeBezorger(stuf, Protocol.STUF.value, meting),
        Protocol.VSP: GeteldeBezorger(vsp, Protocol.VSP.value, meting),
    }


def _limits(grens: Koppelvlak) -> Grenzen:
    return Grenzen(
        max_verbindingen=grens.max_verbindingen,
        rust_seconden=grens.rust_seconden,
        verzoek_seconden=grens.verzoek_seconden,
    )


async def _listen(stapel: AsyncExitStack, luisteraar: Luisteraar, sectie: str, adres: str, poort: int) -> str:
    stapel.push_async_callback(luisteraar.stop)
    try:
        await luisteraar.start()
    except OSError as fout:
        raise ConfiguratieFout(f"{sectie}: op {adres} poort {poort} is niet te luisteren ({fout.strerror}).") from None
    return luisteraar.url


async def _keep_doing(naam: str, gevolg: str, doe: Callable[[], Awaitable[object]]) -> None:
    """Do something every `_KIJK_SECONDEN`; while it fails, say so once and go on trying."""
    gelukt = True
    while True:
        await asyncio.sleep(_KIJK_SECONDEN)
        try:
            await doe()
            gelukt = True
        except Exception as fout:  # noqa: BLE001 - whatever it is, the next time may go well
            if gelukt:
                _log.warning(f"{naam} lukt niet", fout=type(fout).__name__, gevolg=gevolg)
            gelukt = False


async def _cancel(taak: asyncio.Task[None]) -> None:
    taak.cancel()
    await asyncio.gather(taak, return_exceptions=True)
