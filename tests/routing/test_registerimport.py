"""Import of the register: all errors at once, nothing stored when there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing.partij import Kanaal, Partijsoort, Protocol, Richting
from routing.registerimport import Importfout, parse_csv, parse_toml, read_file

_OIN = "oin:00000001002311112000"
_GOED = f"""
[[partij]]
code = "0363"
url = "https://127.0.0.1:9443/ggk"
identiteiten = ["{_OIN}"]
mag_zenden = ["WMO301", "JW*"]
mag_ontvangen = ["*"]

[[partij]]
code = "90000001"
naam = "Zorg voor Elkaar"
kanaal = "pull"
protocol = "vsp"
identiteiten = ["sha256:{"ab" * 32}"]
"""


def test_toml_gives_partij_aansluiting_and_machtigingen() -> None:
    gemeente, aanbieder = parse_toml(_GOED)
    assert (gemeente.partij.naam, gemeente.partij.soort) == ("Amsterdam", Partijsoort.GEMEENTE)
    assert gemeente.aansluiting is not None
    assert (gemeente.aansluiting.kanaal, gemeente.aansluiting.protocol) == (Kanaal.PUSH, Protocol.STUF)
    assert [(m.richting, m.berichtsoort) for m in gemeente.machtigingen] == [
        (Richting.ZENDEN, "WMO301"), (Richting.ZENDEN, "JW*"), (Richting.ONTVANGEN, "*"),
    ]  # fmt: skip
    assert aanbieder.aansluiting is not None
    assert aanbieder.aansluiting.kanaal is Kanaal.PULL


def test_csv_says_the_same() -> None:
    tekst = (
        "code;naam;kanaal;protocol;url;identiteiten;mag_zenden;mag_ontvangen\n"
        f"0363;;;;https://127.0.0.1:9443/ggk;{_OIN};WMO301 JW*;*\n"
        f"90000001;Zorg voor Elkaar;pull;vsp;;sha256:{'ab' * 32};;\n"
    )
    assert parse_csv(tekst) == parse_toml(_GOED)


@pytest.mark.parametrize(
    ("regel", "verwacht"),
    [
        ("", (1, False)),
        ("antwoordt_hub = false", (1, False)),
        ("antwoordt_hub = true", (2, True)),
        ("antwoordt_hub = true\nregelniveau = 1", (1, True)),
        ('antwoordt_hub = "true"\nregelniveau = "4"', (4, True)),
    ],
)
def test_who_lets_the_hub_answer_has_the_rules_checked(regel: str, verwacht: tuple[int, bool]) -> None:
    kop = f'[[partij]]\ncode = "0363"\nurl = "https://127.0.0.1/"\nidentiteiten = ["{_OIN}"]\n'
    (inschrijving,) = parse_toml(kop + regel)
    assert inschrijving.aansluiting is not None
    assert (inschrijving.aansluiting.regelniveau, inschrijving.aansluiting.antwoordt_hub) == verwacht


@pytest.mark.parametrize(
    ("regel", "melding"),
    [
        ('code = "9999"', "niet in de CBS-lijst"),
        ('code = "12345"', "geen gemeentecode"),
        ('code = "90000001"', "naam ontbreekt"),
        ('code = "0363"\nsoort = "zorgaanbieder"', "past niet bij code"),
        ('code = "0363"\nurl = "http://x.nl/"', "geen https-adres"),
        ('code = "0363"\nurl = "https://a:b@x.nl/"', "geen https-adres"),
        ('code = "0363"\nkanaal = "pull"', "alleen met protocol vsp"),
        ('code = "0363"\nkanaal = "push"', "hoort een url"),
        ('code = "0363"\nurl = "https://x.nl/"', "identiteiten ontbreekt"),
        ('code = "0363"\nidentiteiten = ["oin:1"]', "is geen oin:"),
        ('code = "0363"\nidentiteiten = "oin:1"', "moet een lijst"),
        ('code = "0363"\nmag_zenden = ["WMO999"]', "geen bekende functie"),
        ('code = "0363"\nmag_zende = ["WMO301"]', "bedoelt u 'mag_zenden'"),
        ('code = "0363"\nfout_generatie = "C"\nurl = "https://x.nl/"', "bestaat niet"),
        ('code = "0363"\nantwoordt_hub = "ja"', "kies uit true, false"),
        ('code = "0363"\nantwoordt_hub = 1', "kies uit true, false"),
        ('code = "0363"\nregelniveau = 5', "regelniveau 5 bestaat niet; kies uit 1, 2, 3, 4"),
        ('code = "0363"\nregelniveau = true', "regelniveau True bestaat niet"),
        ('code = "0363"\nregelniveau = 3', "identiteiten ontbreekt"),
        ("code = 363", "moet een tekst zijn"),
        ('naam = "zonder"', "code ontbreekt"),
    ],
)
def test_each_mistake_is_named(regel: str, melding: str) -> None:
    with pytest.raises(Importfout, match=melding) as gevangen:
        parse_toml(f"[[partij]]\n{regel}\n")
    assert all(fout.startswith("partij 1") for fout in gevangen.value.fouten)


def test_how_far_rules_are_checked_is_a_number_in_both_forms() -> None:
    niveaus = [i.aansluiting.regelniveau for i in parse_toml(_GOED) if i.aansluiting]
    assert niveaus == [1, 1]
    toml = parse_toml(_GOED.replace('code = "0363"', 'code = "0363"\nregelniveau = 3'))
    csv = parse_csv(
        f"code;url;identiteiten;mag_zenden;mag_ontvangen;regelniveau\n"
        f"0363;https://127.0.0.1:9443/ggk;{_OIN};WMO301 JW*;*;3\n"
    )
    assert toml[0] == csv[0]
    assert csv[0].aansluiting is not None
    assert csv[0].aansluiting.regelniveau == 3


def test_all_mistakes_come_at_once() -> None:
    tekst = (
        '[[partij]]\ncode = "9999"\nkanaal = "post"\n[[partij]]\ncode = "0363"\nonzin = 1\nfout_generatie = "C"\n'
        + _GOED
    )
    with pytest.raises(Importfout) as gevangen:
        parse_toml(tekst)
    tekst = "\n".join(gevangen.value.fouten)
    for verwacht in (
        "partij 1 (9999): gemeentecode",
        "kanaal 'post'",
        "onbekend veld 'onzin'",
        "partij 2 (0363): fout_generatie 'C'",
        "staat ook al bij",
    ):
        assert verwacht in tekst


@pytest.mark.parametrize("tekst", ["", "code;naam\n", 'code;naam\n"0363;x\n', "code;naam\n0363;x;y;z\n"])
def test_broken_csv_is_refused(tekst: str) -> None:
    with pytest.raises(Importfout):
        parse_csv(tekst)


def test_unreadable_files_are_refused_in_words(tmp_path: Path) -> None:
    latin = tmp_path / "x.toml"
    latin.write_bytes(b'naam = "caf\xe9"')
    (tmp_path / "x.xlsx").touch()
    for pad, waarom in (
        (latin, r"geen UTF-8-tekst \(byte 12"),
        (tmp_path / "weg.toml", "bestaat niet"),
        (tmp_path, "geen gewoon bestand"),
        (tmp_path / "x.xlsx", "onbekend soort bestand"),
    ):
        with pytest.raises(Importfout, match=f"{pad}: .*{waarom}"):
            read_file(pad)


def test_a_generation_of_fault_codes_does_not_vanish_unread() -> None:
    with pytest.raises(Importfout, match="fout_generatie 'Z' bestaat niet"):
        parse_toml('[[partij]]\ncode = "0363"\nfout_generatie = "Z"\n')


@pytest.mark.parametrize(
    ("tekst", "fout"),
    [
        ("[[partij]\n", "regel 1, kolom 9: dit is geen geldige TOML"),
        ('[[partij]]\ncode = "0363', "aan het eind: dit is geen geldige TOML"),
        ("a = " + "[" * 20_000, "dit is geen geldige TOML: te diep genest"),
    ],
)
def test_a_file_that_is_no_toml_is_said_in_dutch(tekst: str, fout: str) -> None:
    with pytest.raises(Importfout) as gevonden:
        parse_toml(tekst)
    assert str(gevonden.value) == fout


def test_width_and_rate_of_an_ontvanger() -> None:
    basis = f'[[partij]]\ncode = "0363"\nurl = "https://127.0.0.1:1/"\nidentiteiten = ["{_OIN}"]\n'
    (kaal,) = parse_toml(basis)
    assert kaal.aansluiting is not None
    assert (kaal.aansluiting.max_gelijktijdig, kaal.aansluiting.per_minuut) == (1, None)
    (vol,) = parse_toml(basis + 'max_gelijktijdig = 8\nper_minuut = "90"\n')
    assert vol.aansluiting is not None
    assert (vol.aansluiting.max_gelijktijdig, vol.aansluiting.per_minuut, vol.aansluiting.burst) == (8, 90, 1)


@pytest.mark.parametrize("waarde", ["0", "-1", "65", "1.5", "true", '"veel"', '""', "[1]", "99999999999999999999"])
def test_a_width_that_cannot_be_is_refused(waarde: str) -> None:
    with pytest.raises(Importfout) as fout:
        parse_toml(f'[[partij]]\ncode = "0363"\nmax_gelijktijdig = {waarde}\n')
    assert any("max_gelijktijdig moet een geheel getal van 1 tot en met 64 zijn" in f for f in fout.value.fouten)


def test_a_quota_is_a_number_and_absent_when_it_is_not_given():
    tekst = """
[[partij]]
code = "99010001"
naam = "Zorg"
kanaal = "pull"
protocol = "vsp"
identiteiten = ["oin:00000001999999991001"]
"""
    (zonder,) = parse_toml(tekst)
    assert (zonder.aansluiting.quota_berichten, zonder.aansluiting.quota_mib) == (None, None)
    (met,) = parse_toml(tekst + "quota_berichten = 600\nquota_mib = 20\n")
    assert (met.aansluiting.quota_berichten, met.aansluiting.quota_mib) == (600, 20)
    with pytest.raises(Importfout, match="quota_mib"):
        parse_toml(tekst + "quota_mib = 0\n")
