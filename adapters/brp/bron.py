"""The BRP as a `Feitenbron`: what it says about a youth, his mother and who has gezag, as facts for the decision.

The youths come first, twenty in a request; then, when asked for, the mothers and who has gezag, again in twenties; and
the history only of whom the current data do not say enough. Addresses and names go no further than this package.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from adapters.brp import velden
from adapters.brp.adressen import RNI, current_address, past_addresses
from adapters.brp.client import PER_VRAAG, BrpClient
from adapters.brp.fouten import unusable
from adapters.brp.personen import Persoon
from adapters.brp.verwanten import find_holders, find_mothers
from istandaarden.regels.niveau2_client import passes_elfproef
from routing.woonplaats.adres import address_on
from routing.woonplaats.feiten import Adresperiode, Adressoort, Feiten, Gezagsdrager, Gezagssoort
from routing.woonplaats.feitenbron import (
    Bronfout,
    Bronfoutsoort,
    Feit,
    Feitenvraag,
    Reden,
    Registerfeiten,
    Voorbehoud,
)

_AFGEVOERD: Final = frozenset({"F", "W"})
_OVERLEDEN: Final = "O"
_DAG: Final = timedelta(days=1)

_Personen = Mapping[str, Persoon | Bronfout]


def today() -> date:
    """Give the day it is in the Netherlands."""
    return datetime.now(tz=ZoneInfo("Europe/Amsterdam")).date()


@dataclass(slots=True)
class _Oogst:
    """The facts of one answer while they are gathered."""

    vraag: Feitenvraag
    geboren: date | None = None
    brp: tuple[Adresperiode, ...] | None = None
    moeder: str | None = None
    gezag: tuple[Gezagsdrager, ...] | None = None
    geheim: bool = False
    ontbrekend: dict[Feit, Reden] = field(default_factory=dict)
    voorbehoud: list[Voorbehoud] = field(default_factory=list)
    geraadpleegd: frozenset[str] = frozenset()

    def finish(self) -> Registerfeiten:
        feiten = Feiten(
            self.vraag.peildatum,
            geboortedatum=self.geboren,
            brp=self.brp,
            moeder_gemeente_bij_geboorte=self.moeder,
            gezag=self.gezag,
            geheim=self.geheim,
        )
        return Registerfeiten(feiten, self.ontbrekend, tuple(self.voorbehoud), self.geraadpleegd)


class BrpFeitenbron:
    """Answers questions about youths from the BRP.

    Args:
        client: the APIs; closed with this.
        vandaag: gives the day it is.
    """

    def __init__(self, client: BrpClient, vandaag: Callable[[], date] = today) -> None:
        self._client = client
        self._vandaag = vandaag

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    async def fetch(self, vragen: Sequence[Feitenvraag]) -> list[Registerfeiten | Bronfout]:
        """Answer each question, in order; a fault of one leaves the others as they are."""
        gezien: dict[Feitenvraag, Persoon | Bronfout | None] = {}
        for nodig in {v.nodig for v in vragen}:
            groep = [v for v in vragen if v.nodig == nodig]
            gevraagd = {v.bsn for v in groep if _is_bsn(v.bsn)}
            personen = await self._persons(sorted(gevraagd), velden.of_youth(nodig))
            for vraag in groep:
                onjuist = Bronfout(
                    Bronfoutsoort.ONGELDIG_BSN, "Dit is geen BSN: negen cijfers die de elfproef doorstaan."
                )
                gezien[vraag] = personen.get(vraag.bsn) if vraag.bsn in gevraagd else onjuist
        moeders, dragers = await asyncio.gather(
            self._persons(_related(gezien, Feit.MOEDER), velden.MOEDER),
            self._persons(_related(gezien, Feit.GEZAG), velden.GEZAGSDRAGER),
        )
        return await asyncio.gather(*(self._answer(v, gezien[v], moeders, dragers) for v in vragen))

    async def _persons(self, bsns: Sequence[str], welke: Sequence[str]) -> _Personen:
        stukken = [bsns[i : i + PER_VRAAG] for i in range(0, len(bsns), PER_VRAAG)]
        antwoorden = await asyncio.gather(*(self._request(stuk, welke) for stuk in stukken))
        return {bsn: persoon for antwoord in antwoorden for bsn, persoon in antwoord.items()}

    async def _request(self, bsns: Sequence[str], welke: Sequence[str]) -> _Personen:
        try:
            return await self._client.persons(bsns, welke)
        except Bronfout as fout:
            if len(bsns) == 1 or not fout.of_one:
                return dict.fromkeys(bsns, fout)
        apart = await asyncio.gather(*(self._request([bsn], welke) for bsn in bsns))
        return {bsn: persoon for antwoord in apart for bsn, persoon in antwoord.items()}

    async def _answer(
        self, vraag: Feitenvraag, jeugdige: Persoon | Bronfout | None, moeders: _Personen, dragers: _Personen
    ) -> Registerfeiten | Bronfout:
        if isinstance(jeugdige, Bronfout):
            return jeugdige
        oogst = _Oogst(vraag, geraadpleegd=frozenset(_relatives(vraag, jeugdige)))
        if jeugdige is None:
            oogst.brp = () if Feit.ADRES in vraag.nodig else None
            oogst.voorbehoud.append(Voorbehoud.NIET_IN_BRP)
            anders = {Feit.MOEDER: Reden.MOEDER_ONBEKEND, Feit.GEZAG: Reden.GEEN_GEZAG}
            oogst.ontbrekend = {feit: reden for feit, reden in anders.items() if feit in vraag.nodig}
            return oogst.finish()
        if jeugdige.opschorting in _AFGEVOERD:
            oogst.ontbrekend = dict.fromkeys(vraag.nodig, Reden.AFGEVOERD)
            return oogst.finish()
        if jeugdige.opschorting == _OVERLEDEN:
            oogst.voorbehoud.append(Voorbehoud.OVERLEDEN)
        geboren = jeugdige.geboorte.datum
        oogst.geboren = geboren.eerste if geboren is not None and geboren.eerste == geboren.laatste else None
        oogst.geheim = jeugdige.geheimhouding_persoonsgegevens
        try:
            if Feit.ADRES in vraag.nodig:
                await self._add_addresses(oogst, jeugdige)
            if Feit.MOEDER in vraag.nodig:
                await self._add_mother(oogst, jeugdige, moeders)
            if Feit.GEZAG in vraag.nodig:
                await self._add_holders(oogst, jeugdige, dragers)
        except Bronfout as fout:
            return fout.having_asked(oogst.geraadpleegd)
        return oogst.finish()

    async def _add_addresses(self, oogst: _Oogst, jeugdige: Persoon) -> None:
        peildatum = oogst.vraag.peildatum
        eerste = min(oogst.vraag.vanaf or peildatum, peildatum)
        perioden = current_address(jeugdige, self._vandaag())
        reden = None
        if not _reaches(perioden, eerste):
            perioden, reden = await self._look_back(jeugdige.burgerservicenummer, perioden, eerste, peildatum)
        oogst.brp = tuple(perioden) or None
        if reden is not None or not perioden:
            oogst.ontbrekend[Feit.ADRES] = reden or Reden.DATUM_ONVOLLEDIG

    async def _look_back(
        self, bsn: str, nu: list[Adresperiode], eerste: date, laatste: date
    ) -> tuple[list[Adresperiode], Reden | None]:
        """Give the addresses in a period from the history, and those of now when there is none."""
        if not self._client.offers_history:
            return nu, Reden.GEEN_HISTORIE
        tot = laatste + _DAG if laatste > eerste and laatste < date.max else None
        historie = await self._client.history(bsn, eerste, tot)
        perioden = past_addresses(historie, self._vandaag())
        if not historie.verblijfplaatsen:
            return perioden, Reden.GEEN_PERIODE
        return perioden, None if _reaches(perioden, eerste) else Reden.DATUM_ONVOLLEDIG

    async def _add_mother(self, oogst: _Oogst, jeugdige: Persoon, moeders: _Personen) -> None:
        if oogst.geboren is None:
            oogst.ontbrekend[Feit.MOEDER] = Reden.GEBOORTEDATUM_ONVOLLEDIG
            return
        bsns = find_mothers(jeugdige)
        if isinstance(bsns, Reden):
            oogst.ontbrekend[Feit.MOEDER] = bsns
            return
        uitkomsten = {await self._registered(moeders.get(bsn), oogst.geboren) for bsn in bsns}
        redenen = [uitkomst for uitkomst in uitkomsten if isinstance(uitkomst, Reden)]
        if redenen or len(uitkomsten) > 1:
            oogst.ontbrekend[Feit.MOEDER] = min(redenen, default=Reden.MEER_MOEDERS)
        else:
            oogst.moeder = uitkomsten.pop()

    async def _registered(self, moeder: Persoon | Bronfout | None, dag: date) -> str | Reden:
        """Say in which gemeente somebody was registered on a day, `RNI` when not as a resident."""
        if isinstance(moeder, Bronfout):
            raise moeder
        if moeder is None:
            return Reden.NIET_GEVONDEN
        if moeder.opschorting in _AFGEVOERD:
            return Reden.AFGEVOERD
        if moeder.gemeente_van_inschrijving is None:
            raise unusable("bij de moeder ontbreekt de gemeente")
        sinds = moeder.datum_inschrijving_in_gemeente
        if sinds is not None and sinds.laatste is not None and sinds.laatste <= dag:
            onderzoek = moeder.in_onderzoek
            if onderzoek.gemeente_van_inschrijving or onderzoek.datum_inschrijving_in_gemeente:
                return Reden.IN_ONDERZOEK
            return moeder.gemeente_van_inschrijving.code
        perioden, reden = await self._look_back(moeder.burgerservicenummer, [], dag, dag)
        adres = address_on(perioden, dag)
        if reden is not None or not isinstance(adres, Adresperiode):
            return reden or Reden.DATUM_ONVOLLEDIG
        if adres.in_onderzoek:
            return Reden.IN_ONDERZOEK
        if adres.soort is Adressoort.BUITENLAND:
            return RNI
        return adres.gemeente or Reden.GEEN_PERIODE

    async def _add_holders(self, oogst: _Oogst, jeugdige: Persoon, dragers: _Personen) -> None:
        gevonden = find_holders(jeugdige)
        if isinstance(gevonden, Reden):
            oogst.ontbrekend[Feit.GEZAG] = gevonden
            return
        if oogst.vraag.peildatum < self._vandaag():
            oogst.voorbehoud.append(Voorbehoud.GEZAG_VAN_NU)
        gezag: list[Gezagsdrager] = []
        for drager in gevonden:
            if drager.wie is Gezagssoort.ONBEKEND:
                gezag.append(Gezagsdrager(drager.wie))
                continue
            woont = await self._lives(dragers.get(drager.bsn or ""), oogst.vraag.peildatum)
            if isinstance(woont, Reden):
                oogst.ontbrekend[Feit.GEZAG] = woont
                gezag.append(Gezagsdrager(drager.wie))
            else:
                gezag.append(Gezagsdrager(drager.wie, woont.gemeente, woont.soort is Adressoort.BUITENLAND))
        oogst.gezag = tuple(gezag)

    async def _lives(self, drager: Persoon | Bronfout | None, dag: date) -> Adresperiode | Reden:
        """Say where who has gezag had his woonadres on a day, or that it was abroad."""
        if isinstance(drager, Bronfout):
            raise drager
        if drager is None:
            return Reden.NIET_GEVONDEN
        if drager.opschorting in _AFGEVOERD:
            return Reden.AFGEVOERD
        perioden, reden = current_address(drager, self._vandaag()), None
        if not _reaches(perioden, dag):
            perioden, reden = await self._look_back(drager.burgerservicenummer, perioden, dag, dag)
        if reden is not None:
            return reden
        adres = address_on(perioden, dag)
        if not isinstance(adres, Adresperiode):
            return Reden.DATUM_ONVOLLEDIG
        if adres.in_onderzoek:
            return Reden.IN_ONDERZOEK
        if adres.soort not in {Adressoort.WOONADRES, Adressoort.BUITENLAND} or adres.aantekening_226:
            return Reden.WOONPLAATS_ONBEKEND
        return adres


def _related(gezien: Mapping[Feitenvraag, Persoon | Bronfout | None], feit: Feit) -> list[str]:
    """Give the BSNs of the mothers, or of who has gezag, of those whose question needs them."""
    return sorted({bsn for vraag, jeugdige in gezien.items() for bsn in _relatives(vraag, jeugdige, feit)})


def _relatives(vraag: Feitenvraag, jeugdige: Persoon | Bronfout | None, *feiten: Feit) -> Iterator[str]:
    """Give who else is asked about for one question, for these facts or for all."""
    if not isinstance(jeugdige, Persoon):
        return
    for feit in vraag.nodig & frozenset(feiten or Feit):
        if feit is Feit.MOEDER:
            yield from _mothers_of(jeugdige)
        elif feit is Feit.GEZAG:
            yield from _holders_of(jeugdige)


def _mothers_of(jeugdige: Persoon) -> Iterable[str]:
    moeders = find_mothers(jeugdige)
    return [] if isinstance(moeders, Reden) else moeders


def _holders_of(jeugdige: Persoon) -> Iterable[str]:
    try:
        dragers = find_holders(jeugdige)
    except Bronfout:
        return []  # it is told with the answer
    return [] if isinstance(dragers, Reden) else [d.bsn for d in dragers if d.bsn is not None]


def _reaches(perioden: Iterable[Adresperiode], dag: date) -> bool:
    return any(p.van is not None and p.van <= dag for p in perioden)


def _is_bsn(waarde: str) -> bool:
    return bool(re.fullmatch("[0-9]{9}", waarde)) and waarde != "000000000" and passes_elfproef(waarde)
