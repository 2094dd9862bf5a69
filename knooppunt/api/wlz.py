"""`/wlz`: has a client an indication for the Wlz, and following clients with signals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from knooppunt.api.eindpunt import Aanroep, Eindpunt, own_partijen
from knooppunt.api.opvragen import FOUTEN, Kort, Opvraagvorm, answer, choose_partij, name_identity, refused, unfit
from knooppunt.api.probleem import Probleem
from knooppunt.api.scope import Scope
from knooppunt.api.vorm import Geheel, Vorm, Vraag
from knooppunt.wlz.toetsing import DIENST, Toetsantwoord, Toetsing
from routing.dienst import Wet
from routing.opvraging import Antwoord, Opvragingen
from routing.toestemming import Aanleiding, Aanvrager, GeenToestemming, Weg
from routing.wlz.clientenlijst import Bewerking, Lijstfout, Opgave
from routing.wlz.register import RegisterFout
from routing.wlz.signaal import Signaalsoort
from routing.wlz.vergelijking import DIENST as SIGNALEN
from routing.wlz.volgen import Volgen

_MEEST: Final = 100_000
_INHOUD: Final = 16 * 1024 * 1024
_FOUTEN_GETOOND: Final = 100
_BLADZIJDE: Final = 500
_OPNIEUW_S: Final = 60
_VORM = ConfigDict(
    alias_generator=to_camel, populate_by_name=False, frozen=True, extra="forbid", hide_input_in_errors=True
)


class Toetsvraag(Opvraagvorm):
    """Of whom, under which law, and why."""

    model_config = _VORM

    reden: str = Field(
        min_length=1, max_length=500, description="Waarom u twijfelt, in eigen woorden; verplicht, zonder BSN."
    )

    wet: Wet = Field(description="De wet waarvoor u het vraagt; alleen `wmo` laat het toe.")


class Clientopgave(BaseModel):
    """A client as the gemeente names him."""

    model_config = _VORM

    referentie: str = Field(
        max_length=60, description="Uw kenmerk van de cliënt; geen BSN, want het staat in meldingen."
    )
    bsn: str = Field("", max_length=9, description="Burgerservicenummer; leeg bij verwijderen.", repr=False)


class Wijzigingsvraag(BaseModel):
    """A change of a list of clients."""

    model_config = _VORM

    bewerking: Bewerking = Field(
        description="`toevoegen`, `verwijderen`, of `vervangen`: de lijst is daarna precies dit."
    )
    clienten: tuple[Clientopgave, ...] = Field(max_length=_MEEST, description="De cliënten.", repr=False)
    doel: Kort = Field(description="Een van de doelen van deze dienst.")
    zaakkenmerk: Kort = Field(description="Zaak waarvoor u dit doet; zonder BSN.")
    persoon: Kort | None = Field(None, description="Medewerker die het doet, zoals uw partij hem kent.")
    partij: str | None = Field(
        None, pattern="^[0-9A-Za-z]{1,20}$", description="Uw partij, als uw certificaat voor meer partijen geldt."
    )


class Wijziging(Vorm):
    """What a change did."""

    toegevoegd: int
    verwijderd: int
    ongewijzigd: int = Field(description="Wie al zo in de lijst stond; bij verwijderen: wie er niet in stond.")


class Signaalvraag(Vraag):
    """Which signals."""

    doel: Kort = Field(description="Een van de doelen van deze dienst.")
    zaakkenmerk: Kort = Field(description="Zaak waarvoor u dit leest; zonder BSN.")
    partij: str | None = Field(
        None, pattern="^[0-9A-Za-z]{1,20}$", description="Uw partij, als uw certificaat voor meer partijen geldt."
    )
    na: Geheel = Field(0, ge=0, le=2**53, description="Ga verder na dit volgnummer.")
    limiet: Geheel = Field(100, ge=1, le=_BLADZIJDE, description="Hoogstens zoveel, oudste eerst.")


class Signaalvorm(Vorm):
    """A signal."""

    volgnummer: int
    soort: Signaalsoort = Field(
        description="`begin` of `einde` van een indicatie, of `stand`: zij liep al toen u de cliënt opgaf."
    )
    referentie: str = Field(description="Uw kenmerk van de cliënt.")
    indicatie: str = Field(description="Verbindt begin en einde van dezelfde indicatie; zegt verder niets.")
    ingangsdatum: date | None
    einddatum: date | None = Field(description="Laatste dag, voor zover bekend.")
    gemaakt_op: datetime


class Signalen(Vorm):
    """Signals, oldest first."""

    signalen: tuple[Signaalvorm, ...]
    volgende: int | None = Field(description="Waarde voor `na` om verder te lezen; leeg aan het einde.")


class Wlz:
    """The operations.

    Args:
        opvragingen: decides, logs and remembers questions.
        toetsing: answers them.
        volgen: keeps the lists.
    """

    def __init__(self, opvragingen: Opvragingen, toetsing: Toetsing, volgen: Volgen) -> None:
        self._opvragingen = opvragingen
        self._toetsing = toetsing
        self._volgen = volgen

    def endpoints(self) -> tuple[Eindpunt, ...]:
        """Give the operations."""
        geen = {403: FOUTEN[403], 422: "Doel, zaakkenmerk of een rij van de lijst kan niet."}
        return (
            Eindpunt(
                pad="/wlz/toetsen",
                naam="toetsWlz",
                samenvatting="Heeft een cliënt van de Wmo een indicatie voor de Wlz: JA, NEE of ONBEKEND.",
                toegang=own_partijen,
                scope=Scope.WLZ_TOETS,
                vraag=Toetsvraag,
                antwoord=Toetsantwoord,
                handler=self._test,
                fouten=FOUTEN | {503: "Het Wlz-register kan nu niet antwoorden; dat is geen NEE."},
                methode="POST",
            ),
            Eindpunt(
                pad="/wlz/clientwijzigingen",
                naam="wijzigWlzClienten",
                samenvatting="Volg cliënten van de Wmo, of houd daarmee op.",
                toegang=own_partijen,
                scope=Scope.WLZ_CLIENTEN,
                vraag=Wijzigingsvraag,
                antwoord=Wijziging,
                handler=self._change,
                fouten=geen,
                methode="POST",
                grens=_INHOUD,
            ),
            Eindpunt(
                pad="/wlz/signalen",
                naam="leesWlzSignalen",
                samenvatting="Van welke gevolgde cliënten een indicatie begon of eindigde.",
                toegang=own_partijen,
                scope=Scope.WLZ_SIGNALEN,
                vraag=Signaalvraag,
                antwoord=Signalen,
                handler=self._signals,
                fouten=geen,
            ),
        )

    async def _test(self, aanroep: Aanroep, vraag: Toetsvraag) -> bytes:
        async def search(vraag_id: str) -> Antwoord:
            try:
                return await self._toetsing.search(vraag.bsn, vraag_id)
            except RegisterFout as fout:
                raise Probleem(
                    503, "Het Wlz-register kan nu niet antwoorden.", str(fout), opnieuw_na=_OPNIEUW_S
                ) from None

        return await answer(self._opvragingen, aanroep, vraag, dienst=DIENST, wet=vraag.wet, search=search)

    async def _change(self, aanroep: Aanroep, vraag: Wijzigingsvraag) -> Wijziging:
        partij = choose_partij(aanroep, vraag.partij)
        aanvrager = Aanvrager(partij, name_identity(aanroep.identiteit), Weg.API, vraag.persoon)
        aanleiding = Aanleiding(SIGNALEN, Wet.WMO, vraag.doel, vraag.zaakkenmerk)
        opgaven = [Opgave(client.referentie, client.bsn) for client in vraag.clienten]
        try:
            verschil = await self._volgen.change(aanvrager, aanleiding, vraag.bewerking, opgaven)
        except GeenToestemming as fout:
            raise refused(fout) from None
        except Lijstfout as fout:
            fouten = fout.fouten[:_FOUTEN_GETOOND]
            raise unfit(*((f"clienten[{nummer - 1}]", zin) for nummer, zin in fouten)) from None
        return Wijziging(toegevoegd=len(verschil.erbij), verwijderd=len(verschil.eraf), ongewijzigd=verschil.gelijk)

    async def _signals(self, aanroep: Aanroep, vraag: Signaalvraag) -> Signalen:
        partij = choose_partij(aanroep, vraag.partij)
        aanvrager = Aanvrager(partij, name_identity(aanroep.identiteit), Weg.API)
        aanleiding = Aanleiding(SIGNALEN, Wet.WMO, vraag.doel, vraag.zaakkenmerk)
        try:
            gelezen = await self._volgen.signals(aanvrager, aanleiding, vraag.na, vraag.limiet)
        except GeenToestemming as fout:
            raise refused(fout) from None
        signalen = tuple(
            Signaalvorm(
                volgnummer=signaal.volgnummer,
                soort=Signaalsoort(signaal.soort),
                referentie=signaal.referentie,
                indicatie=signaal.indicatie,
                ingangsdatum=_day(signaal.ingangsdatum),
                einddatum=_day(signaal.einddatum),
                gemaakt_op=datetime.fromtimestamp(signaal.gemaakt_op / 1000, UTC),
            )
            for signaal in gelezen
        )
        return Signalen(signalen=signalen, volgende=signalen[-1].volgnummer if len(signalen) == vraag.limiet else None)


def _day(tekst: str | None) -> date | None:
    return None if tekst is None else date.fromisoformat(tekst)
