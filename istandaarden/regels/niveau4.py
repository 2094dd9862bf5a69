"""Level 4: a bericht against the calendar, the gemeenten of CBS, and what gemeente and aanbieder agreed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from istandaarden.regels.bericht import Bericht, Klasse, leesbaar
from istandaarden.regels.boek import Overtreding, klasseregel, regel
from istandaarden.regels.keten import MINUUT, UUR, Product, product_of, relatie_in
from istandaarden.regels.registers import Registers

_GEMEENTE = "Gemeente"
_EUROS = "83"
_INGANG = {
    "ToegewezenProduct": "Ingangsdatum",
    "StartProduct": "ToewijzingIngangsdatum",
    "StopProduct": "ToewijzingIngangsdatum",
    "AangevraagdProduct": "ToewijzingIngangsdatum",
}
_DAG_VAN_PRODUCT = {
    "ToegewezenProduct": "Ingangsdatum",
    "StartProduct": "Begindatum",
    "StopProduct": "Begindatum",
    "AangevraagdProduct": "ToewijzingIngangsdatum",
    "NieuwProduct": "GewensteIngangsdatum",
}


@regel("CS064", advies="Verbeter de dagtekening, of stuur het bericht op die dag.")
@regel("TR135", advies="Verbeter de dagtekening, of stuur het bericht op die dag.")
def not_from_the_future(bericht: Bericht, registers: Registers) -> Iterator[Overtreding]:
    """A bericht is not written after today."""
    dag = bericht.dagtekening
    if dag is not None and dag > registers.vandaag:
        yield Overtreding(bericht.wortel, "Header/BerichtIdentificatie/Dagtekening")


@regel("TR378", advies="Gebruik de CBS-code van de verantwoordelijke gemeente, van nu of van de ingangsdatum.")
def gemeente_exists(bericht: Bericht, registers: Registers) -> Iterator[Overtreding]:
    """The gemeente exists now, or did on the ingangsdatum of a toewijzing in the bericht.

    A bericht that names no ingangsdatum may be about an old toewijzing, so there any gemeente since 2015 is right. The
    gemeente of a Woonplaatsbeginsel is responsible now.
    """
    nu = bericht.dagtekening or date.min
    pad = "Header/Afzender" if bericht.soort.afzender_type == _GEMEENTE else "Header/Ontvanger"
    code = bericht.wortel.tekst(pad) or ""
    producten = (product for naam in _INGANG for product in bericht.klassen(naam))
    dagen = [dag for _, dag in leesbaar(producten, lambda p: p.datum(_INGANG[p.naam])) if dag is not None]
    if not any(registers.is_gemeente(code, dag) for dag in {nu, *dagen}) and (
        dagen or not registers.was_gemeente(code, nu)
    ):
        yield Overtreding(bericht.wortel, pad)
    for klasse in bericht.klassen("Woonplaatsbeginsel"):
        if not registers.is_gemeente(klasse.tekst(_GEMEENTE) or "", nu):
            yield Overtreding(klasse, _GEMEENTE)


@regel("CS300", advies="Gebruik de CBS-code van de gemeente.")
def gemeente_of_header_exists(bericht: Bericht, registers: Registers) -> Iterator[Overtreding]:
    """The gemeente in the Header of an iPgb bericht exists, or did since 2015: its budgets outlive it."""
    pad = "Header/Afzender" if bericht.soort.afzender_type else "Header/Ontvanger"
    if _GEMEENTE not in (bericht.soort.afzender_type, bericht.soort.ontvanger_type):
        return
    if not registers.was_gemeente(bericht.wortel.tekst(pad) or "", bericht.dagtekening or date.min):
        yield Overtreding(bericht.wortel, pad)


@klasseregel("TR381", "Product Prestatie", advies="Kies een code en categorie die in de afgesproken lijst samen gaan.")
def code_of_categorie(klasse: Klasse, bericht: Bericht, registers: Registers) -> Overtreding | None:
    """A code stands in the list that these two use, with its categorie; without a list there is nothing to say."""
    gedeclareerd = klasse.naam == "Prestatie"
    product, dag = _declared(klasse) if gedeclareerd else _named(klasse, bericht)
    if product.code is None or registers.fits(relatie_in(bericht), product, dag) is not False:
        return None
    return Overtreding(klasse, "ProductCode" if gedeclareerd else "Code")


@klasseregel("TR418", "Prestatie", advies="Declareer het tarief dat in het contract staat.")
def tarief_as_agreed(prestatie: Klasse, bericht: Bericht, registers: Registers) -> Overtreding | None:
    """A price is the one that was agreed, if one is known for this product and unit; of an hour, a sixtieth (IV081)."""
    tarief, eenheid = prestatie.geheel("ProductTarief"), prestatie.tekst("Eenheid") or ""
    product, dag = _declared(prestatie)
    afgesproken = {
        _per_minute(prijs.cent) if (prijs.eenheid, eenheid) == (UUR, MINUUT) else prijs.cent
        for prijs in registers.tarieven(relatie_in(bericht), product, dag)
        if prijs.eenheid == eenheid or (prijs.eenheid, eenheid) == (UUR, MINUUT)
    }
    if tarief is None or not afgesproken or tarief in afgesproken:
        return None
    return Overtreding(prestatie, "ProductTarief")


@klasseregel("TR346", "Prestatie", advies="Maak het bedrag gelijk aan het volume maal het tarief.")
def amount_is_volume_times_tarief(prestatie: Klasse, bericht: Bericht, registers: Registers) -> Overtreding | None:
    """The amount follows from volume and price; in euros it is the volume (CS339).

    Minutes may be priced by the hour: then the amount is that price times the minutes, divided by 60 and rounded
    (IV081). An hourly price that was agreed must be the one; if none is known, any that rounds to the tarief will do.
    """
    tarief, volume = prestatie.geheel("ProductTarief"), prestatie.geheel("GeleverdVolume")
    bedrag, eenheid = prestatie.geheel("IngediendBedrag/Bedrag"), prestatie.tekst("Eenheid")
    if tarief is None or volume is None or bedrag is None or eenheid == _EUROS:
        return None
    goed = bedrag == volume * tarief
    if eenheid == MINUUT:
        product, dag = _declared(prestatie)
        prijzen = registers.tarieven(relatie_in(bericht), product, dag)
        per_uur = [prijs.cent for prijs in prijzen if prijs.eenheid == UUR and _per_minute(prijs.cent) == tarief]
        if not per_uur:
            goed = goed or _has_hourly_price(tarief, volume, bedrag)
        else:
            per_minuut = any(prijs == (tarief, MINUUT) for prijs in prijzen)
            goed = (goed and per_minuut) or any(_per_minute(prijs * volume) == bedrag for prijs in per_uur)
    return None if goed else Overtreding(prestatie, "IngediendBedrag/Bedrag")


def _per_minute(cent: int) -> int:
    """Divide by 60; a half becomes one."""
    return (cent + 30) // 60


def _has_hourly_price(tarief: int, volume: int, bedrag: int) -> bool:
    """Tell whether some hourly price gives both this price per minute and this amount."""
    if volume == 0:
        return bedrag == 0
    laagste = max(60 * tarief - 30, -((30 - 60 * bedrag) // volume))
    hoogste = min(60 * tarief + 29, (60 * bedrag + 29) // volume)
    return laagste <= hoogste


def _declared(prestatie: Klasse) -> tuple[Product, date]:
    product = Product(prestatie.tekst("ProductCategorie"), prestatie.tekst("ProductCode"))
    return product, prestatie.datum("ProductPeriode/Begindatum") or date.min


def _named(klasse: Klasse, bericht: Bericht) -> tuple[Product, date]:
    ouder = klasse.ouder
    dag = ouder.datum(_DAG_VAN_PRODUCT[ouder.naam]) if ouder and ouder.naam in _DAG_VAN_PRODUCT else None
    return product_of(klasse, ""), dag or bericht.dagtekening or date.min
