"""`knooppunt simuleer ciz` as a supplier runs it."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from proefciz import settings
from typer.testing import CliRunner

from adapters.iwlz.register import IwlzRegister
from knooppunt.cli import app
from knooppunt.pki import make_demo
from knooppunt.simulatie.certificaat import credentials
from knooppunt.tls import client_context
from routing.wlz.register import Oorzaak, RegisterFout

JA, NIEMAND = "999990342", "999990019"


async def test_a_simulated_register_answers_and_fails_on_demand_until_it_is_stopped(tmp_path: Path) -> None:
    make_demo(tmp_path, [("ciz", "00000001999999990001")])
    opdracht = "simuleer ciz --cert ciz.pem --key ciz.key --ca ca.pem --storing graphql:half@2/toets"
    proces = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from knooppunt.cli import main; main()", *opdracht.split(), cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    hub = credentials(tmp_path / "hub.pem", tmp_path / "hub.key", tmp_path / "ca.pem")
    register: IwlzRegister | None = None
    try:
        assert proces.stdout is not None
        regel = (await proces.stdout.readline()).decode()
        assert regel.startswith("CIZ antwoordt op https://127.0.0.1:")
        register = IwlzRegister(settings(regel.split()[3]), client_context(hub))
        assert len(await register.indications_of(JA)) == 1
        with pytest.raises(RegisterFout) as fout:
            await register.indications_of(NIEMAND)
        assert fout.value.oorzaak is Oorzaak.ONVOLLEDIG
        assert len(await register.lines_of("5509")) > 0
        proces.send_signal(signal.SIGTERM)
        uitvoer = (await proces.stdout.read()).decode()
        assert await proces.wait() == 0
    finally:
        if proces.returncode is None:
            proces.kill()
            await proces.wait()
        if register is not None:
            await register.close()
    assert [regel.rpartition(": ")[2] for regel in uitvoer.splitlines()] == [
        "antwoord", "graphql:half@2/toets", "antwoord",
    ]  # fmt: skip
    assert JA not in uitvoer


@pytest.mark.parametrize(
    ("opties", "woord"),
    [("--storing verkeerd", "kan de storing verkeerd niet spelen"), ("--indicaties weg.toml", "weg.toml")],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, opties: str, woord: str) -> None:
    make_demo(tmp_path, [("ciz", "00000001999999990001")])
    tls = [
        f"--{naam}={tmp_path / bestand}"
        for naam, bestand in (("cert", "ciz.pem"), ("key", "ciz.key"), ("ca", "ca.pem"))
    ]
    uit = CliRunner().invoke(app, ["simuleer", "ciz", *tls, *opties.split()])
    assert uit.exit_code != 0
    assert woord in f"{uit.exception} {uit.stderr}"
