"""Addresses of the BRP as the decision takes them: a kind, a gemeente, and the days on which that is certain.

A date that is not complete makes a range; only the days outside it are stated. So an address "since 2018" is stated
from 31-12-2018 on, and one with an unknown beginning on its last known day, or today.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from adapters.brp.datum import Datum
from adapters.brp.fouten import unusable
from adapters.brp.historie import BinnenlandsVoorkomen, HistorieAntwoord
from adapters.brp.personen import BinnenlandseVerblijfplaats, Persoon
from adapters.brp.vorm import Gemeente, Waarde
from routing.woonplaats.feiten import Adresperiode, Adressoort

RNI: Final = "1999"
"""In the place of a gemeente: the registration of non-residents."""

_FUNCTIES: Final = {"W": Adressoort.WOONADRES, "B": Adressoort.BRIEFADRES}
_ANDERE: Final = {
    "VerblijfplaatsBuitenland": Adressoort.BUITENLAND,
    "VerblijfplaatsOnbekend": Adressoort.ONBEKEND,
}
_DAG: Final = timedelta(days=1)


def current_address(persoon: Persoon, vandaag: date) -> list[Adresperiode]:
    """Give the address that a person has now; nothing when the day it began leaves even today uncertain.

    Raises:
        Bronfout: the answer lacks what was asked for, or contradicts itself.
    """
    plaats, gemeente = persoon.verblijfplaats, persoon.gemeente_van_inschrijving
    onderzoek = persoon.in_onderzoek.gemeente_van_inschrijving
    if plaats is None:
        if gemeente is None or gemeente.code != RNI:
            raise unusable("bij een ingezetene ontbreekt de verblijfplaats of de gemeente")
        return list(_certain(Adresperiode(Adressoort.ONBEKEND, in_onderzoek=onderzoek), None, None, vandaag))
    if not isinstance(plaats, BinnenlandseVerblijfplaats):
        adres = Adresperiode(_ANDERE[plaats.type], in_onderzoek=onderzoek or plaats.in_onderzoek.loopt)
        return list(_certain(adres, plaats.datum_van, None, vandaag))
    adres = _domestic(plaats.functie_adres, gemeente)
    adres = replace(adres, in_onderzoek=onderzoek or plaats.in_onderzoek.loopt)
    if not plaats.indicatie_vastgesteld_verblijft_niet_op_adres:
        return list(_certain(adres, plaats.datum_van, None, vandaag))
    return _with_note(adres, plaats.datum_van, None, plaats.in_onderzoek.datum_ingang_onderzoek, vandaag)


def past_addresses(historie: HistorieAntwoord, vandaag: date) -> list[Adresperiode]:
    """Give the addresses in an answer of the historie API.

    Raises:
        Bronfout: a part lacks what it must have, or contradicts itself.
    """
    perioden: list[Adresperiode] = []
    for deel in historie.verblijfplaatsen:
        if not isinstance(deel, BinnenlandsVoorkomen):
            adres = Adresperiode(_ANDERE[deel.type], in_onderzoek=deel.in_onderzoek.loopt)
            perioden += _certain(adres, deel.datum_van, deel.datum_tot, vandaag)
            continue
        adres = replace(
            _domestic(deel.functie_adres, deel.gemeente_van_inschrijving), in_onderzoek=deel.in_onderzoek.loopt
        )
        if deel.verblijft_niet_op_adres_vanaf is None:
            perioden += _certain(adres, deel.datum_van, deel.datum_tot, vandaag)
        else:
            perioden += _with_note(adres, deel.datum_van, deel.datum_tot, deel.verblijft_niet_op_adres_vanaf, vandaag)
    return perioden


def _domestic(functie: Waarde | None, gemeente: Gemeente | None) -> Adresperiode:
    soort = _FUNCTIES.get(functie.code) if functie is not None else None
    if soort is None or gemeente is None:
        raise unusable("bij een adres ontbreekt de functie of de gemeente")
    if gemeente.code == RNI:
        raise unusable("een adres in Nederland staat bij de registratie van niet-ingezetenen")
    return Adresperiode(soort, gemeente.code)


def _certain(adres: Adresperiode, van: Datum | None, tot: Datum | None, vandaag: date) -> Iterator[Adresperiode]:
    """Give the address on the days when it was certainly that, if there are any."""
    begin = van.laatste if van is not None else None
    eind = tot.eerste if tot is not None else None
    if begin is None:
        begin = vandaag if tot is None else (eind - _DAG if eind is not None and eind > date.min else None)
    if begin is None:
        return
    if tot is not None and eind is None:
        eind = begin + _DAG if begin < date.max else begin
    if eind is None or begin < eind:
        yield replace(adres, van=begin, tot=eind)


def _with_note(
    adres: Adresperiode, van: Datum | None, tot: Datum | None, sinds: Datum | None, vandaag: date
) -> list[Adresperiode]:
    """Divide an address by the day since when it is established that the person does not live there.

    Before it the address counts; without a day only the last known day, or today, is certain.
    """
    met_aantekening = replace(adres, aantekening_226=True)
    if sinds is None or sinds.eerste is None or sinds.laatste is None:
        return list(_certain(met_aantekening, None, tot, vandaag))
    perioden = list(_certain(replace(adres, in_onderzoek=False), van, sinds, vandaag)) if van is not None else []
    begin = van if van is not None and van.laatste is not None and van.laatste > sinds.laatste else sinds
    return perioden + list(_certain(met_aantekening, begin, tot, vandaag))
