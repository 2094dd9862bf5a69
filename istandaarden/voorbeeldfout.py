"""Breaks rules of level 2 in a sample: per rule a recipe that spoils the data in that one respect.

A recipe works on what `istandaarden.voorbeeldinhoud` tells with everything in it, and picks its victim by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from istandaarden.regels.boek import number
from istandaarden.regels.niveau2_product import BEGIN, EINDE
from istandaarden.voorbeeldinhoud import VRIJE_CATEGORIEEN, Inhoud, Verteller, balance, total

_PRODUCTEN = {
    "301": (("ToegewezenProducten", "ToegewezenProduct"),),
    "305": (("StartProducten", "StartProduct"),),
    "307": (("StopProducten", "StopProduct"),),
    "315": (("AangevraagdeProducten", "AangevraagdProduct"),),
    "317": (("TeWijzigenProducten", "TeWijzigenProduct"), ("NieuweProducten", "NieuwProduct")),
}
_DAG = timedelta(days=1)
_OUD = date(2020, 12, 31)


@dataclass(frozen=True, slots=True)
class Recept:
    """How to break a rule, and the numbers of the berichtsoorten in which that can be done."""

    breek: Callable[[Geval], None]
    nummers: frozenset[str]


RECEPTEN: dict[str, Recept] = {}
"""Recipes by the code of their rule."""


def recept(code: str, nummers: str) -> Callable[[Callable[[Geval], None]], Callable[[Geval], None]]:
    """Tie a recipe to the rule it breaks, in the berichtsoorten of these numbers, with spaces between them."""

    def note(functie: Callable[[Geval], None]) -> Callable[[Geval], None]:
        RECEPTEN[code] = Recept(functie, frozenset(nummers.split()))
        return functie

    return note


class Geval:
    """The data of one sample, to be spoiled."""

    def __init__(self, verteller: Verteller, inhoud: Inhoud) -> None:
        self.v = verteller
        self.inhoud = inhoud
        self.nummer = number(verteller.model.soort)

    @property
    def client(self) -> Inhoud:
        """The client, of a bericht about one."""
        client: Inhoud = self.inhoud["Client"]
        return client

    @property
    def houder(self) -> Inhoud:
        """What holds the lists of products."""
        houder: Inhoud = self.client["Verzoek"] if self.nummer == "317" else self.client
        return houder

    def pick(self, reeks: list[Any]) -> Any:
        """Pick one at random."""
        return self.v.dobbel.choice(reeks)

    def products(self, *, vrij: bool = True) -> tuple[str, list[Inhoud]]:
        """Give the name and the list of products: of a 317 the new ones, or either if `vrij` is false."""
        soorten = _PRODUCTEN[self.nummer]
        lijst, naam = soorten[-1] if vrij else self.pick(list(soorten))
        return naam, self.houder[lijst][naam]

    def product(self, *, vrij: bool = True) -> tuple[Inhoud, str, str]:
        """Pick a product that resembles no other; give it with the names of its first and last day."""
        naam, producten = self.products(vrij=vrij)
        product = self.pick(producten)
        if "Product" in product:
            product["Product"]["Categorie"] = self.free_category()
        return product, BEGIN.get(naam, "Begindatum"), EINDE.get(naam, "Einddatum")

    def free_category(self) -> str:
        """Give a categorie that no sample uses."""
        lijst = self.v.model.basis.logisch["ProductCategorie"]
        return self.pick(sorted(lijst.waarden)[-VRIJE_CATEGORIEEN:])  # type: ignore[no-any-return]  # a list of text

    @property
    def contacten(self) -> list[Inhoud]:
        """The contacts of the client and of his relaties, those with a period left out."""
        if self.nummer == "501":
            return [self.client["Contact"]]
        relaties = self.client["Relaties"]["Relatie"]
        alle = [*self.client["Contactgegevens"]["Contact"], *(relatie["Contact"] for relatie in relaties)]
        return [contact for contact in alle if not contact["Periode"]]

    @property
    def personen(self) -> list[Inhoud]:
        """Who has a name: the client, except in a toekenning, and his relaties."""
        if self.nummer == "501":
            return [relatie for relatie in self.client["Relaties"]["Relatie"] if "Naam" in relatie]
        relaties = self.client.get("Relaties") or {"Relatie": []}
        return [self.client, *relaties["Relatie"]]

    @property
    def functiebudgetten(self) -> list[Inhoud]:
        """What is granted, or spent, per zorgfunctie."""
        client = self.client
        if self.nummer == "507":
            return client["FunctieBudgettenBesteed"]["FunctieBudgetBesteed"]  # type: ignore[no-any-return]  # dicts
        return client["Budget"]["FunctieBudgetten"]["FunctieBudget"]  # type: ignore[no-any-return]  # a list of dicts

    @property
    def perioden(self) -> list[Inhoud]:
        """Their periods."""
        naam = "BestedingsPeriode" if self.nummer == "507" else "FunctieBudgetPeriode"
        return [budget[naam] for budget in self.functiebudgetten]

    @property
    def declaratie(self) -> Inhoud:
        """The declaratie, or the antwoord to it."""
        declaratie: Inhoud = self.inhoud["Declaratie" if self.nummer == "323" else "DeclaratieAntwoord"]
        return declaratie

    @property
    def clienten(self) -> list[Inhoud]:
        """The clients of a declaratie."""
        clienten: list[Inhoud] = self.declaratie["Clienten"]["Client"]
        return clienten

    def prestatie(self) -> Inhoud:
        """Pick a debet prestatie."""
        debet = [
            prestatie
            for client in self.clienten
            for prestatie in client["Prestaties"]["Prestatie"]
            if prestatie["IngediendBedrag"]["DebetCredit"] == "D"
        ]
        return self.pick(debet)  # type: ignore[no-any-return]  # a list of dicts

    def append(self, prestatie: Inhoud) -> None:
        """Add a prestatie to a client."""
        self.pick(self.clienten)["Prestaties"]["Prestatie"].append(prestatie)

    def credit(self, vorig: str, bedrag: int | None = None) -> Inhoud:
        """Make a credit of an earlier prestatie."""
        prestatie: Inhoud = deepcopy(self.prestatie())
        prestatie["ProductReferentie"] = {
            "ReferentieNummer": f"P{self.v.number()}",
            "VorigReferentieNummer": vorig,
        }
        prestatie["IngediendBedrag"] = {
            "Bedrag": prestatie["IngediendBedrag"]["Bedrag"] if bedrag is None else bedrag,
            "DebetCredit": "C",
        }
        return prestatie

    def recount(self) -> None:
        """Make the totals agree with the prestaties again."""
        saldo = balance(self.clienten)
        if self.nummer == "325":
            saldo += self.declaratie["TotaalToegekendBedrag"]["TotaalBedrag"]
        self.declaratie["TotaalIngediendBedrag"] = total(saldo)


# Client, contact and relatie: 301


@recept("CD005", "301 501")
def _postcode_without_land(geval: Geval) -> None:
    del geval.pick(geval.contacten)["Adres"]["LandCode"]


@recept("CD007", "301")
def _interpreter_without_language(geval: Geval) -> None:
    geval.client["Communicatie"] = geval.pick([{"Vorm": "1"}, {"Vorm": "2", "Taal": "Fries"}])


@recept("CD009", "301")
def _period_of_lasting_address(geval: Geval) -> None:
    geval.pick(geval.contacten)["Periode"] = {"Begindatum": geval.v.day(-9, 0)}


@recept("CD025", "301 501")
def _address_without_number(geval: Geval) -> None:
    del geval.pick(geval.contacten)["Adres"]["Huis"]


@recept("CD034", "301")
def _address_without_postcode(geval: Geval) -> None:
    adres = geval.pick(geval.contacten)["Adres"]
    del adres["Postcode"], adres["LandCode"]


@recept("CS050", "301 501")
def _use_of_absent_name(geval: Geval) -> None:
    persoon = geval.pick(geval.personen)
    persoon["Naam"] |= geval.pick([{"Partnernaam": None, "NaamGebruik": "2"}, {"NaamGebruik": "5"}])


@recept("CS318", "301")
def _client_as_organisation(geval: Geval) -> None:
    geval.client["Naam"] |= {"Partnernaam": None, "NaamGebruik": "6"}


@recept("CS089", "301 501")
def _foreign_postcode(geval: Geval) -> None:
    klein = [] if geval.nummer == "501" else ["1234ab"]  # iPgb takes small letters
    geval.pick(geval.contacten)["Adres"]["Postcode"] = geval.pick(["1234 AB", "0234AB", "12345", *klein])


@recept("CS139", "301 305 307 315")
def _unknown_day_filled_in(geval: Geval) -> None:
    geval.pick(geval.personen)["Geboortedatum"] = {
        "Datum": date(1980, 5, 17),
        "DatumGebruik": geval.pick(["1", "2", "3"]),
    }


@recept("TR002", "301 305 307 315")
def _too_old(geval: Geval) -> None:
    dag = geval.v.dagtekening
    geval.pick(geval.personen)["Geboortedatum"] = {"Datum": date(dag.year - 120, dag.month, 1) - _DAG}


@recept("TR006", "301")
def _unreachable(geval: Geval) -> None:
    contact = geval.pick(geval.contacten)
    contact["Telefoon"] = None
    contact["Adres"] = {"Postcode": "10115", "Plaatsnaam": "Voorbeelddam", "LandCode": "BE"}


@recept("TR061", "301")
def _temporary_address_only(geval: Geval) -> None:
    geval.client["Contactgegevens"]["Contact"] = [geval.v.contact("04")]


@recept("CS002", "301 305 307 315 317 323 325 501 507")
def _wrong_bsn(geval: Geval) -> None:
    client = geval.pick(geval.clienten) if geval.nummer in {"323", "325"} else geval.client
    if geval.nummer == "501":
        client = geval.pick([client, *geval.personen])
    bsn = client["Bsn"]
    client["Bsn"] = f"{bsn[:-1]}{(int(bsn[-1]) + geval.v.dobbel.randint(1, 9)) % 10}"


# Products: 301, 315, 317


@recept("CD041", "301 315 317")
def _code_without_omvang(geval: Geval) -> None:
    geval.product()[0]["Omvang"] = None


@recept("CD075", "301 315 317")
def _budget_without_end(geval: Geval) -> None:
    product, _, einde = geval.product(vrij=False)
    product |= {"Omvang": None, "Budget": 100_000, einde: None}
    if "Product" in product:
        product["Product"]["Code"] = None


@recept("CD076", "301 315 317")
def _week_without_end(geval: Geval) -> None:
    product, _, einde = geval.product(vrij=False)
    product[einde] = None
    product["Omvang"]["Frequentie"] = "2"


@recept("CD077", "301 315 317")
def _omvang_beside_budget(geval: Geval) -> None:
    if geval.nummer == "317":
        geval.pick(geval.houder["TeWijzigenProducten"]["TeWijzigenProduct"])["Budget"] = 100_000
        return
    product, begin, einde = geval.product()
    product |= {"Budget": 100_000, begin: _OUD - 30 * _DAG, einde: _OUD}
    product["Product"]["Code"] = None


@recept("CD078", "301 315 317")
def _budget_beside_omvang(geval: Geval) -> None:
    geval.product()[0]["Budget"] = 100_000


@recept("CD079", "301 315 317")
def _nothing_named(geval: Geval) -> None:
    product, begin, einde = geval.product()
    later = geval.v.dagtekening.replace(day=1, year=geval.v.dagtekening.year + 10)
    product |= {"Product": None, "Omvang": None, begin: later, einde: later + 30 * _DAG}


def _omvang_without_code(geval: Geval) -> None:
    geval.product()[0]["Product"]["Code"] = None


for _code, _nummer in (("CD080", "301"), ("CD095", "315"), ("CD096", "317")):
    recept(_code, _nummer)(_omvang_without_code)


def _unit_per_day(geval: Geval) -> None:
    product, _, _ = geval.product(vrij=False)
    product["Omvang"] |= {"Eenheid": geval.pick(["14", "16", "83", "84"]), "Frequentie": "1"}


for _code, _nummer in (("CS338", "301 317"), ("CS343", "315")):
    recept(_code, _nummer)(_unit_per_day)


@recept("CS003", "301 315 317 501 507")
def _ends_before_it_begins(geval: Geval) -> None:
    if geval.nummer in {"501", "507"}:
        periode = geval.pick(geval.perioden)
        periode["Einddatum"] = periode["Begindatum"] - _DAG
        return
    if geval.nummer == "301" and geval.v.dobbel.random() < 0.3:
        tijdelijk = geval.client["Contactgegevens"]["Contact"][1]
        tijdelijk["Periode"] = {"Einddatum": geval.v.day(60, 90)}
        return
    product, begin, einde = geval.product(vrij=False)
    product[einde] = product[begin] - _DAG


@recept("CS335", "301")
def _deleted_but_lasting(geval: Geval) -> None:
    geval.product()[0]["RedenWijziging"] = "13"


@recept("CS336", "301")
def _lapsed_reason(geval: Geval) -> None:
    geval.product()[0]["RedenWijziging"] = "01"


def _same_product_twice(geval: Geval) -> None:
    product, begin, einde = geval.product()
    _, producten = geval.products()
    dubbel = deepcopy(product)
    dubbel |= {begin: product[einde], einde: product[einde] + 30 * _DAG}
    for naam in ("ToewijzingNummer", "ReferentieAanbieder"):
        if naam in dubbel:
            dubbel[naam] = geval.v.number() if naam == "ToewijzingNummer" else geval.v.reference()
    producten.append(dubbel)


for _code, _nummer in (("TR302", "301"), ("TR386", "315"), ("TR410", "317")):
    recept(_code, _nummer)(_same_product_twice)


# Keys, everywhere


@recept("TR101", "301 305 307 315 317 323 325 501")
def _same_key_twice(geval: Geval) -> None:
    if geval.nummer == "501":
        reeks = geval.pick([geval.functiebudgetten, geval.client["Relaties"]["Relatie"]])
        reeks.append(deepcopy(geval.pick(reeks)))
        return
    if geval.nummer in {"323", "325"}:
        dubbel = deepcopy(geval.prestatie())
        dubbel["ToewijzingNummer"] = geval.v.number()
        eigen = dubbel["ProductReferentie"]["ReferentieNummer"]
        for client in geval.clienten:
            prestaties = client["Prestaties"]["Prestatie"]
            if any(prestatie["ProductReferentie"]["ReferentieNummer"] == eigen for prestatie in prestaties):
                prestaties.append(dubbel)
        geval.recount()
        return
    if geval.nummer == "317":
        ongewijzigd = geval.houder["OngewijzigdeProducten"]["OngewijzigdProduct"]
        ongewijzigd.append(dict(ongewijzigd[0]))
        return
    product, begin, einde = geval.product()
    dubbel = deepcopy(product)
    if geval.nummer == "301":
        dubbel["Product"] = geval.v.product(len(geval.products()[1]))
    elif geval.nummer == "315":
        dubbel |= {begin: product[einde] + _DAG, einde: product[einde] + 30 * _DAG}
    geval.products()[1].append(dubbel)


@recept("TR383", "315")
def _same_reference_twice(geval: Geval) -> None:
    dubbel = deepcopy(geval.product()[0])
    producten = geval.products()[1]
    dubbel["Product"] = geval.v.product(len(producten))
    producten.append(dubbel)


# Start and stop: 305, 307; dates in the future: everywhere


@recept("CS058", "305 307")
def _changed(geval: Geval) -> None:
    geval.product()[0]["StatusAanlevering"] = geval.pick(["2", "9"])


@recept("TR018", "307")
def _stops_before_it_begins(geval: Geval) -> None:
    product, begin, einde = geval.product()
    product[einde] = product[begin] - _DAG


@recept("TR134", "301 305 307 315 323 325")
def _not_yet(geval: Geval) -> None:
    later = geval.v.dagtekening + _DAG
    if geval.nummer in {"323", "325"}:
        periode = geval.prestatie()["ProductPeriode"]
        geval.inhoud["Header"]["BerichtIdentificatie"]["Dagtekening"] = periode["Begindatum"] - _DAG
        for client in geval.clienten:
            for prestatie in client["Prestaties"]["Prestatie"]:
                if prestatie["ProductPeriode"] is not periode and geval.nummer == "325":
                    vorige = periode["Begindatum"] - _DAG
                    prestatie["ProductPeriode"] = {"Begindatum": vorige.replace(day=1), "Einddatum": vorige}
        return
    dag = {"301": "Toewijzingsdatum", "305": "Begindatum", "307": "Einddatum"}.get(geval.nummer)
    if dag is None or geval.v.dobbel.random() < 0.3:
        geval.pick(geval.personen)["Geboortedatum"] = {"Datum": later}
    else:
        geval.product()[0][dag] = later


# Requests and answers: 315, 317, 319


@recept("CD043", "315")
def _half_a_beschikking(geval: Geval) -> None:
    del geval.product()[0][geval.pick(["BeschikkingNummer", "BeschikkingIngangsdatum"])]


def _verwijzer(geval: Geval, verwijzer: Inhoud) -> None:
    geval.product()[0]["Verwijzer"] = verwijzer


@recept("CD066", "315")
def _verwijzer_with_both(geval: Geval) -> None:
    _verwijzer(geval, {"Type": "03", "Naam": "Praktijk Voorbeeld", "ZorgverlenerCode": "42420042"})


@recept("CD067", "315")
def _verwijzer_with_neither(geval: Geval) -> None:
    _verwijzer(geval, {"Type": geval.pick(["02", "04"])})


@recept("CD068", "315")
def _gemeente_as_zorgverlener(geval: Geval) -> None:
    _verwijzer(geval, {"Type": geval.pick(["01", "06"]), "ZorgverlenerCode": "42420042"})


@recept("CD085", "319")
def _refused_without_reason(geval: Geval) -> None:
    geval.inhoud["Antwoord"] |= {
        "VerzoekAntwoord": "1",
        "RedenAfwijzingVerzoek": None,
        "Woonplaatsbeginsel": None,
    }


@recept("CD086", "319")
def _reason_too_early(geval: Geval) -> None:
    geval.inhoud["Antwoord"] |= {
        "VerzoekAntwoord": "2",
        "RedenAfwijzingVerzoek": "2",
        "Woonplaatsbeginsel": None,
    }


@recept("TR377", "319")
def _nobody_responsible(geval: Geval) -> None:
    geval.inhoud["Antwoord"] |= {"RedenAfwijzingVerzoek": "8", "Woonplaatsbeginsel": None}


@recept("TR409", "319")
def _responsible_without_need(geval: Geval) -> None:
    geval.inhoud["Antwoord"] |= {"RedenAfwijzingVerzoek": geval.pick(["2", "5"])}


@recept("TR352", "317")
def _only_new(geval: Geval) -> None:
    geval.houder.update(OngewijzigdeProducten=None, TeWijzigenProducten=None)


@recept("TR353", "317")
def _nothing_changes(geval: Geval) -> None:
    geval.houder.update(TeWijzigenProducten=None, NieuweProducten=None)


@recept("TR380", "317")
def _begins_today(geval: Geval) -> None:
    product, begin, _ = geval.product()
    product[begin] = geval.v.dagtekening
