"""Level 3: toekenning and afsluiting of a pgb against the earlier berichten about the same budgethouder (501 and 507).

The texts of these rules were published, the official control was not. Where the text leaves open how far a rule goes,
it is read so that no bericht of the published cases breaks it, once the retouren are between them; `regels.csv` says
where that was done.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel
from istandaarden.regels.keten import Keten
from istandaarden.regels.toekenning import Functiebudget, Toekenning, functie_of, functies_of, verstrekker_of, wet_of

_OUD, _NUMMER = "BudgetIdentificatieOud", "BudgetIdentificatie"
_EINDE = "FunctieBudgetPeriode/Einddatum"
_CONFLICT = "3"


@klasseregel("TR574", "Budget", advies="Geef elke toekenning een eigen BudgetIdentificatie, ook als zij iets wijzigt.")
def number_is_new(budget: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """A budget is granted once; what changes is granted anew under another number (OP501)."""
    return Overtreding(budget, _NUMMER) if _granted(bericht, keten, budget.tekst(_NUMMER)) else None


@klasseregel("TR562", "Budget", advies="Noem het budget dat u vervangt, of laat BudgetIdentificatieOud weg.")
def replaced_exists(budget: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """What is replaced was granted before."""
    oud = budget.tekst(_OUD)
    return Overtreding(budget, _OUD) if oud and not _granted(bericht, keten, oud) else None


@klasseregel("TR502", "FunctieBudget", advies="Vervang het andere budget, of pas de periode aan.")
def beside_no_other(deel: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """No other budget for this zorgfunctie runs at the same time; what was replaced or withdrawn is none."""
    budget = deel.ouder.ouder if deel.ouder else None
    if budget is None:
        return None
    wet, nummer = wet_of(bericht.soort), budget.tekst(_NUMMER)
    alle = _toekenningen(bericht, keten)
    weg = {eerder.oud for eerder in alle} | {budget.tekst(_OUD), nummer}  # the same number is for TR574
    nieuw = functie_of(deel)
    anderen = (f for eerder in alle if eerder.wet == wet and eerder.nummer not in weg for f in eerder.functies)
    if any(nieuw.overlaps(ander) for ander in anderen):
        return Overtreding(deel, "FunctieBudgetPeriode/Begindatum")
    return None


@klasseregel("TR514", "FunctieBudget", advies="Laat een ingetrokken functiebudget eindigen op zijn eerste begindatum.")
def withdrawn_from_its_begin(deel: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """What is withdrawn ends on the day on which it began before; of what was not there before nothing can be said."""
    budget = deel.ouder.ouder if deel.ouder else None
    oud = budget.tekst(_OUD) if budget else None
    if oud is None or deel.geheel("FunctieBudgetBedrag") != 0:
        return None
    zorgfunctie = deel.tekst("Zorgfunctie")
    delen = (f for toekenning in _granted(bericht, keten, oud) for f in toekenning.functies)
    eerder = {f.begin for f in delen if f.zorgfunctie == zorgfunctie}
    return Overtreding(deel, _EINDE) if eerder and deel.datum(_EINDE) not in eerder else None


@klasseregel("TR508", "Budget", advies="Vervang alleen een budget van hetzelfde jaar.")
def within_the_same_year(budget: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """In the Wlz, what replaces a budget falls in the calendar years of that budget."""
    oud = budget.tekst(_OUD)
    eerder = _years(f for toekenning in _granted(bericht, keten, oud) for f in toekenning.functies)
    return Overtreding(budget, _OUD) if eerder and not _years(functies_of(budget)) <= eerder else None


@klasseregel("TR507", "Budget FunctieBudgetBesteed", advies="Wacht op het retourbericht en stuur dan het volgende.")
def after_the_answer(klasse: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """A sender says nothing more of a budget until what it said before was answered."""
    if klasse.naam == "Budget":
        vorige = _granted(bericht, keten, klasse.tekst(_OUD))
        return Overtreding(klasse, _OUD) if any(not v.inzending.beantwoord for v in vorige) else None
    nummer, wet = klasse.tekst(_NUMMER), wet_of(bericht.soort)
    bsn = bericht.wortel.tekst("Client/Bsn") or ""
    eerder = [a for a in keten.afsluitingen(verstrekker_of(bericht), bsn) if a.wet == wet and nummer in a.budgetten]
    return Overtreding(klasse, _NUMMER) if any(not a.inzending.beantwoord for a in eerder) else None


@klasseregel("TR509", "Client", advies="Controleer het BSN en de gemeente.")
def client_has_a_budget(client: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """Only of whom a pgb was granted can one be closed."""
    return None if _toekenningen(bericht, keten) else Overtreding(client, "Bsn")


@klasseregel("TR510", "FunctieBudgetBesteed", advies="Neem budget, zorgfunctie en periode over uit de toekenning.")
def belongs_to_a_budget(besteed: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """What is closed was granted under this law, for this zorgfunctie, in this period.

    A conflict may be about days that the budget lost when it was replaced (OP523). Of a client without any budget only
    TR509 speaks.
    """
    if not _toekenningen(bericht, keten) or _closed(besteed, bericht, keten):
        return None
    return Overtreding(besteed, _NUMMER)


@klasseregel("TR512", "FunctieBudgetBesteed", advies="Vul reden 3, of verbeter het bestede bedrag.")
def more_is_a_conflict(besteed: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """Who spent more than was granted has a conflict (OP527)."""
    bedrag = besteed.geheel("FunctieBudgetBesteed") or 0
    budgetten = _closed(besteed, bericht, keten)
    te_veel = budgetten and bedrag > max(f.bedrag for f in budgetten)
    return Overtreding(besteed, "RedenBudgetafsluiting") if te_veel and not _is_conflict(besteed) else None


@klasseregel("TR513", "FunctieBudgetBesteed", advies="Vul reden 3, of verbeter het verantwoordingsvrije bedrag.")
def more_freely_is_a_conflict(besteed: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """The same holds for what need not be accounted for."""
    bedrag = besteed.geheel("VerantwoordingsvrijBedragBesteed") or 0
    budgetten = _closed(besteed, bericht, keten)
    te_veel = budgetten and bedrag > max(f.vrij for f in budgetten)
    return Overtreding(besteed, "RedenBudgetafsluiting") if te_veel and not _is_conflict(besteed) else None


def _toekenningen(bericht: Bericht, keten: Keten) -> list[Toekenning]:
    """Give what this verstrekker granted this client, under any law, replaced or not."""
    return list(keten.toekenningen(verstrekker_of(bericht), bericht.wortel.tekst("Client/Bsn") or ""))


def _granted(bericht: Bericht, keten: Keten, nummer: str | None) -> list[Toekenning]:
    """Give what was granted under a number; in a 501 that is right at most one."""
    return [eerder for eerder in _toekenningen(bericht, keten) if nummer and eerder.nummer == nummer]


def _closed(besteed: Klasse, bericht: Bericht, keten: Keten) -> list[Functiebudget]:
    """Give the functiebudgetten that a closing can be about."""
    wet = wet_of(bericht.soort)
    eigen = {t.nummer: t for t in _toekenningen(bericht, keten) if t.wet == wet}
    begin = besteed.datum("BestedingsPeriode/Begindatum") or date.min
    einde = besteed.datum("BestedingsPeriode/Einddatum") or date.max
    zorgfunctie = besteed.tekst("Zorgfunctie") or ""
    nummer, gezien = besteed.tekst(_NUMMER), set[str]()
    gevonden: list[Functiebudget] = []
    while nummer in eigen and nummer not in gezien:
        gezien.add(nummer)
        gevonden += [f for f in eigen[nummer].functies if f.holds(zorgfunctie, begin, einde)]
        nummer = eigen[nummer].oud if _is_conflict(besteed) else None
    return gevonden


def _is_conflict(besteed: Klasse) -> bool:
    return besteed.tekst("RedenBudgetafsluiting") == _CONFLICT


def _years(functies: Iterable[Functiebudget]) -> set[int]:
    """Give the calendar years that budgets touch; what was withdrawn touches none."""
    return {jaar for f in functies if f.bedrag for jaar in range(f.begin.year, f.einde.year + 1)}
