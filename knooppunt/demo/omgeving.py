"""The world of the demo: a folder with certificates, keys, register and configuration, a hub process, and others."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters.stufggk.server import PAD
from knooppunt.configuratie import Configuratie, Koppelvlak
from knooppunt.configuratiebestand import load
from knooppunt.databank import write
from knooppunt.demo.achtervecozo import AchterVecozo
from knooppunt.demo.deelnemers import (
    ANKER,
    DEELNEMERS,
    REGISTERS,
    SVB,
    UTRECHT,
    VECOZO,
    VWS,
    WILG,
    ZWOLLE,
    Deelnemer,
    register_toml,
)
from knooppunt.demo.hubproces import Hubproces
from knooppunt.demo.inrichting import MELDTOKEN, Adressen, write_configuration
from knooppunt.demo.zaaksysteem import Zaaksysteem
from knooppunt.pki import make_demo
from knooppunt.simulatie.brp.personen import builtin_persons
from knooppunt.simulatie.brp.server import BrpSimulator
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.ciz import Cizregister
from knooppunt.simulatie.ketenspel import Ketenspel, play
from knooppunt.simulatie.klok import hurried
from knooppunt.simulatie.meldpunt import Meldpunt
from knooppunt.simulatie.stuf import StufPartij
from knooppunt.simulatie.svb import Svb
from knooppunt.simulatie.vecozo import VecozoSimulatie
from knooppunt.simulatie.vsp import VspPartij
from knooppunt.simulatie.vws import Vws
from knooppunt.tls import client_context, server_context
from routing.kluis import Kluis
from routing.opslag import upgrade
from routing.registerimport import parse_toml, store

SVB_DAG_S = 0.02
"""How long a day lasts at the SVB, which settles a budget 98 days after its end."""


@dataclass(frozen=True, slots=True)
class Paden:
    """Where everything of the demo stands."""

    map: Path

    @property
    def config(self) -> Path:
        """Configuration of the hub."""
        return self.map / "knooppunt.toml"

    @property
    def pki(self) -> Path:
        """Test authority and certificates."""
        return self.map / "pki"

    @property
    def partijen(self) -> Path:
        """Register file."""
        return self.map / "partijen.toml"

    @property
    def berichten(self) -> Path:
        """Heenberichten and a question to look at and to send by hand."""
        return self.map / "berichten"

    @property
    def indicaties(self) -> Path:
        """What the simulated Wlz-register holds; it may change while it runs."""
        return self.map / "indicaties.toml"

    @property
    def log(self) -> Path:
        """What the hub wrote on standard error."""
        return self.map / "knooppunt.log"

    @property
    def klaar(self) -> Path:
        """Where the hub writes its ports."""
        return self.map / "klaar.json"


class Omgeving:
    """Everything that runs during the demo; use as an async context manager.

    `utrecht_zaken` and `zwolle_zaken` ask the API in the name of their gemeente, `meldpunt` is where Utrecht hears of
    signals, and `es` is the zorgaanbieder behind VECOZO.
    """

    zwolle: StufPartij
    utrecht: StufPartij
    wilg: StufPartij
    anker: VspPartij
    svb: StufPartij
    vws: StufPartij
    es: AchterVecozo
    brp: BrpSimulator
    ciz: Cizregister
    meldpunt: Meldpunt
    zwolle_zaken: Zaaksysteem
    utrecht_zaken: Zaaksysteem
    configuratie: Configuratie
    hub_url: str

    def __init__(self, map_: Path) -> None:
        """Take the folder; it must be empty or absent."""
        self.paden = Paden(map_)
        self.hub = Hubproces(self.paden.config, self.paden.log, self.paden.klaar)
        self._stapel = AsyncExitStack()

    @property
    def koppelvlak_url(self) -> str:
        """Where StUF-GGk berichten are offered."""
        return self.hub_url + PAD

    async def __aenter__(self) -> Self:
        async with self._stapel as stapel:
            await self._start(stapel)
            self._stapel = stapel.pop_all()
        return self

    async def __aexit__(
        self, _soort: type[BaseException] | None, _fout: BaseException | None, _spoor: TracebackType | None
    ) -> None:
        await self._stapel.aclose()

    async def _start(self, stapel: AsyncExitStack) -> None:
        self.paden.map.mkdir(parents=True, exist_ok=True)
        namen = [*((d.stam, d.oin) for d in DEELNEMERS), *REGISTERS]
        await asyncio.to_thread(make_demo, self.paden.pki, namen)
        registers = await self._start_registers(stapel)
        adressen = await self._start_partijen(stapel)
        write_configuration(self.paden.map, registers)
        self.paden.partijen.write_text(register_toml(adressen), "utf-8")
        self.configuratie = load(self.paden.config, {})
        await asyncio.to_thread(self._fill_database)
        stapel.push_async_callback(self.hub.stop)
        self.hub_url = await self.hub.start()
        for partij in (self.zwolle, self.utrecht, self.wilg, self.svb, self.vws):
            partij.connect_hub(self.hub_url)
        self.zwolle_zaken, self.utrecht_zaken = (
            Zaaksysteem(self.hub_url, client_context(self._instellingen(wie.stam))) for wie in (ZWOLLE, UTRECHT)
        )
        stapel.push_async_callback(self.zwolle_zaken.close)
        stapel.push_async_callback(self.utrecht_zaken.close)
        self.anker = VspPartij(
            ANKER.code, ANKER.naam, hub=self.hub_url, client=client_context(self._instellingen(ANKER.stam))
        )
        stapel.push_async_callback(self.anker.close)
        await self.anker.start()

    async def _start_registers(self, stapel: AsyncExitStack) -> Adressen:
        """Start the BRP, the Wlz-register and the webhook of Utrecht, and return where they are."""
        ingebouwd = files("knooppunt.simulatie").joinpath("indicaties.toml").read_text("utf-8")
        self.paden.indicaties.write_text(ingebouwd, "utf-8")
        self.brp = BrpSimulator(builtin_persons(), tls=server_context(self._instellingen("brp")))
        self.ciz = Cizregister(server_context(self._instellingen("ciz")), self.paden.indicaties)
        self.meldpunt = Meldpunt(self._own_server(UTRECHT), MELDTOKEN)
        for wie in (self.brp, self.ciz, self.meldpunt):
            stapel.push_async_callback(wie.close)
        return Adressen(await self.brp.start(), await self.ciz.start(), await self.meldpunt.start(), UTRECHT.code)

    async def _start_partijen(self, stapel: AsyncExitStack) -> dict[str, str]:
        """Start everybody whom the hub delivers to, and return their addresses by code."""
        self.zwolle, self.utrecht, self.wilg = (self._stuf(d) for d in (ZWOLLE, UTRECHT, WILG))
        svb, vws = Svb(vandaag=hurried(SVB_DAG_S)), Vws()
        self.svb, self.vws = self._stuf(SVB, svb), self._stuf(VWS, vws)
        adressen = {}
        for partij in (self.zwolle, self.utrecht, self.wilg, self.svb, self.vws):
            stapel.push_async_callback(partij.close)
            adressen[partij.code] = await partij.start()
        stapel.callback(asyncio.create_task(play(self.svb, svb)).cancel)
        vecozo = VecozoSimulatie([AchterVecozo.code], server=server_context(self._instellingen(VECOZO.stam)))
        stapel.push_async_callback(vecozo.close)
        adressen[VECOZO.code] = await vecozo.start()
        self.es = AchterVecozo(vecozo)
        return adressen

    def _fill_database(self) -> None:
        Kluis.create(self.configuratie.sleutels.map)
        upgrade(self.configuratie.database.full_url())
        inschrijvingen = parse_toml(self.paden.partijen.read_text("utf-8"))
        write(self.configuratie, store, inschrijvingen)

    def _instellingen(self, stam: str) -> Koppelvlak:
        pki = self.paden.pki
        return credentials(pki / f"{stam}.pem", pki / f"{stam}.key", pki / "ca.pem")

    def _own_server(self, deelnemer: Deelnemer) -> ssl.SSLContext:
        """Context of a server that asks no certificate: who calls a webhook shows a token."""
        context = server_context(self._instellingen(deelnemer.stam))
        context.verify_mode = ssl.CERT_NONE
        return context

    def _stuf(self, deelnemer: Deelnemer, spel: Ketenspel | None = None) -> StufPartij:
        instellingen = self._instellingen(deelnemer.stam)
        server, client = server_context(instellingen), client_context(instellingen)
        if spel is None:
            return StufPartij(deelnemer.code, deelnemer.naam, server=server, client=client)
        return StufPartij(deelnemer.code, deelnemer.naam, server=server, client=client, beantwoord=spel.answer)
