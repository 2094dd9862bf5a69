"""Two invented care cases as content for `istandaarden.opbouw.build`: one in the Wmo, one in Jeugd.

Every person, address and agreement here is made up; the gemeenten exist, because the register knows no others.
A case spans one calendar month of care, and its berichten agree with each other: the same ReferentieAanbieder,
ToewijzingNummer, product and dates (iStandaarden 3.2, process 1 to 4), so that they also pass the rules inside and
across berichten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from istandaarden.catalogus import Berichtsoort, ingebouwd

Inhoud = dict[str, object]

GEMEENTE_WMO = "0193"  # Zwolle
GEMEENTE_JEUGD = "0344"  # Utrecht
AANBIEDER_PUSH = "99010001"
AANBIEDER_PULL = "99020002"
AANBIEDER_VECOZO = "99030003"


@dataclass(frozen=True, slots=True)
class Client:
    """An invented citizen; `bsn` comes from the test range 9999xxxxx and passes the elfproef."""

    bsn: str
    geboortedatum: date
    geslacht: str
    achternaam: str
    voorvoegsel: str | None
    voornamen: str
    voorletters: str

    def naam(self) -> Inhoud:
        """Return the content of CDT_VerkorteNaam."""
        geslachtsnaam: Inhoud = {"Achternaam": self.achternaam}
        if self.voorvoegsel:
            geslachtsnaam["Voorvoegsel"] = self.voorvoegsel
        return {"Geslachtsnaam": geslachtsnaam, "Voornamen": self.voornamen, "Voorletters": self.voorletters}

    def kern(self) -> Inhoud:
        """Return the elements with which every client class begins."""
        return {
            "Bsn": self.bsn,
            "Geboortedatum": {"Datum": self.geboortedatum.isoformat()},
            "Geslacht": self.geslacht,
            "Naam": self.naam(),
        }


@dataclass(frozen=True, slots=True)
class Afspraak:
    """What is delivered: product, amount per period (COD lists WJ756 and WMO757) and price per unit in cents."""

    categorie: str
    code: str
    volume: int
    eenheid: str
    frequentie: str
    tarief: int
    geleverd: int

    def product(self) -> Inhoud:
        """Return the content of CDT_Product."""
        return {"Categorie": self.categorie, "Code": self.code}

    def omvang(self) -> Inhoud:
        """Return the content of CDT_Omvang."""
        return {"Volume": str(self.volume), "Eenheid": self.eenheid, "Frequentie": self.frequentie}


@dataclass(frozen=True, slots=True)
class Casus:
    """One care case of one client with one gemeente and one zorgaanbieder.

    `begin` is the first and `eind` the last day of the calendar month in which the care is given; `nummer`
    makes the references of this case differ from those of another.
    """

    titel: str
    familie: str  # WMO or JW
    gemeente: str
    aanbieder: str
    client: Client
    afspraak: Afspraak
    nummer: int
    begin: date
    eind: date
    verwijzer: Mapping[str, str]
    reden_stop: str
    straat: str
    huisnummer: str
    plaats: str

    @property
    def referentie(self) -> str:
        """ReferentieAanbieder: ties 315, 319 and 301."""
        return f"AANVRAAG-{self.begin:%Y}-{self.nummer:04d}"

    @property
    def toewijzing(self) -> str:
        """ToewijzingNummer: ties 301, 305, 307 and 323."""
        return str(700000 + self.nummer)

    def berichtsoort(self, cijfers: str) -> Berichtsoort:
        """Return the berichtsoort of this case's standard, for example ``315``.

        Raises:
            KeyError: the standard has no such berichtsoort.
        """
        return ingebouwd().find(f"{self.familie}{cijfers}", "3.2")

    def inhoud(self, cijfers: str) -> Inhoud:
        """Return the content of the heenbericht with these digits: 315, 319, 301, 305, 307 or 323.

        Raises:
            KeyError: this case does not send such a bericht itself.
        """
        bouw = {
            "315": (self._verzoek, self.begin - timedelta(days=21)),
            "319": (self._onderzoek, self.begin - timedelta(days=19)),
            "301": (self._toewijzing, self.begin - timedelta(days=14)),
            "305": (self._start, self.begin),
            "307": (self._stop, self.eind + timedelta(days=1)),
            "323": (self._declaratie, self.eind + timedelta(days=1)),
        }
        maak, dagtekening = bouw[cijfers]
        soort = self.berichtsoort(cijfers)
        return {"Header": self._kop(soort, dagtekening), **maak(dagtekening)}

    def _kop(self, soort: Berichtsoort, dagtekening: date) -> Inhoud:
        van_gemeente = soort.afzender_type == "Gemeente"
        afzender, ontvanger = (self.gemeente, self.aanbieder) if van_gemeente else (self.aanbieder, self.gemeente)
        return {
            "Afzender": afzender,
            "Ontvanger": ontvanger,
            "BerichtIdentificatie": {
                "Identificatie": f"{soort.code[-3:]}{dagtekening:%y%m}{self.nummer:05d}",
                "Dagtekening": dagtekening.isoformat(),
            },
            "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
        }

    def _verzoek(self, _dag: date) -> Inhoud:
        client = self.client.kern()
        if self.familie == "JW":
            client["GezagsdragerBekend"] = "1"
        client["AangevraagdeProducten"] = {
            "AangevraagdProduct": [
                {
                    "ReferentieAanbieder": self.referentie,
                    "Product": self.afspraak.product(),
                    "ToewijzingIngangsdatum": self.begin.isoformat(),
                    "ToewijzingEinddatum": self.eind.isoformat(),
                    "Omvang": self.afspraak.omvang(),
                    "Verwijzer": dict(self.verwijzer),
                    "Raamcontract": "1",
                }
            ]
        }
        return {"Client": client}

    def _onderzoek(self, _dag: date) -> Inhoud:
        return {"Antwoord": {"ReferentieAanbieder": self.referentie, "VerzoekAntwoord": "2"}}

    def _toewijzing(self, dag: date) -> Inhoud:
        client = self.client.kern()
        client["Naam"] = {**self.client.naam(), "NaamGebruik": "1"}
        client["Contactgegevens"] = {
            "Contact": [
                {
                    "Soort": "01",
                    "Adres": {
                        "Huis": {"Huisnummer": self.huisnummer},
                        "Postcode": "9999ZZ",
                        "Straatnaam": self.straat,
                        "Plaatsnaam": self.plaats,
                        "LandCode": "NL",
                    },
                }
            ]
        }
        client["ToegewezenProducten"] = {
            "ToegewezenProduct": [
                {
                    "ToewijzingNummer": self.toewijzing,
                    "ReferentieAanbieder": self.referentie,
                    "Product": self.afspraak.product(),
                    "Toewijzingsdatum": dag.isoformat(),
                    "Toewijzingstijd": "10:15:00",
                    "Ingangsdatum": self.begin.isoformat(),
                    "Einddatum": self.eind.isoformat(),
                    "Omvang": self.afspraak.omvang(),
                }
            ]
        }
        return {"Client": client}

    def _levering(self) -> Inhoud:
        return {
            "ToewijzingNummer": self.toewijzing,
            "Product": self.afspraak.product(),
            "ToewijzingIngangsdatum": self.begin.isoformat(),
            "Begindatum": self.begin.isoformat(),
            "StatusAanlevering": "1",
        }

    def _start(self, _dag: date) -> Inhoud:
        return {"Client": {**self.client.kern(), "StartProducten": {"StartProduct": [self._levering()]}}}

    def _stop(self, _dag: date) -> Inhoud:
        stop = {**self._levering(), "RedenBeeindiging": self.reden_stop, "Einddatum": self.eind.isoformat()}
        return {"Client": {**self.client.kern(), "StopProducten": {"StopProduct": [stop]}}}

    def _declaratie(self, dag: date) -> Inhoud:
        bedrag = str(self.afspraak.geleverd * self.afspraak.tarief)
        maand = {"Begindatum": self.begin.isoformat(), "Einddatum": self.eind.isoformat()}
        prestatie = {
            "ProductReferentie": {"ReferentieNummer": f"P{self.begin:%Y%m}{self.nummer:04d}"},
            "ToewijzingNummer": self.toewijzing,
            "ProductCategorie": self.afspraak.categorie,
            "ProductCode": self.afspraak.code,
            "ProductPeriode": maand,
            "GeleverdVolume": str(self.afspraak.geleverd),
            "Eenheid": self.afspraak.eenheid,
            "ProductTarief": str(self.afspraak.tarief),
            "IngediendBedrag": {"Bedrag": bedrag, "DebetCredit": "D"},
        }
        return {
            "Declaratie": {
                "DeclaratieNummer": f"D{self.begin:%Y%m}{self.nummer:04d}",
                "DeclaratiePeriode": maand,
                "DeclaratieDagtekening": dag.isoformat(),
                "TotaalIngediendBedrag": {"TotaalBedrag": bedrag, "DebetCredit": "D"},
                "Clienten": {"Client": [{"Bsn": self.client.bsn, "Prestaties": {"Prestatie": [prestatie]}}]},
            }
        }


def variant(casus: Casus, nummer: int, *, gemeente: str | None = None, aanbieder: str | None = None) -> Casus:
    """Return the same case under another number, perhaps with another gemeente or zorgaanbieder."""
    return replace(casus, nummer=nummer, gemeente=gemeente or casus.gemeente, aanbieder=aanbieder or casus.aanbieder)


def last_month(vandaag: date) -> tuple[date, date]:
    """Return the first and last day of the calendar month before `vandaag`: the month the cases tell about."""
    eind = vandaag.replace(day=1) - timedelta(days=1)
    return eind.replace(day=1), eind


def wmo_casus(vandaag: date) -> Casus:
    """Return the Wmo case: individual guidance, hours per month, provider reached over StUF."""
    begin, eind = last_month(vandaag)
    return Casus(
        titel="Wmo: begeleiding voor mevrouw Van den Berkenhof",
        familie="WMO",
        gemeente=GEMEENTE_WMO,
        aanbieder=AANBIEDER_PUSH,
        client=Client("999901357", date(1948, 3, 9), "2", "Berkenhof", "van den", "Johanna Maria", "JM"),
        afspraak=Afspraak("02", "02A05", 16, "04", "4", tarief=6450, geleverd=14),
        nummer=17,
        begin=begin,
        eind=eind,
        verwijzer={"Type": "01"},
        reden_stop="19",
        straat="Wilgenkade",
        huisnummer="41",
        plaats="Zwolle",
    )


def jeugd_casus(vandaag: date) -> Casus:
    """Return the Jeugd case: ambulant help, minutes per week, provider that collects over the REST interface."""
    begin, eind = last_month(vandaag)
    return Casus(
        titel="Jeugd: ambulante jeugdhulp voor Sem Okkerse",
        familie="JW",
        gemeente=GEMEENTE_JEUGD,
        aanbieder=AANBIEDER_PULL,
        client=Client("999902465", date(2014, 9, 17), "1", "Okkerse", None, "Sem", "S"),
        afspraak=Afspraak("45", "45A04", 90, "01", "2", tarief=162, geleverd=360),
        nummer=23,
        begin=begin,
        eind=eind,
        verwijzer={"Type": "02", "Naam": "Huisartsenpraktijk De Meander"},
        reden_stop="31",
        straat="Pontweg",
        huisnummer="8",
        plaats="Utrecht",
    )
