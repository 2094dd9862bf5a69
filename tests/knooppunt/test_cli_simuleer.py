from __future__ import annotations

import asyncio
import signal
import sys
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from adapters.stufggk.server import PAD
from istandaarden.opbouw import build
from knooppunt.cli import simuleer as simuleer_cli
from knooppunt.configuratiebestand import load
from knooppunt.demo.casus import wmo_casus
from knooppunt.demo.deelnemers import DEELNEMERS, register_toml
from knooppunt.pki import make_demo
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.stuf import StufPartij
from knooppunt.simulatie.verzending import StufZender
from knooppunt.tls import client_context, server_context
from routing.poorten import Uitkomstsoort
from routing.registerimport import parse_toml

CONFIG = Path(__file__).resolve().parents[2] / "config" / "demo"
CASUS = wmo_casus(date(2026, 3, 4))
PAYLOAD = build(CASUS.berichtsoort("315"), CASUS.inhoud("315"))


async def test_a_simulated_gemeente_shows_and_answers_until_it_is_stopped(tmp_path: Path) -> None:
    make_demo(tmp_path, [("gemeente", "00000001999999990193"), ("aanbieder", "00000001999999991001")])
    instellingen = credentials(tmp_path / "aanbieder.pem", tmp_path / "aanbieder.key", tmp_path / "ca.pem")
    hub = StufPartij("IB", "hub", server=server_context(instellingen), client=client_context(instellingen))
    adres = (await hub.start()).removesuffix(PAD)
    opdracht = f"simuleer gemeente --code 0193 --hub {adres} --cert gemeente.pem --key gemeente.key --ca ca.pem"
    proces = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from knooppunt.cli import main; main()",
        *opdracht.split(),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
    )
    zender: StufZender | None = None
    try:
        assert proces.stdout is not None
        url = (await proces.stdout.readline()).decode().split()[4].rstrip(".")
        zender = StufZender(url, client_context(instellingen))
        referentie = await _send(zender)
        retour = await hub.grootboek.wait_for(lambda b: b.functie == "WMO316", 30)
        assert retour.envelop.stuurgegevens.cross_ref == referentie
        proces.send_signal(signal.SIGTERM)
        uitvoer = (await proces.stdout.read()).decode()
        assert await proces.wait() == 0
    finally:
        if proces.returncode is None:
            proces.kill()
            await proces.wait()
        if zender is not None:
            await zender.close()
        await hub.close()
    assert f"← WMO315 99010001 {referentie}" in uitvoer
    assert f"→ WMO316 99010001 {retour.referentienummer}" in uitvoer


async def _send(zender: StufZender) -> str:
    envelop = compose_envelop(van=CASUS.aanbieder, naar=CASUS.gemeente, functie="WMO315")
    assert (await zender.send(envelop, PAYLOAD)).soort is Uitkomstsoort.BEZORGD
    return envelop.stuurgegevens.referentienummer


def test_the_configuration_for_trying_by_hand_is_that_of_the_demo() -> None:
    configuratie = load(CONFIG / "knooppunt.toml", {})
    assert configuratie.koppelvlak.certificaat == CONFIG / "pki" / "hub.pem"
    met_hand = parse_toml((CONFIG / "partijen.toml").read_text("utf-8"))
    adressen = {i.partij.code: i.aansluiting.url for i in met_hand if i.aansluiting and i.aansluiting.url}
    assert met_hand == parse_toml(register_toml(adressen))
    leesmij = (CONFIG / "README.md").read_text("utf-8")
    for deelnemer in DEELNEMERS:
        assert f"--naam {deelnemer.stam} --oin {deelnemer.oin}" in leesmij


@pytest.mark.parametrize("poort", ["70000", "-1"])
def test_a_port_that_cannot_be_is_refused(poort: str) -> None:
    app = typer.Typer()
    simuleer_cli.register(app)
    vast = "simuleer gemeente --code 0193 --hub https://x --cert a --key b --ca c"
    assert CliRunner().invoke(app, [*vast.split(), "--poort", poort]).exit_code == 2
