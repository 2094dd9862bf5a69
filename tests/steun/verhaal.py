"""Tells the story of one client: assign, start, stop, declare, answer; each bericht judged against those before it.

`zend` insists that a bericht is right at all levels and adds it; `codes` says which rules one breaks, and does not.
Everything in a bericht can be overruled, by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from istandaarden.regels.ketenverloop import Ketenverloop
from istandaarden.regels.registers import Contractlijst, Vasteregisters
from istandaarden.toets import Oordeel, validate

GEMEENTE, AANBIEDER = "0363", "90000001"
BSN, ANDER_BSN = "999990019", "999900006"
VANDAAG = date(2026, 11, 20)
XSD = {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"}

Velden = Mapping[str, Any]


def maand(jaar: int, nummer: int) -> dict[str, date]:
    """First and last day of a month, as a periode."""
    volgende = date(jaar + nummer // 12, nummer % 12 + 1, 1)
    return {"Begindatum": date(jaar, nummer, 1), "Einddatum": volgende - timedelta(days=1)}


class Verhaal:
    """Berichten between one gemeente and one aanbieder in one standaard."""

    def __init__(self, standaard: str, contract: str = "", vandaag: date = VANDAAG) -> None:
        self.standaard = standaard
        self.prefix = {"iwmo": "WMO", "ijw": "JW"}[standaard]
        self.categorie, self.code = {"iwmo": ("02", "02A03"), "ijw": ("45", "45A04")}[standaard]
        self.ander_categorie = {"iwmo": "07", "ijw": "43"}[standaard]
        self.product = {"Categorie": self.categorie, "Code": self.code}
        self.keten = Ketenverloop()
        self.registers = Vasteregisters(Contractlijst.parse(contract) if contract else None, lambda: vandaag)
        self._nummer = 0

    # --- judging ---------------------------------------------------------------------------------------------------

    def judge(self, data: bytes) -> Oordeel:
        return validate(data, niveau=4, keten=self.keten, registers=self.registers)

    def zend(self, data: bytes) -> bytes:
        oordeel = self.judge(data)
        assert oordeel.geldig, oordeel.bevindingen
        assert oordeel.bericht is not None
        self.keten.add(oordeel.bericht)
        return data

    def codes(self, data: bytes) -> list[str]:
        return [bevinding.code for bevinding in self.judge(data).bevindingen]

    def bevinding(self, data: bytes) -> Bevinding:
        (bevinding,) = self.judge(data).bevindingen
        return bevinding

    # --- berichten -------------------------------------------------------------------------------------------------

    def header(self, nummer: str, dag: date, **anders: Any) -> dict[str, Any]:
        self._nummer += 1
        van_gemeente = nummer in {"301", "319", "325"}
        eigen = {
            "Afzender": GEMEENTE if van_gemeente else AANBIEDER,
            "Ontvanger": AANBIEDER if van_gemeente else GEMEENTE,
            "BerichtIdentificatie": {"Identificatie": str(self._nummer), "Dagtekening": dag},
            "XsdVersie": XSD,
        }
        if "identificatie" in anders:
            eigen["BerichtIdentificatie"]["Identificatie"] = anders.pop("identificatie")  # type: ignore[index]
        return eigen | anders

    def bericht(self, nummer: str, inhoud: Velden) -> bytes:
        return build(ingebouwd().find(f"{self.prefix}{nummer}", "3.2"), inhoud)

    def client(self, bsn: str = BSN) -> dict[str, Any]:
        naam: dict[str, Any] = {"Geslachtsnaam": {"Achternaam": "Proef"}}
        return {"Bsn": bsn, "Geboortedatum": {"Datum": date(1980, 1, 2)}, "Geslacht": "1", "Naam": naam}

    def toewijzing(self, **anders: Any) -> dict[str, Any]:
        """Twelve hours a month, all of 2026; None leaves a field out."""
        product = {
            "ToewijzingNummer": "100",
            "Product": self.product,
            "Toewijzingsdatum": date(2026, 1, 2),
            "Toewijzingstijd": "10:00:00",
            "Ingangsdatum": date(2026, 1, 1),
            "Einddatum": date(2026, 12, 31),
            "Omvang": {"Volume": 12, "Eenheid": "04", "Frequentie": "4"},
        }
        return product | anders

    def andere(self, **anders: Any) -> dict[str, Any]:
        """A second toewijzing, number 101: of another categorie, without code and omvang."""
        product = {"ToewijzingNummer": "101", "Product": {"Categorie": self.ander_categorie}, "Omvang": None}
        return self.toewijzing(**(product | anders))

    def wijs_toe(self, *toewijzingen: Velden, bsn: str = BSN, dag: date = date(2026, 1, 3), **kop: Any) -> bytes:
        client = self.client(bsn)
        client["Naam"] |= {"NaamGebruik": "1"}
        client["Contactgegevens"] = {
            "Contact": [{"Soort": "01", "Adres": {"Huis": {"Huisnummer": 1}, "Postcode": "1234AB", "LandCode": "NL"}}]
        }
        client["ToegewezenProducten"] = {"ToegewezenProduct": list(toewijzingen) or [self.toewijzing()]}
        return self.bericht("301", {"Header": self.header("301", dag, **kop), "Client": client})

    def _start(self, **anders: Any) -> dict[str, Any]:
        product = {
            "ToewijzingNummer": "100",
            "Product": self.product,
            "ToewijzingIngangsdatum": date(2026, 1, 1),
            "Begindatum": date(2026, 1, 5),
            "StatusAanlevering": "1",
        }
        return product | anders

    def start(self, *starts: Velden, bsn: str = BSN, dag: date = date(2026, 6, 20), **kop: Any) -> bytes:
        client = self.client(bsn)
        client["StartProducten"] = {"StartProduct": [self._start(**start) for start in starts or ({},)]}
        return self.bericht("305", {"Header": self.header("305", dag, **kop), "Client": client})

    def stop(self, *stops: Velden, bsn: str = BSN, dag: date = date(2026, 6, 20), **kop: Any) -> bytes:
        client = self.client(bsn)
        eigen = {"RedenBeeindiging": "31", "Einddatum": date(2026, 3, 1)}
        client["StopProducten"] = {"StopProduct": [self._start(**(eigen | dict(stop))) for stop in stops or ({},)]}
        return self.bericht("307", {"Header": self.header("307", dag, **kop), "Client": client})

    def vraag(self, *aanvragen: Velden, bsn: str = BSN, dag: date = date(2026, 2, 1), **kop: Any) -> bytes:
        eigen = {
            "ReferentieAanbieder": "VOT-1",
            "Product": self.product,
            "ToewijzingIngangsdatum": date(2026, 3, 1),
            "ToewijzingEinddatum": date(2026, 12, 31),
            "Omvang": {"Volume": 12, "Eenheid": "04", "Frequentie": "4"},
            "Verwijzer": {"Type": "01"},
        }
        client = self.client(bsn)
        client["AangevraagdeProducten"] = {"AangevraagdProduct": [eigen | dict(deel) for deel in aanvragen or ({},)]}
        return self.bericht("315", {"Header": self.header("315", dag, **kop), "Client": client})

    def vraag_wijziging(
        self,
        *,
        blijft: Sequence[str] = (),
        wijzigt: Sequence[Velden] = (),
        nieuw: Sequence[Velden] = (),
        referentie: str = "VOW-1",
        bsn: str = BSN,
        dag: date = date(2026, 6, 1),
        **kop: Any,
    ) -> bytes:
        """What changes keeps its number 100, gets 14 hours a month from July on, and ends with 2026."""
        ander = {
            "ToewijzingNummer": "100",
            "GewensteIngangsdatum": date(2026, 7, 1),
            "Einddatum": date(2026, 12, 31),
            "Omvang": {"Volume": 14, "Eenheid": "04", "Frequentie": "4"},
        }
        product = {key: waarde for key, waarde in ander.items() if key != "ToewijzingNummer"}
        product["Product"] = self.product
        verzoek = {
            "ReferentieAanbieder": referentie,
            "RedenVerzoek": "1",
            "OngewijzigdeProducten": {"OngewijzigdProduct": [{"ToewijzingNummer": n} for n in blijft]},
            "TeWijzigenProducten": {"TeWijzigenProduct": [ander | dict(deel) for deel in wijzigt]},
            "NieuweProducten": {"NieuwProduct": [product | dict(deel) for deel in nieuw]},
        }
        vol = {naam: deel for naam, deel in verzoek.items() if isinstance(deel, str) or any(deel.values())}
        return self.bericht("317", {"Header": self.header("317", dag, **kop), "Client": {"Bsn": bsn, "Verzoek": vol}})

    def antwoord(self, antwoord: str, referentie: str = "VOT-1", *, dag: date = date(2026, 2, 5), **kop: Any) -> bytes:
        inhoud = {"ReferentieAanbieder": referentie, "VerzoekAntwoord": antwoord}
        if antwoord == "1":
            inhoud["RedenAfwijzingVerzoek"] = "3"
        return self.bericht("319", {"Header": self.header("319", dag, **kop), "Antwoord": inhoud})

    def prestatie(self, referentie: str = "R1", **anders: Any) -> dict[str, Any]:
        """Ten hours in February, at 50 euro."""
        deel = {
            "ProductReferentie": {"ReferentieNummer": referentie},
            "ToewijzingNummer": "100",
            "ProductCategorie": self.categorie,
            "ProductCode": self.code,
            "ProductPeriode": maand(2026, 2),
            "GeleverdVolume": 10,
            "Eenheid": "04",
            "ProductTarief": 5000,
        }
        deel |= anders
        if "IngediendBedrag" not in anders:
            tarief = deel["ProductTarief"]
            bedrag = deel["GeleverdVolume"] * tarief if tarief is not None else deel["GeleverdVolume"]
            deel["IngediendBedrag"] = {"Bedrag": bedrag, "DebetCredit": "D"}
        return deel

    def credit(self, referentie: str, vorige: str, **anders: Any) -> dict[str, Any]:
        """Takes back a `prestatie`."""
        deel = self.prestatie(referentie, **anders)
        deel["ProductReferentie"]["VorigReferentieNummer"] = vorige
        deel["IngediendBedrag"]["DebetCredit"] = "C"
        return deel

    def declareer(
        self,
        *prestaties: Velden,
        bsn: str = BSN,
        nummer: str = "D1",
        periode: Velden | None = None,
        dag: date = date(2026, 6, 20),
        **kop: Any,
    ) -> bytes:
        prestaties = prestaties or (self.prestatie(),)
        som = sum(
            p["IngediendBedrag"]["Bedrag"] * (1 if p["IngediendBedrag"]["DebetCredit"] == "D" else -1)
            for p in prestaties
        )
        declaratie = {
            "DeclaratieNummer": nummer,
            "DeclaratiePeriode": periode or maand(2026, 5),
            "DeclaratieDagtekening": dag,
            "TotaalIngediendBedrag": {"TotaalBedrag": abs(som), "DebetCredit": "C" if som < 0 else "D"},
            "Clienten": {"Client": [{"Bsn": bsn, "Prestaties": {"Prestatie": list(prestaties)}}]},
        }
        return self.bericht("323", {"Header": self.header("323", dag, **kop), "Declaratie": declaratie})

    def beantwoord(
        self,
        declaratie: bytes,
        *afgewezen: Velden,
        bsn: str = BSN,
        nummer: str = "D1",
        geheel: str | None = None,
        dag: date = date(2026, 6, 25),
        **kop: Any,
    ) -> bytes:
        """Answer a declaratie: granted but for what is named, or rejected as a whole with a code."""
        oordeel = validate(declaratie, niveau=2)
        assert oordeel.kop is not None
        assert oordeel.bericht is not None
        verwijzing = {
            "Identificatie": oordeel.kop.identificatie,
            "Dagtekening": oordeel.kop.dagtekening,
        }
        totaal = oordeel.bericht.wortel.geheel("Declaratie/TotaalIngediendBedrag/TotaalBedrag") or 0
        teken = oordeel.bericht.wortel.tekst("Declaratie/TotaalIngediendBedrag/DebetCredit")
        som = totaal if teken == "D" else -totaal
        weg = sum(
            p["IngediendBedrag"]["Bedrag"] * (1 if p["IngediendBedrag"]["DebetCredit"] == "D" else -1)
            for p in afgewezen
        )
        toegekend = 0 if geheel else som - weg
        code = geheel or ("0200" if afgewezen else "8001")
        inhoud: dict[str, Any] = {
            "DeclaratieNummer": nummer,
            "TotaalIngediendBedrag": {"TotaalBedrag": totaal, "DebetCredit": teken},
            "TotaalToegekendBedrag": {"TotaalBedrag": abs(toegekend), "DebetCredit": "C" if toegekend < 0 else "D"},
            "RetourCodes": {"RetourCode": [code]},
        }
        if afgewezen:
            delen = [{"RetourCodes": {"RetourCode": ["9321"]}} | dict(p) for p in afgewezen]
            client = {"Bsn": bsn, "Prestaties": {"Prestatie": delen}, "RetourCodes": {"RetourCode": ["0200"]}}
            inhoud["Clienten"] = {"Client": [client]}
        kop = {
            "DeclaratieIdentificatie": verwijzing,
            "XsdVersieDeclaratie": XSD,
            "RetourCodes": {"RetourCode": ["0200"]},
        } | kop
        return self.bericht("325", {"Header": self.header("325", dag, **kop), "DeclaratieAntwoord": inhoud})

    def retour(self, heen: bytes, *codes: str) -> bytes:
        """Answer a heenbericht with a header only: accepted, or rejected with codes."""
        oordeel = validate(heen)
        assert oordeel.kop is not None
        assert oordeel.berichtsoort is not None
        kop = oordeel.kop
        self._nummer += 1
        header: dict[str, Any] = {
            "Afzender": kop.afzender,
            "Ontvanger": kop.ontvanger,
            "BerichtIdentificatie": {"Identificatie": kop.identificatie, "Dagtekening": kop.dagtekening},
            "XsdVersie": XSD,
            "IdentificatieRetour": str(self._nummer),
            "DagtekeningRetour": kop.dagtekening,
            "XsdVersieRetour": XSD,
        }
        if codes:
            header["RetourCodes"] = {"RetourCode": list(codes)}
        return build(ingebouwd().find(str(oordeel.berichtsoort.retour), "3.2"), {"Header": header})
