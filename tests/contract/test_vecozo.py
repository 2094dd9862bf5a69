"""A hub and a simulated VECOZO, over real sockets and on both databases: out, back, refused, and when things break."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from adapters.vsp.client import VspBezorger, VspFout
from adapters.vsp.halen import Haler
from adapters.vsp.model import (
    Basisgegevens,
    BerichtMetadata,
    BerichtstatusGegevens,
    Checksum,
    Gereedstaand,
    HttpsDownload,
)
from adapters.vsp.tussenpartij import Tussenpartij
from adapters.vsp.vertaling import to_metadata
from adapters.vsp.volgen import Statusvolger
from istandaarden.bevinding import Bevinding
from istandaarden.opbouw import build
from istandaarden.retour import build_retour
from knooppunt.demo.casus import wmo_casus
from knooppunt.simulatie.grootboek import Boeking, Richting
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.storing import read_storing
from knooppunt.simulatie.vecozo import VecozoSimulatie
from knooppunt.vecozo import vecozo_tasks
from routing import incident, schema
from routing.aflevering import Afleveraar, Instellingen
from routing.bericht import Aanlevering, Berichtcode, Identiteit
from routing.bewaking import note_failure
from routing.envelopvorm import from_json
from routing.foutbericht import Afzender, Foutmelder
from routing.fouten import make_fout
from routing.herzending import resend
from routing.incident import Incidentboek
from routing.intake import Intake
from routing.klok import Klok
from routing.kluis import Kluis
from routing.ladder import Ladder
from routing.onderhoud import Onderhoud
from routing.opslag import Opslag
from routing.partij import Aansluiting, Kanaal, Machtiging, Partij, Partijsoort, Protocol
from routing.partij import Richting as Machtigingsrichting
from routing.payload import Payload
from routing.poorten import Ontvangst, Ontvangstsoort
from routing.register import Register, RegisterBron
from routing.status import Status
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen
from routing.vecozocodes import from_vecozo

CASUS = wmo_casus(date(2026, 3, 4))
GEMEENTE, AGB, HIER = CASUS.gemeente, CASUS.aanbieder, "98010009"
HEEN = build(CASUS.berichtsoort("301"), CASUS.inhoud("301"))
TERUG = build(CASUS.berichtsoort("315"), CASUS.inhoud("315"))
VAN_GEMEENTE = Identiteit("00000001999999990193", "", "gemeente")
VAN_VECOZO = Identiteit("00000001999999990777", "", "VECOZO")
DAG_MS = 24 * 3600 * 1000


class Proef:
    """A hub with a gemeente on pull, and VECOZO behind a push; time and faults are in the hands of the test."""

    def __init__(self, opslag: Opslag, kluis: Kluis, klok: Klok, vecozo: VecozoSimulatie) -> None:
        self.opslag, self.klok, self.vecozo = opslag, klok, vecozo
        self.bron = RegisterBron(register(vecozo.url))
        self.melder = Foutmelder(kluis, self.bron, Termijnen(DAG_MS, DAG_MS), Afzender())
        self.intake = Intake(opslag, self.melder, Toetser(), self._wake)
        self.gewekt: list[str] = []
        self.bezorger = VspBezorger()
        self.motor = Afleveraar(
            opslag,
            kluis,
            self.bron,
            {Protocol.VSP: self.bezorger},
            self.melder.report_failure,
            instellingen=Instellingen(poll_s=0.02, ladder=Ladder(0.01, 0.01)),
        )
        self.tussenpartij = Tussenpartij(self.bron)
        self.haler = self.maak_haler()
        self.volger = Statusvolger(
            self.tussenpartij,
            self.melder.report_failure,
            lambda _zender: "B",
            self.gewekt.append,
            geduld_s=60,
            ladder=Ladder(0, 0),
        )

    def _wake(self, lane: str) -> None:
        self.motor.wake(lane)

    def maak_haler(self) -> Haler:
        return Haler(self.tussenpartij, self.intake, Afzender(), ladder=Ladder(0, 0))

    async def close(self) -> None:
        await self.motor.stop()
        await self.tussenpartij.close()
        await self.bezorger.close()

    async def zend(self, naar: str = AGB) -> tuple[Ontvangst, str]:
        envelop = compose_envelop(van=GEMEENTE, naar=naar, functie="WMO301")
        payload = Payload(HEEN.replace(AGB.encode(), naar.encode()))
        ontvangst = await self.intake.accept(Aanlevering(envelop, payload, VAN_GEMEENTE, "stuf"))
        return ontvangst, envelop.stuurgegevens.referentienummer

    async def berichten(self, **waarden: object) -> list[sa.Row]:
        b = schema.bericht
        vraag = sa.select(b).where(*(b.c[k] == v for k, v in waarden.items())).order_by(b.c.ontvangen_op, b.c.id)
        return await self.opslag.read(lambda conn: conn.execute(vraag).all())

    async def verhaal(self, bericht_id: str) -> list[tuple[str, str]]:
        g = schema.gebeurtenis.c
        vraag = sa.select(g.soort, g.toelichting).where(g.bericht_id == bericht_id).order_by(g.id)
        return [tuple(rij) for rij in await self.opslag.read(lambda conn: conn.execute(vraag).all())]

    async def tot(self, klaar: Callable[[], Awaitable[object]]) -> None:
        """Let the hub work until something holds; the test's own time-out is the limit."""
        while not await klaar():
            await self.haler.turn()

    async def bezorgd(self, bericht_id: str | None) -> None:
        async def klaar() -> bool:
            return (await self.berichten(id=bericht_id))[0].status == Status.BEZORGD

        await self.tot(klaar)

    async def afgeleverd(self, bericht_id: str | None) -> None:
        """Wait until it is delivered, and collect nothing meanwhile: the aanbieder may have answered by then."""
        while (await self.berichten(id=bericht_id))[0].status != Status.BEZORGD:  # noqa: ASYNC110 - a row
            await asyncio.sleep(0.01)

    async def bij_aanbieder(self, referentie: str) -> Boeking:
        return await self.vecozo.grootboeken[AGB].wait_for(lambda b: b.referentienummer == referentie, 30)


def register(url: str) -> Register:
    def mag(partij: str, *soorten: str) -> list[Machtiging]:
        return [Machtiging(partij, richting, soort) for richting in Machtigingsrichting for soort in soorten]

    return Register.of(
        [Partij(HIER, Partijsoort.ZORGAANBIEDER, "hier aangesloten")],
        [
            Aansluiting(GEMEENTE, (f"oin:{VAN_GEMEENTE.oin}",), Kanaal.PULL, Protocol.VSP),
            Aansluiting(HIER, ("oin:00000001999999990778",), Kanaal.PULL, Protocol.VSP),
            Aansluiting("VECOZO", (f"oin:{VAN_VECOZO.oin}",), Kanaal.PUSH, Protocol.VSP, url),
        ],
        [*mag(GEMEENTE, "WMO*", "JW*"), *mag(HIER, "WMO*"), *mag("VECOZO", "WMO*")],
    )


@pytest.fixture
async def vecozo() -> AsyncIterator[VecozoSimulatie]:
    simulatie = VecozoSimulatie([AGB], server=None)
    await simulatie.start()
    yield simulatie
    await simulatie.close()


@pytest.fixture
async def proef(opslag: Opslag, kluis: Kluis, klok: Klok, vecozo: VecozoSimulatie) -> AsyncIterator[Proef]:
    proef = Proef(opslag, kluis, klok, vecozo)
    proef.motor.start()
    yield proef
    await proef.close()


async def test_a_heenbericht_goes_out_through_vecozo_and_its_retour_comes_back(proef: Proef) -> None:
    ontvangst, referentie = await proef.zend()
    aangekomen = await proef.bij_aanbieder(referentie)
    assert aangekomen.payload == HEEN

    async def retour() -> list[sa.Row]:
        return await proef.berichten(ontvanger=GEMEENTE, functie="WMO302")

    await proef.tot(retour)
    [terug] = await retour()
    verzonden = proef.vecozo.grootboeken[AGB].sent(terug.referentienummer)
    assert verzonden is not None
    assert (terug.zender, terug.cross_ref, terug.payload_digest) == (AGB, referentie, verzonden.digest)
    assert terug.conversatie == referentie
    assert await proef.haler.turn() == 0  # confirmed: nothing waits there any more
    [heen] = await proef.berichten(id=ontvangst.bericht_id)
    route = next(t for soort, t in await proef.verhaal(heen.id) if soort == "route")
    assert f"{AGB} is zelf niet aangesloten; het bericht gaat via VECOZO." in route


async def test_one_who_is_connected_here_is_never_reached_through_vecozo(proef: Proef) -> None:
    ontvangst, _ = await proef.zend(naar=HIER)
    [bericht] = await proef.berichten(id=ontvangst.bericht_id)
    a = schema.aflevering.c
    lanes = await proef.opslag.read(lambda conn: conn.execute(sa.select(a.lane)).scalars().all())
    assert (bericht.status, lanes) == (Status.WORDT_AANGEBODEN, [HIER])
    assert await proef.opslag.read(lambda conn: conn.execute(sa.select(schema.doorgifte)).all()) == []


@pytest.mark.parametrize("storing", ["kwijt/bevestiging", "fout:500/bevestiging"])
async def test_a_confirmation_that_fails_makes_no_second_bericht(proef: Proef, storing: str) -> None:
    await proef.vecozo.send(AGB, "WMO315", TERUG, GEMEENTE)
    proef.vecozo.storingen.switch([read_storing(storing)])
    assert await proef.haler.turn() == 0
    assert len(await proef.berichten(zender=AGB)) == 1
    proef.vecozo.storingen.switch([])
    await proef.haler.turn()
    assert await proef.haler.turn() == 0
    assert len(await proef.berichten(zender=AGB)) == 1


async def test_a_hub_that_dies_before_it_confirms_fetches_again_and_stores_nothing_new(proef: Proef) -> None:
    await proef.vecozo.send(AGB, "WMO315", TERUG, GEMEENTE)

    class Sterft:
        async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
            await proef.intake.accept(aanlevering)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await Haler(proef.tussenpartij, Sterft(), Afzender()).turn()
    assert len(await proef.berichten(zender=AGB)) == 1
    assert await proef.maak_haler().turn() == 1
    assert len(await proef.berichten(zender=AGB)) == 1
    assert await proef.haler.turn() == 0


@pytest.mark.parametrize(
    "storing", ["wartaal/payload", "wartaal/lijst", "fout:503/lijst", "kwijt/payload", "fout:404/payload"]
)
async def test_what_cannot_be_fetched_is_not_confirmed_and_comes_later(proef: Proef, storing: str) -> None:
    await proef.vecozo.send(AGB, "WMO315", TERUG, GEMEENTE)
    proef.vecozo.storingen.switch([read_storing(storing)])
    assert await proef.haler.turn() == 0
    assert await proef.berichten(zender=AGB) == []
    proef.vecozo.storingen.switch([])
    assert await proef.maak_haler().turn() == 1
    assert [b.payload_digest for b in await proef.berichten(zender=AGB)]


@pytest.mark.parametrize("storing", ["laat:2s/lijst", "laat:2s/payload"])
async def test_a_pull_that_is_answered_too_late_confirms_nothing(proef: Proef, storing: str) -> None:
    await proef.vecozo.send(AGB, "WMO315", TERUG, GEMEENTE)
    proef.vecozo.storingen.switch([read_storing(storing)])
    ongeduldig = Tussenpartij(proef.bron, termijn=aiohttp.ClientTimeout(total=0.3))
    assert await Haler(ongeduldig, proef.intake, Afzender()).turn() == 0
    await ongeduldig.close()
    assert await proef.berichten(zender=AGB) == []
    proef.vecozo.storingen.switch([])
    assert await proef.haler.turn() == 1


async def test_a_bericht_that_cannot_be_taken_is_passed_over_for_a_quarter_of_an_hour(proef: Proef) -> None:
    nu = 0.0
    await proef.vecozo.send(AGB, "WMO315", TERUG, GEMEENTE)
    haler = Haler(proef.tussenpartij, proef.intake, Afzender(), klok=lambda: nu)
    proef.vecozo.storingen.switch([read_storing("fout:409/payload")])
    assert await haler.turn() == 0
    proef.vecozo.storingen.switch([])
    await proef.vecozo.send(AGB, "WMO315", TERUG, GEMEENTE)
    nu = 899
    assert await haler.turn() == 1  # the other one is not held up
    nu = 901
    assert await haler.turn() == 1
    assert len(await proef.berichten(zender=AGB)) == 2


async def test_a_confirmation_that_is_answered_with_404_was_given_before(proef: Proef) -> None:
    await proef.vecozo.send(AGB, "WMO315", TERUG, GEMEENTE)
    proef.vecozo.storingen.switch([read_storing("fout:404/bevestiging")])
    assert await proef.haler.turn() == 1
    assert len(await proef.berichten(zender=AGB)) == 1


async def test_another_bericht_under_a_number_that_was_taken_is_told_to_vecozo(proef: Proef) -> None:
    ontvangst, referentie = await proef.zend()
    await proef.afgeleverd(ontvangst.bericht_id)
    vecozo = Eigen(proef.tussenpartij, referentie, retour_with(HEEN, "0001"))
    klaar, haler = vecozo.klaar, Haler(vecozo, proef.intake, Afzender())
    assert await haler.turn() == 1
    vecozo.klaar, vecozo._payload = klaar, retour_with(HEEN, "8001")
    assert await haler.turn() == 1
    [(metadata, body)] = vecozo.kreeg
    assert metadata.referentiegegevens.alsAntwoordOp == klaar[0].referentiegegevens.traceerId
    assert b"StUF016" in body
    assert vecozo.klaar == []
    assert len(await proef.berichten(ontvanger=GEMEENTE, functie="WMO302")) == 1


async def test_a_fo01_that_is_refused_here_stays_there_and_the_log_says_so(proef: Proef) -> None:
    ontvangst, _ = await proef.zend(naar="98019999")  # nobody there has this code: a Fo01 comes back
    await proef.afgeleverd(ontvangst.bericht_id)
    client = await proef.tussenpartij.client()
    assert client is not None
    while not (klaar := await client.list_ready()):  # noqa: ASYNC110 - it is made in another process
        await asyncio.sleep(0.01)

    class Weigert:
        async def accept(self, _aanlevering: Aanlevering) -> Ontvangst:
            return Ontvangst(Ontvangstsoort.GEWEIGERD, "r", "t", fout=make_fout("zender_onbekend", "B"))

    with capture_logs() as regels:
        assert await Haler(proef.tussenpartij, Weigert(), Afzender()).turn() == 0
    assert [r["traceer_id"] for r in regels if r["event"].endswith("het blijft daar staan")] == [
        klaar[0].referentiegegevens.traceerId
    ]
    assert await proef.haler.turn() == 1
    assert len(await proef.berichten(berichtcode="Fo01", ontvanger=GEMEENTE)) == 1


async def test_while_the_hub_cannot_store_nothing_is_confirmed(proef: Proef) -> None:
    await proef.vecozo.send(AGB, "WMO315", TERUG, GEMEENTE)

    class Vol:
        async def accept(self, _aanlevering: Aanlevering) -> Ontvangst:
            return Ontvangst(Ontvangstsoort.GEWEIGERD, "r", "t", fout=make_fout("opslaan_onmogelijk", "B"))

    assert await Haler(proef.tussenpartij, Vol(), Afzender(), ladder=Ladder(0, 0)).turn() == 0
    assert await proef.haler.turn() == 1


async def test_a_zorgaanbieder_that_is_connected_here_cannot_be_spoken_for_by_vecozo(proef: Proef) -> None:
    envelop = compose_envelop(van=HIER, naar=GEMEENTE, functie="WMO315")
    ontvangst = await proef.intake.accept(Aanlevering(envelop, Payload(TERUG), VAN_VECOZO, "vsp"))
    assert ontvangst.soort is Ontvangstsoort.GEWEIGERD
    assert ontvangst.fout is not None
    assert ontvangst.fout.oorzaak == "zender_niet_van_certificaat"


async def test_somebody_else_cannot_speak_for_a_zorgaanbieder_behind_vecozo(proef: Proef) -> None:
    envelop = compose_envelop(van=AGB, naar=GEMEENTE, functie="WMO315")
    ontvangst = await proef.intake.accept(Aanlevering(envelop, Payload(TERUG), VAN_GEMEENTE, "vsp"))
    assert ontvangst.soort is Ontvangstsoort.GEWEIGERD


async def test_what_vecozo_has_no_machtiging_for_is_refused_with_a_fo01(proef: Proef) -> None:
    jeugd = compose_envelop(van=GEMEENTE, naar=AGB, functie="JW301")
    ontvangst = await proef.intake.accept(Aanlevering(jeugd, Payload(HEEN), VAN_GEMEENTE, "stuf"))
    [bericht] = await proef.berichten(id=ontvangst.bericht_id)
    assert (bericht.status, bericht.fout_code) == (Status.AFGEKEURD, "IB007")


async def test_a_bericht_that_is_refused_here_is_told_to_vecozo_and_then_confirmed(proef: Proef) -> None:
    """VECOZO offers a bericht of one who is connected here: it may not, and hears so."""
    proef.bron._register = Register.of(
        [],
        [
            *proef.bron.current().aansluitingen.values(),
            Aansluiting(AGB, ("oin:00000001999999990001",), Kanaal.PULL, Protocol.VSP),
        ],
        [],
    )
    await proef.vecozo.send(AGB, "WMO315", TERUG, GEMEENTE)
    proef.vecozo._intake.accept, kreeg = _opgevangen(proef.vecozo._intake.accept)
    assert await proef.haler.turn() == 1
    [fo01] = kreeg
    assert fo01.envelop.stuurgegevens.berichtcode is Berichtcode.FO01
    assert fo01.envelop.stuurgegevens.ontvanger.organisatie == AGB
    assert fo01.envelop.fout is not None
    assert fo01.envelop.fout.code == "StUF013"
    assert await proef.haler.turn() == 0


def _opgevangen(echt: object) -> tuple[Callable[[Aanlevering], Awaitable[Ontvangst]], list[Aanlevering]]:
    kreeg: list[Aanlevering] = []

    async def accept(aanlevering: Aanlevering) -> Ontvangst:
        kreeg.append(aanlevering)
        return Ontvangst(Ontvangstsoort.AANGENOMEN, str(uuid.uuid4()), "20260101")

    return accept, kreeg


async def test_vecozo_refuses_and_its_own_fo01_reaches_the_zender_once(proef: Proef) -> None:
    ontvangst, referentie = await proef.zend(naar="98019999")  # nobody there has this code
    await proef.bezorgd(ontvangst.bericht_id)

    async def fo01() -> list[sa.Row]:
        return await proef.berichten(ontvanger=GEMEENTE, berichtcode="Fo01")

    await proef.tot(fo01)
    [melding] = await fo01()
    envelop = from_json(melding.envelop)
    assert (melding.zender, melding.cross_ref) == ("VECOZO", referentie)
    assert envelop.fout is not None
    assert envelop.fout.code == "IB010"
    await _beurt(proef, 3600)
    assert len(await fo01()) == 1


async def test_without_a_fo01_of_vecozo_itself_the_status_makes_one(proef: Proef) -> None:
    ontvangst, referentie = await proef.zend(naar="98019999")
    await proef.afgeleverd(ontvangst.bericht_id)
    await _beurt(proef)
    assert await proef.berichten(berichtcode="Fo01") == []  # first VECOZO gets the time to say so itself
    await _beurt(proef, 61)
    [melding] = await proef.berichten(ontvanger=GEMEENTE, berichtcode="Fo01")
    assert melding.cross_ref == referentie
    fout = from_json(melding.envelop).fout
    assert fout is not None
    assert fout.code == "IB010"
    [heen] = await proef.berichten(id=ontvangst.bericht_id)
    assert (heen.fout_code, heen.fout_melder) == ("IB010", "VECOZO")
    assert ("status bij VECOZO", '{"status": "AfgekeurdDoorDienst"}') in await proef.verhaal(heen.id)
    assert proef.gewekt == [GEMEENTE]
    await _beurt(proef, 3600)
    assert len(await proef.berichten(berichtcode="Fo01")) == 1


async def test_what_vecozo_refuses_afterwards_is_an_incident_for_the_operator(
    proef: Proef, monkeypatch: pytest.MonkeyPatch
) -> None:
    boek = Incidentboek()
    configuratie: Any = SimpleNamespace(
        hub=SimpleNamespace(fout_generatie="B"), vecozo=SimpleNamespace(ophalen_seconden=5, status_seconden=5)
    )
    _, volgen = vecozo_tasks(
        configuratie,
        proef.tussenpartij,
        proef.intake,
        proef.melder,
        report_failure=note_failure(boek, proef.melder.report_failure),
        wake=proef.gewekt.append,
    )
    monkeypatch.setattr(
        "adapters.vsp.volgen.from_vecozo", lambda _code, tekst, generatie: from_vecozo("999", tekst, generatie)
    )
    ontvangst, _ = await proef.zend(naar="98019999")
    await proef.afgeleverd(ontvangst.bericht_id)
    onderhoud = Onderhoud(proef.opslag, ())
    for _ in range(2):
        proef.klok.verschuiving_ms += 121_000
        assert await onderhoud.run(volgen)
    [geval] = await proef.opslag.read(incident.find)
    assert (geval.oorzaak, geval.onderwerp, geval.feiten["lane"]) == ("ontvanger_weigert", "98019999", "VECOZO")


async def test_a_retour_of_vecozo_itself_reaches_the_zender_and_ends_the_following(proef: Proef) -> None:
    """Code 0001: VECOZO found it wrong by the rules of the standard (S4 figure 2), and says so in a WMO302."""
    ontvangst, referentie = await proef.zend()
    await proef.afgeleverd(ontvangst.bericht_id)
    retour = retour_with(HEEN, "0001")
    proef.haler._tussenpartij = Eigen(proef.tussenpartij, referentie, retour)
    assert await proef.haler.turn() == 1
    [terug] = await proef.berichten(ontvanger=GEMEENTE, functie="WMO302")
    assert (terug.zender, terug.cross_ref, terug.berichtcode) == ("VECOZO", referentie, "Du01")
    assert (terug.status, terug.payload_digest) == (Status.WORDT_AANGEBODEN, hashlib.sha256(retour).hexdigest())
    assert await proef.opslag.read(lambda conn: conn.execute(sa.select(schema.doorgifte)).all()) == []
    assert await proef.berichten(berichtcode="Fo01") == []


class Eigen(Tussenpartij):
    """VECOZO with one bericht of its own that lies ready, and that it drops when it is confirmed."""

    def __init__(self, echt: Tussenpartij, heen: str, payload: bytes) -> None:
        super().__init__(echt._register_bron)
        envelop = compose_envelop(van="VECOZO", naar=GEMEENTE, functie="WMO302", antwoord_op=heen)
        metadata = to_metadata(envelop)
        checksum = Checksum(algoritme="SHA256", waarde=hashlib.sha256(payload).hexdigest())
        inhoud = HttpsDownload(url="https://vecozo.example/", grootte=len(payload), checksum=checksum)
        basis = Basisgegevens(ontvangenOp=datetime(2026, 3, 4, tzinfo=UTC), payload=inhoud)
        self.klaar = [Gereedstaand(**dict(metadata), basisgegevens=basis)]
        self._payload = payload
        self.kreeg: list[tuple[BerichtMetadata, bytes]] = []

    async def push(self, metadata: BerichtMetadata, payload: bytes) -> None:
        self.kreeg.append((metadata, payload))

    async def client(self) -> Any:
        return self

    async def list_ready(self) -> list[Gereedstaand]:
        return self.klaar

    async def download(self, _bericht: Gereedstaand) -> Payload:
        return Payload(self._payload)

    async def confirm(self, _traceer_id: str) -> None:
        self.klaar = []


def retour_with(heen: bytes, code: str) -> bytes:
    fout = Bevinding("XSLT", 2, "/Bericht", 1, "Dit klopt niet.", code)
    retour = build_retour(heen, (fout,), identificatie="R1", dagtekening=date(2026, 3, 4))
    assert retour is not None
    return retour


async def test_one_that_vecozo_refused_and_that_is_offered_again_is_followed_again(proef: Proef) -> None:
    proef.vecozo.storingen.switch([read_storing("fout:422/WMO301")])
    ontvangst, referentie = await proef.zend()
    bericht_id = str(ontvangst.bericht_id)

    async def status() -> str:
        return str((await proef.berichten(id=bericht_id))[0].status)

    while await status() != Status.BEZORGING_AFGEBROKEN:  # noqa: ASYNC110 - a row
        await asyncio.sleep(0.01)
    await _beurt(proef, 3600)  # what will not arrive is asked after no longer
    assert await proef.opslag.read(lambda conn: conn.execute(sa.select(schema.doorgifte)).all()) == []
    proef.vecozo.storingen.switch([])
    proef.klok.verschuiving_ms += 6 * DAG_MS  # its five days count from when VECOZO has it
    await proef.opslag.write(
        lambda conn: resend(conn, bericht_id, Termijnen(DAG_MS, DAG_MS), "test", register=proef.bron.current())
    )
    proef.motor.wake("VECOZO")
    await proef.bij_aanbieder(referentie)
    await proef.bezorgd(bericht_id)

    async def klaar() -> bool:
        await _beurt(proef, 3600)
        return not await proef.opslag.read(lambda conn: conn.execute(sa.select(schema.doorgifte)).all())

    await proef.tot(klaar)
    assert ("status bij VECOZO", '{"status": "Bezorgd"}') in await proef.verhaal(bericht_id)


@pytest.mark.parametrize("status", [429, 503])
async def test_vecozo_is_left_alone_as_long_as_it_asks(proef: Proef, status: int) -> None:
    """Retry-After, in the whole pull and in asking after statuses, up to the longest wait."""
    nu, wachten = 0.0, VspFout(f"HTTP {status}", status, opnieuw_na=400.0)
    gevraagd: list[str] = []

    class Druk(Eigen):
        async def download(self, _bericht: Gereedstaand) -> Payload:
            gevraagd.append("payload")
            raise wachten

        async def statuses(self, **_wie: object) -> list[BerichtstatusGegevens]:
            gevraagd.append("status")
            raise wachten

    ontvangst, _ = await proef.zend()
    await proef.bezorgd(ontvangst.bericht_id)
    druk = Druk(proef.tussenpartij, str(uuid.uuid4()), b"<x/>")
    proef.haler._tussenpartij = proef.volger._tussenpartij = druk
    for wie in (proef.haler, proef.volger):
        wie._ladder, wie._klok = Ladder(10, 600), lambda: nu
    for moment, aantal in ((0, 2), (399, 2), (601, 4)):
        nu = moment
        await proef.haler.turn()
        await _beurt(proef, 3600)
        assert len(gevraagd) == aantal


async def test_what_arrived_is_followed_no_longer(proef: Proef) -> None:
    ontvangst, referentie = await proef.zend()
    await proef.bij_aanbieder(referentie)
    await proef.bezorgd(ontvangst.bericht_id)

    async def klaar() -> bool:
        await _beurt(proef, 3600)
        return not await proef.opslag.read(lambda conn: conn.execute(sa.select(schema.doorgifte)).all())

    await proef.tot(klaar)
    assert ("status bij VECOZO", '{"status": "Bezorgd"}') in await proef.verhaal(str(ontvangst.bericht_id))


async def test_after_five_days_without_an_outcome_following_ends(proef: Proef) -> None:
    del proef.vecozo.grootboeken[AGB]  # nobody reads there what lies ready
    ontvangst, _ = await proef.zend()
    await proef.bezorgd(ontvangst.bericht_id)
    await _beurt(proef)
    assert await proef.opslag.read(lambda conn: conn.execute(sa.select(schema.doorgifte.c.stand)).scalars().all()) == [
        "WordtAangeboden"
    ]
    await _beurt(proef, 6 * 24 * 3600)
    assert await proef.opslag.read(lambda conn: conn.execute(sa.select(schema.doorgifte)).all()) == []
    verhaal = await proef.verhaal(str(ontvangst.bericht_id))
    assert ("status bij VECOZO", '{"status": "WordtAangeboden; wordt niet langer gevolgd"}') in verhaal
    assert await proef.berichten(berichtcode="Fo01") == []


@pytest.mark.parametrize("storing", ["fout:500/status", "wartaal/status", "kwijt/status"])
async def test_a_status_that_cannot_be_read_is_asked_again(proef: Proef, storing: str) -> None:
    ontvangst, referentie = await proef.zend()
    await proef.bij_aanbieder(referentie)
    await proef.bezorgd(ontvangst.bericht_id)
    proef.vecozo.storingen.switch([read_storing(storing)])
    await _beurt(proef, 3600)
    assert len(await proef.opslag.read(lambda conn: conn.execute(sa.select(schema.doorgifte)).all())) == 1
    proef.vecozo.storingen.switch([])
    await _beurt(proef, 3600)
    assert await proef.opslag.read(lambda conn: conn.execute(sa.select(schema.doorgifte)).all()) == []


@pytest.mark.parametrize("storing", ["kwijt@2/WMO301", "fout:503@2/WMO301", "wartaal@2/WMO301", "afgebroken@2/WMO301"])
async def test_a_push_that_fails_is_made_good_and_arrives_once(proef: Proef, storing: str) -> None:
    proef.vecozo.storingen.switch([read_storing(storing)])
    proef.vecozo.storingen.draw("WMO301")  # so that the first push is struck
    ontvangst, referentie = await proef.zend()
    await proef.bij_aanbieder(referentie)
    await proef.bezorgd(ontvangst.bericht_id)
    assert len(proef.vecozo.grootboeken[AGB].of(Richting.ONTVANGEN)) == 1


async def test_without_an_aansluiting_for_vecozo_nothing_is_asked_and_an_unknown_agb_is_refused(proef: Proef) -> None:
    proef.bron._register = Register.of(
        [], [a for a in proef.bron.current().aansluitingen.values() if a.partij != "VECOZO"],
        [m for lijst in proef.bron.current().machtigingen.values() for m in lijst],
    )  # fmt: skip
    assert await proef.haler.turn() == 0
    ontvangst, _ = await proef.zend()
    [bericht] = await proef.berichten(id=ontvangst.bericht_id)
    assert (bericht.status, bericht.fout_code) == (Status.AFGEKEURD, "IB010")


async def _beurt(proef: Proef, verder_s: float = 0) -> None:
    proef.klok.verschuiving_ms += round(verder_s * 1000)
    await proef.volger.turn(proef.opslag)
