from __future__ import annotations

import re
from pathlib import Path

import pytest

from knooppunt.configuratie import Configuratie, ConfiguratieFout
from knooppunt.configuratiebestand import find_line, load, variable

KOPPELVLAK = '[koppelvlak]\ncertificaat = "hub.pem"\nsleutel = "hub.key"\nca = "ca.pem"\n'
REPO = Path(__file__).parents[2]


def read(tmp_path: Path, tekst: str | bytes, **omgeving: str) -> Configuratie:
    pad = tmp_path / "hub.toml"
    pad.write_bytes(tekst if isinstance(tekst, bytes) else tekst.encode())
    return load(pad, omgeving)


def faults(tmp_path: Path, tekst: str | bytes, **omgeving: str) -> tuple[str, ...]:
    with pytest.raises(ConfiguratieFout) as fout:
        read(tmp_path, tekst, **omgeving)
    return fout.value.meldingen


def test_the_smallest_file_has_defaults_and_paths_from_its_own_folder(tmp_path: Path):
    configuratie = read(tmp_path, KOPPELVLAK)
    assert configuratie.koppelvlak.certificaat == tmp_path / "hub.pem"
    assert configuratie.sleutels.map == tmp_path / "sleutels"
    assert configuratie.database.full_url() == f"sqlite:///{tmp_path}/knooppunt.db"
    assert configuratie.hub.organisatie == "IB"


def test_absolute_paths_and_a_byte_order_mark_are_fine(tmp_path: Path):
    tekst = KOPPELVLAK + '[sleutels]\nmap = "/etc/sleutels"\n[database]\nurl = "sqlite:////var/k.db"\n'
    configuratie = read(tmp_path, b"\xef\xbb\xbf" + tekst.encode())
    assert configuratie.sleutels.map == Path("/etc/sleutels")
    assert configuratie.database.url == "sqlite:////var/k.db"


def test_environment_goes_before_the_file(tmp_path: Path):
    configuratie = read(
        tmp_path,
        KOPPELVLAK + "poort = 1\n",
        KNOOPPUNT_KOPPELVLAK__POORT="9443",
        KNOOPPUNT_AFLEVERING__PUSH_DAGEN="2.5",
        KNOOPPUNT_LOGGING__TOEGANG="false",
        KNOOPPUNT_HUB__ORGANISATIE="0344",
        KNOOPPUNT_CORPUS="/elders",
        ANDERS__IETS="1",
    )
    assert configuratie.koppelvlak.poort == 9443
    assert configuratie.aflevering.push_dagen == 2.5
    assert configuratie.logging.toegang is False
    assert configuratie.hub.organisatie == "0344"


def test_environment_alone_is_enough(tmp_path: Path):
    omgeving = {f"KNOOPPUNT_KOPPELVLAK__{naam}": "x.pem" for naam in ("CERTIFICAAT", "SLEUTEL", "CA")}
    assert read(tmp_path, "", **omgeving).koppelvlak.ca == tmp_path / "x.pem"


@pytest.mark.parametrize(
    ("regel", "verwacht"),
    [
        ("poot = 1", "regel 5: de sleutel poot is onbekend in [koppelvlak] (bedoelde u poort?)."),
        ("zzz = 1", "regel 5: de sleutel zzz is onbekend in [koppelvlak] (bekend zijn: adres, "),
        ('poort = "veel"', "regel 5: koppelvlak.poort moet een geheel getal zijn."),
        ("poort = 1.5", "regel 5: koppelvlak.poort moet een geheel getal zijn."),
        ("poort = 70000", "regel 5: koppelvlak.poort mag ten hoogste 65535 zijn."),
        ("poort = -1", "regel 5: koppelvlak.poort moet ten minste 0 zijn."),
        ("poort = true", "regel 5: koppelvlak.poort mag geen true of false zijn."),
        ("poort = [1]", "regel 5: koppelvlak.poort moet een geheel getal zijn."),
        ("adres = 2026-01-01", "regel 5: koppelvlak.adres moet tekst tussen aanhalingstekens zijn."),
        ('tls_minimum = "1.1"', "regel 5: koppelvlak.tls_minimum moet een van deze waarden zijn: '1.2' of '1.3'."),
        ('publieke_url = "http://x"', "regel 5: koppelvlak.publieke_url moet met https:// beginnen."),
        ("rust_seconden = 0", "regel 5: koppelvlak.rust_seconden moet groter dan 0 zijn."),
        ("rust_seconden = inf", "regel 5: koppelvlak.rust_seconden moet een eindig getal zijn."),
        ("rust_seconden = nan", "regel 5: koppelvlak.rust_seconden moet een eindig getal zijn."),
        ("[koppelvak]", "regel 5: de sectie of sleutel koppelvak is onbekend (bedoelde u koppelvlak?)."),
        ("[[hub]]", "regel 5: hub moet een sectie zijn, dus met een kopje [hub]."),
        ("[hub]\norganisatie = ''", "regel 6: hub.organisatie mag niet leeg zijn."),
        ("[logging]\ntoegang = 'soms'", "regel 6: logging.toegang moet true of false zijn."),
        ("[sleutels]\nmap = 3", "regel 6: sleutels.map moet een pad zijn, als tekst tussen aanhalingstekens."),
        ("[database]\nurl = 'mysql://h/x'", "regel 6: database.url moet met sqlite:// of postgresql:// beginnen."),
        ("[database]\nurl = 'x'", "regel 6: database.url is geen database-URL; voorbeeld: sqlite:///knooppunt.db."),
        ("[database]\nurl = 'sqlite://'", "regel 6: database.url moet een bestand noemen"),
    ],
)
def test_one_fault_is_one_dutch_sentence_with_its_line(tmp_path: Path, regel: str, verwacht: str):
    (melding,) = faults(tmp_path, KOPPELVLAK + regel + "\n")
    assert f"{tmp_path / 'hub.toml'}, {verwacht}" in melding


def test_all_faults_are_told_at_once(tmp_path: Path):
    meldingen = faults(tmp_path, "[koppelvlak]\npoot = 1\n[hub]\nfout_generatie = 'C'\n")
    assert len(meldingen) == 5  # three required keys, an unknown one, a wrong value


@pytest.mark.parametrize(
    ("inhoud", "verwacht"),
    [
        (b"[koppelvlak\n", "regel 1, kolom 12: dit is geen geldige TOML."),
        (b"a = 1\na = 2\n", "regel 2, kolom 6: dit is geen geldige TOML."),
        (b"a = '\xff'\n", "regel 1: het bestand is niet in UTF-8 geschreven."),
        ("a = 1\n".encode("utf-16"), "regel 1: het bestand is niet in UTF-8 geschreven."),
        (b"a = " + b"[" * 20000, "dit is geen geldige TOML"),
        (b"#" * 1_100_000, "groter dan 1 MiB"),
        (b"", "de verplichte sleutel certificaat ontbreekt in [koppelvlak]."),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_in_words(tmp_path: Path, inhoud: bytes, verwacht: str):
    assert verwacht in faults(tmp_path, inhoud)[0]


def test_a_file_that_is_absent_or_a_folder(tmp_path: Path):
    with pytest.raises(ConfiguratieFout, match="bestaat niet"):
        load(tmp_path / "geen.toml")
    with pytest.raises(ConfiguratieFout, match="niet te lezen"):
        load(tmp_path)


@pytest.mark.parametrize("url", ["postgresql://u:w8woord@h/d", "postgresql://u@h/d?password=w8woord"])
def test_a_password_in_the_toml_is_refused_and_not_repeated(tmp_path: Path, url: str):
    (melding,) = faults(tmp_path, KOPPELVLAK + f'[database]\nurl = "{url}"\n')
    assert "regel 6" in melding
    assert "wachtwoord_bestand" in melding
    assert "w8woord" not in melding


def test_a_password_from_file_or_environment_is_used_and_not_shown(tmp_path: Path):
    (tmp_path / "ww").write_text("ge/heim\n")
    tekst = KOPPELVLAK + '[database]\nurl = "postgresql://u@h/d"\nwachtwoord_bestand = "ww"\n'
    configuratie = read(tmp_path, tekst)
    assert configuratie.database.full_url() == "postgresql+psycopg://u:ge%2Fheim@h/d"
    uit_omgeving = read(tmp_path, KOPPELVLAK, KNOOPPUNT_DATABASE__URL="postgresql://u:w8woord@h/d")
    assert uit_omgeving.database.full_url() == "postgresql+psycopg://u:w8woord@h/d"
    assert "w8woord" not in repr(uit_omgeving)


@pytest.mark.parametrize(("inhoud", "woord"), [(None, "niet te lezen"), ("\n", "leeg")])
def test_a_password_file_without_password_is_refused(tmp_path: Path, inhoud: str | None, woord: str):
    if inhoud is not None:
        (tmp_path / "ww").write_text(inhoud)
    tekst = KOPPELVLAK + '[database]\nurl = "postgresql://u@h/d"\nwachtwoord_bestand = "ww"\n'
    with pytest.raises(ConfiguratieFout, match=woord):
        read(tmp_path, tekst).database.full_url()


def test_wrong_environment_variables_are_named(tmp_path: Path):
    onbekend, ongeldig = faults(
        tmp_path, KOPPELVLAK, KNOOPPUNT_HUB__APLICATIE="x", KNOOPPUNT_AFLEVERING__GELIJKTIJDIG="nul"
    )
    assert (
        onbekend
        == "De omgevingsvariabele KNOOPPUNT_HUB__APLICATIE is onbekend (bedoelde u KNOOPPUNT_HUB__APPLICATIE?)."
    )
    assert ongeldig == (
        "De omgevingsvariabele KNOOPPUNT_AFLEVERING__GELIJKTIJDIG: aflevering.gelijktijdig moet een geheel getal zijn."
    )


@pytest.mark.parametrize(
    ("tekst", "regel"),
    [
        ("[hub]\n[beheer]\npoort = 1\n", 3),
        ('[ "beheer" ]\n\n"poort" = 1\n', 3),
        ("beheer.poort = 1\n", 1),
        ("beheer = {poort = 1}\n", 1),
        ("[beheer]\nadres = 'x'\n", 1),
        ("[hub]\npoort = 1\n", 0),
    ],
)
def test_the_line_of_a_key_is_found_however_it_is_written(tekst: str, regel: int):
    assert find_line(tekst, "beheer", "poort") == regel


def test_the_documentation_describes_every_key_with_its_default_and_variable():
    document = (REPO / "docs" / "configuratie.md").read_text("utf-8")
    for sectie, veld in Configuratie.model_fields.items():
        deel = re.search(rf"^## `\[{sectie}\]`\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
        assert deel, f"docs/configuratie.md has no section [{sectie}]"
        for sleutel, sleutelveld in veld.annotation.model_fields.items():
            assert sleutelveld.description, f"{sectie}.{sleutel} has no description"
            assert f"| `{sleutel}` |" in deel[1], f"docs/configuratie.md does not describe {sectie}.{sleutel}"
            assert sleutelveld.description in deel[1], f"docs/configuratie.md describes {sectie}.{sleutel} differently"
            assert f"`{variable(sectie, sleutel)}`" in deel[1]
        rijen = set(re.findall(r"^\| `(\w+)` \|", deel[1], re.MULTILINE))
        assert rijen <= set(veld.annotation.model_fields), f"docs/configuratie.md describes more than [{sectie}] has"


def test_outcome_classes_come_from_the_file_or_as_json_from_the_environment(tmp_path: Path):
    tekst = KOPPELVLAK + '[uitkomsten.stuf]\n"http.404" = "blijvend"\n'
    configuratie = read(tmp_path, tekst, KNOOPPUNT_UITKOMSTEN__VSP='{"http.4xx": "blijvend"}')
    assert configuratie.uitkomsten.stuf == {"http.404": "blijvend"}
    assert configuratie.uitkomsten.vsp == {"http.4xx": "blijvend"}


@pytest.mark.parametrize(
    ("regel", "melding"),
    [
        ('stuf = { "http.40" = "blijvend" }', "kent kenmerk 'http.40' niet"),
        ('stuf = { "http.404" = "weg" }', "moet een van deze waarden zijn"),
        ('stuf = { "http.404" = "vervallen" }', "een klasse die een antwoord niet kan hebben"),
        ('stuf = "blijvend"', "JSON-object"),
        ("stuf = 1", "moet een tabel zijn"),
    ],
)
def test_an_outcome_class_that_cannot_be_is_refused(tmp_path: Path, regel: str, melding: str):
    (fout,) = faults(tmp_path, f"{KOPPELVLAK}[uitkomsten]\n{regel}\n")
    assert melding in fout


def test_the_rest_is_not_removed_before_the_payload(tmp_path: Path):
    (fout,) = faults(tmp_path, KOPPELVLAK + "[bewaren]\ninhoud_dagen = 50\ndossier_dagen = 40\n")
    assert "mag niet korter zijn dan inhoud_dagen" in fout
