"""A keten in memory: berichten go in one after another, and what they say together can be asked at any moment.

Facts are kept by the keys that the rules ask with, so that asking costs the same whatever the number of berichten.
A bericht that its receiver rejects later keeps its facts; they stop counting because their `Inzending` does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeVar

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.keten import (
    Declaratie,
    Inzending,
    Keten,
    Levering,
    Prestatie,
    Relatie,
    Stand,
    Stop,
    Toewijzing,
    Verzoek,
    levering_of,
    number_of,
    nummer_of,
    omvang_of,
    prestatie_of,
    product_of,
    relatie_in,
    relatie_of,
    stop_of,
)
from istandaarden.regels.toekenning import Afsluiting, Toekenning, functies_of, verstrekker_of, wet_of

_GOED = frozenset({"0200", "0233"})
"""Retour codes that name no fault: fine, and not examined."""

_GEHEEL_TOEGEKEND = "8001"
_AL_GEBRUIKT = "9056"
_VERWIJDEREN = "3"
_EERSTE_RELEASE = {"iwmo": 3, "ijw": 3, "ipgb": 2}
_Sleutel = TypeVar("_Sleutel", Levering, Stop)


class Ketenverloop(Keten):
    """The keten that follows from the berichten it was given."""

    def __init__(self) -> None:
        self._inzendingen: defaultdict[tuple[str, str, str, str], list[Inzending]] = defaultdict(list)
        self._clienten: defaultdict[tuple[Relatie, str], list[Inzending]] = defaultdict(list)
        self._versies: defaultdict[tuple[str, str, str], list[Toewijzing]] = defaultdict(list)
        self._nummers: defaultdict[tuple[Relatie, str], dict[str, None]] = defaultdict(dict)
        self._starts: defaultdict[tuple[Relatie, str], list[tuple[Inzending, bool, Levering]]] = defaultdict(list)
        self._stops: defaultdict[tuple[Relatie, str], list[tuple[Inzending, bool, Stop]]] = defaultdict(list)
        self._verzoeken: defaultdict[tuple[str, str, str], list[Verzoek]] = defaultdict(list)
        self._verzoeken_van: defaultdict[tuple[Relatie, str], list[Verzoek]] = defaultdict(list)
        self._antwoorden: defaultdict[tuple[Relatie, str], list[tuple[Inzending, str]]] = defaultdict(list)
        self._honoreringen: defaultdict[tuple[Relatie, str], list[Inzending]] = defaultdict(list)
        self._declaraties: defaultdict[Relatie, list[Declaratie]] = defaultdict(list)
        self._declaratie_ids: defaultdict[tuple[Relatie, str, date | None], list[Declaratie]] = defaultdict(list)
        self._declaratienummers: defaultdict[tuple[str, str, str], list[Declaratie]] = defaultdict(list)
        self._prestaties: defaultdict[tuple[str, str, str], list[Prestatie]] = defaultdict(list)
        self._credits: defaultdict[tuple[str, str, str], list[Prestatie]] = defaultdict(list)
        self._op_toewijzing: defaultdict[tuple[Relatie, str], list[Prestatie]] = defaultdict(list)
        self._toekenningen: defaultdict[tuple[str, str], list[Toekenning]] = defaultdict(list)
        self._afsluitingen: defaultdict[tuple[str, str], list[Afsluiting]] = defaultdict(list)
        self._vooraf: dict[tuple[str, str, str, str], bool] = {}  # whether a retour accepted what had yet to come

    def add(self, bericht: Bericht, afgewezen: Collection[str] = ()) -> None:
        """Take in a bericht that was found right: a heenbericht, its retour, or a 325.

        A retour with a fault in it makes its heenbericht count as not sent, whichever of the two comes first. A 325
        settles its 323. Of a standaard or release without these berichten, nothing is kept.

        Args:
            bericht: with nothing wrong on level 1.
            afgewezen: of a 323, the ReferentieNummers of prestaties that were found wrong; a 325 may decide otherwise.
        """
        soort = bericht.soort
        if soort.versie < _EERSTE_RELEASE.get(soort.standaard, soort.versie + 1):
            return
        if soort.is_retour:
            self._settle(bericht)
            return
        inzending = Inzending(
            relatie_of(bericht),
            number_of(soort),
            bericht.header("BerichtIdentificatie/Identificatie") or "",
            bericht.dagtekening or date.min,
            gemeente=relatie_in(bericht).gemeente,
        )
        sleutel = (soort.standaard, bericht.header("Afzender") or "", inzending.nummer, inzending.identificatie)
        inzending.beantwoord = sleutel in self._vooraf
        inzending.geldt = self._vooraf.pop(sleutel, True)  # once: after a rejection the identificatie is free again
        self._inzendingen[sleutel].append(inzending)
        taken: Mapping[str, Callable[[Bericht, Inzending], None]] = {
            "301": self._add_toewijzingen,
            "305": self._add_starts,
            "307": self._add_stops,
            "315": self._add_verzoeken,
            "317": self._add_verzoeken,
            "319": self._add_antwoorden,
            "323": self._add_declaratie,
            "325": self._add_declaratieantwoord,
            "501": self._add_toekenningen,
            "507": self._add_afsluiting,
        }
        taken[inzending.nummer[-3:]](bericht, inzending)
        for referentie in afgewezen:
            for prestatie in self._prestaties[inzending.relatie.standaard, inzending.relatie.aanbieder, referentie]:
                if prestatie.inzending is inzending:
                    prestatie.stand = Stand.AFGEWEZEN

    def is_used(self, standaard: str, afzender: str, nummer: str, identificatie: str) -> bool:
        """See `Keten`."""
        inzendingen = self._inzendingen.get((standaard, afzender, nummer, identificatie), ())
        return any(inzending.geldt for inzending in inzendingen)

    def toekenningen(self, verstrekker: str, bsn: str) -> Sequence[Toekenning]:
        """See `Keten`."""
        return [t for t in self._toekenningen.get((verstrekker, bsn), ()) if t.inzending.geldt]

    def afsluitingen(self, verstrekker: str, bsn: str) -> Sequence[Afsluiting]:
        """See `Keten`."""
        return [a for a in self._afsluitingen.get((verstrekker, bsn), ()) if a.inzending.geldt]

    def knows_client(self, relatie: Relatie, bsn: str) -> bool:
        """See `Keten`."""
        return any(inzending.geldt for inzending in self._clienten.get((relatie, bsn), ()))

    def versions(self, standaard: str, gemeente: str, nummer: str) -> Sequence[Toewijzing]:
        """See `Keten`."""
        versies = [v for v in self._versies.get((standaard, gemeente, nummer), ()) if v.inzending.geldt]
        versies.sort(key=lambda versie: versie.moment)
        return versies

    def toewijzingen(self, relatie: Relatie, bsn: str) -> Sequence[Toewijzing]:
        """See `Keten`."""
        laatste: list[Toewijzing] = []
        for nummer in self._nummers.get((relatie, bsn), ()):
            versies = self.versions(relatie.standaard, relatie.gemeente, nummer)
            eigen = [v for v in versies if v.bsn == bsn and v.inzending.relatie == relatie]  # others break TR332
            laatste += eigen[-1:]
        return laatste

    def starts(self, relatie: Relatie, bsn: str) -> Sequence[Levering]:
        """See `Keten`."""
        return _remaining(self._starts.get((relatie, bsn), ()))

    def stops(self, relatie: Relatie, bsn: str) -> Sequence[Stop]:
        """See `Keten`."""
        return _remaining(self._stops.get((relatie, bsn), ()))

    def verzoek(self, standaard: str, aanbieder: str, referentie: str) -> Verzoek | None:
        """See `Keten`."""
        verzoeken = self._verzoeken.get((standaard, aanbieder, referentie), ())
        return next((self._complete(verzoek) for verzoek in verzoeken if verzoek.inzending.geldt), None)

    def verzoeken(self, relatie: Relatie, bsn: str) -> Sequence[Verzoek]:
        """See `Keten`."""
        verzoeken = self._verzoeken_van.get((relatie, bsn), ())
        return [self._complete(verzoek) for verzoek in verzoeken if verzoek.inzending.geldt]

    def declaratie(self, relatie: Relatie, identificatie: str, dagtekening: date | None) -> Declaratie | None:
        """See `Keten`."""
        declaraties = self._declaratie_ids.get((relatie, identificatie, dagtekening), ())
        return next((declaratie for declaratie in declaraties if declaratie.inzending.geldt), None)

    def declaraties(self, relatie: Relatie) -> Sequence[Declaratie]:
        """See `Keten`."""
        return [declaratie for declaratie in self._declaraties.get(relatie, ()) if declaratie.inzending.geldt]

    def declaratienummer(self, standaard: str, aanbieder: str, nummer: str) -> Declaratie | None:
        """See `Keten`."""
        declaraties = self._declaratienummers.get((standaard, aanbieder, nummer), ())
        return next((declaratie for declaratie in declaraties if declaratie.inzending.geldt), None)

    def prestatie(self, standaard: str, aanbieder: str, referentie: str) -> Prestatie | None:
        """See `Keten`."""
        prestaties = self._prestaties.get((standaard, aanbieder, referentie), ())
        return next((p for p in prestaties if p.inzending is not None and p.inzending.geldt), None)

    def prestaties(self, relatie: Relatie, toewijzing: str) -> Sequence[Prestatie]:
        """See `Keten`."""
        return [prestatie for prestatie in self._op_toewijzing.get((relatie, toewijzing), ()) if prestatie.telt]

    def credit(self, standaard: str, aanbieder: str, referentie: str) -> Prestatie | None:
        """See `Keten`."""
        credits_ = self._credits.get((standaard, aanbieder, referentie), ())
        return next((credit for credit in credits_ if credit.telt), None)

    def _complete(self, verzoek: Verzoek) -> Verzoek:
        """Fill in what happened to a request, by what counts now."""
        sleutel = (verzoek.inzending.relatie, verzoek.referentie)
        verzoek.antwoorden = [antwoord for door, antwoord in self._antwoorden.get(sleutel, ()) if door.geldt]
        verzoek.toegewezen = any(door.geldt for door in self._honoreringen.get(sleutel, ()))
        return verzoek

    # --- what each berichtsoort adds -------------------------------------------------------------------------------

    def _add_toewijzingen(self, bericht: Bericht, inzending: Inzending) -> None:
        relatie, bsn = inzending.relatie, self._note_client(bericht, inzending)
        for product in bericht.klassen("ToegewezenProduct"):
            versie = Toewijzing(
                inzending=inzending,
                nummer=nummer_of(product) or "",
                bsn=bsn,
                product=product_of(product),
                moment=(product.tekst("Toewijzingsdatum") or "", product.tekst("Toewijzingstijd") or ""),
                ingang=product.datum("Ingangsdatum") or date.min,
                einde=product.datum("Einddatum"),
                reden=product.tekst("RedenWijziging"),
                referentie=product.tekst("ReferentieAanbieder"),
                omvang=omvang_of(product),
                budget=product.geheel("Budget"),
            )
            self._versies[relatie.standaard, relatie.gemeente, versie.nummer].append(versie)
            self._nummers[relatie, bsn][versie.nummer] = None
            if versie.referentie is not None:
                self._honoreringen[relatie, versie.referentie].append(inzending)

    def _add_starts(self, bericht: Bericht, inzending: Inzending) -> None:
        bsn = self._note_client(bericht, inzending)
        for product, verwijderd in _removals_first(bericht.klassen("StartProduct")):
            self._starts[inzending.relatie, bsn].append((inzending, verwijderd, levering_of(product)))

    def _add_stops(self, bericht: Bericht, inzending: Inzending) -> None:
        bsn = self._note_client(bericht, inzending)
        for product, verwijderd in _removals_first(bericht.klassen("StopProduct")):
            self._stops[inzending.relatie, bsn].append((inzending, verwijderd, stop_of(product)))

    def _add_verzoeken(self, bericht: Bericht, inzending: Inzending) -> None:
        bsn = self._note_client(bericht, inzending)
        genoemd = [*bericht.klassen("OngewijzigdProduct"), *bericht.klassen("TeWijzigenProduct")]
        nummers = frozenset(nummer_of(product) or "" for product in genoemd)
        for klasse in (*bericht.klassen("AangevraagdProduct"), *bericht.klassen("Verzoek")):
            verzoek = Verzoek(inzending, klasse.tekst("ReferentieAanbieder") or "", bsn, nummers)
            relatie = inzending.relatie
            self._verzoeken[relatie.standaard, relatie.aanbieder, verzoek.referentie].append(verzoek)
            self._verzoeken_van[relatie, bsn].append(verzoek)

    def _add_antwoorden(self, bericht: Bericht, inzending: Inzending) -> None:
        for antwoord in bericht.klassen("Antwoord"):
            sleutel = (inzending.relatie, antwoord.tekst("ReferentieAanbieder") or "")
            self._antwoorden[sleutel].append((inzending, antwoord.tekst("VerzoekAntwoord") or ""))

    def _add_declaratie(self, bericht: Bericht, inzending: Inzending) -> None:
        relatie, prestaties = inzending.relatie, list[Prestatie]()
        for client in bericht.klassen("Client"):
            bsn = client.tekst("Bsn") or ""
            prestaties += [prestatie_of(p, bsn, inzending) for p in client.kinderen("Prestaties/Prestatie")]
        for klasse in bericht.klassen("Declaratie"):
            declaratie = Declaratie(
                inzending,
                klasse.tekst("DeclaratieNummer") or "",
                klasse.datum("DeclaratiePeriode/Begindatum") or date.min,
                klasse.datum("DeclaratiePeriode/Einddatum") or date.max,
                (bericht.header("XsdVersie/BasisschemaXsdVersie"), bericht.header("XsdVersie/BerichtXsdVersie")),
                prestaties,
            )
            self._declaraties[relatie._replace(gemeente=inzending.gemeente)].append(declaratie)
            self._declaratie_ids[relatie, inzending.identificatie, inzending.dagtekening].append(declaratie)
            self._declaratienummers[relatie.standaard, relatie.aanbieder, declaratie.nummer].append(declaratie)
        for prestatie in prestaties:
            self._prestaties[relatie.standaard, relatie.aanbieder, prestatie.referentie].append(prestatie)
            self._op_toewijzing[relatie, prestatie.toewijzing].append(prestatie)
            if prestatie.vorige is not None:
                self._credits[relatie.standaard, relatie.aanbieder, prestatie.vorige].append(prestatie)

    def _add_declaratieantwoord(self, bericht: Bericht, inzending: Inzending) -> None:
        """Settle a 323: granted but for what the 325 names, or rejected as a whole."""
        declaratie = self.declaratie(
            inzending.relatie,
            bericht.header("DeclaratieIdentificatie/Identificatie") or "",
            bericht.wortel.datum("Header/DeclaratieIdentificatie/Dagtekening"),
        )
        if declaratie is None:
            return
        declaratie.beantwoord = True
        antwoord = bericht.wortel.kind("DeclaratieAntwoord")
        kop = bericht.wortel.kind("Header")
        if antwoord is None or _faults(kop) or _faults(antwoord) - {_GEHEEL_TOEGEKEND}:
            declaratie.inzending.geldt = False
            return
        afgewezen = {p.tekst("ProductReferentie/ReferentieNummer") for p in bericht.klassen("Prestatie")}
        for prestatie in declaratie.prestaties:
            prestatie.stand = Stand.AFGEWEZEN if prestatie.referentie in afgewezen else Stand.TOEGEKEND

    def _add_toekenningen(self, bericht: Bericht, inzending: Inzending) -> None:
        bsn, wet = self._note_client(bericht, inzending), wet_of(bericht.soort)
        for budget in bericht.klassen("Budget"):
            nummer, oud = budget.tekst("BudgetIdentificatie") or "", budget.tekst("BudgetIdentificatieOud")
            toekenning = Toekenning(inzending, wet, nummer, oud, functies_of(budget))
            self._toekenningen[verstrekker_of(bericht), bsn].append(toekenning)

    def _add_afsluiting(self, bericht: Bericht, inzending: Inzending) -> None:
        bsn = self._note_client(bericht, inzending)
        budgetten = frozenset(
            deel.tekst("BudgetIdentificatie") or "" for deel in bericht.klassen("FunctieBudgetBesteed")
        )
        afsluiting = Afsluiting(inzending, wet_of(bericht.soort), budgetten)
        self._afsluitingen[verstrekker_of(bericht), bsn].append(afsluiting)

    def _settle(self, retour: Bericht) -> None:
        """Note that a heenbericht was answered; it counts as not sent when its retour names a fault.

        A fault that says the identificatie was used before is about a second bericht that is not here (IV028, TR056).
        """
        codes = {code for klasse in retour.klassen("RetourCodes") for code in klasse.teksten("RetourCode")} - _GOED
        if _AL_GEBRUIKT in codes or retour.soort.antwoord_op is None:
            return
        antwoord_op = retour.soort.antwoord_op
        heen = antwoord_op if retour.standaard == "ipgb" else antwoord_op[-3:]
        afzender, identificatie = retour.header("Afzender"), retour.header("BerichtIdentificatie/Identificatie")
        sleutel = (retour.standaard, afzender or "", heen, identificatie or "")
        gevonden = [inzending for inzending in self._inzendingen.get(sleutel, ()) if inzending.geldt]
        for inzending in gevonden:
            inzending.beantwoord = True
            inzending.geldt = not codes
        if not gevonden and codes:
            self._vooraf[sleutel] = False
        elif sleutel not in self._inzendingen:
            self._vooraf.setdefault(sleutel, True)

    def _note_client(self, bericht: Bericht, inzending: Inzending) -> str:
        """Remember the client of a bericht about one client; give the BSN."""
        bsn = next((client.tekst("Bsn") or "" for client in bericht.klassen("Client")), "")
        self._clienten[inzending.relatie, bsn].append(inzending)
        return bsn


def _remaining(aanleveringen: Sequence[tuple[Inzending, bool, _Sleutel]]) -> list[_Sleutel]:
    """Give what was sent and not removed since, in order: a removal undoes what came before it (OP033)."""
    over: dict[_Sleutel, None] = {}
    for inzending, verwijderd, sleutel in aanleveringen:
        if not inzending.geldt:
            continue
        if verwijderd:
            over.pop(sleutel, None)
        else:
            over[sleutel] = None
    return list(over)


def _removals_first(producten: Sequence[Klasse]) -> Iterator[tuple[Klasse, bool]]:
    """Give the products of a bericht with whether each is a removal; removals come first (IV008)."""
    verwijderd = [(product, product.tekst("StatusAanlevering") == _VERWIJDEREN) for product in producten]
    return iter(sorted(verwijderd, key=lambda paar: not paar[1]))


def _faults(klasse: Klasse | None) -> set[str]:
    """Give the codes of a klasse that name a fault."""
    codes = klasse.kind("RetourCodes") if klasse is not None else None
    return set(codes.teksten("RetourCode")) - _GOED if codes is not None else set()
