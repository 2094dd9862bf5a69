from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import aiohttp
import pytest
from brppersonen import KIND, as_csv, child
from typer.testing import CliRunner

from knooppunt.cli import app

VRAAG = {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": [KIND], "fields": ["leeftijd"]}


async def test_a_simulated_brp_answers_until_it_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "personen.csv").write_bytes(as_csv(child()))
    opdracht = (
        "simuleer brp --personen personen.csv --zonder-historie --zonder-veld gezag --storing fout:503@2/personen"
    )
    proces = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from knooppunt.cli import main; main()",
        *opdracht.split(),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert proces.stdout is not None
        regel = (await proces.stdout.readline()).decode()
        assert regel.startswith("BRP met 3 testpersonen op http://127.0.0.1:")
        url = regel.split()[5].rstrip(".")
        async with aiohttp.ClientSession() as sessie:
            statussen = []
            for vraag in (VRAAG, VRAAG, VRAAG | {"fields": ["gezag"]}):
                async with sessie.post(f"{url}/personen", json=vraag) as antwoord:
                    statussen.append(antwoord.status)
                    assert antwoord.content_type == f"application/{'json' if antwoord.ok else 'problem+json'}"
            async with sessie.post(f"{url}/verblijfplaatshistorie", json={}) as antwoord:
                statussen.append(antwoord.status)
        proces.send_signal(signal.SIGTERM)
        uitvoer = (await proces.stdout.read()).decode()
        assert await proces.wait() == 0
    finally:
        if proces.returncode is None:
            proces.kill()
            await proces.wait()
    assert statussen == [200, 503, 403, 404]
    assert "← personen: 1 gevraagd, 1 gevonden" in uitvoer
    assert KIND not in uitvoer


@pytest.mark.parametrize(
    ("opties", "woord"),
    [
        ("--personen weg.csv", "niet te lezen"),
        ("--zonder-veld maan", "kent geen veld maan"),
        ("--cert a.pem", "alle drie"),
        ("--storing verkeerd", "kan de storing verkeerd niet spelen"),
        ("--storing verlopen", "kan de storing verlopen niet spelen"),
    ],
)
def test_what_cannot_be_done_is_told(opties: str, woord: str) -> None:
    uit = CliRunner().invoke(app, ["simuleer", "brp", *opties.split()])
    assert uit.exit_code != 0
    assert woord in str(uit.exception)
