"""The simulated VECOZO over mutual TLS: faults at every request, a bad certificate, and as a command."""

from __future__ import annotations

import asyncio
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import aiohttp
import pytest
import typer
from typer.testing import CliRunner

from adapters.vsp.client import VspBezorger, VspClient
from adapters.vsp.halen import Haler
from adapters.vsp.tussenpartij import Tussenpartij
from adapters.vsp.vertaling import to_metadata
from istandaarden.opbouw import build
from knooppunt.cli import simuleer as simuleer_cli
from knooppunt.demo.casus import wmo_casus
from knooppunt.pki import Proefautoriteit, make_demo
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.storing import Storingen, read_storing
from knooppunt.simulatie.vecozo import VecozoSimulatie
from knooppunt.simulatie.verlopen import expired_client, expiring_server
from knooppunt.tls import client_context
from routing.bericht import Aanlevering
from routing.foutbericht import Afzender
from routing.partij import Aansluiting, Kanaal, Protocol
from routing.payload import Payload
from routing.poorten import Ontvangst, Uitkomst, Uitkomstsoort, Zending
from routing.register import Register, RegisterBron

CASUS = wmo_casus(date(2026, 3, 4))
HEEN = build(CASUS.berichtsoort("301"), CASUS.inhoud("301"))


@dataclass
class Proef:
    """A simulated VECOZO, and a hub's two ways of speaking to it."""

    spel: VecozoSimulatie
    client: VspClient
    bezorger: VspBezorger
    verlopen: ssl.SSLContext

    async def push(self) -> Uitkomst:
        envelop = compose_envelop(van=CASUS.gemeente, naar=CASUS.aanbieder, functie="WMO301")
        aansluiting = Aansluiting("VECOZO", (), Kanaal.PUSH, Protocol.VSP, self.spel.url)
        return await self.bezorger.deliver(Zending("id", envelop, Payload(HEEN), aansluiting))


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    map_ = tmp_path_factory.mktemp("pki")
    make_demo(map_, [("vecozo", "00000001999999990777")])
    return map_


@pytest.fixture
async def proef(pki: Path) -> AsyncIterator[Proef]:
    eigen = credentials(pki / "vecozo.pem", pki / "vecozo.key", pki / "ca.pem")
    hub = credentials(pki / "hub.pem", pki / "hub.key", pki / "ca.pem")
    storingen = Storingen()
    spel = VecozoSimulatie([CASUS.aanbieder], server=expiring_server(eigen, storingen), storingen=storingen)
    url = await spel.start()
    termijn = aiohttp.ClientTimeout(total=5, sock_read=0.5)
    client = VspClient(url.removesuffix("/berichten/rest-push/v1/berichten"), client_context(hub), termijn)
    bezorger = VspBezorger(client_context(hub), termijn)
    yield Proef(spel, client, bezorger, expired_client(hub))
    await client.close()
    await bezorger.close()
    await spel.close()


@pytest.mark.parametrize(
    ("storing", "soort"),
    [
        ("laat:2s/WMO301", Uitkomstsoort.TIJDELIJK),
        ("kwijt/WMO301", Uitkomstsoort.TIJDELIJK),
        ("afgebroken/WMO301", Uitkomstsoort.TIJDELIJK),
        ("wartaal/WMO301", Uitkomstsoort.TIJDELIJK),
        ("fout:500/WMO301", Uitkomstsoort.TIJDELIJK),
        ("fout:404/WMO301", Uitkomstsoort.TIJDELIJK),
        ("fout:422/WMO301", Uitkomstsoort.BLIJVEND),
        ("fout:400/WMO301", Uitkomstsoort.BLIJVEND),
        ("verlopen", Uitkomstsoort.TIJDELIJK),
        ("fout:500/lijst", Uitkomstsoort.BEZORGD),
    ],
)
async def test_what_a_fault_does_to_a_push(proef: Proef, storing: str, soort: Uitkomstsoort) -> None:
    proef.spel.storingen.switch([read_storing(storing)])
    assert (await proef.push()).soort is soort


async def test_a_zorgaanbieder_reads_answers_and_the_answer_lies_ready(proef: Proef) -> None:
    assert (await proef.push()).soort is Uitkomstsoort.BEZORGD
    gekregen = await proef.spel.grootboeken[CASUS.aanbieder].wait_for(lambda b: b.functie == "WMO301", 20)
    assert gekregen.payload == HEEN
    while not (klaar := await proef.client.list_ready()):  # noqa: ASYNC110 - the answer is made in another process
        await asyncio.sleep(0.02)
    assert [b.referentiegegevens.alsAntwoordOp for b in klaar] == [gekregen.referentienummer]


async def test_an_expired_certificate_of_the_hub_is_not_let_in(proef: Proef) -> None:
    async with VspClient(proef.spel.url.partition("/berichten/")[0], proef.verlopen) as client:
        with pytest.raises(aiohttp.ClientError):
            await client.list_ready()


@pytest.mark.parametrize("certificaat", ["verlopen", "vreemd"])
async def test_past_a_bad_certificate_of_vecozo_nothing_is_sent_and_nothing_confirmed(
    proef: Proef, pki: Path, certificaat: str
) -> None:
    class Innemer:
        async def accept(self, _aanlevering: Aanlevering) -> Ontvangst:
            raise AssertionError

    terug = build(CASUS.berichtsoort("315"), CASUS.inhoud("315"))
    await proef.spel.send(CASUS.aanbieder, "WMO315", terug, CASUS.gemeente)
    vecozo = Aansluiting("VECOZO", ("oin:00000001999999990777",), Kanaal.PUSH, Protocol.VSP, proef.spel.url)
    context = client_context(credentials(pki / "hub.pem", pki / "hub.key", pki / "ca.pem"))
    if certificaat == "vreemd":
        context = ssl.create_default_context(cadata=Proefautoriteit.create("Andere root").pem.decode())
    else:
        proef.spel.storingen.switch([read_storing("verlopen")])
    tussenpartij = Tussenpartij(RegisterBron(Register.of([], [vecozo], [])), context)
    bezorger = VspBezorger(context)
    assert await Haler(tussenpartij, Innemer(), Afzender()).turn() == 0
    envelop = compose_envelop(van=CASUS.gemeente, naar=CASUS.aanbieder, functie="WMO301")
    uitkomst = await bezorger.deliver(Zending("id", envelop, Payload(HEEN), vecozo))
    await bezorger.close()
    await tussenpartij.close()
    assert uitkomst.soort is Uitkomstsoort.TIJDELIJK
    assert proef.spel.grootboeken[CASUS.aanbieder].received(envelop.stuurgegevens.referentienummer) is None
    proef.spel.storingen.switch([])
    assert len(await proef.client.list_ready()) == 1


async def test_conversation_and_answer_are_named_as_the_chain_prescribes(proef: Proef) -> None:
    """Facts on GGk §1.6: a heenbericht is its own conversation, a retour is in that of what it answers."""
    heen = to_metadata(compose_envelop(van=CASUS.gemeente, naar=CASUS.aanbieder, functie="WMO301")).referentiegegevens
    assert (heen.conversatieId, heen.alsAntwoordOp) == (heen.traceerId, None)
    envelop = compose_envelop(van=CASUS.gemeente, naar=CASUS.aanbieder, functie="WMO306", antwoord_op=heen.traceerId)
    terug = to_metadata(envelop).referentiegegevens
    assert terug.conversatieId == terug.alsAntwoordOp == heen.traceerId
    assert terug.traceerId not in {heen.traceerId, terug.conversatieId}


async def test_the_command_serves_until_it_is_stopped(pki: Path) -> None:
    opdracht = "simuleer vecozo --zorgaanbieder 99010001 --cert vecozo.pem --key vecozo.key --ca ca.pem --bediening 0"
    proces = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from knooppunt.cli import main; main()", *opdracht.split(), cwd=pki,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert proces.stdout is not None
        eerste = (await proces.stdout.readline()).decode()
        tweede = (await proces.stdout.readline()).decode()
        proces.send_signal(signal.SIGTERM)
        assert await proces.wait() == 0
    finally:
        if proces.returncode is None:
            proces.kill()
            await proces.wait()
    assert "/vsp/berichten/rest-push/v1/berichten" in eerste
    assert "curl -X PUT" in tweede


@pytest.mark.parametrize("optie", ["--zorgaanbieder 1234", "--zorgaanbieder 9901000a"])
def test_a_code_that_is_no_agb_code_is_refused(optie: str) -> None:
    app = typer.Typer()
    simuleer_cli.register(app)
    assert CliRunner().invoke(app, f"simuleer vecozo {optie} --cert a --key b --ca c".split()).exit_code == 2
