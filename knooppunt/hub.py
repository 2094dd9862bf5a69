"""The composition root: every part of a running hub, made in the right order and taken down in the reverse one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
import structlog
from aiohttp import web
from sqlalchemy.exc import DBAPIError

from adapters.iwlz.register import IwlzRegister
from adapters.stufggk import server as stufggk
from adapters.stufggk.client import Klantinstellingen, StufBezorger
from adapters.stufggk.server import PAD, OntvangAsynchroon, Serverinstellingen
from adapters.stufggk.soapbezorger import SoapBezorger
from adapters.vsp import server as vsp
from adapters.vsp.client import VspBezorger
from adapters.vsp.paden import MAX_PAYLOAD, PUSH
from adapters.vsp.server import PREFIX, VspInterface
from adapters.vsp.server import Instellingen as VspInstellingen
from adapters.vsp.tussenpartij import Tussenpartij
from adapters.vsp.vertaling import KANAAL
from istandaarden.regels.registers import Contractfout, Contractlijst, Registers, Vasteregisters
from knooppunt import achterstand, migratiestand
from knooppunt.api.eindpunt import Eindpunt
from knooppunt.api.eindpunten import all_endpoints
from knooppunt.api.inlevering import Inleverruimte
from knooppunt.api.loket import Loket
from knooppunt.api.token import Tokens
from knooppunt.api.tokenloket import Tokenloket
from knooppunt.api.wlz import Wlz
from knooppunt.beheer import Beheer
from knooppunt.beheertaken import make_boek, make_looks, make_melders, node_name, operator_tasks
from knooppunt.brp import open_brp
from knooppunt.configuratie import AfleveringSectie, Configuratie, ConfiguratieFout, Koppelvlak
from knooppunt.drempel import Drempel, Ingang, threshold
from knooppunt.luisteraar import Grenzen, Luisteraar
from knooppunt.melden import delivery_terms, lookup_limits, make_melder
from knooppunt.meting import GeteldeBezorger, GeteldeInnemer, Meting
from knooppunt.onderhoudstaken import make_tasks
from knooppunt.ruimte import Ruimte
from knooppunt.tls import client_context, identify, server_context
from knooppunt.vecozo import vecozo_tasks
from knooppunt.voorman import Werkplek
from knooppunt.wacht import Wacht
from knooppunt.wlz.aansluiting import make_task, open_register, open_webhooks
from knooppunt.wlz.toetsing import Toetsing
from knooppunt.woonplaats.batchbestand import Vormgever
from routing.afhaal import Afhaalbak
from routing.aflevering import Afleveraar
from routing.aflevering import Instellingen as AfleverInstellingen
from routing.bericht import Systeem
from routing.bewaking import note_failure
from routing.bezorging import Foutmelding
from routing.databank import OpslagFout, end_silent, parse_url
from routing.dossier import Dossier
from routing.foutbericht import Foutmelder
from routing.herzender import Herzender
from routing.incident import Feiten, Incidentboek
from routing.intake import Intake
from routing.ketenbewaking.kalender import Kalender
from routing.kluis import Kluis, KluisFout
from routing.ladder import Ladder
from routing.lanes import LEASE_MS
from routing.onderhoud import Beurt, Onderhoud, Taak
from routing.opslag import Opslag, upgrade
from routing.opvraging import Opvragingen
from routing.overdracht import Overdracht
from routing.partij import Protocol
from routing.poorten import Bezorger, Innemer
from routing.regeltoets import Regeltoets
from routing.register import RegisterBron
from routing.toelating import Instellingen as Druktegrenzen
from routing.toelating import Toelating
from routing.toetsing import Toetser
from routing.uitkomstklassen import Uitkomstklassen
from routing.verwerkingen import Betrokkenen
from routing.vrijgave import Vrijgave
from routing.wekker import Wekker
from routing.wlz.clientenlijst import Clientenlijst
from routing.wlz.volgen import Volgen
from routing.woonplaats.batch import Batches
from routing.woonplaats.feitenbron import Feitenbron

_log = structlog.get_logger(__name__)

_STOP_SECONDEN = 10.0
"""How long running deliveries may finish when the hub stops; what is broken off is offered again."""
_KIJK_SECONDEN = 1.0
"""How often the register is looked at for changes that a command or another node made, and what is held."""

_REGISTER = "register volgen"


class Hub:
    """A hub that runs for as long as the context is open.

    After entering, `koppelvlak_url` and `beheer_url` are the addresses it listens on (without a closing slash), and
    `opslag`, `kluis` and `register_bron` its parts, for tests and commands in the same process; `feitenbron` is the
    BRP, None when that is not configured.

    Args:
        configuratie: all settings.
        upgrade: bring the tables of a PostgreSQL database up to date first; for SQLite that is always done.
        werkplek: the place of this process in a node of several, whose foreman did that already and holds the database.

    Raises:
        ConfiguratieFout: on entering, when something that is configured cannot be used, in Dutch.
    """

    opslag: Opslag
    kluis: Kluis
    register_bron: RegisterBron
    feitenbron: Feitenbron | None
    wlzregister: IwlzRegister | None
    koppelvlak_url: str
    beheer_url: str

    def __init__(self, configuratie: Configuratie, *, upgrade: bool = False, werkplek: Werkplek | None = None) -> None:
        self._in = configuratie
        self._werkplek = werkplek
        self._upgrade = upgrade
        self._stapel = AsyncExitStack()
        self._neemt_aan = False
        self._mislukt: dict[str, str] = {}  # what is done again and again and now fails, with the kind of fault

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
        server_tls, client_tls = server_context(self._in.koppelvlak), client_context(self._in.koppelvlak)
        self.kluis = await asyncio.to_thread(Kluis, self._in.sleutels.map)
        self.opslag = await self._open_log(stapel)
        self._overdracht = Overdracht()
        self.register_bron = RegisterBron()
        await self.register_bron.refresh(self.opslag)
        self._ruimte = Ruimte(_database_folder(self._in.database.full_url()), self._in.bewaking)
        meting, boek, kalender = Meting(), make_boek(self._in), Kalender(self._in.keten.bevrijdingsdag)
        self._batches = Batches(
            self.opslag, self.kluis, self.register_bron, Vormgever(), boek=boek, grenzen=lookup_limits(self._in)
        )
        melder = make_melder(self._in, self.kluis, self.register_bron)

        bezorgers = _make_bezorgers(client_tls, self._in, meting)
        self.feitenbron = open_brp(self._in.brp)
        if self.feitenbron is not None:
            stapel.push_async_callback(self.feitenbron.close)
        self.wlzregister = open_register(self._in.wlz)
        if self.wlzregister is not None:
            stapel.push_async_callback(self.wlzregister.close)
        for bezorger in bezorgers.values():
            stapel.push_async_callback(bezorger.close)
        report_failure = note_failure(boek, melder.report_failure)
        afleveraar = self._start_delivery(stapel, bezorgers, report_failure)
        wake = self._start_waking(stapel, afleveraar)
        self._start_upkeep(stapel, afleveraar, wake, client_tls, boek=boek, meting=meting)
        self._start_following(stapel, Vrijgave(self.opslag, melder, wake, self._in.hub.fout_generatie))

        # A balancer that heard of a watermark would take all nodes away, also from who collects what waits.
        beheer = Beheer(self.opslag, meting, self._checks(), kalender, {"ruimte": self._check_room})
        await self._open_beheer(stapel, beheer)
        toetser = Toetser(regeltoets=Regeltoets(Dossier(self.opslag, self.kluis), self._open_registers()))
        intake = Intake(
            self.opslag,
            melder,
            toetser,
            wake,
            self._in.hub.fout_generatie,
            kalender=kalender,
            respijt=timedelta(days=self._in.aflevering.oude_gemeentecode_dagen),
            overdracht=self._overdracht,
        )
        innemer = GeteldeInnemer(intake, meting)
        self._start_vecozo(stapel, innemer, client_tls, melder, report_failure=report_failure, wake=wake)
        app = self._application(innemer, self._endpoints(kalender, boek))
        await self._open_koppelvlak(stapel, app, self._threshold(meting), server_tls)

    def _start_delivery(
        self, stapel: AsyncExitStack, bezorgers: Mapping[Protocol, Bezorger], report_failure: Foutmelding
    ) -> Afleveraar:
        af = self._in.aflevering
        afleveraar = Afleveraar(
            self.opslag,
            self.kluis,
            self.register_bron,
            bezorgers,
            report_failure,
            instellingen=AfleverInstellingen(
                stop_s=_STOP_SECONDEN,
                gelijktijdig=af.gelijktijdig,
                ladder=Ladder(af.ladder_eerste_seconden, af.ladder_langste_seconden),
            ),
            standaardgeneratie=self._in.hub.fout_generatie,
            overdracht=self._overdracht,
        )
        afleveraar.start()
        stapel.push_async_callback(afleveraar.stop)
        return afleveraar

    def _start_waking(self, stapel: AsyncExitStack, afleveraar: Afleveraar) -> Callable[[str], None]:
        """Return what tells all nodes that a lane has something new; a SQLite file has no other nodes."""
        url = self._in.database.full_url()
        if parse_url(url).get_backend_name() != "postgresql":
            return afleveraar.wake
        wekker = Wekker(url, afleveraar.wake)
        wekker.start()
        stapel.push_async_callback(wekker.stop)

        def wake(lane: str) -> None:
            afleveraar.wake(lane)
            wekker.notify()

        return wake

    def _start_upkeep(
        self,
        stapel: AsyncExitStack,
        afleveraar: Afleveraar,
        wake: Callable[[str], None],
        client_tls: ssl.SSLContext,
        *,
        boek: Incidentboek,
        meting: Meting,
    ) -> None:
        """Start what one node at a time does, and the watch that every node keeps over itself."""
        webhooks = open_webhooks(self._in.wlz)
        melders = {**make_melders(self._in), **webhooks}
        for melder in melders.values():
            stapel.push_async_callback(melder.close)
        looks = make_looks(self._in, meting, sleutels=self._look_at_keys, register=self._look_at_register)
        nummer = self._werkplek.nummer if self._werkplek else 1
        wacht = Wacht(
            self.opslag,
            boek,
            naam=node_name(self._in.koppelvlak.poort, nummer),
            ruimte=self._ruimte,
            blikken=looks,
            meting=meting,
            eerste=nummer == 1,
        )
        herzender = Herzender(self.opslag, self.register_bron, delivery_terms(self._in), wake)
        eigen = operator_tasks(
            self._in, self.opslag, self.register_bron, wacht=wacht, boek=boek, melders=melders, tls=client_tls
        )
        bronnen = (self.opslag, self.kluis, self.register_bron, self.wlzregister)
        signalen = make_task(self._in, *bronnen, webhooks=webhooks, boek=boek)
        taken = (
            *make_tasks(self._in, afleveraar),
            *eigen,
            *signalen,
            Taak("herzending", 1.0, herzender.turn),
            Taak("batches", 1.0, self._answer_batches),
        )
        onderhoud = Onderhoud(self.opslag, taken)
        onderhoud.start()
        stapel.push_async_callback(onderhoud.stop)
        blik = asyncio.create_task(wacht.follow(self._in.bewaking.interval_seconden), name="wacht")
        stapel.push_async_callback(_cancel, blik)

    def _start_vecozo(
        self,
        stapel: AsyncExitStack,
        innemer: Innemer,
        client_tls: ssl.SSLContext,
        melder: Foutmelder,
        *,
        report_failure: Foutmelding,
        wake: Callable[[str], None],
    ) -> None:
        """Start collecting at VECOZO and asking it about what it took over."""
        tussenpartij = Tussenpartij(self.register_bron, client_tls, _vsp_timeout(self._in.aflevering))
        stapel.push_async_callback(tussenpartij.close)
        taken = vecozo_tasks(self._in, tussenpartij, innemer, melder, report_failure=report_failure, wake=wake)
        onderhoud = Onderhoud(self.opslag, taken)
        onderhoud.start()
        stapel.push_async_callback(onderhoud.stop)

    def _start_following(self, stapel: AsyncExitStack, vrijgave: Vrijgave) -> None:
        """Start following the register and the calendar, which others may change, and the nodes beside this one."""
        werk: list[tuple[str, str, Callable[[], Awaitable[object]]]] = [
            (_REGISTER, "het oude blijft gelden", lambda: self.register_bron.refresh(self.opslag)),
            ("aangehouden berichten vrijgeven", "zij blijven wachten", vrijgave.perform),
        ]
        if parse_url(self._in.database.full_url()).get_backend_name() == "postgresql":
            werk.append(("stilgevallen knooppunten losmaken", "hun sloten blijven bezet", self._end_silent))
        for wat, gevolg, doe in werk:
            taak = asyncio.create_task(self._keep_doing(wat, gevolg, doe), name=wat)
            stapel.push_async_callback(_cancel, taak)

    async def _end_silent(self) -> None:
        """Take the locks of a node that froze inside a transaction; every node does, since any may freeze."""
        if beeindigd := await self.opslag.read(end_silent, LEASE_MS):
            _log.warning("sessie van een stilgevallen knooppunt beëindigd", aantal=beeindigd)

    def _checks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Give what makes the hub ready, by name."""
        return {
            "koppelvlak": self._check_accepting,
            "database": self._check_database,
            "migraties": self._check_migrations,
            "sleutels": self._check_keys,
        }

    async def _open_beheer(self, stapel: AsyncExitStack, beheer: Beheer) -> None:
        adres, poort = self._in.beheer.adres, self._in.beheer.poort
        deur = self._werkplek.beheer if self._werkplek else None
        luisteraar = Luisteraar(beheer.application(), adres, poort, deur=deur)
        self.beheer_url = await _listen(stapel, luisteraar, "beheer", adres, poort)

    async def _open_koppelvlak(
        self, stapel: AsyncExitStack, app: web.Application, drempel: Drempel, tls: ssl.SSLContext
    ) -> None:
        grens, toegang = self._in.koppelvlak, self._in.logging.toegang
        deur = self._werkplek.koppelvlak if self._werkplek else None
        luisteraar = Luisteraar(
            app, grens.adres, grens.poort, tls=tls, grenzen=_limits(grens), toegang=toegang, deur=deur
        )
        app.middlewares.append(drempel)  # innermost: the listener's own limits come first
        self.koppelvlak_url = await _listen(stapel, luisteraar, "koppelvlak", grens.adres, grens.poort)
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
        alleen = self._werkplek is None
        bijwerken = alleen and (self._upgrade or parse_url(url).get_backend_name() == "sqlite")
        if bijwerken:
            await asyncio.to_thread(upgrade, url)
        opslag = Opslag(url, exclusief=alleen, samen=not alleen)
        stapel.push_async_callback(opslag.close)
        if not bijwerken and not await opslag.read(migratiestand.fits):
            raise ConfiguratieFout(
                "De database is niet op de stand van deze versie; doe eerst `knooppunt db upgrade`, of start met "
                "`knooppunt serve --upgrade`."
            )
        return opslag

    def _endpoints(self, kalender: Kalender, boek: Incidentboek) -> tuple[Eindpunt, ...]:
        opvragingen = Opvragingen(self.opslag, self.kluis, self.register_bron, boek, lookup_limits(self._in))
        volgen = Volgen(self.opslag, Clientenlijst(self.kluis), Betrokkenen(self.kluis), self.register_bron)
        wlz = Wlz(opvragingen, Toetsing(self.wlzregister, self._in.wlz.profielen_wmo), volgen)
        return all_endpoints(self.opslag, kalender, opvragingen, self.feitenbron, batches=self._batches, wlz=wlz)

    async def _answer_batches(self, _beurt: Beurt) -> None:
        await self._batches.answer_waiting(self.feitenbron)

    def _application(self, innemer: GeteldeInnemer, eindpunten: Iterable[Eindpunt]) -> web.Application:
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
        opvragen = self._in.opvragen
        ruimte = Inleverruimte(opvragen.batch_tegelijk, opvragen.batch_mib_tegelijk)
        tokens = Tokens(self.kluis, lambda: Kluis(self._in.sleutels.map), self._in.oauth.token_seconden)
        tokenloket = Tokenloket(tokens, self.register_bron, identify, publieke_url)
        tokenloket.add_routes(app)
        Loket(eindpunten, self.register_bron, identify, ruimte, tokenloket.read).add_routes(app)
        return app

    def _threshold(self, meting: Meting) -> Drempel:
        hoogstens = self._in.stuf.max_envelop_mib * 1024 * 1024
        ingangen = {
            PAD: Ingang(stufggk.KANAAL, hoogstens, stufggk.refuse_unread),
            f"{PREFIX}{PUSH}/berichten": Ingang(KANAAL, MAX_PAYLOAD, vsp.refuse_unread),
        }
        druk = Druktegrenzen(**self._in.toelating.model_dump())
        toelating = Toelating(self.register_bron, druk, self.opslag.waiting, self._ruimte.refusal)
        return threshold(toelating, ingangen, meting, self._in.hub.fout_generatie)

    async def _keep_doing(self, naam: str, gevolg: str, doe: Callable[[], Awaitable[object]]) -> None:
        """Do something every `_KIJK_SECONDEN`; while it fails, say so once and go on trying."""
        while True:
            await asyncio.sleep(_KIJK_SECONDEN)
            try:
                await doe()
                self._mislukt.pop(naam, None)
            except Exception as fout:  # noqa: BLE001 - whatever it is, the next time may go well
                if naam not in self._mislukt:
                    _log.warning(f"{naam} lukt niet", fout=type(fout).__name__, gevolg=gevolg)
                self._mislukt[naam] = type(fout).__name__

    def _refuse_ready(self) -> None:
        self._neemt_aan = False

    async def _check_accepting(self) -> None:
        if not self._neemt_aan:
            raise RuntimeError("the koppelvlak is not open")

    async def _check_database(self) -> None:
        await self.opslag.write(achterstand.touch)

    async def _check_migrations(self) -> None:
        if not await self.opslag.read(migratiestand.fits):
            raise RuntimeError("the tables are of an older release")

    async def _check_keys(self) -> None:
        await asyncio.to_thread(self._try_keys)

    def _try_keys(self) -> None:
        """Open with the keys as they are on disk now what is sealed with the key in use."""
        vers = Kluis(self._in.sleutels.map)
        vers.open("proef", "proef", self.kluis.seal("proef", "proef", b"proef"))

    def _look_at_keys(self) -> Feiten | None:
        try:
            self._try_keys()
        except (KluisFout, OSError) as fout:
            return {"bezwaar": str(fout) if isinstance(fout, KluisFout) else type(fout).__name__}
        return None

    async def _look_at_register(self) -> Feiten | None:
        fout = self._mislukt.get(_REGISTER)
        return {"fout": fout} if fout else None

    async def _check_room(self) -> None:
        if self._ruimte.refusal() is not None:
            raise RuntimeError("no room for new berichten")


def _database_folder(url: str) -> Path | None:
    adres = parse_url(url)
    return Path(adres.database or "").parent if adres.get_backend_name() == "sqlite" else None


def _make_bezorgers(tls: ssl.SSLContext, configuratie: Configuratie, meting: Meting) -> dict[Protocol, Bezorger]:
    af, klassen = configuratie.aflevering, configuratie.uitkomsten
    verbinding, antwoord = af.verbinding_seconden, af.antwoord_seconden
    stuf = StufBezorger(
        tls, Klantinstellingen(verbindtijd=verbinding, tijd=antwoord), Uitkomstklassen(Protocol.STUF, klassen.stuf)
    )
    soap = SoapBezorger(
        tls, Klantinstellingen(verbindtijd=verbinding, tijd=antwoord), Uitkomstklassen(Protocol.SOAP, klassen.stuf)
    )
    vsp = VspBezorger(tls, _vsp_timeout(af), Uitkomstklassen(Protocol.VSP, klassen.vsp))
    return {
        Protocol.STUF: GeteldeBezorger(stuf, Protocol.STUF.value, meting),
        Protocol.SOAP: GeteldeBezorger(soap, Protocol.SOAP.value, meting),
        Protocol.VSP: GeteldeBezorger(vsp, Protocol.VSP.value, meting),
    }


def _vsp_timeout(af: AfleveringSectie) -> aiohttp.ClientTimeout:
    verbinding, antwoord = af.verbinding_seconden, af.antwoord_seconden
    return aiohttp.ClientTimeout(total=5 * antwoord, sock_connect=verbinding, sock_read=antwoord)


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


async def _cancel(taak: asyncio.Task[None]) -> None:
    taak.cancel()
    await asyncio.gather(taak, return_exceptions=True)
