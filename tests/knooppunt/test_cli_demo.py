from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from knooppunt.demo.tegenslag import break_xsd, read_details

KNOOPPUNT = [sys.executable, "-c", "from knooppunt.cli import main; main()"]


def _omgeving() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "160", "NO_COLOR": "1"}


@pytest.mark.timeout(240)  # seconds on a quiet machine
def test_the_demo_plays_checks_itself_and_ends(tmp_path: Path) -> None:
    map_ = tmp_path / "demo"
    uit = subprocess.run(
        [*KNOOPPUNT, "demo", "--eenmalig", "--map", str(map_)],
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
        stdin=subprocess.DEVNULL,
        env=_omgeving(),
    )
    assert uit.returncode == 0, uit.stdout + uit.stderr
    assert re.search(r"OORDEEL: GOED, alle \d+ controles geslaagd", uit.stdout)
    assert "✗ " not in uit.stdout.replace("  ✗ inhoud", "").replace("  ✗ ontvanger", "").replace("  ✗ machtiging", "")
    for woord in (
        *("WMO325", "JW325", "IB014", "IB010", "IB006", "Aanbieden mislukt", "/Bericht/Client/Geslacht (regel"),
        *(
            "Tiel (0281), regel N2",
            "Utrecht (0344), regel O1, voorlopig",
            "ontbreekt: gezag, laatst_bij",
            "mag voor de wet jeugdwet niet",
        ),
        *("JA (", "NEE (", "ONBEKEND (", "nl.knooppunt.wlz-signaal over CLIENT-17", "0193 woonplaats: geweigerd"),
        *("BAB001-0100", "WMO501 → VWS antwoordt met WMO502", "gaat via VECOZO", "Fo01 van VECOZO"),
    ):
        assert woord in uit.stdout, woord
    assert not re.search(r"\b9999\d{5}\b", uit.stdout), "a BSN in the output"
    log = (map_ / "knooppunt.log").read_text("utf-8")
    assert not re.search(r"\b9999\d{5}\b|Berkenhof|Okkerse", log), "personal data in the log"
    assert "Traceback" not in log

    # what the demo left behind can be asked with the hub down
    def vraag(*args: str) -> str:
        opdracht = [*KNOOPPUNT, "bericht", *args, "--config", str(map_ / "knooppunt.toml")]
        return subprocess.run(opdracht, capture_output=True, text=True, timeout=60, check=True, env=_omgeving()).stdout

    afgekeurd = json.loads(vraag("zoek", "--status", "Afgekeurd", "--json"))
    assert {b["fout_code"] for b in afgekeurd} == {"IB014", "IB010", "IB006", "IB023"}
    assert "✗" in vraag("uitleg", afgekeurd[0]["referentienummer"])
    bezorgd = json.loads(vraag("zoek", "--status", "Bezorgd", "--json", "--aantal", "1000"))
    # two cases, who was down for a while, TKB, BAB, 501 and 502, two steps through VECOZO and what VECOZO refused
    assert sum(b["functie"] is not None for b in bezorgd) == 24 + 2 + 4 + 4 + 1


@pytest.mark.timeout(240)
def test_an_open_demo_stops_when_asked_and_takes_its_hub_along(tmp_path: Path) -> None:
    map_ = tmp_path / "demo"
    with subprocess.Popen(
        [*KNOOPPUNT, "demo", "--map", str(map_)], stdout=subprocess.PIPE, text=True, env=_omgeving()
    ) as proces:
        assert proces.stdout is not None
        gelezen = []
        for regel in proces.stdout:
            gelezen.append(regel)
            if "Stoppen: Ctrl-C" in regel:
                break
        hub = json.loads((map_ / "klaar.json").read_text("utf-8"))["pid"]
        proces.send_signal(signal.SIGTERM)
        proces.stdout.read()
    assert proces.returncode == 0, "".join(gelezen)
    assert not Path(f"/proc/{hub}").exists()
    assert any("knooppunt stuur" in regel for regel in gelezen)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "van mij").touch()
    uit = subprocess.run(
        [*KNOOPPUNT, "demo", "--eenmalig", "--map", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=_omgeving(),
    )
    assert uit.returncode == 2
    assert "niet leeg" in uit.stderr
    assert [pad.name for pad in tmp_path.iterdir()] == ["van mij"]


def test_break_xsd_breaks_three_things() -> None:
    heel = b"<Geslacht>1</Geslacht><Toewijzingstijd>10:15:00</Toewijzingstijd><Huisnummer>8</Huisnummer>"
    assert break_xsd(heel) == (
        b"<Geslacht>7</Geslacht><Toewijzingstijd>25:15:00</Toewijzingstijd><Huisnummer>800000</Huisnummer>"
    )


def test_read_details_takes_explanation_and_findings() -> None:
    body = (
        b'<b xmlns="urn:x"><toelichting>Zo zit het.</toelichting>'
        b"<bevinding><plaats>/Bericht</plaats><regel>3</regel><melding>Mis.</melding></bevinding></b>"
    )
    assert read_details(body) == ("Zo zit het.", ("/Bericht (regel 3): Mis.",))
    assert read_details(b"<b/>") == ("", ())
