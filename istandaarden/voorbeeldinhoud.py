"""What a sample bericht says: invented, and in agreement with every rule that looks inside one bericht.

What stands here is about iWmo and iJw 3.2 and iPgb 2.1; `istandaarden.voorbeeldwaarden.fit` makes it fit another
release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, time, timedelta
from random import Random
from typing import Any

from istandaarden.model import Berichtmodel
from istandaarden.voorbeeldwaarden import (
    AANBIEDERS,
    ACHTERNAMEN,
    GEMEENTEN,
    PLAATSEN,
    STRATEN,
    VOORNAMEN,
    VOORVOEGSELS,
    bsns,
)

Inhoud = dict[str, Any]

_CIJFERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PER_CLIENT = 25
"""Prestaties per client of a declaratie."""
_UUR, _EUROS = "04", "83"
VRIJE_CATEGORIEEN = 2
"""Last categorieen of the list that no sample uses, for whoever needs a product that resembles no other."""


class Verteller:
    """Invents one bericht.

    `rijk` puts in everything that may be there; otherwise chance decides.
    """

    def __init__(self, model: Berichtmodel, dobbel: Random, grootte: int, *, rijk: bool) -> None:
        self.model, self.dobbel, self.grootte, self.rijk = model, dobbel, grootte, rijk
        self.dagtekening = date(2025, 4, 10) + timedelta(days=dobbel.randrange(150))
        self._nummer = dobbel.randrange(100_000, 900_000)
        lijst = model.basis.logisch.get("ProductCategorie")
        self.categorieen = sorted(lijst.waarden)[:-VRIJE_CATEGORIEEN] if lijst else ["01"]

    def some(self, waarde: Any) -> Any:
        """Give a value, or leave it out."""
        return waarde if self.rijk or self.dobbel.random() < 0.5 else None

    def number(self) -> int:
        """Give a whole number that was not given before."""
        self._nummer += 1
        return self._nummer

    def reference(self) -> str:
        """Give a reference of an aanbieder that was not given before."""
        return f"VB-{self.number()}"

    def day(self, van: int, tot: int) -> date:
        """Give a day from `van` up to `tot` days after the dagtekening."""
        return self.dagtekening + timedelta(days=self.dobbel.randint(van, tot))

    def header(self) -> Inhoud:
        """Tell the Header of any bericht."""
        soort, model = self.model.soort, self.model
        partijen = {"Gemeente": self.dobbel.choice(GEMEENTEN), "AgbCode": self.dobbel.choice(AANBIEDERS)}
        versie = {
            "BasisschemaXsdVersie": model.basisversie.versie if model.basisversie else "1.0.0",
            "BerichtXsdVersie": model.xsdversie.versie if model.xsdversie else "1.0.0",
        }
        eigen = {"Identificatie": f"VB{self.number()}", "Dagtekening": self.dagtekening}
        eerder = {"Identificatie": f"VB{self.number()}", "Dagtekening": self.dagtekening - timedelta(days=3)}
        return {
            "Afzender": partijen.get(soort.afzender_type or ""),
            "Ontvanger": partijen.get(soort.ontvanger_type or ""),
            "BerichtIdentificatie": eigen,
            "XsdVersie": versie,
            "IdentificatieRetour": f"VB{self.number()}",
            "DagtekeningRetour": self.dagtekening + timedelta(days=1),
            "XsdVersieRetour": versie,
            "DeclaratieIdentificatie": eerder,
            "XsdVersieDeclaratie": versie,
            "RetourCodes": {"RetourCode": ["0200"]},
        }

    def client(self, *, volledig: bool = False) -> Inhoud:
        """Tell who a client is, with his full name if asked."""
        return {
            "Bsn": self.dobbel.choice(bsns()),
            "Geboortedatum": {"Datum": self.birth_date()},
            "Geslacht": self.dobbel.choice("012"),
            "Naam": self.full_name() if volledig else self.name(),
        }

    def birth_date(self) -> date:
        """Give the birth date of somebody alive."""
        return date(1940, 1, 1) + timedelta(days=self.dobbel.randrange(25_000))

    def name(self) -> Inhoud:
        """Tell a name in short."""
        voornaam = self.dobbel.choice(VOORNAMEN)
        return {"Geslachtsnaam": self.surname(), "Voornamen": self.some(voornaam), "Voorletters": voornaam[0]}

    def surname(self) -> Inhoud:
        """Tell a surname."""
        naam = self.dobbel.choice(ACHTERNAMEN)
        return {"Achternaam": naam, "Voorvoegsel": self.some(self.dobbel.choice(VOORVOEGSELS))}

    def full_name(self) -> Inhoud:
        """Tell a name with that of a partner."""
        partner = self.some(self.surname())
        gebruik = self.dobbel.choice("1234") if partner else "1"
        return {**self.name(), "Partnernaam": partner, "NaamGebruik": gebruik}

    def contact(self, soort: str) -> Inhoud:
        """Tell where someone can be reached."""
        huis = {
            "Huisnummer": self.dobbel.randint(1, 250),
            "Huisletter": self.some(self.dobbel.choice("ABC")),
            "HuisnummerToevoeging": self.some("bis"),
            "AanduidingWoonadres": self.some("TO"),
        }
        letters = "".join(self.dobbel.choice("ABCDEGHJKLMN") for _ in range(2))
        return {
            "Soort": soort,
            "Adres": {
                "Huis": huis,
                "Postcode": f"{self.dobbel.randint(1000, 9999)}{letters}",
                "Straatnaam": self.dobbel.choice(STRATEN),
                "Plaatsnaam": self.dobbel.choice(PLAATSEN),
                "LandCode": "NL",
            },
            "Organisatie": self.some("Stichting Voorbeeld"),
            "Telefoon": {"Telefoon01": {"Telefoonnummer": "0200000000", "Landnummer": "+31"}},
            "Emailadres": self.some("voorbeeld@example.org"),
            "Periode": {"Begindatum": self.day(-90, -60), "Einddatum": self.day(60, 90)} if soort == "04" else None,
        }

    def relatie(self) -> Inhoud:
        """Tell of somebody near the client."""
        return {
            "Nummer": str(self.number()),
            "Volgorde": self.some(1),
            "Soort": "10",
            "Geboortedatum": self.some({"Datum": self.birth_date()}),
            "Geslacht": self.some("2"),
            "Naam": self.full_name(),
            "Contact": self.contact("01"),
        }

    def product(self, plek: int) -> Inhoud:
        """Tell a product that no other place in the bericht has."""
        beurt, keuze = divmod(plek, len(self.categorieen))
        code = ""
        for _ in range(3):
            beurt, cijfer = divmod(beurt, len(_CIJFERS))
            code = _CIJFERS[cijfer] + code
        categorie = self.categorieen[keuze]
        return {"Categorie": categorie, "Code": f"{categorie}{code}"}

    def omvang(self) -> Inhoud:
        """Tell how much."""
        return {"Volume": self.dobbel.randint(1, 40), "Eenheid": _UUR, "Frequentie": self.dobbel.choice("246")}

    def month(self) -> tuple[date, date]:
        """Give the first and last day of the month before the dagtekening."""
        laatste = self.dagtekening.replace(day=1) - timedelta(days=1)
        return laatste.replace(day=1), laatste


def _toewijzing(v: Verteller) -> Inhoud:
    producten = [
        {
            "ToewijzingNummer": v.number(),
            "ReferentieAanbieder": v.some(v.reference()),
            "Product": v.product(plek),
            "Toewijzingsdatum": v.day(-30, 0),
            "Toewijzingstijd": time(v.dobbel.randrange(24), v.dobbel.randrange(60)),
            "Ingangsdatum": v.day(-60, 60),
            "Einddatum": v.day(100, 700),
            "RedenWijziging": v.some("04"),
            "Omvang": v.omvang(),
            "Commentaar": v.some("Invulling in overleg."),
        }
        for plek in range(v.grootte)
    ]
    contacten = [v.contact("01"), *([v.contact("04")] if v.rijk else [])]
    relatie = v.some(v.relatie())
    return {
        "Client": {
            **v.client(volledig=True),
            "Communicatie": v.some({"Vorm": "1", "Taal": "Fries"}),
            "JuridischeStatus": v.some("04"),
            "WettelijkeVertegenwoordiging": v.some("06"),
            "Commentaar": v.some("Belt liever in de ochtend."),
            "Relaties": {"Relatie": [relatie]} if relatie else None,
            "Contactgegevens": {"Contact": contacten},
            "ToegewezenProducten": {"ToegewezenProduct": producten},
        }
    }


def _start(v: Verteller) -> Inhoud:
    producten = [
        {
            "ToewijzingNummer": v.number(),
            "Product": v.product(plek),
            "ToewijzingIngangsdatum": v.day(-60, -30),
            "Begindatum": v.day(-29, 0),
            "StatusAanlevering": "1",
        }
        for plek in range(v.grootte)
    ]
    return {"Client": {**v.client(), "StartProducten": {"StartProduct": producten}}}


def _stop(v: Verteller) -> Inhoud:
    producten = [
        {
            "ToewijzingNummer": v.number(),
            "Product": v.product(plek),
            "ToewijzingIngangsdatum": v.day(-90, -61),
            "Begindatum": v.day(-60, -30),
            "RedenBeeindiging": v.dobbel.choice(("20", "38")),
            "Einddatum": v.day(-29, 0),
            "StatusAanlevering": "1",
        }
        for plek in range(v.grootte)
    ]
    return {"Client": {**v.client(), "StopProducten": {"StopProduct": producten}}}


def _aanvraag(v: Verteller) -> Inhoud:
    def verwijzer() -> Inhoud:
        if not v.rijk and v.dobbel.random() < 0.5:
            return {"Type": "02", "ZorgverlenerCode": v.dobbel.choice(AANBIEDERS)}
        return {"Type": "05", "Naam": "Praktijk Voorbeeld"}

    producten = []
    for plek in range(v.grootte):
        met_beschikking = v.rijk or v.dobbel.random() < 0.5
        producten.append(
            {
                "ReferentieAanbieder": v.reference(),
                "BeschikkingNummer": v.number() if met_beschikking else None,
                "Product": v.product(plek),
                "BeschikkingIngangsdatum": v.day(-60, -1) if met_beschikking else None,
                "ToewijzingIngangsdatum": v.day(1, 60),
                "ToewijzingEinddatum": v.day(100, 700),
                "Omvang": v.omvang(),
                "Verwijzer": verwijzer(),
                "Raamcontract": v.some("1"),
                "Commentaar": v.some("Zie het plan."),
            }
        )
    client = {
        **v.client(),
        "GezagsdragerBekend": v.some("1"),
        "Commentaar": v.some("Spoed."),
        "AangevraagdeProducten": {"AangevraagdProduct": producten},
    }
    return {"Client": client}


def _wijziging(v: Verteller) -> Inhoud:
    def wens(product: Inhoud | None) -> Inhoud:
        return {
            **({"Product": product} if product else {"ToewijzingNummer": v.number()}),
            "GewensteIngangsdatum": v.day(1, 60),
            "Einddatum": v.day(100, 700),
            "Omvang": v.omvang(),
        }

    verzoek = {
        "ReferentieAanbieder": v.reference(),
        "RedenVerzoek": v.dobbel.choice("12"),
        "OngewijzigdeProducten": {"OngewijzigdProduct": [{"ToewijzingNummer": v.number()}]},
        "TeWijzigenProducten": {"TeWijzigenProduct": [wens(None) for _ in range(v.grootte)]},
        "NieuweProducten": {"NieuwProduct": [wens(v.product(plek)) for plek in range(v.grootte)]},
    }
    return {"Client": {"Bsn": v.dobbel.choice(bsns()), "Verzoek": verzoek}}


def _antwoord(v: Verteller) -> Inhoud:
    afgewezen = v.rijk or v.dobbel.random() < 0.5
    reden = v.dobbel.choice("12345679") if afgewezen else None
    antwoord: Inhoud = {
        "ReferentieAanbieder": v.reference(),
        "VerzoekAntwoord": "1" if afgewezen else "2",
        "RedenAfwijzingVerzoek": reden,
    }
    if v.rijk and v.model.soort.standaard == "ijw":
        antwoord |= {"RedenAfwijzingVerzoek": "8", "Woonplaatsbeginsel": {"Gemeente": v.dobbel.choice(GEMEENTEN)}}
    return {"Antwoord": antwoord}


def _prestatie(v: Verteller, plek: int, periode: Inhoud, *, credit: bool) -> Inhoud:
    volume, tarief = v.dobbel.randint(1, 60), v.dobbel.randint(1000, 9000)
    product = v.product(plek % 1000)
    in_euros = not v.rijk and v.dobbel.random() < 0.2
    referentie = {"ReferentieNummer": f"P{v.number()}", "VorigReferentieNummer": f"P{v.number()}" if credit else None}
    return {
        "ProductReferentie": referentie,
        "ToewijzingNummer": v.number(),
        "ProductCategorie": product["Categorie"],
        "ProductCode": product["Code"],
        "ProductPeriode": dict(periode),
        "GeleverdVolume": volume * tarief if in_euros else volume,
        "Eenheid": _EUROS if in_euros else _UUR,
        "ProductTarief": None if in_euros else tarief,
        "IngediendBedrag": {"Bedrag": volume * tarief, "DebetCredit": "C" if credit else "D"},
    }


def _clienten(v: Verteller) -> list[Inhoud]:
    """Tell of clients with together as many prestaties as the bericht is large; some are credits."""
    begin, einde = v.month()
    periode = {"Begindatum": begin, "Einddatum": einde}
    prestaties = [
        _prestatie(v, plek, periode, credit=plek > 0 and v.dobbel.random() < 0.1) for plek in range(v.grootte)
    ]
    aantal = min(max(1, -(-v.grootte // _PER_CLIENT)), len(bsns()))
    nummers = v.dobbel.sample(bsns(), aantal)
    return [
        {"Bsn": nummer, "Prestaties": {"Prestatie": prestaties[plek::aantal]}} for plek, nummer in enumerate(nummers)
    ]


def balance(clienten: list[Inhoud]) -> int:
    """Add up what clients are declared for, in eurocents; credits count negative."""
    bedragen = [prestatie["IngediendBedrag"] for client in clienten for prestatie in client["Prestaties"]["Prestatie"]]
    return sum(-bedrag["Bedrag"] if bedrag["DebetCredit"] == "C" else bedrag["Bedrag"] for bedrag in bedragen)


def total(bedrag: int) -> Inhoud:
    """Write an amount in eurocents as a total."""
    return {"TotaalBedrag": abs(bedrag), "DebetCredit": "C" if bedrag < 0 else "D"}


def _declaratie(v: Verteller) -> Inhoud:
    begin, einde = v.month()
    clienten = _clienten(v)
    return {
        "Declaratie": {
            "DeclaratieNummer": f"D{v.number()}",
            "DeclaratiePeriode": {"Begindatum": begin, "Einddatum": einde},
            "DeclaratieDagtekening": v.dagtekening,
            "TotaalIngediendBedrag": total(balance(clienten)),
            "Clienten": {"Client": clienten},
        }
    }


def _declaratieantwoord(v: Verteller) -> Inhoud:
    clienten = _clienten(v)
    for client in clienten:
        client["RetourCodes"] = {"RetourCode": ["0200"]}
        for prestatie in client["Prestaties"]["Prestatie"]:
            prestatie["RetourCodes"] = {"RetourCode": [v.dobbel.choice(("9338", "9340", "9321"))]}
    toegekend = v.dobbel.randint(1, 1_000_000)
    return {
        "DeclaratieAntwoord": {
            "DeclaratieNummer": f"D{v.number()}",
            "TotaalIngediendBedrag": total(balance(clienten) + toegekend),
            "TotaalToegekendBedrag": total(toegekend),
            "Clienten": {"Client": clienten},
            "RetourCodes": {"RetourCode": ["0200"]},
        }
    }


def _toekenning(v: Verteller) -> Inhoud:
    perioden = list(_functies(v))
    relatie = {
        "Nummer": f"R{v.number()}",
        "Soort": v.dobbel.choice("123"),
        "Bsn": v.dobbel.choice(bsns()),
        "Geslacht": v.dobbel.choice("012"),
        "Naam": v.full_name(),
    }
    organisatie = {"Nummer": f"R{v.number()}", "Soort": "5", "KvkNummer": "90000001", "Organisatie": "Steunpunt"}
    return {
        "Client": {
            "Bsn": v.dobbel.choice(bsns()),
            "Relaties": v.some({"Relatie": [relatie, organisatie]}),
            "Contact": v.some(v.contact("")),
            "Budget": {
                "BudgetIdentificatie": f"BUDGET-{v.number()}",
                "Afgiftedatum": v.some(v.day(-20, 0)),
                "BudgetPeriode": {
                    "Begindatum": perioden[0][1]["Begindatum"],
                    "Einddatum": perioden[-1][1]["Einddatum"],
                },
                "FunctieBudgetten": {
                    "FunctieBudget": [
                        {
                            "Zorgfunctie": functie,
                            "FunctieBudgetPeriode": periode,
                            "FunctieBudgetBedrag": v.dobbel.randint(10_000, 900_000),
                            "VerantwoordingsvrijBedrag": v.some(v.dobbel.randint(0, 10_000)),
                        }
                        for functie, periode in perioden
                    ]
                },
            },
        }
    }


def _afsluiting(v: Verteller) -> Inhoud:
    wlz = v.model.soort.code.startswith("WLZ")
    budget = f"BUDGET-{v.number()}"
    besteed = [
        {
            "BudgetIdentificatie": budget,
            "Zorgfunctie": functie,
            "BestedingsPeriode": periode,
            "FunctieBudgetBesteed": v.dobbel.randint(10_000, 900_000),
            "VerantwoordingsvrijBedragBesteed": None if wlz else v.some(v.dobbel.randint(0, 10_000)),
            "ZiekengeldBesteed": v.some(v.dobbel.randint(0, 10_000)),
            "RedenBudgetafsluiting": "1",
        }
        for functie, periode in _functies(v)
    ]
    client = {"Bsn": v.dobbel.choice(bsns()), "FunctieBudgettenBesteed": {"FunctieBudgetBesteed": besteed}}
    return {"Client": client}


def _functies(v: Verteller) -> Iterator[tuple[str, Inhoud]]:
    """Tell the zorgfuncties of a budget, each in weeks of its own that stay within a year."""
    wet = {"WMO": "Wmo", "JW": "Jw", "WLZ": "Wlz"}[v.model.soort.code.rstrip("0123456789")]
    functies = sorted(v.model.basis.logisch[f"ZorgfunctiePgb{wet}"].waarden)
    begin = date(2025, 1, 1)
    for nummer in range(v.grootte):
        einde = min(begin + timedelta(days=27), date(begin.year, 12, 31))
        yield functies[nummer % len(functies)], {"Begindatum": begin, "Einddatum": einde}
        begin = einde + timedelta(days=1)


VERHALEN: Mapping[str, Callable[[Verteller], Inhoud]] = {
    "301": _toewijzing,
    "305": _start,
    "307": _stop,
    "315": _aanvraag,
    "317": _wijziging,
    "319": _antwoord,
    "323": _declaratie,
    "325": _declaratieantwoord,
    "501": _toekenning,
    "507": _afsluiting,
}
"""Who tells which bericht; a retour tells what it answers."""
