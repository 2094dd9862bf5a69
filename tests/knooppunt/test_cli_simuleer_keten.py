"""`knooppunt simuleer svb|vws|cak|cbs` as a supplier runs it."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pgbketen import GEMEENTE, ieb, ipgb501, tkb
from typer.testing import CliRunner

from adapters.stufggk.server import PAD
from knooppunt.cli import app
from knooppunt.pki import make_demo
from knooppunt.simulatie.cak import Cak
from knooppunt.simulatie.cbs import Cbs
from knooppunt.simulatie.certificaat import credentials
from knooppunt.simulatie.grootboek import Boeking
from knooppunt.simulatie.ketenspel import release_of
from knooppunt.simulatie.klok import hurried, today
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.stuf import StufPartij
from knooppunt.simulatie.svb import Svb
from knooppunt.simulatie.verzending import StufZender
from knooppunt.tls import client_context, server_context
from routing.fouten import Fout
from routing.poorten import Uitkomstsoort

GISTEREN = today() - timedelta(days=1)


@pytest.mark.parametrize(
    ("partij", "opties", "functie", "release", "inhoud", "verwacht"),
    [
        ("svb", ["--dag-seconden", "0.01"], "TKB001-0100", "1.0", tkb("N", GISTEREN, GISTEREN), ["BAB001-0100"]),
        ("vws", ["--dag-seconden", "0.01"], "WMO501", "2.1", ipgb501("N", GISTEREN, GISTEREN), ["WMO502", "WMO507"]),
        ("cak", [], "WMO401", "1.0", b"<Bericht/>", ["Fo01"]),
        ("cbs", [], "Dummy", "2.2", b"a;b\n1\n", ["Fo01"]),
    ],
)
async def test_a_simulated_ketenpartij_answers_and_settles_until_it_is_stopped(  # noqa: PLR0917 - a table
    tmp_path: Path, partij: str, opties: list[str], functie: str, release: str, inhoud: bytes, verwacht: list[str]
):
    make_demo(tmp_path, [(partij, "00000001999999990001"), ("gemeente", "00000001999999990344")])
    instellingen = credentials(tmp_path / "gemeente.pem", tmp_path / "gemeente.key", tmp_path / "ca.pem")
    hub = StufPartij("IB", "hub", server=server_context(instellingen), client=client_context(instellingen))
    adres = (await hub.start()).removesuffix(PAD)
    waar = ["--hub", adres, "--cert", f"{partij}.pem", "--key", f"{partij}.key", "--ca", "ca.pem"]
    programma = "from knooppunt.cli import main; main()"
    proces = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        programma,
        "simuleer",
        partij,
        *waar,
        *opties,
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
    )
    zender: StufZender | None = None
    try:
        assert proces.stdout is not None
        url = (await proces.stdout.readline()).decode().split()[4].rstrip(".")
        zender = StufZender(url, client_context(instellingen))
        naam = "opgave.csv" if partij == "cbs" else None
        envelop = compose_envelop(
            van=GEMEENTE, naar=partij.upper(), functie=functie, release=release, bestandsnaam=naam
        )
        assert (await zender.send(envelop, inhoud)).soort is Uitkomstsoort.BEZORGD
        for soort in verwacht:
            antwoord = await hub.grootboek.wait_for(_is(soort), 60)
            assert antwoord.envelop.stuurgegevens.ontvanger.organisatie == GEMEENTE
            assert soort == "Fo01" or release_of(antwoord.envelop) == release
        proces.send_signal(signal.SIGTERM)
        await proces.stdout.read()
        assert await proces.wait() == 0
    finally:
        if proces.returncode is None:
            proces.kill()
            await proces.wait()
        if zender is not None:
            await zender.close()
        await hub.close()


@pytest.mark.parametrize(
    ("naam", "inhoud", "fout"),
    [
        ("opgave.csv", b'\xef\xbb\xbfa;b\r\n1;"x\r\ny"\r\n\r\n', None),
        ("opgave.csv", b"a,b\n1,2\n", None),
        ("opgave.CSV", b"a;b\n1;2\n1;2;3\n", "Regel 3 heeft een ander aantal kolommen"),
        ("opgave.csv", b'a;b\n1;"2\n', "Regel 2 is geen geldige CSV"),
        ("opgave.csv", b"a;b\n\xff;1\n", "geen UTF-8-tekst"),
        ("opgave.csv", b"\n", "geen kopregel"),
        ("opgave.pdf", b"%PDF-1.7\n%%EOF\n", None),
        ("opgave.pdf", b"%PDF-1.7\n", "PDF is niet heel"),
        ("opgave.xlsx", b"a", "alleen bestanden op .csv of .pdf"),
        (None, b"<a/>", "alleen een tekstBestand"),
    ],
)
def test_what_the_cbs_takes(naam: str | None, inhoud: bytes, fout: str | None):
    envelop = compose_envelop(van=GEMEENTE, naar="CBS", functie="Dummy", release="2.2", bestandsnaam=naam)
    oordeel = Cbs().answer(envelop, inhoud)
    assert oordeel == [] if fout is None else isinstance(oordeel, Fout) and fout in oordeel.toelichting


@pytest.mark.parametrize(
    ("vandaag", "dag", "code"),
    [
        (date(2026, 3, 31), date(2025, 3, 31), None),
        (date(2026, 3, 31), date(2025, 3, 30), b"9114"),
        (date(2026, 3, 31), date(2026, 4, 30), None),
        (date(2026, 3, 31), date(2026, 5, 1), b"9115"),
        (date(2028, 2, 29), date(2027, 2, 28), None),
        (date(2026, 12, 31), date(2027, 1, 31), None),
    ],
)
def test_the_cak_takes_a_date_of_a_year_back_to_a_month_ahead(vandaag: date, dag: date, code: bytes | None):
    cak = Cak(lambda: vandaag)
    envelop = compose_envelop(van=GEMEENTE, naar="CAK", functie="WMO401", release="1.0")
    (retour,) = cak.answer(envelop, ieb("WMO401", 1, dag))
    assert (b"RetourCode>" in retour.payload) is (code is not None)
    assert code is None or code in retour.payload
    weg = ieb("WMO401", 1, dag).replace(b"StatusAanlevering>1<", b"StatusAanlevering>3<")
    (retour,) = cak.answer(envelop, weg)
    assert b"RetourCode>" not in retour.payload


def _is(soort: str) -> Any:
    def fits(boeking: Boeking) -> bool:
        return boeking.functie == soort

    return fits


@pytest.mark.parametrize("partij", ["gemeente", "svb", "vws", "cak", "cbs"])
def test_help_shows_the_notation_of_faults(partij: str):
    uit = CliRunner().invoke(app, ["simuleer", partij, "--help"], env={"COLUMNS": "200"})
    assert uit.exit_code == 0
    assert "SOORT[:WAARDE][@KEER][/WAARBIJ]" in uit.stdout


def test_a_day_of_the_simulators_is_as_short_as_asked():
    begin, seconden = today(), [100.0]
    vandaag = hurried(0.5, begin, lambda: seconden[-1])
    assert vandaag() == begin
    seconden.append(100.49)
    assert vandaag() == begin
    seconden.append(105.0)
    assert vandaag() == begin + timedelta(days=10)
    seconden.append(1e12)
    assert vandaag() > begin + timedelta(days=36_500)  # and goes no further than a date can be


def test_a_tkb_that_is_no_xml_is_settled_from_the_day_it_came():
    dag = today()
    svb = Svb(vandaag=lambda: dag)
    envelop = compose_envelop(van=GEMEENTE, naar="SVB", functie="TKB001-0100", release="1.0", bestandsnaam="t.txt")
    assert svb.answer(envelop, b"1;2;3") == []
    dag += timedelta(days=97)
    assert svb.due() == []
    dag += timedelta(days=1)
    (bab,) = svb.due()
    assert (bab.naar, bab.bericht.functie) == (GEMEENTE, "BAB001-0100")
    assert envelop.stuurgegevens.referentienummer.encode() in bab.bericht.payload
    assert svb.due() == []
