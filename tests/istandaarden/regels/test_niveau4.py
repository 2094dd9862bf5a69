"""Every rule of level 4 on both standaarden, and the registers behind them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from gevallen3 import Geval
from gevallen4 import BRIELLE, GEVALLEN4, PER_BERICHT, contract
from verhaal import AANBIEDER, GEMEENTE, Verhaal

from istandaarden.catalogus import ingebouwd
from istandaarden.gemeenten import gemeenten, is_gemeente, was_gemeente
from istandaarden.opbouw import build
from istandaarden.regels.boek import number, regels, rules_for
from istandaarden.regels.keten import Product, Relatie
from istandaarden.regels.registers import Contractfout, Contractlijst, Tarief, Vasteregisters
from istandaarden.toets import validate


@pytest.mark.parametrize("standaard", ["iwmo", "ijw"])
@pytest.mark.parametrize(("code", "verhaal"), GEVALLEN4, ids=lambda deel: getattr(deel, "__name__", deel))
def test_names_exactly_the_rule_that_is_broken(code: str, verhaal: Geval, standaard: str) -> None:
    v = Verhaal(standaard)
    v = Verhaal(standaard, contract=contract(v))
    v.zend(v.wijs_toe())
    fout, goed = verhaal(v)
    (bevinding,) = v.judge(fout).bevindingen
    regel = regels()[code, standaard]
    assert (bevinding.code, bevinding.niveau, bevinding.retourcode) == (code, 4, regel.retourcode)
    assert bevinding.melding.startswith(f"Regel overtreden: {regel.stelling}")
    assert bevinding.melding.endswith(regel.advies)
    assert bevinding.regel > 0
    assert v.codes(goed) == []


@pytest.mark.parametrize("standaard", ["iwmo", "ijw"])
@pytest.mark.parametrize(("code", "nummer", "verhaal"), PER_BERICHT, ids=lambda deel: deel if deel is str(deel) else "")
def test_names_exactly_the_rule_in_every_bericht(code: str, nummer: str, verhaal: Geval, standaard: str) -> None:
    v = Verhaal(standaard)
    if code == "TR381":
        v = Verhaal(standaard, contract=contract(v))
    fout, goed = verhaal(v)
    for bericht, codes in ((fout, {code}), (goed, set())):
        oordeel = validate(bericht, niveau=4, registers=v.registers)
        assert oordeel.berichtsoort == ingebouwd().find(f"{v.prefix}{nummer}", "3.2")
        assert {bevinding.code for bevinding in oordeel.bevindingen} == codes, oordeel.bevindingen


def test_no_bericht_is_missing() -> None:
    gedekt = {(code, nummer) for code, nummer, _ in PER_BERICHT}
    for soort in ingebouwd():
        for regel in rules_for(soort):
            if regel.niveau == 4 and regel.code in {"TR135", "TR378"}:
                assert (regel.code, number(soort)) in gedekt


def test_no_rule_is_missing() -> None:
    niveau4 = {code for (code, _), regel in regels().items() if regel.niveau == 4 and regel.standaard != "ipgb"}
    assert niveau4 == {"TR135", "TR346", "TR378", "TR381", "TR418"} == {code for code, _ in GEVALLEN4}


@pytest.mark.parametrize(
    ("tarief", "volume", "bedrag", "goed"),
    [
        (83, 30, 2490, True),  # 49.80 an hour
        (83, 30, 2500, True),  # 50.00 an hour
        (83, 30, 2475, True),  # 49.50 an hour, that is 82.5 cents a minute
        (83, 30, 2474, False),  # 49.48 an hour would be 82 cents a minute
        (83, 30, 2505, True),  # 50.09 an hour
        (83, 30, 2506, False),
        (83, 1, 83, True),
        (83, 1, 84, False),
        (83, 0, 0, True),
        (83, 0, 1, False),
        (0, 60, 29, True),  # 29 cents an hour
        (0, 60, 30, False),
    ],
)
def test_without_a_contract_some_hourly_price_must_explain_the_amount(
    tarief: int, volume: int, bedrag: int, *, goed: bool
) -> None:
    v = Verhaal("iwmo")
    v.zend(v.wijs_toe())
    som = {"Bedrag": bedrag, "DebetCredit": "D"}
    prestatie = v.prestatie(GeleverdVolume=volume, Eenheid="01", ProductTarief=tarief, IngediendBedrag=som)
    assert v.codes(v.declareer(prestatie)) == ([] if goed else ["TR346"])


def test_a_woonplaats_must_be_a_gemeente_now() -> None:
    v = Verhaal("ijw")
    v.zend(v.vraag())

    def answer(gemeente: str) -> bytes:
        return build(
            ingebouwd().find("JW319", "3.2"),
            {
                "Header": v.header("319", date(2026, 2, 5)),
                "Antwoord": {
                    "ReferentieAanbieder": "VOT-1",
                    "VerzoekAntwoord": "1",
                    "RedenAfwijzingVerzoek": "8",
                    "Woonplaatsbeginsel": {"Gemeente": gemeente},
                },
            },
        )

    assert v.bevinding(answer(BRIELLE)).plaats == "/Bericht/Antwoord/Woonplaatsbeginsel/Gemeente"
    assert v.codes(answer("0344")) == []


def test_a_merged_gemeente_may_still_be_declared_to() -> None:
    v = Verhaal("iwmo")
    v.zend(v.wijs_toe(v.toewijzing(Ingangsdatum=date(2022, 1, 1)), Afzender=BRIELLE))
    assert v.codes(v.declareer(Ontvanger=BRIELLE)) == []
    assert v.codes(v.start({"ToewijzingIngangsdatum": date(2022, 1, 1)}, Ontvanger=BRIELLE)) == []
    assert "TR378" in v.codes(v.start({"ToewijzingIngangsdatum": date(2023, 1, 1)}, Ontvanger=BRIELLE))
    assert "TR378" in v.codes(v.declareer(Ontvanger="9998"))


# --- the registers -------------------------------------------------------------------------------------------------

_RELATIE = Relatie("iwmo", GEMEENTE, AANBIEDER)
_DAG = date(2026, 3, 1)


def test_gemeenten_begin_and_end() -> None:
    assert len(gemeenten()) == 342
    assert (is_gemeente("0363", date(2015, 1, 1)), is_gemeente("0363", date(2026, 1, 1))) == (True, True)
    assert [is_gemeente("0501", dag) for dag in (date(2022, 12, 31), date(2023, 1, 1))] == [True, False]
    assert [is_gemeente("1992", dag) for dag in (date(2022, 12, 31), date(2023, 1, 1))] == [False, True]
    assert [was_gemeente("1992", dag) for dag in (date(2022, 12, 31), date(2026, 1, 1))] == [False, True]
    assert [was_gemeente(code, date(2026, 1, 1)) for code in ("0501", "9998")] == [True, False]
    assert is_gemeente("1945", date(2016, 1, 1))
    assert not is_gemeente("0241", date(2016, 1, 1))  # Groesbeek took in others and then went up in Berg en Dal
    assert is_gemeente("0241", date(2015, 12, 31))


def test_hulpmiddelen_have_a_national_list() -> None:
    registers = Vasteregisters()
    assert registers.fits(_RELATIE, Product("11", "11X00"), _DAG) is True
    assert registers.fits(_RELATIE, Product("12", "11X00"), _DAG) is False
    assert registers.fits(_RELATIE, Product("11", "ZELF1"), _DAG) is None
    assert registers.fits(_RELATIE._replace(standaard="ijw"), Product("12", "11X00"), _DAG) is None


def test_a_list_of_their_own_goes_before_the_national_one() -> None:
    registers = Vasteregisters(Contractlijst.parse(f"gemeente,categorie,code\n{GEMEENTE},12,11X00\n"))
    assert registers.fits(_RELATIE, Product("12", "11X00"), _DAG) is True
    assert registers.fits(_RELATIE, Product("11", "11X00"), _DAG) is False
    assert registers.fits(_RELATIE._replace(gemeente="0344"), Product("11", "11X00"), _DAG) is True


def test_lists_of_one_and_of_all_count_together() -> None:
    lijst = Contractlijst.parse(
        "aanbieder;categorie;code;eenheid;tarief;vanaf;tot\n"
        f"{AANBIEDER};02;A;04;100;2026-01-01;2026-12-31\n;02;A;04;90;;\n;02;B;;;;\n"
    )
    registers = Vasteregisters(lijst)
    assert list(registers.tarieven(_RELATIE, Product("02", "A"), _DAG)) == [Tarief(100, "04"), Tarief(90, "04")]
    assert list(registers.tarieven(_RELATIE, Product("02", "A"), date(2027, 1, 1))) == [Tarief(90, "04")]
    assert list(registers.tarieven(_RELATIE, Product("02", "B"), _DAG)) == []
    assert registers.fits(_RELATIE, Product("02", "B"), _DAG) is True


def test_every_fault_in_a_list_is_named() -> None:
    with pytest.raises(Contractfout) as fout:
        Contractlijst.parse(
            "gemeente;categorie;code;eenheid;tarief;vanaf\n"
            "363;02;A;04;100;\n0363;;A;;;\n0363;02;A;04;;\n0363;02;A;04;1,50;gisteren\n0363;02;A;04;100;;x\n"
        )
    assert fout.value.fouten == (
        "regel 2: gemeente heeft een verkeerde waarde",
        "regel 3: categorie ontbreekt",
        "regel 4: tarief en eenheid horen bij elkaar: vul ze beide, of geen van beide",
        "regel 5: tarief heeft een verkeerde waarde",
        "regel 5: vanaf is geen datum (2026-01-31)",
        "regel 6: meer kolommen dan de kop heeft",
    )


@pytest.mark.parametrize(
    ("tekst", "melding"),
    [
        ("", "kolom categorie ontbreekt"),
        ("categorie;code;prijs\n", "onbekende kolom 'prijs'"),
        ('categorie;code\n"02;A\n', "geen geldige CSV"),
    ],
)
def test_a_list_of_another_form_is_refused(tekst: str, melding: str) -> None:
    with pytest.raises(Contractfout, match=melding):
        Contractlijst.parse(tekst)


def test_a_list_is_read_from_a_file(tmp_path: Path) -> None:
    pad = tmp_path / "lijst.csv"
    pad.write_text("\ufeffcategorie;code\n02;A\n", encoding="utf-8")
    assert Contractlijst.read(pad).covers(_RELATIE)
    pad.write_bytes(b"\xff\xfe")
    with pytest.raises(Contractfout, match="UTF-8"):
        Contractlijst.read(pad)
    with pytest.raises(Contractfout, match="niet lezen"):
        Contractlijst.read(tmp_path / "geen.csv")


def test_today_is_the_day_in_the_netherlands() -> None:
    assert abs((Vasteregisters().vandaag - date.today()).days) <= 1  # noqa: DTZ011 - only to be near it
