"""Every rule of level 4 on both standaarden, and the registers behind them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from verhaal import AANBIEDER, GEMEENTE, VANDAAG, Verhaal

from istandaarden.catalogus import ingebouwd
from istandaarden.gemeenten import gemeenten, is_gemeente, was_gemeente
from istandaarden.opbouw import build
from istandaarden.regels.boek import regels
from istandaarden.regels.keten import Product, Relatie
from istandaarden.regels.registers import Contractfout, Contractlijst, Tarief, Vasteregisters

Geval = Callable[[Verhaal], tuple[bytes, bytes]]
_GEVALLEN: list[tuple[str, Geval]] = []
_ZEEDIJK = "0501"  # Brielle, until 2023


def geval(code: str) -> Callable[[Geval], Geval]:
    def note(verhaal: Geval) -> Geval:
        _GEVALLEN.append((code, verhaal))
        return verhaal

    return note


@pytest.mark.parametrize("standaard", ["iwmo", "ijw"])
@pytest.mark.parametrize(("code", "verhaal"), _GEVALLEN, ids=lambda deel: getattr(deel, "__name__", deel))
def test_names_exactly_the_rule_that_is_broken(code: str, verhaal: Geval, standaard: str) -> None:
    v = Verhaal(standaard)
    v = Verhaal(standaard, contract=_contract(v))
    v.zend(v.wijs_toe())
    fout, goed = verhaal(v)
    (bevinding,) = v.judge(fout).bevindingen
    regel = regels()[code, standaard]
    assert (bevinding.code, bevinding.niveau, bevinding.retourcode) == (code, 4, regel.retourcode)
    assert bevinding.melding.startswith(f"Regel overtreden: {regel.stelling}")
    assert bevinding.melding.endswith(regel.advies)
    assert bevinding.regel > 0
    assert v.codes(goed) == []


def _contract(v: Verhaal) -> str:
    """What these two agreed: an hour for 50 euro, or 47.55 in 2025; another code per dagdeel."""
    regels_ = [
        "gemeente;aanbieder;standaard;categorie;code;eenheid;tarief;vanaf;tot",
        f"{GEMEENTE};{AANBIEDER};{v.standaard};{v.categorie};{v.code};04;5000;2026-01-01;",
        f"{GEMEENTE};;;{v.categorie};{v.code};04;4755;;2025-12-31",
        f";;;{v.ander_categorie};DAG01;16;3000;;",
        f";;;{v.ander_categorie};UUR01;04;4755;;",
    ]
    return "\n".join(regels_)


def test_no_rule_is_missing() -> None:
    niveau4 = {code for (code, _), regel in regels().items() if regel.niveau == 4}
    assert niveau4 == {"TR135", "TR346", "TR378", "TR381", "TR418"} == {code for code, _ in _GEVALLEN}


@geval("TR135")
def from_tomorrow(v: Verhaal) -> tuple[bytes, bytes]:
    return v.start(dag=date(2026, 11, 21)), v.start(dag=VANDAAG)


@geval("TR378")
def no_such_gemeente(v: Verhaal) -> tuple[bytes, bytes]:
    toewijzing = v.andere(ToewijzingNummer="900")
    return v.wijs_toe(toewijzing, Afzender="9998"), v.wijs_toe(toewijzing, Afzender="0344")


@geval("TR378")
def gemeente_that_merged_before_the_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    oud = v.toewijzing(ToewijzingNummer="901", Ingangsdatum=date(2022, 12, 31))
    nieuw = v.toewijzing(ToewijzingNummer="901", Ingangsdatum=date(2023, 1, 1))
    return (
        v.wijs_toe(nieuw | {"Product": {"Categorie": v.categorie}, "Omvang": None}, Afzender=_ZEEDIJK),
        v.wijs_toe(oud | {"Product": {"Categorie": v.categorie}, "Omvang": None}, Afzender=_ZEEDIJK),
    )


@geval("TR381")
def code_with_another_categorie(v: Verhaal) -> tuple[bytes, bytes]:
    ander = {"ReferentieAanbieder": "VOT-7", "Product": {"Categorie": v.categorie, "Code": "DAG01"}}
    goed = {"ReferentieAanbieder": "VOT-7", "Product": {"Categorie": v.ander_categorie, "Code": "DAG01"}}
    return v.vraag(ander), v.vraag(goed)


@geval("TR381")
def declared_code_that_is_not_in_the_list(v: Verhaal) -> tuple[bytes, bytes]:
    v.zend(v.wijs_toe(v.andere()))
    deel = {"ToewijzingNummer": "101", "ProductCategorie": v.ander_categorie}
    dagdeel = {"Eenheid": "16", "ProductTarief": 3000}
    return (
        v.declareer(v.prestatie(ProductCode="99Z99", **deel, **dagdeel)),
        v.declareer(v.prestatie(ProductCode="DAG01", **deel, **dagdeel)),
    )


@geval("TR381")
def code_before_it_is_valid(v: Verhaal) -> tuple[bytes, bytes]:
    nieuw = {"GewensteIngangsdatum": date(2027, 1, 1), "Einddatum": date(2027, 3, 31)}
    product = {"Categorie": v.ander_categorie, "Code": v.code}
    return v.vraag_wijziging(blijft=["100"], nieuw=[nieuw | {"Product": product}]), v.vraag_wijziging(
        blijft=["100"], nieuw=[nieuw]
    )


@geval("TR418")
def another_price(v: Verhaal) -> tuple[bytes, bytes]:
    return v.declareer(v.prestatie(ProductTarief=5100)), v.declareer(v.prestatie(ProductTarief=5000))


@geval("TR418")
def another_price_per_minute(v: Verhaal) -> tuple[bytes, bytes]:
    deel = {"GeleverdVolume": 60, "Eenheid": "01", "IngediendBedrag": {"Bedrag": 5000, "DebetCredit": "D"}}
    fout = v.prestatie(**deel | {"ProductTarief": 84, "IngediendBedrag": {"Bedrag": 5040, "DebetCredit": "D"}})
    return v.declareer(fout), v.declareer(v.prestatie(**deel | {"ProductTarief": 83}))


@geval("TR346")
def amount_is_not_volume_times_price(v: Verhaal) -> tuple[bytes, bytes]:
    bedrag = {"IngediendBedrag": {"Bedrag": 50_001, "DebetCredit": "D"}}
    return v.declareer(v.prestatie(**bedrag)), v.declareer(v.prestatie())


@geval("TR346")
def amount_of_minutes_from_the_rounded_price(v: Verhaal) -> tuple[bytes, bytes]:
    """50 euro an hour is 83 cents a minute, but 30 minutes are 25 euro and not 24.90."""
    deel = {"GeleverdVolume": 30, "Eenheid": "01", "ProductTarief": 83}
    fout, goed = ({"IngediendBedrag": {"Bedrag": cent, "DebetCredit": "D"}} for cent in (2490, 2500))
    return v.declareer(v.prestatie(**deel, **fout)), v.declareer(v.prestatie(**deel, **goed))


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

    assert v.bevinding(answer(_ZEEDIJK)).plaats == "/Bericht/Antwoord/Woonplaatsbeginsel/Gemeente"
    assert v.codes(answer("0344")) == []


def test_a_merged_gemeente_may_still_be_declared_to() -> None:
    v = Verhaal("iwmo")
    v.zend(v.wijs_toe(v.toewijzing(Ingangsdatum=date(2022, 1, 1)), Afzender=_ZEEDIJK))
    assert v.codes(v.declareer(Ontvanger=_ZEEDIJK)) == []
    assert v.codes(v.start({"ToewijzingIngangsdatum": date(2022, 1, 1)}, Ontvanger=_ZEEDIJK)) == []
    assert "TR378" in v.codes(v.start({"ToewijzingIngangsdatum": date(2023, 1, 1)}, Ontvanger=_ZEEDIJK))
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
