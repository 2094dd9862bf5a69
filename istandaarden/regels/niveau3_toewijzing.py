"""Level 3: a toewijzing against earlier toewijzingen, requests and declaraties (301)."""

from __future__ import annotations

from collections.abc import Iterator

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel, regel
from istandaarden.regels.keten import Keten, Stand, nummer_of, product_of, relatie_in, relatie_of

_VERWIJDERD = "13"


@klasseregel("TR332", "ToegewezenProduct", advies="Geef een nieuwe toewijzing een nummer dat nog niet gebruikt is.")
def nummer_is_of_one(product: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """A number is of one toewijzing: one client, one aanbieder, and without a RedenWijziging one product and ingang.

    What a change may change (OP033x1) is no reason to reject it.
    """
    relatie = relatie_of(bericht)
    bsn = bericht.wortel.tekst("Client/Bsn")
    for eerder in keten.versions(relatie.standaard, relatie.gemeente, nummer_of(product) or ""):
        ander = eerder.bsn != bsn or eerder.inzending.relatie != relatie
        if ander and eerder.inzending.gemeente != relatie_in(bericht).gemeente:
            continue  # of a gemeente that went on in this one, and had numbers of its own
        if eerder.bsn != bsn:
            return Overtreding(product, "ToewijzingNummer", "Het nummer is al gebruikt bij een andere cliënt.")
        if eerder.inzending.relatie != relatie:
            return Overtreding(product, "ToewijzingNummer", "Het nummer is al gebruikt bij een andere aanbieder.")
        zelfde = (eerder.product, eerder.ingang) == (product_of(product), product.datum("Ingangsdatum"))
        if not zelfde and not product.heeft("RedenWijziging"):
            reden = "Eerder had het een ander product of een andere ingangsdatum, en RedenWijziging is leeg."
            return Overtreding(product, "ToewijzingNummer", reden)
    return None


@regel("TR379", advies="Vul de referentie van het verzoek dat u honoreert, alleen de eerste keer, en anders niets.")
def referentie_of_request(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A reference is that of a known request, on the first version that honours it.

    A request for change is honoured as a whole: if one product carries its reference, so do the others it named.
    """
    relatie = relatie_of(bericht)
    bsn = bericht.wortel.tekst("Client/Bsn")
    genoemd: frozenset[str] = frozenset()
    for product in bericht.klassen("ToegewezenProduct"):
        referentie = product.tekst("ReferentieAanbieder")
        if referentie is None:
            continue
        verzoek = keten.verzoek(relatie.standaard, relatie.aanbieder, referentie)
        if verzoek is None or (verzoek.inzending.relatie, verzoek.bsn) != (relatie, bsn):
            yield Overtreding(product, "ReferentieAanbieder", "Er is geen verzoek met deze referentie.")
            continue
        genoemd |= verzoek.toewijzingen
        moment = (product.tekst("Toewijzingsdatum") or "", product.tekst("Toewijzingstijd") or "")
        versies = keten.versions(relatie.standaard, relatie.gemeente, nummer_of(product) or "")
        if any(versie.referentie == referentie and versie.moment < moment for versie in versies):
            reden = "Een eerdere versie van deze toewijzing had deze referentie al."
            yield Overtreding(product, "ReferentieAanbieder", reden)
    for product in bericht.klassen("ToegewezenProduct"):
        if nummer_of(product) in genoemd and not product.heeft("ReferentieAanbieder"):
            reden = "De referentie van het wijzigingsverzoek ontbreekt."
            yield Overtreding(product, "ReferentieAanbieder", reden)


@klasseregel("TR385", "ToegewezenProduct", advies="Laat eerst alle prestaties crediteren, of trek de toewijzing in.")
def nothing_granted_on_it(product: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """What care was granted on stays."""
    if product.tekst("RedenWijziging") != _VERWIJDERD:
        return None
    relatie, bsn = relatie_of(bericht), bericht.wortel.tekst("Client/Bsn")
    for prestatie in keten.prestaties(relatie, nummer_of(product) or ""):
        toegekend = prestatie.bsn == bsn and prestatie.debet and prestatie.stand is Stand.TOEGEKEND
        if toegekend and keten.credit(relatie.standaard, relatie.aanbieder, prestatie.referentie) is None:
            return Overtreding(product, "RedenWijziging")
    return None
