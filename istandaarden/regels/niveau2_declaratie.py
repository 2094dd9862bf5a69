"""Level 2: one prestatie, and the periods of a declaratie (323, 325)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from functools import lru_cache

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel

_EUROS = "83"
_EERSTE_DAG = date(2021, 1, 1)
_JAREN_TERUG = 5


@klasseregel("CD060", "Prestatie", advies="Vul VorigReferentieNummer alleen bij een creditregel.")
def credit_refers(prestatie: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A credit, and nothing else, names the line it takes back."""
    pad = "ProductReferentie/VorigReferentieNummer"
    genoemd = prestatie.heeft(pad)
    if genoemd == (prestatie.tekst("IngediendBedrag/DebetCredit") == "C"):
        return None
    return Overtreding(prestatie, pad, "" if genoemd else "VorigReferentieNummer ontbreekt.")


@klasseregel("CD087", "Prestatie", advies="Vul ProductTarief bij elke andere eenheid dan 83, en laat het bij 83 weg.")
def tarief(prestatie: Klasse, _bericht: Bericht) -> Overtreding | None:
    """Everything but money has a price."""
    genoemd = prestatie.heeft("ProductTarief")
    if genoemd == (prestatie.tekst("Eenheid") != _EUROS):
        return None
    return Overtreding(prestatie, "ProductTarief", "" if genoemd else "ProductTarief ontbreekt.")


@klasseregel("CS100", "DeclaratiePeriode ProductPeriode", advies="Declareer zorg van voor 2021 buiten dit bericht.")
def not_before_2021(periode: Klasse, _bericht: Bericht) -> Overtreding | None:
    """The declaratie of release 3 begins in 2021."""
    begin = periode.datum("Begindatum")
    return Overtreding(periode, "Begindatum") if begin is not None and begin < _EERSTE_DAG else None


@klasseregel("CS325", "IngediendBedrag TotaalIngediendBedrag TotaalToegekendBedrag", advies="Maak DebetCredit D.")
def zero_is_debet(bedrag: Klasse, _bericht: Bericht) -> Overtreding | None:
    """Nothing is never a credit."""
    waarde = bedrag.geheel("Bedrag" if bedrag.naam == "IngediendBedrag" else "TotaalBedrag")
    return Overtreding(bedrag, "DebetCredit") if waarde == 0 and bedrag.tekst("DebetCredit") == "C" else None


@klasseregel("CS337", "ProductPeriode", advies="Splits de prestatie per kalendermaand.")
def one_month(periode: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A prestatie stays within a month."""
    begin, einde = periode.datum("Begindatum"), periode.datum("Einddatum")
    if begin is None or einde is None or (begin.year, begin.month) == (einde.year, einde.month):
        return None
    return Overtreding(periode, "Einddatum")


@klasseregel("CS339", "Prestatie", advies="Maak GeleverdVolume en Bedrag gelijk, beide in eurocenten.")
def euros_are_volume(prestatie: Klasse, _bericht: Bericht) -> Overtreding | None:
    """Money as unit: the volume is the amount."""
    if prestatie.tekst("Eenheid") != _EUROS:
        return None
    volume, bedrag = prestatie.geheel("GeleverdVolume"), prestatie.geheel("IngediendBedrag/Bedrag")
    return Overtreding(prestatie, "IngediendBedrag/Bedrag") if volume != bedrag else None


@klasseregel("CS340", "DeclaratiePeriode", advies="Laat de periode lopen van de eerste tot en met de laatste dag.")
def whole_month(periode: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A declaratie is about one whole month."""
    begin, einde = periode.datum("Begindatum"), periode.datum("Einddatum")
    if begin is None or einde is None:
        return None
    laatste = begin.replace(day=monthrange(begin.year, begin.month)[1])
    if begin.day != 1:
        return Overtreding(periode, "Begindatum")
    return Overtreding(periode, "Einddatum") if einde != laatste else None


@klasseregel("TR137", "DeclaratiePeriode ProductPeriode", advies="Verbeter de periode, of de dagtekening.")
def period_has_passed(periode: Klasse, bericht: Bericht) -> Overtreding | None:
    """A period has ended when it is declared; one that has not even begun is for TR134."""
    begin, einde = periode.datum("Begindatum"), periode.datum("Einddatum")
    if begin is None or einde is None:
        return None
    if einde < begin:
        return Overtreding(periode, "Einddatum", "Het einde ligt voor het begin.")
    nu = bericht.dagtekening
    if nu is not None and begin <= nu < einde:
        return Overtreding(periode, "Einddatum", "Het einde ligt na de dagtekening.")
    return None


@klasseregel("TR319", "ProductPeriode", advies="Declareer de prestatie in de maand waarin zij is geleverd, of later.")
def not_after_declaratie(periode: Klasse, bericht: Bericht) -> Overtreding | None:
    """A prestatie is not later than what the declaratie is about."""
    grens = bericht.wortel.datum("Declaratie/DeclaratiePeriode/Einddatum")
    if grens is None:
        return None
    for naam in ("Begindatum", "Einddatum"):
        dag = periode.datum(naam)
        if dag is not None and dag > grens:
            return Overtreding(periode, naam)
    return None


@klasseregel("TR335", "ProductPeriode", advies="Declareer zorg binnen vijf jaar; oudere kan niet meer.")
def not_too_old(periode: Klasse, bericht: Bericht) -> Overtreding | None:
    """After five years it is too late to declare."""
    einde, nu = periode.datum("Einddatum"), bericht.wortel.datum("Declaratie/DeclaratieDagtekening")
    too_old = einde is not None and nu is not None and einde < _years_before(nu)
    return Overtreding(periode, "Einddatum") if too_old else None


@lru_cache(maxsize=16)
def _years_before(dag: date) -> date:
    jaar = max(dag.year - _JAREN_TERUG, date.min.year)
    return dag.replace(year=jaar, day=min(dag.day, monthrange(jaar, dag.month)[1]))
