"""By what a bericht touches others: the keys under which a hub finds what the rules across berichten need.

Two berichten that share a kenmerk belong to the same case. Who judges a bericht needs all that share one with it, and
then, for those, all that share one of a kind in `VOLGEND`: retours carry no client, and an answer only a reference.
"""

from __future__ import annotations

from collections.abc import Iterator

from istandaarden.regels.bericht import Bericht
from istandaarden.regels.keten import number_of, nummer_of, relatie_of
from istandaarden.regels.toekenning import verstrekker_of

Kenmerk = tuple[str, ...]
"""A kind, and then what it is: ``("client", "iwmo", "0363", "90000001", "999990019")``. Holds personal data."""

VOLGEND = frozenset({"bericht", "verzoek"})
"""Kinds that lead on to berichten without a client: an exchange of heenbericht and answer, and a request."""

_PGB = "ipgb"
_DECLARATIE, _DECLARATIE_ANTWOORD = "323", "325"


def kenmerken(bericht: Bericht) -> Iterator[Kenmerk]:
    """Give the kenmerken of a bericht that satisfies its schema, each once."""
    return iter(dict.fromkeys(_all(bericht)))


def _all(bericht: Bericht) -> Iterator[Kenmerk]:
    soort = bericht.soort
    if soort.standaard == _PGB:
        yield from _of_pgb(bericht)
        return
    heen = (soort.antwoord_op or "")[-3:] if soort.is_retour else number_of(soort)
    yield from _of_header(bericht, heen)
    yield from _of_care(bericht)
    yield from _of_billing(bericht, heen)


def _of_pgb(bericht: Bericht) -> Iterator[Kenmerk]:
    """Give by what a 501 or 507 and its retour are found: the exchange, and the budgethouder."""
    soort = bericht.soort
    heen = (soort.antwoord_op or "") if soort.is_retour else number_of(soort)
    identificatie = bericht.header("BerichtIdentificatie/Identificatie") or ""
    yield "bericht", _PGB, bericht.header("Afzender") or "", heen, identificatie
    for client in bericht.klassen("Client"):
        yield "client", _PGB, verstrekker_of(bericht), client.tekst("Bsn") or ""


def _of_header(bericht: Bericht, heen: str) -> Iterator[Kenmerk]:
    standaard, _, aanbieder = relatie_of(bericht)
    afzender = bericht.header("Afzender") or ""
    yield "bericht", standaard, afzender, heen, bericht.header("BerichtIdentificatie/Identificatie") or ""
    if heen == _DECLARATIE_ANTWOORD:
        identificatie = bericht.header("DeclaratieIdentificatie/Identificatie") or ""
        yield "bericht", standaard, aanbieder, _DECLARATIE, identificatie


def _of_care(bericht: Bericht) -> Iterator[Kenmerk]:
    relatie = relatie_of(bericht)
    standaard, gemeente, aanbieder = relatie
    for client in bericht.klassen("Client"):
        yield "client", *relatie, client.tekst("Bsn") or ""
    for product in bericht.klassen("ToegewezenProduct"):
        yield "toewijzing", standaard, gemeente, nummer_of(product) or ""
    for naam in ("ToegewezenProduct", "AangevraagdProduct", "Verzoek", "Antwoord"):
        for klasse in bericht.klassen(naam):
            if referentie := klasse.tekst("ReferentieAanbieder"):
                yield "verzoek", standaard, aanbieder, referentie


def _of_billing(bericht: Bericht, heen: str) -> Iterator[Kenmerk]:
    relatie = relatie_of(bericht)
    standaard, _, aanbieder = relatie
    for naam in ("Declaratie", "DeclaratieAntwoord"):
        for klasse in bericht.klassen(naam):
            yield "declaratie", standaard, aanbieder, klasse.tekst("DeclaratieNummer") or ""
    if heen == _DECLARATIE:
        yield "declaraties", *relatie
        for prestatie in bericht.klassen("Prestatie"):
            yield "prestatie", standaard, aanbieder, prestatie.tekst("ProductReferentie/ReferentieNummer") or ""
