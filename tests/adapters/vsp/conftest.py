"""A VSP interface on a real socket, with an intake and an afhaalbak that only remember."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.vsp.client import Bytes, VspClient
from adapters.vsp.model import BerichtMetadata
from adapters.vsp.server import Instellingen, VspInterface
from routing.afhaal import Klaarstaand, Statusregel
from routing.bericht import (
    Aanlevering,
    Berichtcode,
    Bestandsvorm,
    Envelop,
    Identiteit,
    Parameters,
    Stuurgegevens,
    Systeem,
)
from routing.partij import Aansluiting, Kanaal, Partij, Partijsoort, Protocol
from routing.poorten import Ontvangst, Ontvangstsoort, UitgaandePayload
from routing.register import Register, RegisterBron

AANBIEDER, GEMEENTE, ANDER = "99990001", "0518", "99990002"
IDENTITEIT = Identiteit(oin=None, vingerafdruk="aa" * 32, naam="test")
ONBEKEND = Identiteit(oin=None, vingerafdruk="bb" * 32, naam="vreemde")


@dataclass
class Intake:
    """An intake that keeps what it gets and answers as told."""

    antwoord: Ontvangst = field(default_factory=lambda: Ontvangst(Ontvangstsoort.AANGENOMEN, "r", "t"))
    kreeg: list[Aanlevering] = field(default_factory=list)
    fout: Exception | None = None

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        if self.fout:
            raise self.fout
        self.kreeg.append(aanlevering)
        return self.antwoord


@dataclass
class Bak:
    """An afhaalbak in memory: per partij what waits, and statuses with the partijen that may see them."""

    wacht: list[tuple[str, Klaarstaand, UitgaandePayload]] = field(default_factory=list)
    regels: list[tuple[frozenset[str], str, Statusregel]] = field(default_factory=list)
    fout: Exception | None = None

    def put(self, envelop: Envelop, payload: bytes | UitgaandePayload) -> Klaarstaand:
        inhoud = Bytes(payload) if isinstance(payload, bytes) else payload
        moment = datetime(2026, 1, 5, 9, 15, len(self.wacht) % 60, tzinfo=UTC)
        klaar = Klaarstaand(str(uuid.uuid4()), envelop, moment, inhoud.digest, inhoud.size)
        self.wacht.append((envelop.stuurgegevens.ontvanger.organisatie, klaar, inhoud))
        return klaar

    async def list_ready(
        self,
        partijen: frozenset[str],
        *,
        limit: int,
        functie: str | None = None,
        versie: int | None = None,
        subversie: int | None = None,
        conversatie: str | None = None,
        cross_ref: str | None = None,
    ) -> list[Klaarstaand]:
        if self.fout:
            raise self.fout

        def fits(envelop: Envelop) -> bool:
            sg, p = envelop.stuurgegevens, envelop.parameters
            return (
                functie in (None, sg.functie)
                and (versie is None or (p is not None and int(p.functie_versie) == versie))
                and (subversie is None or (p is not None and int(p.functie_subversie) == subversie))
                and conversatie in (None, sg.cross_ref or sg.referentienummer)
                and cross_ref in (None, sg.cross_ref)
            )

        return [klaar for wie, klaar, _ in self.wacht if wie in partijen and fits(klaar.envelop)][:limit]

    def _find(self, partijen: frozenset[str], nummer: str) -> int | None:
        for plek, (wie, klaar, _) in enumerate(self.wacht):
            if wie in partijen and klaar.envelop.stuurgegevens.referentienummer == nummer:
                return plek
        return None

    async def open(self, partijen: frozenset[str], nummer: str) -> tuple[Klaarstaand, UitgaandePayload] | None:
        plek = self._find(partijen, nummer)
        return None if plek is None else self.wacht[plek][1:]

    async def confirm(self, partijen: frozenset[str], nummer: str) -> bool:
        plek = self._find(partijen, nummer)
        if plek is None:
            return False
        del self.wacht[plek]
        return True

    async def statuses(
        self, partijen: frozenset[str], *, referentienummer: str | None = None, conversatie: str | None = None
    ) -> list[Statusregel]:
        return [
            regel
            for wie, gesprek, regel in self.regels
            if wie & partijen
            and referentienummer in (None, regel.envelop.stuurgegevens.referentienummer)
            and conversatie in (None, gesprek)
        ]


@dataclass
class Opstelling:
    """The interface under test, its fakes and a client."""

    url: str
    intake: Intake
    bak: Bak
    client: VspClient
    http: aiohttp.ClientSession
    wie: Callable[[Identiteit], None]

    @property
    def push_url(self) -> str:
        return f"{self.url}/berichten/rest-push/v1/berichten"

    @property
    def pull_url(self) -> str:
        return f"{self.url}/berichten/rest-pull/v1/berichten"

    @property
    def status_url(self) -> str:
        return f"{self.url}/berichtstatus/rest-pull/v3/berichtstatussen"


def register() -> Register:
    kenmerk = (f"sha256:{IDENTITEIT.vingerafdruk}",)
    partijen = [Partij(code, Partijsoort.ZORGAANBIEDER, code) for code in (AANBIEDER, ANDER)]
    return Register.of(partijen, [Aansluiting(AANBIEDER, kenmerk, Kanaal.PULL, Protocol.VSP)], ())


@pytest.fixture
def instellingen() -> Instellingen:
    return Instellingen()


@pytest.fixture
async def opstelling(instellingen: Instellingen) -> AsyncIterator[Opstelling]:
    intake, bak = Intake(), Bak()
    identiteit = [IDENTITEIT]
    app = web.Application()
    VspInterface(intake, bak, RegisterBron(register()), lambda _: identiteit[0], instellingen).add_routes(app)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    poort = runner.addresses[0][1]
    url = f"http://127.0.0.1:{poort}/vsp"

    def wie(andere: Identiteit) -> None:
        identiteit[0] = andere

    async with VspClient(url) as client, aiohttp.ClientSession() as http:
        yield Opstelling(url, intake, bak, client, http, wie)
    await runner.cleanup()


def _uuid() -> str:
    return str(uuid.uuid4())


def _metadata(**anders: Any) -> dict[str, Any]:
    """Metadata of a heenbericht WMO315 as JSON; keys with dots replace what is inside, None takes a field away."""
    traceer = _uuid()
    vorm: dict[str, Any] = {
        "routeringgegevens": {
            "afzender": {"rol": "Instelling", "code": AANBIEDER},
            "geadresseerden": [{"rol": "Gemeente", "code": GEMEENTE}],
            "berichtstroom": {
                "berichttype": "WMO315",
                "berichtversie": 3,
                "berichtsubversie": 2,
                "actie": "Aanleveren",
            },
        },
        "referentiegegevens": {"conversatieId": traceer, "traceerId": traceer},
    }
    for pad, waarde in anders.items():
        *boven, laatste = pad.split("__")
        deel = vorm
        for naam in boven:
            deel = deel[naam]
        if waarde is None:
            del deel[laatste]
        else:
            deel[laatste] = waarde
    return vorm


def _envelop(**anders: Any) -> Envelop:
    """A WMO301 from gemeente to aanbieder as it came over StUF; arguments replace stuurgegevens or parameters."""
    sg = Stuurgegevens(
        berichtcode=Berichtcode.DI01,
        zender=Systeem(GEMEENTE, "Gemeentesuite", "Gemeente Den Haag"),
        ontvanger=Systeem(AANBIEDER, "GGk"),
        referentienummer=_uuid(),
        tijdstip="20260105091500000",
        functie="WMO301",
    )
    p = Parameters("0012", "0003", "0003", "0002", Bestandsvorm.XML)
    voor_sg = {k: v for k, v in anders.items() if k in Stuurgegevens.__dataclass_fields__}
    voor_p = {k: v for k, v in anders.items() if k in Parameters.__dataclass_fields__}
    rest = {k: v for k, v in anders.items() if k not in voor_sg and k not in voor_p}
    return replace(Envelop(replace(sg, **voor_sg), replace(p, **voor_p)), **rest)


@pytest.fixture
def make_metadata() -> Callable[..., dict[str, Any]]:
    return _metadata


@pytest.fixture
def make_model() -> Callable[..., BerichtMetadata]:
    import json

    return lambda **anders: BerichtMetadata.model_validate_json(json.dumps(_metadata(**anders)))


@pytest.fixture
def make_envelop() -> Callable[..., Envelop]:
    return _envelop


@pytest.fixture
def make_uuid() -> Callable[[], str]:
    return _uuid


@pytest.fixture
def onbekend() -> Identiteit:
    return ONBEKEND
