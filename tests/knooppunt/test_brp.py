"""The BRP as it is configured: what goes together, and files that cannot be used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from brppersonen import KIND, child, persons

from knooppunt.brp import open_brp
from knooppunt.configuratie import Configuratie, ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.hub import Hub
from knooppunt.pki import make_demo
from knooppunt.simulatie.brp.server import BrpSimulator
from knooppunt.tls import server_context
from routing.kluis import Kluis
from routing.woonplaats.feitenbron import Feitenvraag, Registerfeiten

KOPPELVLAK = '[koppelvlak]\ncertificaat = "wij.pem"\nsleutel = "wij.key"\nca = "ca.pem"\n'
TOKEN = 'url = "https://x"\ntoken_url = "https://y"\ntoken_client = "k"\ntoken_wachtwoord_bestand = "g"\n'


def read(tmp_path: Path, brp: str) -> Configuratie:
    (tmp_path / "hub.toml").write_text(f"{KOPPELVLAK}[brp]\n{brp}", "utf-8")
    return load(tmp_path / "hub.toml", {})


def test_without_an_address_the_brp_is_not_asked(tmp_path: Path) -> None:
    assert open_brp(read(tmp_path, "").brp) is None


async def test_a_configured_brp_is_asked_with_our_certificate_and_key(tmp_path: Path) -> None:
    make_demo(tmp_path, [("wij", "00000001999999990001"), ("brp", "00000001999999990193")])
    (tmp_path / "sleutel").write_text("geheim\n", "ascii")
    eigen = read(tmp_path, "").koppelvlak
    server = eigen.model_copy(update={"certificaat": tmp_path / "brp.pem", "sleutel": tmp_path / "brp.key"})
    simulator = BrpSimulator(persons(child()), tls=server_context(server))
    url = await simulator.start()
    regels = f'url = "{url}"\nca = "ca.pem"\ncertificaat = "wij.pem"\nsleutel = "wij.key"\n'
    bron = open_brp(read(tmp_path, regels + 'api_sleutel_bestand = "sleutel"\n').brp)
    assert bron is not None
    try:
        (uit,) = await bron.fetch([Feitenvraag(KIND, date(2026, 3, 1))])
        assert isinstance(uit, Registerfeiten)
    finally:
        await bron.close()
        await simulator.close()


@pytest.mark.parametrize(
    ("brp", "woord"),
    [
        ('historie_url = "https://x"', "geef ook brp.url"),
        ('url = "https://x"\ncertificaat = "wij.pem"', "geef beide of geen van beide"),
        ('url = "https://x"\nca = "weg.pem"', "brp.ca: "),
        ('url = "https://x"\nca = "leeg"', "bevat geen PEM-certificaten"),
        ('url = "https://x"\ncertificaat = "leeg"\nsleutel = "leeg"', "geen PEM-certificaat"),
        ('url = "https://x"\napi_sleutel_bestand = "weg"', "is niet te lezen"),
        ('url = "https://x"\napi_sleutel_bestand = "leeg"', "geen bruikbaar geheim"),
        ('url = "https://x"\ntoken_url = "https://y"', "horen bij elkaar"),
        (TOKEN + 'api_sleutel_bestand = "g"', "niet beide"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, brp: str, woord: str) -> None:
    (tmp_path / "leeg").write_text("\n", "ascii")
    (tmp_path / "g").write_text("geheim", "ascii")
    with pytest.raises(ConfiguratieFout) as fout:
        open_brp(read(tmp_path, brp).brp)
    assert woord in str(fout.value)


@pytest.mark.parametrize(
    "url", ["http://brp.example", "https://naam:woord@brp.example", "ftp://x", "http://127.0.0.1.x"]
)
def test_an_address_that_is_not_safe_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfiguratieFout, match="moet met https:// beginnen"):
        read(tmp_path, f'url = "{url}"')


async def test_a_token_is_asked_for_when_it_is_configured(tmp_path: Path) -> None:
    (tmp_path / "g").write_text("geheim", "ascii")
    bron = open_brp(read(tmp_path, TOKEN).brp)
    assert bron is not None
    await bron.close()


async def test_a_hub_opens_the_brp_it_is_configured_with_or_does_not_start(tmp_path: Path) -> None:
    make_demo(tmp_path, [("wij", "00000001999999990001")])
    Kluis.create(tmp_path / "sleutels")
    vrij = f"{KOPPELVLAK}poort = 0\n[beheer]\npoort = 0\n[brp]\n"
    (tmp_path / "hub.toml").write_text(f'{vrij}url = "https://brp.example"\nca = "ca.pem"\n', "utf-8")
    async with Hub(load(tmp_path / "hub.toml", {})) as hub:
        assert hub.feitenbron is not None
    (tmp_path / "hub.toml").write_text(f'{vrij}url = "https://brp.example"\nca = "weg.pem"\n', "utf-8")
    with pytest.raises(ConfiguratieFout, match=r"brp\.ca"):
        async with Hub(load(tmp_path / "hub.toml", {})):
            pass
