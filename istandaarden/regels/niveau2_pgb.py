"""Level 2: toekenning and afsluiting of a pgb (iPgb 2.1: 501 and 507)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel, regel

_EERSTE_DAG = date(2018, 1, 1)
_WIE = ("Bsn", "Naam", "KvkNummer", "Organisatie")
_GEWAARBORGDE_HULP = "4"
_BEGIN, _EINDE = "FunctieBudgetPeriode/Begindatum", "FunctieBudgetPeriode/Einddatum"


@klasseregel("CD504", "Relatie", advies="Noem een organisatie of een mens, niet beide.")
def person_or_organisation(relatie: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A relatie that is an organisation has no BSN and no name of a person."""
    if not (relatie.heeft("KvkNummer") or relatie.heeft("Organisatie")):
        return None
    veld = next((naam for naam in ("Bsn", "Naam") if relatie.heeft(naam)), None)
    return Overtreding(relatie, veld) if veld else None


@klasseregel("CD505", "FunctieBudget", advies="Trek een budget in met bedrag 0 en een einddatum op de begindatum.")
def withdrawn_lasts_a_day(budget: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A budget of nothing is one that is withdrawn (OP505); one that ends before it begins is for CS003."""
    if budget.geheel("FunctieBudgetBedrag") != 0:
        return None
    begin, einde = budget.datum(_BEGIN), budget.datum(_EINDE)
    return Overtreding(budget, _EINDE) if begin and einde and einde > begin else None


@klasseregel("CS023", "Budget", advies="Verbeter de afgiftedatum of de dagtekening.")
def issued_before(budget: Klasse, bericht: Bericht) -> Overtreding | None:
    """A toekenning is not issued after the bericht was written."""
    afgifte, dag = budget.datum("Afgiftedatum"), bericht.dagtekening
    return Overtreding(budget, "Afgiftedatum") if afgifte and dag and afgifte > dag else None


@klasseregel("CS501", "FunctieBudgetBesteed", advies="Laat het bedrag weg.")
def wlz_accounts_for_all(besteed: Klasse, _bericht: Bericht) -> Overtreding | None:
    """In the Wlz there is nothing that need not be accounted for."""
    veld = "VerantwoordingsvrijBedragBesteed"
    return Overtreding(besteed, veld) if besteed.heeft(veld) else None


@klasseregel("CS502", "Relatie", advies="Kies een andere soort vertegenwoordiging.")
def no_gewaarborgde_hulp(relatie: Klasse, _bericht: Bericht) -> Overtreding | None:
    """The gewaarborgde hulp is of the Wlz."""
    return Overtreding(relatie, "Soort") if relatie.tekst("Soort") == _GEWAARBORGDE_HULP else None


@klasseregel("TR016", "FunctieBudget", advies="Pas de periode van het functiebudget aan, of die van het budget.")
def within_budget(functiebudget: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A functiebudget does not reach beyond the budget it is part of."""
    budget = functiebudget.ouder.ouder if functiebudget.ouder else None
    if budget is None or not budget.heeft("BudgetPeriode"):
        return None
    begin, einde = budget.datum("BudgetPeriode/Begindatum"), budget.datum("BudgetPeriode/Einddatum")
    eigen_begin, eigen_einde = functiebudget.datum(_BEGIN), functiebudget.datum(_EINDE)
    if begin and eigen_begin and eigen_begin < begin:
        return Overtreding(functiebudget, _BEGIN)
    return Overtreding(functiebudget, _EINDE) if einde and eigen_einde and eigen_einde > einde else None


@klasseregel("TR501", "BestedingsPeriode", advies="Splits de besteding per kalenderjaar.")
def within_a_year(periode: Klasse, _bericht: Bericht) -> Overtreding | None:
    """What was spent is told per calendar year; a period that ends before it begins is for CS003."""
    begin, einde = periode.datum("Begindatum"), periode.datum("Einddatum")
    return Overtreding(periode, "Einddatum") if begin and einde and einde.year > begin.year else None


@klasseregel(
    "TR503", "FunctieBudget", advies="Verlaag het verantwoordingsvrije bedrag; het is een deel van het budget."
)
def part_of_budget(budget: Klasse, _bericht: Bericht) -> Overtreding | None:
    """What need not be accounted for is part of the amount, not on top of it."""
    vrij, bedrag = budget.geheel("VerantwoordingsvrijBedrag"), budget.geheel("FunctieBudgetBedrag")
    too_much = vrij is not None and bedrag is not None and vrij > bedrag
    return Overtreding(budget, "VerantwoordingsvrijBedrag") if too_much else None


@klasseregel("TR506", "Adres", advies="Vul het huisnummer en de postcode.")
def deliverable(adres: Klasse, _bericht: Bericht) -> Overtreding | None:
    """An address has a house number and a postcode, as far as CD025 and CD005 do not ask for them already."""
    land = adres.tekst("LandCode")
    if not adres.heeft("Huis") and land != "NL":
        return Overtreding(adres, "Huis", "Huis ontbreekt.")
    return Overtreding(adres, "Postcode", "Postcode ontbreekt.") if not (adres.heeft("Postcode") or land) else None


@klasseregel("TR511", "BudgetPeriode FunctieBudgetPeriode", advies="Ken budgetten van voor 2018 niet met iPgb 2 toe.")
def from_2018_on(periode: Klasse, _bericht: Bericht) -> Overtreding | None:
    """No budget begins before 2018."""
    begin = periode.datum("Begindatum")
    return Overtreding(periode, "Begindatum") if begin and begin < _EERSTE_DAG else None


@klasseregel("TR515", "Relatie", advies="Zeg wie de relatie is.")
def is_somebody(relatie: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A relatie is somebody or some organisation."""
    return None if any(relatie.heeft(veld) for veld in _WIE) else Overtreding(relatie)


@regel("TR516", advies="Laat één Contact staan: dat is het correspondentieadres.")
def one_contact(bericht: Bericht) -> Iterator[Overtreding]:
    """There is one Contact, of the client or of a relatie (OP520)."""
    for contact in bericht.klassen("Contact")[1:]:
        yield Overtreding(contact)
