"""The world of the demo: a folder with certificates, keys, register and configuration, a hub process, four partijen."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters.stufggk.server import PAD
from knooppunt.configuratie import Configuratie, Koppelvlak
from knooppunt.configuratiebestand import load
from knooppunt.databank import write
from knooppunt.demo.deelnemers import ANKER, DEELNEMERS, UTRECHT, WILG, ZWOLLE, Deelnemer, register_toml
from knooppunt.pki import make_demo
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.stuf import StufPartij
from knooppunt.simulatie.vsp import VspPartij
from knooppunt.tls import client_context, server_context
from routing.kluis import Kluis
from routing.opslag import upgrade
from routing.registerimport import parse_toml, store

_OPSTARTTIJD = 60.0
_AFSLUITTIJD = 20.0

_CONFIGURATIE = """\
# Knooppunt van de demo. Alle bestanden staan in deze map; verwijder de map en alles is weg.

[database]
url = "sqlite:///knooppunt.db"

[sleutels]
map = "sleutels"

[koppelvlak]
adres = "127.0.0.1"
poort = 0                     # een vrije poort; welke het werd, staat in klaar.json
certificaat = "pki/hub.pem"
sleutel = "pki/hub.key"
ca = "pki/ca.pem"

[beheer]
poort = 0

[aflevering]
ladder_eerste_seconden = 0.5   # kort, zodat de demo niet lang wacht
ladder_langste_seconden = 1.5

[logging]
vorm = "tekst"
toegang = false               # een zorgaanbieder kijkt hier vijf keer per seconde of er iets is
"""


class OpstartFout(RuntimeError):
    """The hub did not start; the text says in Dutch why, with the end of its log."""


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
        """Heenberichten to look at and to send by hand."""
        return self.map / "berichten"

    @property
    def log(self) -> Path:
        """What the hub wrote on standard error."""
        return self.map / "knooppunt.log"

    @property
    def klaar(self) -> Path:
        """Where the hub writes its ports."""
        return self.map / "klaar.json"


class Omgeving:
    """Everything that runs during the demo; use as an async context manager."""

    zwolle: StufPartij
    utrecht: StufPartij
    wilg: StufPartij
    anker: VspPartij
    configuratie: Configuratie
    hub_url: str

    def __init__(self, map_: Path) -> None:
        """Take the folder; it must be empty or absent."""
        self.paden = Paden(map_)
        self._hub: asyncio.subprocess.Process | None = None

    @property
    def koppelvlak_url(self) -> str:
        """Where StUF-GGk berichten are offered."""
        return self.hub_url + PAD

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, _soort: type[BaseException] | None, _fout: BaseException | None, _spoor: TracebackType | None
    ) -> None:
        await self._stop()

    async def _start(self) -> None:
        self.paden.map.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(make_demo, self.paden.pki, [(d.stam, d.oin) for d in DEELNEMERS])
        self.zwolle, self.utrecht, self.wilg = (self._stuf(d) for d in (ZWOLLE, UTRECHT, WILG))
        adressen = {partij.code: await partij.start() for partij in (self.zwolle, self.utrecht, self.wilg)}
        self.paden.config.write_text(_CONFIGURATIE, "utf-8")
        self.paden.partijen.write_text(register_toml(adressen), "utf-8")
        self.configuratie = load(self.paden.config, {})
        await asyncio.to_thread(self._fill_database)
        await self._start_hub()
        for partij in (self.zwolle, self.utrecht, self.wilg):
            partij.connect_hub(self.hub_url)
        self.anker = VspPartij(
            ANKER.code, ANKER.naam, hub=self.hub_url, client=client_context(self._instellingen(ANKER))
        )
        await self.anker.start()

    def _fill_database(self) -> None:
        Kluis.create(self.configuratie.sleutels.map)
        upgrade(self.configuratie.database.full_url())
        inschrijvingen = parse_toml(self.paden.partijen.read_text("utf-8"))
        write(self.configuratie, store, inschrijvingen)

    def _instellingen(self, deelnemer: Deelnemer) -> Koppelvlak:
        pki = self.paden.pki
        return credentials(pki / f"{deelnemer.stam}.pem", pki / f"{deelnemer.stam}.key", pki / "ca.pem")

    def _stuf(self, deelnemer: Deelnemer) -> StufPartij:
        instellingen = self._instellingen(deelnemer)
        return StufPartij(
            deelnemer.code,
            deelnemer.naam,
            server=server_context(instellingen),
            client=client_context(instellingen),
        )

    async def _start_hub(self) -> None:
        opdracht = (
            "serve",
            "--config",
            str(self.paden.config),
            "--klaar-bestand",
            str(self.paden.klaar),
        )
        with self.paden.log.open("wb") as log:
            self._hub = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                "from knooppunt.cli import main; main()",
                *opdracht,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops the hub itself
            )
        try:
            async with asyncio.timeout(_OPSTARTTIJD):
                while not self.paden.klaar.exists():
                    if self._hub.returncode is not None:
                        raise OpstartFout(f"Het knooppunt stopte meteen weer.\n{self.log_tail()}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise OpstartFout(f"Het knooppunt startte niet binnen {_OPSTARTTIJD:.0f} s.\n{self.log_tail()}") from None
        self.hub_url = json.loads(self.paden.klaar.read_text("utf-8"))["koppelvlak"]

    async def _stop(self) -> None:
        for naam in ("zwolle", "utrecht", "wilg", "anker"):
            partij: StufPartij | VspPartij | None = getattr(self, naam, None)
            if partij is not None:
                await partij.close()
        if self._hub is None or self._hub.returncode is not None:
            return
        self._hub.terminate()
        try:
            async with asyncio.timeout(_AFSLUITTIJD):
                await self._hub.wait()
        except TimeoutError:
            self._hub.kill()
            await self._hub.wait()

    def log_tail(self, regels: int = 15) -> str:
        """Return the end of the hub's log, to show when something failed."""
        try:
            return "\n".join(self.paden.log.read_text("utf-8", errors="replace").splitlines()[-regels:])
        except OSError:
            return ""
