"""Level 2: the same thing twice in one bericht, by its logical key (istandaarden XSLT 2.10.5, TR101)."""

from __future__ import annotations

from collections.abc import Iterator

from istandaarden.regels.bericht import Bericht, Besmet, Klasse, leesbaar
from istandaarden.regels.boek import Overtreding, regel

_PRODUCT = ("Product/Categorie", "Product/Code")
_NAAM = {"ProductReferentie": "Prestatie"}

SLEUTELS = {
    "Client": ("Bsn",),
    "Contact": ("Soort",),
    "Relatie": ("Nummer",),
    "FunctieBudget": ("Zorgfunctie", "FunctieBudgetPeriode/Begindatum", "FunctieBudgetPeriode/Einddatum"),
    "ToegewezenProduct": ("ToewijzingNummer",),
    "OngewijzigdProduct": ("ToewijzingNummer",),
    "TeWijzigenProduct": ("ToewijzingNummer",),
    "NieuwProduct": ("GewensteIngangsdatum", *_PRODUCT),
    "StartProduct": ("Begindatum", "ToewijzingNummer", *_PRODUCT),
    "StopProduct": ("Begindatum", "ToewijzingNummer", *_PRODUCT, "RedenBeeindiging", "Einddatum"),
    "AangevraagdProduct": ("ReferentieAanbieder", *_PRODUCT),  # the key is the first alone: see TR383
    "ProductReferentie": ("ReferentieNummer", "VorigReferentieNummer"),  # the key of the Prestatie around it
}
"""Logical key by klasse, or by the composiet that holds it.

Klassen that a schema allows once (Verzoek, Antwoord, Declaratie) are not here.
"""


@regel("TR101", advies="Laat de dubbele regel weg, of verbeter de sleutel.")
def unique(bericht: Bericht) -> Iterator[Overtreding]:
    """No two klassen in the same place have the same key; an absent part of a key equals an absent part."""
    for naam, sleutel in SLEUTELS.items():
        if len(bericht.klassen(naam)) < 2:
            continue
        gezien: set[tuple[object, ...]] = set()
        for klasse in bericht.klassen(naam):
            try:
                plek = (id(_container(klasse)), *[klasse.tekst(pad) for pad in sleutel])
            except Besmet:
                continue
            if plek in gezien:
                woorden = ", ".join(deel.rpartition("/")[2] for deel in sleutel)
                yield Overtreding(
                    klasse, sleutel[0], f"Een {_NAAM.get(naam, naam)} daarvoor heeft dezelfde sleutel ({woorden})."
                )
            gezien.add(plek)


def _container(klasse: Klasse) -> Klasse | None:
    """Give the klasse within which a key must be unique."""
    eigenaar = klasse.ouder if klasse.naam == "ProductReferentie" else klasse
    return eigenaar.ouder if eigenaar else None


@regel("TR383", advies="Geef elk aangevraagd product een eigen referentie.")
def own_reference(bericht: Bericht) -> Iterator[Overtreding]:
    """No two requested products share a reference; where they are the same product it is called TR101."""
    producten: dict[str, set[tuple[str | None, ...]]] = {}
    for aanvraag, (referentie, *product) in leesbaar(
        bericht.klassen("AangevraagdProduct"), lambda klasse: [klasse.tekst(pad) for pad in SLEUTELS[klasse.naam]]
    ):
        eerder = producten.setdefault(str(referentie), set())
        if eerder and tuple(product) not in eerder:
            yield Overtreding(aanvraag, "ReferentieAanbieder", "Een eerder product heeft dezelfde referentie.")
        eerder.add(tuple(product))
