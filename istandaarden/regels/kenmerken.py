"""By what a bericht touches others: the keys under which a hub finds what the rules across berichten need.

Two berichten that share a kenmerk belong to the same case. Who judges a bericht needs all that share one with it, and
then, for those, all that share one of a kind in `VOLGEND`: retours carry no client, and an answer only a reference.
"""

from __future__ import annotations

from collections.abc import Iterator

from istandaarden.gemeenten import related
from istandaarden.regels.bericht import Bericht
from istandaarden.regels.keten import Relatie, number_of, nummer_of, relatie_in
from istandaarden.regels.toekenning import verstrekker_of

Kenmerk = tuple[str, ...]
"""A kind, and then what it is: ``("client", "iwmo", "0363", "90000001", "999990019")``. Holds personal data."""

VOLGEND = frozenset({"bericht", "verzoek"})
"""Kinds that lead on to berichten without a client: an exchange of heenbericht and answer, and a request."""

_PGB = "ipgb"
_DECLARATIE, _DECLARATIE_ANTWOORD = "323", "325"


def kenmerken(bericht: Bericht) -> Iterator[Kenmerk]:
    """Give the kenmerken of a bericht that satisfies its schema, each once."""
    return iter(dict.fromkeys(_all(bericht, relatie_in(bericht))))


def sporen(bericht: Bericht) -> Iterator[Kenmerk]:
    """Give the kenmerken under which earlier berichten that belong with this one may be kept, each once.

    Those are its own, and the same under the code of every gemeente that went on in this one, or in which this one did:
    what was kept before a merger is not rewritten.
    """
    eigen = relatie_in(bericht)
    codes = (eigen.gemeente, *sorted(related(eigen.gemeente) - {eigen.gemeente}))
    return iter(dict.fromkeys(k for code in codes for k in _all(bericht, eigen._replace(gemeente=code))))


def _all(bericht: Bericht, relatie: Relatie) -> Iterator[Kenmerk]:
    soort = bericht.soort
    if soort.standaard == _PGB:
        yield from _of_pgb(bericht)
        return
    heen = (soort.antwoord_op or "")[-3:] if soort.is_retour else number_of(soort)
    yield from _of_header(bericht, relatie, heen)
    yield from _of_care(bericht, relatie)
    yield from _of_billing(bericht, relatie, heen)


def _of_pgb(bericht: Bericht) -> Iterator[Kenmerk]:
    """Give by what a 501 or 507 and its retour are found: the exchange, and the budgethouder."""
    soort = bericht.soort
    heen = (soort.antwoord_op or "") if soort.is_retour else number_of(soort)
    identificatie = bericht.header("BerichtIdentificatie/Identificatie") or ""
    yield "bericht", _PGB, bericht.header("Afzender") or "", heen, identificatie
    for client in bericht.klassen("Client"):
        yield "client", _PGB, verstrekker_of(bericht), client.tekst("Bsn") or ""


def _of_header(bericht: Bericht, relatie: Relatie, heen: str) -> Iterator[Kenmerk]:
    standaard, _, aanbieder = relatie
    afzender = bericht.header("Afzender") or ""
    yield "bericht", standaard, afzender, heen, bericht.header("BerichtIdentificatie/Identificatie") or ""
    if heen == _DECLARATIE_ANTWOORD:
        identificatie = bericht.header("DeclaratieIdentificatie/Identificatie") or ""
        yield "bericht", standaard, aanbieder, _DECLARATIE, identificatie


def _of_care(bericht: Bericht, relatie: Relatie) -> Iterator[Kenmerk]:
    standaard, gemeente, aanbieder = relatie
    for client in bericht.klassen("Client"):
        yield "client", *relatie, client.tekst("Bsn") or ""
    for product in bericht.klassen("ToegewezenProduct"):
        yield "toewijzing", standaard, gemeente, nummer_of(product) or ""
    for naam in ("ToegewezenProduct", "AangevraagdProduct", "Verzoek", "Antwoord"):
        for klasse in bericht.klassen(naam):
            if referentie := klasse.tekst("ReferentieAanbieder"):
                yield "verzoek", standaard, aanbieder, referentie


def _of_billing(bericht: Bericht, relatie: Relatie, heen: str) -> Iterator[Kenmerk]:
    standaard, _, aanbieder = relatie
    for naam in ("Declaratie", "DeclaratieAntwoord"):
        for klasse in bericht.klassen(naam):
            yield "declaratie", standaard, aanbieder, klasse.tekst("DeclaratieNummer") or ""
    if heen == _DECLARATIE:
        yield "declaraties", *relatie
        for prestatie in bericht.klassen("Prestatie"):
            yield "prestatie", standaard, aanbieder, prestatie.tekst("ProductReferentie/ReferentieNummer") or ""
