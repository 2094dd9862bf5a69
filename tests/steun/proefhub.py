"""Hubs in processes of their own, with partijen of the test around it; they can be killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import ssl
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sjabloon import make_tables

from knooppunt.pki import make_demo
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.stuf import PAD, StufPartij
from knooppunt.tls import client_context, server_context
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.registerimport import parse_toml, store

_OPSTARTTIJD = 180


@dataclass(frozen=True)
class Deelnemer:
    """A partij of the test; with `url` berichten are pushed there, without it collects them over VSP."""

    code: str
    naam: str
    mag: tuple[str, ...] = ("*",)

    @property
    def oin(self) -> str:
        return self.code.rjust(20, "0")


class Knoop:
    """One process of a hub, on the configuration in a folder; `basis` and `beheer` are where it listens."""

    def __init__(self, map_: Path, database_url: str, naam: str = "hub") -> None:
        self.map = map_
        self.database_url = database_url
        self.naam = naam
        self.proces: asyncio.subprocess.Process | None = None
        self.basis = self.beheer = ""

    async def start(self, *opties: str, **omgeving: str) -> str:
        """Start the process and return where it listens for StUF-GGk."""
        klaar = self.map / f"{self.naam}.json"
        klaar.unlink(missing_ok=True)
        log = (self.map / f"{self.naam}.log").open("ab")
        with log:
            self.proces = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                "from knooppunt.cli import main; main()",
                "serve",
                "--config",
                str(self.map / "knooppunt.toml"),
                "--klaar-bestand",
                str(klaar),
                *opties,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"KNOOPPUNT_DATABASE__URL": self.database_url} | omgeving,
            )
        async with asyncio.timeout(_OPSTARTTIJD):
            while not klaar.exists():
                if self.proces.returncode is not None:
                    raise RuntimeError((self.map / f"{self.naam}.log").read_text("utf-8")[-4000:])
                await asyncio.sleep(0.02)  # the process is another one: its file is the signal
        adressen = json.loads(klaar.read_text("utf-8"))
        self.basis, self.beheer = adressen["koppelvlak"], adressen["beheer"]
        return self.basis + PAD

    async def kill(self) -> None:
        """End the process as a power cut would."""
        assert self.proces is not None
        with contextlib.suppress(ProcessLookupError):
            self.proces.kill()
        await self.proces.wait()

    def freeze(self) -> None:
        """Let the process stand still, as a machine that swaps or a virtual machine that is moved."""
        assert self.proces is not None
        self.proces.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on as if nothing happened."""
        assert self.proces is not None
        self.proces.send_signal(signal.SIGCONT)

    async def died(self, seconden: float) -> bool:
        """Wait until the process is gone; False when it still lives after so long."""
        assert self.proces is not None
        try:
            async with asyncio.timeout(seconden):
                await self.proces.wait()
        except TimeoutError:
            return False
        return True

    async def stop(self) -> int:
        """Stop the process cleanly and return its exit code."""
        if self.proces is None:
            return 0
        if self.proces.returncode is None:
            self.proces.terminate()
            self.thaw()  # a frozen one would never hear of it
        return await self.proces.wait()


class Proefhub(Knoop):
    """Folder, certificates, register and a process. `database_url` None means SQLite in the folder."""

    def __init__(self, map_: Path, deelnemers: Iterable[Deelnemer], database_url: str | None = None) -> None:
        super().__init__(map_, database_url or f"sqlite:///{map_ / 'knooppunt.db'}")
        self.deelnemers = tuple(deelnemers)
        make_demo(map_ / "pki", [(d.code.lower(), d.oin) for d in self.deelnemers])
        self.kluis = Kluis.create(map_ / "sleutels")
        (map_ / "knooppunt.toml").write_text(
            """
[database]
url = "sqlite:///knooppunt.db"
[sleutels]
map = "sleutels"
[koppelvlak]
poort = 0
certificaat = "pki/hub.pem"
sleutel = "pki/hub.key"
ca = "pki/ca.pem"
[beheer]
poort = 0
[bewaking]
schijf_waarschuwing_mib = 0
schijf_weiger_mib = 0
[aflevering]
ladder_eerste_seconden = 0.2
ladder_langste_seconden = 1.0
[logging]
toegang = false
""",
            "utf-8",
        )
        make_tables(self.database_url)

    def credentials(self, code: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        """TLS contexts of a partij: to listen with, to connect with."""
        pki, stam = self.map / "pki", code.lower()
        instellingen = credentials(pki / f"{stam}.pem", pki / f"{stam}.key", pki / "ca.pem")
        return server_context(instellingen), client_context(instellingen)

    def stuf_partij(self, code: str, *, antwoordt: bool = False) -> StufPartij:
        server, client = self.credentials(code)
        return StufPartij(code, code, server=server, client=client, antwoordt=antwoordt)

    async def register(self, adressen: dict[str, str]) -> None:
        """Fill the register; a partij without an address collects its berichten."""
        blokken = []
        for d in self.deelnemers:
            mag = json.dumps(list(d.mag))
            weg = f'url = "{adressen[d.code]}"' if d.code in adressen else 'kanaal = "pull"\nprotocol = "vsp"'
            blokken.append(
                f'[[partij]]\ncode = "{d.code}"\nnaam = "{d.naam}"\n{weg}\nidentiteiten = ["oin:{d.oin}"]\n'
                f"mag_zenden = {mag}\nmag_ontvangen = {mag}\n"
            )
        opslag = Opslag(self.database_url, exclusief=False)
        try:
            await opslag.write(store, parse_toml("\n".join(blokken)))
        finally:
            await opslag.close()
