"""Cases of level 4: a rule, and a story that gives a bericht that breaks it and one that fits.

The keten holds one toewijzing before a story begins, and the two have agreed on prices.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from gevallen3 import Geval
from verhaal import AANBIEDER, GEMEENTE, VANDAAG, Verhaal

GEVALLEN4: list[tuple[str, Geval]] = []
PER_BERICHT: list[tuple[str, str, Geval]] = []
"""Rules about every bericht: the rule, the number of the bericht, and the story."""

BRIELLE = "0501"
"""A gemeente until 2023."""

_MORGEN = date(2026, 11, 21)


def geval(code: str) -> Callable[[Geval], Geval]:
    """Note a case of this rule."""

    def note(verhaal: Geval) -> Geval:
        GEVALLEN4.append((code, verhaal))
        return verhaal

    return note


def contract(v: Verhaal) -> str:
    """What these two agreed: an hour for 50 euro, or 47.55 in 2025; another code per dagdeel."""
    regels_ = [
        "gemeente;aanbieder;standaard;categorie;code;eenheid;tarief;vanaf;tot",
        f"{GEMEENTE};{AANBIEDER};{v.standaard};{v.categorie};{v.code};04;5000;2026-01-01;",
        f"{GEMEENTE};;;{v.categorie};{v.code};04;4755;;2025-12-31",
        f";;;{v.ander_categorie};DAG01;16;3000;;",
        f";;;{v.ander_categorie};UUR01;04;4755;;",
    ]
    return "\n".join(regels_)


@geval("TR135")
def from_tomorrow(v: Verhaal) -> tuple[bytes, bytes]:
    return v.start(dag=_MORGEN), v.start(dag=VANDAAG)


@geval("TR378")
def no_such_gemeente(v: Verhaal) -> tuple[bytes, bytes]:
    toewijzing = v.andere(ToewijzingNummer="900")
    return v.wijs_toe(toewijzing, Afzender="9998"), v.wijs_toe(toewijzing, Afzender="0344")


@geval("TR378")
def gemeente_that_merged_before_the_toewijzing(v: Verhaal) -> tuple[bytes, bytes]:
    oud = v.toewijzing(ToewijzingNummer="901", Ingangsdatum=date(2022, 12, 31))
    nieuw = v.toewijzing(ToewijzingNummer="901", Ingangsdatum=date(2023, 1, 1))
    return (
        v.wijs_toe(nieuw | {"Product": {"Categorie": v.categorie}, "Omvang": None}, Afzender=BRIELLE),
        v.wijs_toe(oud | {"Product": {"Categorie": v.categorie}, "Omvang": None}, Afzender=BRIELLE),
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


# --- rules about every bericht, whatever went before ----------------------------------------------------------------


def _bericht(v: Verhaal, nummer: str, product: dict[str, str] | None = None, **anders: Any) -> bytes:
    deel = {} if product is None else {"Product": product}
    match nummer:
        case "301":
            return v.wijs_toe(v.toewijzing(**deel), **anders)
        case "305":
            return v.start(deel, **anders)
        case "307":
            return v.stop(deel, **anders)
        case "315":
            return v.vraag(**anders)
        case "317":
            return v.vraag_wijziging(wijzigt=[{}], **anders)
        case "319":
            return v.antwoord("2", **anders)
        case "323":
            return v.declareer(**anders)
        case _:
            return v.beantwoord(v.declareer(), **anders)


def _tomorrow(nummer: str, v: Verhaal) -> tuple[bytes, bytes]:
    return _bericht(v, nummer, dag=_MORGEN), _bericht(v, nummer, dag=VANDAAG)


def _of_no_gemeente(nummer: str, v: Verhaal) -> tuple[bytes, bytes]:
    kant = "Afzender" if nummer in {"301", "319", "325"} else "Ontvanger"
    return _bericht(v, nummer, **{kant: "9998"}), _bericht(v, nummer, **{kant: "0344"})


def _of_another_categorie(nummer: str, v: Verhaal) -> tuple[bytes, bytes]:
    return _bericht(v, nummer, {"Categorie": v.categorie, "Code": "DAG01"}), _bericht(v, nummer)


for _nummer in ("301", "305", "307", "315", "317", "319", "323", "325"):
    PER_BERICHT.append(("TR135", _nummer, partial(_tomorrow, _nummer)))
    PER_BERICHT.append(("TR378", _nummer, partial(_of_no_gemeente, _nummer)))
PER_BERICHT += [("TR381", _nummer, partial(_of_another_categorie, _nummer)) for _nummer in ("301", "305", "307")]
