"""Which fields the Personen API knows, and how a person is cut down to those that were asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

_DELEN: Final = {
    "Persoon": "aNummer adressering:Adressering burgerservicenummer datumEersteInschrijvingGBA:Datum "
    "datumInschrijvingInGemeente:Datum europeesKiesrecht:EuropeesKiesrecht gemeenteVanInschrijving:Waarde "
    "geboorte:Geboorte geslacht:Waarde gezag immigratie:Immigratie indicatieCurateleRegister "
    "indicatieGezagMinderjarige:Waarde kinderen:Kind leeftijd naam:NaamPersoon nationaliteiten:Nationaliteit "
    "ouders:Ouder overlijden:Geboorte partners:Partner uitsluitingKiesrecht:UitsluitingKiesrecht "
    "verblijfplaats:Verblijfplaats verblijfstitel:Verblijfstitel",
    "Adressering": "aanhef aanschrijfwijze:Aanschrijfwijze adresregel1 adresregel2 adresregel3 gebruikInLopendeTekst "
    "land:Waarde",
    "Aanschrijfwijze": "aanspreekvorm naam",
    "Datum": "type datum langFormaat onbekend jaar maand",
    "EuropeesKiesrecht": "aanduiding:Waarde einddatumUitsluiting:Datum",
    "Geboorte": "datum:Datum land:Waarde plaats:Waarde",
    "Immigratie": "datumVestigingInNederland:Datum indicatieVestigingVanuitBuitenland landVanwaarIngeschreven:Waarde "
    "vanuitVerblijfplaatsOnbekend",
    "Kind": "burgerservicenummer geboorte:Geboorte naam:Naam",
    "Naam": "adellijkeTitelPredicaat:Titel geslachtsnaam voorletters voornamen voorvoegsel",
    "NaamPersoon": "aanduidingNaamgebruik:Waarde adellijkeTitelPredicaat:Titel geslachtsnaam volledigeNaam "
    "voorletters voornamen voorvoegsel",
    "Nationaliteit": "datumIngangGeldigheid:Datum nationaliteit:Waarde redenOpname:Waarde type",
    "Ouder": "burgerservicenummer datumIngangFamilierechtelijkeBetrekking:Datum geboorte:Geboorte geslacht:Waarde "
    "naam:Naam ouderAanduiding",
    "Partner": "aangaanHuwelijkPartnerschap:Geboorte burgerservicenummer geboorte:Geboorte geslacht:Waarde naam:Naam "
    "ontbindingHuwelijkPartnerschap:Ontbinding soortVerbintenis:Waarde",
    "Ontbinding": "datum:Datum",
    "Titel": "code omschrijving soort",
    "UitsluitingKiesrecht": "einddatum:Datum uitgeslotenVanKiesrecht",
    "Verblijfadres": "aanduidingBijHuisnummer:Waarde huisletter huisnummer huisnummertoevoeging korteStraatnaam "
    "land:Waarde locatiebeschrijving officieleStraatnaam postcode regel1 regel2 regel3 woonplaats",
    "Verblijfplaats": "adresseerbaarObjectIdentificatie datumIngangGeldigheid:Datum datumVan:Datum "
    "functieAdres:Waarde nummeraanduidingIdentificatie type verblijfadres:Verblijfadres",
    "Verblijfstitel": "aanduiding:Waarde datumEinde:Datum datumIngang:Datum",
    "Waarde": "code omschrijving",
}
"""Per group its fields, each with the group below it; without one it is a leaf.

What comes by itself is not in it, and neither is what is inside gezag: neither may be asked for.
"""

_VANZELF: Final = ("geheimhoudingPersoonsgegevens", "opschortingBijhouding", "inOnderzoek", "rni", "verificatie")
_VANZELF_BIJ_PLEK: Final = ("type", "indicatieVastgesteldVerblijftNietOpAdres", "inOnderzoek")


def _walk(groep: str, voor: str) -> Iterator[str]:
    for deel in _DELEN[groep].split():
        naam, _, onder = deel.partition(":")
        yield voor + naam
        if onder:
            yield from _walk(onder, f"{voor}{naam}.")


VELDEN: Final = frozenset(_walk("Persoon", ""))
"""Every path that may stand in `fields`."""


def select_fields(persoon: Mapping[str, Any], velden: Iterable[str]) -> dict[str, Any]:
    """Cut a person down to the fields that were asked, with what always comes along. A date is given whole."""
    uit = {naam: persoon[naam] for naam in _VANZELF if naam in persoon}
    for veld in velden:
        _take(persoon, uit, veld.split("."))
    if "verblijfplaats" in uit:
        plek = persoon["verblijfplaats"]
        uit["verblijfplaats"] |= {naam: plek[naam] for naam in _VANZELF_BIJ_PLEK if naam in plek}
    return uit


def _take(bron: Mapping[str, Any], doel: dict[str, Any], pad: list[str]) -> None:
    naam, *rest = pad
    if naam not in bron:
        return
    waarde = bron[naam]
    if not rest or (isinstance(waarde, Mapping) and "langFormaat" in waarde):
        doel[naam] = waarde
    elif isinstance(waarde, list):
        delen = doel.setdefault(naam, [{} for _ in waarde])
        for van, naar in zip(waarde, delen, strict=True):
            _take(van, naar, rest)
    else:
        _take(waarde, doel.setdefault(naam, {}), rest)
