"""A hub in this process with a gemeente and the four ketenpartijen around it, whose calendar a test moves."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

from proefhub import Deelnemer, Proefhub

from istandaarden.opbouw import build
from istandaarden.standaardmap import in_gebruik
from knooppunt.configuratiebestand import load
from knooppunt.hub import Hub
from knooppunt.simulatie.cak import Cak
from knooppunt.simulatie.cbs import Cbs
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.grootboek import Boeking
from knooppunt.simulatie.ketenspel import Ketenspel, play
from knooppunt.simulatie.klok import today
from knooppunt.simulatie.pgbboek import Pgbboek, steady
from knooppunt.simulatie.storing import Storingen
from knooppunt.simulatie.stuf import StufPartij
from knooppunt.simulatie.svb import Svb
from knooppunt.simulatie.verlopen import expiring_server
from knooppunt.simulatie.vws import Vws
from knooppunt.tls import client_context
from routing.pgb import Overstap
from routing.pgbimport import Wijziging, store
from routing.releaseimport import parse_calendar
from routing.releaseimport import store as store_release

GEMEENTE, BSN = "0344", "999993653"
_OIN = {"SVB": "1", "VWS": "2", "CAK": "3", "CBS": "4"}
GEDULD = 60.0


@dataclass(frozen=True)
class Partij(Deelnemer):
    """A partij whose code need not be a number."""

    @property
    def oin(self) -> str:
        return _OIN.get(self.code, self.code).rjust(20, "0")


class Kalender:
    """The day on which the ketenpartijen live."""

    def __init__(self) -> None:
        self.dag = today()

    def __call__(self) -> date:
        return self.dag


class Pgbketen:
    """Use as an async context; `gemeente` and `partijen` have ledgers, `storingen` are the faults per ketenpartij."""

    def __init__(self, map_: Path) -> None:
        self.kalender = Kalender()
        self.storingen = {code: Storingen() for code in _OIN}
        self._proef = Proefhub(map_, [Partij(code, code) for code in (GEMEENTE, *_OIN)])
        self._stapel = AsyncExitStack()
        self._pki = map_ / "pki"

    async def __aenter__(self) -> Self:
        spelen: dict[str, Ketenspel] = {
            "SVB": Svb(Pgbboek(steady(0.5)), self.kalender),
            "VWS": Vws(Pgbboek(steady(0.5)), self.kalender),
            "CAK": Cak(self.kalender),
            "CBS": Cbs(),
        }
        self.gemeente = self._proef.stuf_partij(GEMEENTE)
        self.partijen = {code: self._partij(code, spelen[code]) for code in _OIN}
        alle = {GEMEENTE: self.gemeente, **self.partijen}
        adressen = {}
        for code, partij in alle.items():
            self._stapel.push_async_callback(partij.close)
            adressen[code] = await partij.start()
        await self._proef.register(adressen)
        omgeving = os.environ | {"KNOOPPUNT_AFLEVERING__ANTWOORD_SECONDEN": "1"}
        self.hub = await self._stapel.enter_async_context(Hub(load(self._proef.map / "knooppunt.toml", omgeving)))
        for partij in alle.values():
            partij.connect_hub(self.hub.koppelvlak_url)
        for code, spel in spelen.items():
            self._stapel.callback(asyncio.create_task(play(self.partijen[code], spel)).cancel)
        return self

    async def __aexit__(self, *_fout: object) -> None:
        await self._stapel.aclose()

    def _partij(self, code: str, spel: Ketenspel) -> StufPartij:
        stam = code.lower()
        eigen = credentials(self._pki / f"{stam}.pem", self._pki / f"{stam}.key", self._pki / "ca.pem")
        lot = self.storingen[code]
        server, client = expiring_server(eigen, lot), client_context(eigen)
        return StufPartij(code, code, server=server, client=client, storingen=lot, beantwoord=spel.answer)

    async def move(self, datum: date | None) -> None:
        """Set the date of the going over, and let the hub see it."""
        overstap = Overstap(GEMEENTE, datum) if datum else None
        await self.hub.opslag.write(store, [Wijziging(GEMEENTE, overstap)])
        await self.hub.register_bron.refresh(self.hub.opslag)

    async def open_ieb(self) -> None:
        """Open iEb 1.0 again, which the built-in calendar closed in 2023."""
        opnieuw = parse_calendar({"release": [{"standaarden": ["ieb"], "release": "1.0", "retour_dicht": "geen"}]})
        await self.hub.opslag.write(store_release, opnieuw)
        await self.hub.register_bron.refresh(self.hub.opslag)

    async def got(self, functie: str, op: str | None = None) -> Boeking:
        """Wait for what the gemeente receives."""

        def fits(boeking: Boeking) -> bool:
            return boeking.functie == functie and op in (None, boeking.envelop.stuurgegevens.cross_ref)

        return await self.gemeente.grootboek.wait_for(fits, GEDULD)

    async def arrived(self, code: str, referentienummer: str) -> Boeking:
        """Wait for what a ketenpartij receives."""
        return await self.partijen[code].grootboek.wait_for(lambda b: b.referentienummer == referentienummer, GEDULD)

    def later(self, **delta: int) -> None:
        """Let days pass for the ketenpartijen."""
        self.kalender.dag += timedelta(**delta)


def tkb(nummer: str, begin: date, einde: date) -> bytes:
    """A toekenning of iPgb 1.0 with the labels of the published cases."""
    return (
        f"<TKB><Budgetnummer>{nummer}</Budgetnummer><Bsn>{BSN}</Bsn><Functiebudget><Zorg>01</Zorg>"
        f"<Ingangsdatum>{begin}</Ingangsdatum><Einddatum>{einde}</Einddatum><Bedrag>100000</Bedrag>"
        "<Verantwoordingsvrij>5000</Verantwoordingsvrij></Functiebudget></TKB>"
    ).encode()


def ipgb501(nummer: str, begin: date, einde: date, *, oud: str | None = None, bedrag: int = 100_000) -> bytes:
    """A toekenning of iPgb 2.1."""
    soort = in_gebruik().find("WMO501", "2.1")
    periode = {"Begindatum": begin, "Einddatum": einde}
    functie = {"Zorgfunctie": "01", "FunctieBudgetPeriode": periode, "FunctieBudgetBedrag": bedrag}
    budget = {
        "BudgetIdentificatie": nummer,
        "BudgetIdentificatieOud": oud,
        "BudgetPeriode": periode,
        "FunctieBudgetten": {"FunctieBudget": [functie]},
    }
    return build(soort, {"Header": _header(nummer), "Client": {"Bsn": BSN, "Budget": budget}})


def ieb(functie: str, nummer: int, dag: date) -> bytes:
    """A start (WMO401) or stop (WMO403) of the eigen bijdrage."""
    klasse, veld = {"WMO401": ("Start", "EbStartdatum"), "WMO403": ("Stop", "EbStopdatum")}[functie]
    inhoud: dict[str, Any] = {"EbStartNummer": nummer, veld: dag, "StatusAanlevering": "1"}
    client = {"Bsn": BSN, f"{klasse}EigenBijdrage": inhoud}
    return build(in_gebruik().find(functie, "1.0"), {"Header": _header(f"{functie}{nummer}"), "Client": client})


def _header(identificatie: str) -> dict[str, Any]:
    return {
        "Afzender": GEMEENTE,
        "BerichtIdentificatie": {"Identificatie": identificatie[:12], "Dagtekening": today()},
        "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
    }
