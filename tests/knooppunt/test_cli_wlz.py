"""`knooppunt wlz`: the toets with the BSN from standard input only, lists from a file, and signals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from proefwlz import BSNS, Dagronde, indicatie
from sjabloon import make_tables
from typer.testing import CliRunner

from knooppunt.cli import app
from knooppunt.configuratie import ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.pki import make_demo
from knooppunt.simulatie.ciz import TOKEN, VERSIE1, VERSIE2, Cizregister
from knooppunt.simulatie.storing import read_storing
from knooppunt.wlz.aansluiting import open_register, open_webhooks
from routing.incident import Incidentboek
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.wlz.signalering import GEKROMPEN

JA, ONBEKEND, NIEMAND = "999990342", "999990391", "999990019"
_ZONDER_REDEN = ("toets", "--partij", "0344", "--doel", "aanvraag", "--zaak", "Z-17")
_TOETS = (*_ZONDER_REDEN, "--reden", "woont in een instelling")
_WIE = ("--partij", "0344", "--zaak", "Z-18")


class Werkplek:
    """A folder with a configuration, and the simulated register that it names."""

    def __init__(self, map_: Path, ciz: Cizregister) -> None:
        self.map, self.ciz = map_, ciz
        self.config = map_ / "knooppunt.toml"

    async def run(self, *opdracht: str, invoer: str = "") -> tuple[int, str, str]:
        """Run a command; in a thread, since it has an event loop of its own."""
        volledig = ["wlz", *opdracht, "--config", str(self.config)]
        uit = await asyncio.to_thread(CliRunner().invoke, app, volledig, input=invoer)
        assert uit.exception is None or isinstance(uit.exception, SystemExit), uit.exception
        return uit.exit_code, uit.stdout, uit.stderr


@pytest.fixture
async def plek(tmp_path: Path) -> AsyncIterator[Werkplek]:
    ciz = Cizregister()
    url = await ciz.start()
    make_demo(tmp_path / "pki", [])
    Kluis.create(tmp_path / "sleutels")
    plek = Werkplek(tmp_path, ciz)
    plek.config.write_text(
        '[koppelvlak]\ncertificaat = "pki/hub.pem"\nsleutel = "pki/hub.key"\nca = "pki/ca.pem"\n'
        f'[wlz]\ntoets_url = "{url}{VERSIE1}"\nkopie_url = "{url}{VERSIE2}"\ntoken_url = "{url}{TOKEN}"\n'
        'token_client = "knooppunt"\nantwoord_seconden = 5\n',
        "utf-8",
    )
    make_tables(f"sqlite:///{tmp_path / 'knooppunt.db'}")
    partijen = tmp_path / "partijen.toml"
    partijen.write_text('[[partij]]\ncode = "0344"\nmag_bevragen = ["wlz-toets:wmo", "wlz-signalen:wmo"]\n', "utf-8")
    opdracht = ["partij", "importeer", str(partijen), "--config", str(plek.config)]
    assert (await asyncio.to_thread(CliRunner().invoke, app, opdracht)).exit_code == 0
    yield plek
    await ciz.close()


async def test_the_three_answers_in_words_and_as_json(plek: Werkplek) -> None:
    code, uit, _ = await plek.run(*_TOETS, invoer=f"{JA}\n")
    assert (code, uit.splitlines()[:3]) == (
        0,
        ["JA: er is een indicatie voor de Wlz.", "  Afgegeven: 01-02-2024", "  Ingegaan: 01-03-2024"],
    )
    assert (await plek.run(*_TOETS, invoer=ONBEKEND))[1].startswith("ONBEKEND: ")
    code, uit, _ = await plek.run(*_TOETS, "--json", invoer=NIEMAND)
    assert (code, json.loads(uit)["status"], json.loads(uit)["ingangsdatum"]) == (0, "NEE", None)
    assert NIEMAND not in uit


async def test_a_register_that_cannot_say_ends_with_3_and_is_no_nee(plek: Werkplek) -> None:
    plek.ciz.storingen.switch([read_storing("graphql:half")])
    code, uit, fout = await plek.run(*_TOETS, invoer=NIEMAND)
    assert (code, uit) == (3, "")
    assert "Het Wlz-register kon de vraag niet of niet volledig beantwoorden.\nDat is geen NEE" in fout
    assert NIEMAND not in fout


async def test_a_bsn_that_is_none_and_a_law_that_does_not_allow_it_do_not_reach_the_register(plek: Werkplek) -> None:
    assert (await plek.run(*_TOETS, invoer="999990343"))[0] == 2
    code, _, fout = await plek.run(*_TOETS, "--wet", "jeugdwet", invoer=JA)
    assert (code, "jeugdwet" in fout) == (1, True)
    for reden, zin in (((), "--reden"), (("--reden", " "), "een reden nodig"), (("--reden", f"om {JA}"), "geen BSN")):
        code, _, fout = await plek.run(*_ZONDER_REDEN, *reden, invoer=JA)
        assert (code, zin in fout, JA in fout) == (2, True, False)
    assert plek.ciz.vragen == []


async def test_without_a_register_that_is_said(plek: Werkplek) -> None:
    plek.config.write_text(plek.config.read_text("utf-8").split("[wlz]")[0], "utf-8")
    code, uit, fout = await plek.run(*_TOETS, invoer=NIEMAND)
    assert (code, uit) == (3, "")
    assert fout.startswith("Het knooppunt is niet aangesloten op het Wlz-register.")


async def test_a_list_from_csv_and_json_and_what_is_told_about_it(plek: Werkplek) -> None:
    csv, lijst = plek.map / "lijst.csv", plek.map / "lijst.json"
    csv.write_text(f"bsn;referentie\r\n{BSNS[1]};Z-1\r\n\r\n{BSNS[2]};Z-2\r\n", "utf-8-sig")
    assert (await plek.run("clienten", "toevoegen", str(csv), *_WIE))[:2] == (
        0,
        "Toegevoegd: 2. Verwijderd: 0. Ongewijzigd: 0.\n",
    )
    assert (await plek.run("signalen", *_WIE))[1] == "Er zijn geen signalen.\n"
    opslag = Opslag(f"sqlite:///{plek.map / 'knooppunt.db'}")
    try:
        dag = Dagronde(opslag, Kluis(plek.map / "sleutels"))
        dag.bron.inhoud = {BSNS[2]: [indicatie(1)]}
        await dag.run()
    finally:
        await opslag.close()
    code, uit, _ = await plek.run("signalen", *_WIE, "--json")
    (signaal,) = json.loads(uit)
    assert (code, signaal["soort"], signaal["referentie"]) == (0, "stand", "Z-2")
    lijst.write_text(json.dumps([{"referentie": "Z-2", "bsn": BSNS[2]}]), "utf-8")
    assert (await plek.run("clienten", "vervangen", str(lijst), *_WIE))[1] == (
        "Toegevoegd: 0. Verwijderd: 1. Ongewijzigd: 1.\n"
    )
    code, uit, _ = await plek.run("clienten", "verwijderen", "-", *_WIE, invoer="referentie\nZ-2\n")
    assert (code, uit) == (0, "Toegevoegd: 0. Verwijderd: 1. Ongewijzigd: 0.\n")


async def test_a_shrink_is_accepted_only_after_it_was_refused(plek: Werkplek) -> None:
    code, uit, fout = await plek.run("aanvaard")
    assert (code, uit) == (1, "")
    assert fout == "Er is geen ronde geweigerd omdat het register de helft kwijt was.\n"
    feiten = {"indicaties": 900, "eerder": 2000}
    opslag = Opslag(f"sqlite:///{plek.map / 'knooppunt.db'}")
    try:
        await opslag.write(Incidentboek().open, GEKROMPEN, "", feiten)
    finally:
        await opslag.close()
    code, uit, _ = await plek.run("aanvaard")
    assert (code, uit.startswith("Aanvaard: 900 indicaties.")) == (0, True)
    assert (await plek.run("aanvaard"))[0] == 1


@pytest.mark.parametrize(
    ("inhoud", "melding"),
    [
        (b"", "De eerste regel moet de kolommen noemen"),
        (b"naam,bsn\nx,1\n", "De eerste regel moet de kolommen noemen"),
        (b"referentie,bsn\nZ-1\n", "rij 1: telt 1 waarden."),
        (b'referentie,bsn\n"Z-1,1\n', "Regel 2: dit is geen geldige CSV."),
        (b"referentie,bsn\nZ-1,\xff\n", "Het bestand is niet in UTF-8 geschreven."),
        (b"[{", "dit is geen geldige JSON"),
        (b"[" * 100_000, "geldige JSON"),
        (b"{}", "Het bestand moet een lijst"),
        (b'[1, {"referentie": 2, "bsn": 3, "naam": "x"}]', "rij 1: is geen object."),
        (f"referentie,bsn\nZ-1,999990343\nZ-1,{BSNS[1]}\n".encode(), "rij 1: bsn moet een BSN zijn"),
    ],
)
async def test_a_file_that_is_no_list_changes_nothing_and_says_why(plek: Werkplek, inhoud: bytes, melding: str) -> None:
    bestand = plek.map / "lijst"
    bestand.write_bytes(inhoud)
    code, uit, fout = await plek.run("clienten", "toevoegen", str(bestand), *_WIE)
    assert (code, uit, melding in fout) == (2, "", True), fout
    assert "999990343" not in fout
    assert BSNS[1] not in fout


@pytest.mark.parametrize(
    ("regels", "melding"),
    [
        ('toets_url = "https://ciz.example/v1"', "wlz.token_url en wlz.token_client"),
        (
            'toets_url = "https://ciz.example"\ntoken_url = "https://ciz.example"\ntoken_client = "k"\nsleutel = "k"',
            "wlz.certificaat en wlz.sleutel",
        ),
        ('webhooks = "weg.toml"', "weg.toml is niet te lezen"),
        ('webhooks = "fout.toml"', "klopt dit niet: webhook.0.url"),
        ('webhooks = "dubbel.toml"', "staat een gemeente tweemaal"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_in_words(tmp_path: Path, regels: str, melding: str) -> None:
    goed = '[[webhook]]\ngemeente = "0344"\nurl = "https://zaken.example/in"\n'
    (tmp_path / "fout.toml").write_text(goed.replace("https", "http"), "utf-8")
    (tmp_path / "dubbel.toml").write_text(goed * 2, "utf-8")
    pad = tmp_path / "knooppunt.toml"
    pad.write_text(f'[koppelvlak]\ncertificaat = "h"\nsleutel = "h"\nca = "c"\n[wlz]\n{regels}\n', "utf-8")
    sectie = load(pad, {}).wlz
    with pytest.raises(ConfiguratieFout, match=melding):
        open_register(sectie) or open_webhooks(sectie)


def test_lists_of_codes_come_from_the_environment_too(tmp_path: Path) -> None:
    pad = tmp_path / "knooppunt.toml"
    pad.write_text('[koppelvlak]\ncertificaat = "h"\nsleutel = "h"\nca = "c"\n', "utf-8")
    assert load(pad, {"KNOOPPUNT_WLZ__PROFIELEN_WMO": "750, 751 860"}).wlz.profielen_wmo == ("750", "751", "860")
    assert len(load(pad, {}).wlz.zorgkantoren) == 33
