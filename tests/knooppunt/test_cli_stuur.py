from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from istandaarden.opbouw import build
from knooppunt.cli import stuur as stuur_cli
from knooppunt.configuratie import ConfiguratieFout
from knooppunt.demo.casus import wmo_casus
from knooppunt.pki import make_demo
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.stuf import StufPartij
from knooppunt.tls import client_context, server_context
from routing.bericht import Aanlevering, Berichtcode, Bestandsvorm
from routing.fouten import make_fout
from routing.poorten import Ontvangst, Ontvangstsoort

CASUS = wmo_casus(date(2026, 3, 4))
PAYLOAD = build(CASUS.berichtsoort("301"), CASUS.inhoud("301"))
HEEN = "11111111-1111-4111-8111-111111111111"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    map_ = tmp_path_factory.mktemp("pki")
    make_demo(map_, [("gemeente", "00000001999999990193")])
    return map_


class _Kant(StufPartij):
    """The other side, which can be told to refuse."""

    weigert = False

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        if self.weigert:
            fout = make_fout("zender_onbekend", "B", "Zender '0193' staat niet in het register.")
            return Ontvangst(Ontvangstsoort.GEWEIGERD, HEEN, "20260304", fout=fout)
        return await super().accept(aanlevering)


@pytest.fixture
async def kant(pki: Path) -> AsyncIterator[_Kant]:
    instellingen = credentials(pki / "hub.pem", pki / "hub.key", pki / "ca.pem")
    partij = _Kant("IB", "hub", server=server_context(instellingen), client=client_context(instellingen))
    await partij.start()
    yield partij
    await partij.close()


@pytest.fixture
def bestand(tmp_path: Path) -> Path:
    pad = tmp_path / "bericht.xml"
    pad.write_bytes(PAYLOAD)
    return pad


def _args(bestand: Path, pki: Path, url: str, *meer: str) -> list[str]:
    vast = ["--van", "0193", "--naar", "99010001", "--functie", "WMO301", "--url", url]
    tls = ["--cert", str(pki / "gemeente.pem"), "--key", str(pki / "gemeente.key"), "--ca", str(pki / "ca.pem")]
    return [str(bestand), *vast, *tls, *meer]


async def _run(args: list[str]) -> Any:
    app = typer.Typer()
    stuur_cli.register(app)
    return await asyncio.to_thread(CliRunner().invoke, app, args)


async def test_an_accepted_bericht_arrives_unchanged(kant: _Kant, bestand: Path, pki: Path) -> None:
    uit = await _run(_args(bestand, pki, kant.url))
    assert (uit.exit_code, uit.stderr) == (0, "")
    assert uit.stdout.startswith("Aangenomen (Bv03): WMO301 (Di01) ")
    (boeking,) = kant.grootboek.boekingen
    assert boeking.payload == PAYLOAD
    assert boeking.referentienummer in uit.stdout


async def test_an_answer_goes_as_du01(kant: _Kant, bestand: Path, pki: Path) -> None:
    uit = await _run(_args(bestand, pki, kant.url, "--antwoord-op", HEEN))
    assert uit.exit_code == 0
    (boeking,) = kant.grootboek.boekingen
    assert boeking.envelop.stuurgegevens.berichtcode is Berichtcode.DU01
    assert boeking.envelop.stuurgegevens.cross_ref == HEEN


async def test_any_file_goes_under_its_name(kant: _Kant, tmp_path: Path, pki: Path) -> None:
    lijst = tmp_path / "lijst.csv"
    lijst.write_bytes(b"a;b\r\n\xff")
    uit = await _run(_args(lijst, pki, kant.url, "--bestandsnaam", "lijst.csv"))
    assert uit.exit_code == 0
    (boeking,) = kant.grootboek.boekingen
    assert boeking.payload == b"a;b\r\n\xff"
    assert boeking.envelop.parameters is not None
    assert boeking.envelop.parameters.vorm is Bestandsvorm.TEKST


async def test_a_refusal_is_told_in_words(kant: _Kant, bestand: Path, pki: Path) -> None:
    kant.weigert = True
    uit = await _run(_args(bestand, pki, kant.url))
    assert uit.exit_code == 1
    assert "Fo03 StUF013 (client): " in uit.stdout


async def test_nobody_there_is_told_in_words(kant: _Kant, bestand: Path, pki: Path) -> None:
    await kant.stop()
    uit = await _run(_args(bestand, pki, kant.url))
    assert uit.exit_code == 3
    assert "Het knooppunt is niet bereikbaar" in uit.stdout


@pytest.mark.parametrize(
    ("inhoud", "meer", "melding"),
    [
        (b"", (), "is leeg"),
        (b"<x/>", ("--versie", "drie"), "geen release"),
        (b"<x/>", ("--url", "http://127.0.0.1:1/x"), "https://"),
        (None, (), "niet te lezen"),
    ],
)
async def test_what_cannot_be_sent(
    tmp_path: Path, pki: Path, inhoud: bytes | None, meer: tuple[str, ...], melding: str
) -> None:
    bestand = tmp_path / "b.xml"
    if inhoud is not None:
        bestand.write_bytes(inhoud)
    uit = await _run(_args(bestand, pki, "https://127.0.0.1:1/x", *meer))
    assert uit.exit_code == 2
    assert melding in uit.stderr


async def test_a_missing_certificate_names_the_option(bestand: Path, tmp_path: Path) -> None:
    uit = await _run(_args(bestand, tmp_path, "https://127.0.0.1:1/x"))
    assert isinstance(uit.exception, ConfiguratieFout)
    assert "--cert" in str(uit.exception)
