"""Tells the story of one pgb: grant, replace, close, answer; each bericht judged against those before it.

As `verhaal.Verhaal` does for care: `zend` insists that a bericht is right and adds it, `codes` says what one breaks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from verhaal import VANDAAG, XSD

from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build
from istandaarden.regels.ketenverloop import Ketenverloop
from istandaarden.regels.registers import Vasteregisters
from istandaarden.toets import Oordeel, validate

BSN = "999990019"
JAAR = {"Begindatum": date(2026, 1, 1), "Einddatum": date(2026, 12, 31)}
Velden = Mapping[str, Any]


class Pgbverhaal:
    """Berichten between one verstrekker and who pays, under one law (``WMO``, ``JW`` or ``WLZ``)."""

    def __init__(self, wet: str) -> None:
        self.wet = wet
        self.verstrekker = "5509" if wet == "WLZ" else "0363"
        self.zorgfunctie, self.andere = {"WMO": ("01", "02"), "JW": ("45", "46"), "WLZ": ("99", "99")}[wet]
        self.keten = Ketenverloop()
        self._nummer = 0

    def judge(self, data: bytes) -> Oordeel:
        return validate(data, niveau=4, keten=self.keten, registers=Vasteregisters(vandaag=lambda: VANDAAG))

    def zend(self, data: bytes) -> bytes:
        oordeel = self.judge(data)
        assert oordeel.geldig, oordeel.bevindingen
        assert oordeel.bericht is not None
        self.keten.add(oordeel.bericht)
        return data

    def codes(self, data: bytes) -> list[str]:
        return [bevinding.code for bevinding in self.judge(data).bevindingen]

    def functie(self, **anders: Any) -> dict[str, Any]:
        """A year, for 1000 euro of which 100 need not be accounted for."""
        eigen = {
            "Zorgfunctie": self.zorgfunctie,
            "FunctieBudgetPeriode": JAAR,
            "FunctieBudgetBedrag": 100_000,
            "VerantwoordingsvrijBedrag": 10_000,
        }
        return eigen | anders

    def weg(self, begin: date, **anders: Any) -> dict[str, Any]:
        """A functiebudget that is withdrawn."""
        periode = {"Begindatum": begin, "Einddatum": begin}
        nul = {"FunctieBudgetPeriode": periode, "FunctieBudgetBedrag": 0, "VerantwoordingsvrijBedrag": 0}
        return self.functie(**(nul | anders))

    def ken_toe(self, nummer: str, *functies: Velden, oud: str | None = None, bsn: str = BSN, **kop: Any) -> bytes:
        budget = {"BudgetIdentificatie": nummer, "FunctieBudgetten": {"FunctieBudget": functies or [self.functie()]}}
        if oud is not None:
            budget["BudgetIdentificatieOud"] = oud
        wet = kop.pop("wet", self.wet)
        header = self._header("Afzender", **kop)
        return build(ingebouwd().find(f"{wet}501", "2.1"), {"Header": header, "Client": {"Bsn": bsn, "Budget": budget}})

    def besteding(self, nummer: str = "A", **anders: Any) -> dict[str, Any]:
        """What was spent of the whole year."""
        eigen = {
            "BudgetIdentificatie": nummer,
            "Zorgfunctie": self.zorgfunctie,
            "BestedingsPeriode": JAAR,
            "FunctieBudgetBesteed": 90_000,
            "RedenBudgetafsluiting": "1",
        }
        if self.wet != "WLZ":
            eigen["VerantwoordingsvrijBedragBesteed"] = 10_000
        return eigen | anders

    def sluit(self, *bestedingen: Velden, bsn: str = BSN, **kop: Any) -> bytes:
        delen = [self.besteding() | dict(deel) for deel in bestedingen or ({},)]
        client = {"Bsn": bsn, "FunctieBudgettenBesteed": {"FunctieBudgetBesteed": delen}}
        header = self._header("Ontvanger", **kop)
        return build(ingebouwd().find(f"{self.wet}507", "2.1"), {"Header": header, "Client": client})

    def retour(self, heen: bytes, *codes: str) -> bytes:
        """Answer with a header only: accepted, or refused with codes."""
        oordeel = validate(heen)
        assert oordeel.kop is not None
        assert oordeel.berichtsoort is not None
        kop = oordeel.kop
        kant = {"Afzender": kop.afzender} if kop.afzender else {"Ontvanger": kop.ontvanger}
        self._nummer += 1
        header: dict[str, Any] = {
            **kant,
            "BerichtIdentificatie": {"Identificatie": kop.identificatie, "Dagtekening": kop.dagtekening},
            "XsdVersie": XSD,
            "IdentificatieRetour": str(self._nummer),
            "DagtekeningRetour": kop.dagtekening,
            "XsdVersieRetour": XSD,
        }
        if codes:
            header["RetourCodes"] = {"RetourCode": list(codes)}
        return build(ingebouwd().find(str(oordeel.berichtsoort.retour), "2.1"), {"Header": header})

    def grant(self, nummer: str = "A", *functies: Velden, oud: str | None = None) -> bytes:
        """Have a budget granted and accepted."""
        heen = self.zend(self.ken_toe(nummer, *functies, oud=oud))
        self.zend(self.retour(heen))
        return heen

    def _header(self, kant: str, **kop: Any) -> dict[str, Any]:
        self._nummer += 1
        identificatie = {"Identificatie": kop.pop("identificatie", f"I{self._nummer}"), "Dagtekening": VANDAAG}
        return {kant: self.verstrekker, "BerichtIdentificatie": identificatie, "XsdVersie": XSD} | kop
