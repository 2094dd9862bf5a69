"""Level 2: what a toegewezen, aangevraagd, nieuw or te wijzigen product says of itself (301, 315, 317)."""

from __future__ import annotations

from datetime import date

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel

_VRIJ = "ToegewezenProduct AangevraagdProduct NieuwProduct"
_ELK = f"{_VRIJ} TeWijzigenProduct"
_PGB = "BudgetPeriode FunctieBudgetPeriode BestedingsPeriode"
_OUDE_REGELS_TOT = date(2020, 12, 31)  # release 3.0 keeps the old rules for what has ended by then

BEGIN = {
    "ToegewezenProduct": "Ingangsdatum",
    "AangevraagdProduct": "ToewijzingIngangsdatum",
    "NieuwProduct": "GewensteIngangsdatum",
    "TeWijzigenProduct": "GewensteIngangsdatum",
}
"""Element that holds the first day, by klasse."""

EINDE = {
    "ToegewezenProduct": "Einddatum",
    "AangevraagdProduct": "ToewijzingEinddatum",
    "NieuwProduct": "Einddatum",
    "TeWijzigenProduct": "Einddatum",
}
"""Element that holds the last day, by klasse."""

_WEEK = "2"
_MET_RUIME_FREQUENTIE = {"14", "16", "83", "84"}
_RUIME_FREQUENTIES = {"2", "4", "6"}


@klasseregel("CD041", _VRIJ, advies="Voeg Omvang toe, of laat de productcode weg.")
def omvang_with_code(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A product with a code has an Omvang."""
    if product.heeft("Product/Code") and not product.heeft("Omvang"):
        return Overtreding(product, "Omvang", "Omvang ontbreekt.")
    return None


@klasseregel("CD075", _ELK, advies="Voeg de einddatum toe.")
def end_with_budget(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A product with a Budget ends."""
    if product.heeft("Budget") and not product.heeft(EINDE[product.naam]):
        return Overtreding(product, EINDE[product.naam], f"{EINDE[product.naam]} ontbreekt.")
    return None


@klasseregel("CD076", _ELK, advies="Voeg de einddatum toe, of kies een andere frequentie.")
def end_with_week(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A product with an Omvang per week ends."""
    if product.tekst("Omvang/Frequentie") == _WEEK and not product.heeft(EINDE[product.naam]):
        return Overtreding(product, EINDE[product.naam], f"{EINDE[product.naam]} ontbreekt.")
    return None


@klasseregel("CD077", _ELK, advies="Laat Omvang weg, of laat Budget weg en geef een productcode op.")
def no_omvang_with_budget(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A product with a Budget has no Omvang; named so where there is no code, which an Omvang needs."""
    if product.heeft("Budget") and product.heeft("Omvang") and not product.heeft("Product/Code"):
        return Overtreding(product, "Omvang")
    return None


@klasseregel("CD078", _ELK, advies="Laat Budget weg: bij een productcode hoort een omvang.")
def no_budget_with_omvang(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A product with an Omvang has no Budget; named so where a code asks for the Omvang, else it is CD077."""
    if product.heeft("Budget") and product.heeft("Omvang") and product.heeft("Product/Code"):
        return Overtreding(product, "Budget")
    return None


@klasseregel("CD079", _VRIJ, advies="Voeg Product toe met ten minste de categorie, of een Budget.")
def product_without_budget(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """Without a Budget there is a Product."""
    if not product.heeft("Budget") and not product.heeft("Product"):
        return Overtreding(product, "Product", "Product en Budget ontbreken beide.")
    return None


def _omvang_without_code(product: Klasse) -> Overtreding | None:
    if product.heeft("Omvang") and not product.heeft("Product/Code") and not _is_old(product):
        return Overtreding(product, "Omvang")
    return None


@klasseregel("CD080", "ToegewezenProduct", advies="Laat Omvang weg, of geef de productcode op.")
def toegewezen_omvang(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A toewijzing without code has no Omvang."""
    return _omvang_without_code(product)


@klasseregel("CD095", "AangevraagdProduct", advies="Laat Omvang weg, of geef de productcode op.")
def aangevraagde_omvang(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A request without code has no Omvang."""
    return _omvang_without_code(product)


@klasseregel("CD096", "NieuwProduct", advies="Laat Omvang weg, of geef de productcode op.")
def nieuwe_omvang(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A new product without code has no Omvang."""
    return _omvang_without_code(product)


def _frequentie(product: Klasse) -> Overtreding | None:
    if product.tekst("Omvang/Eenheid") not in _MET_RUIME_FREQUENTIE or _is_old(product):
        return None
    if product.tekst("Omvang/Frequentie") in _RUIME_FREQUENTIES:
        return None
    return Overtreding(product, "Omvang/Frequentie")


@klasseregel("CS338", "ToegewezenProduct NieuwProduct TeWijzigenProduct", advies="Kies frequentie 2, 4 of 6.")
def toegewezen_frequentie(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """Some units are not given per day any more."""
    return _frequentie(product)


@klasseregel("CS343", "AangevraagdProduct", advies="Kies frequentie 2, 4 of 6.")
def gevraagde_frequentie(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """Some units are not asked per day any more."""
    return _frequentie(product)


@klasseregel("CS003", f"{_ELK} Periode {_PGB}", advies="Verbeter de begin- of de einddatum.")
def end_after_begin(klasse: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A period does not end before it begins; that of a Contact does not end without a beginning."""
    begin, einde = BEGIN.get(klasse.naam, "Begindatum"), EINDE.get(klasse.naam, "Einddatum")
    slot = klasse.datum(einde)
    if slot is None:
        return None
    start = klasse.datum(begin)
    if start is None:
        return Overtreding(klasse, einde, f"{begin} ontbreekt.")
    return Overtreding(klasse, einde) if slot < start else None


@klasseregel("CS335", "ToegewezenProduct", advies="Maak Einddatum gelijk aan Ingangsdatum, of kies een andere reden.")
def deleted_is_empty(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A deleted toewijzing ends on the day it begins."""
    if product.tekst("RedenWijziging") != "13":
        return None
    einde = product.datum("Einddatum")
    return Overtreding(product, "Einddatum") if einde is not None and einde != product.datum("Ingangsdatum") else None


@klasseregel("CS336", "ToegewezenProduct", advies="Gebruik 14 (administratieve correctie) of een andere reden.")
def reason_has_lapsed(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """RedenWijziging 01 is no longer used."""
    return Overtreding(product, "RedenWijziging") if product.tekst("RedenWijziging") == "01" else None


def _is_old(product: Klasse) -> bool:
    einde = product.datum(EINDE[product.naam])
    return einde is not None and einde <= _OUDE_REGELS_TOT
