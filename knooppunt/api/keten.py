"""`/keten`: which answers are still missing, and the timeline of a case."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field
from sqlalchemy import Connection

from istandaarden.gemeenten import taken_over
from istandaarden.releases import NEDERLAND
from knooppunt.api.berichten import GEEN_BERICHT, MEER_BERICHTEN, Bericht, Berichtvraag, find_own, shape
from knooppunt.api.eindpunt import Aanroep, Eindpunt, own_berichten
from knooppunt.api.probleem import Probleem
from knooppunt.api.scope import Scope
from knooppunt.api.vorm import Geheel, Vlag, Vorm, Vraag
from knooppunt.ketenzicht import Openvraag, Wacht, open_terms, timeline
from routing.ketenbewaking.kalender import Kalender
from routing.opslag import Opslag

_HOOGSTENS = 500
_NIET_UW_PARTIJ = "Dit certificaat mag niet namens deze partij vragen."


class Ketenvraag(Vraag):
    """Which open terms."""

    partij: str | None = Field(
        None,
        min_length=1,
        max_length=20,
        pattern="^[0-9A-Za-z]+$",
        description="Alleen berichten van of aan deze partij; een van die van uw certificaat.",
    )
    te_laat: Vlag = Field(default=False, description="Alleen waarvan de termijn voorbij is.")
    limiet: Geheel = Field(100, ge=1, le=_HOOGSTENS, description="Hoogstens zoveel, oudste eerst.")
    na: Geheel = Field(
        0, ge=0, le=2**53, description="Ga verder na dit volgnummer (`volgende` van het vorige antwoord)."
    )


class Verwachting(Vorm):
    """One term of one bericht."""

    referentienummer: str = Field(description="Van het bericht dat wacht.")
    berichtsoort: str
    zender: str
    ontvanger: str
    wacht_op: str = Field(description="Wat er moet komen, bijvoorbeeld WMO302.")
    regel: str = Field(description="Regel van iStandaarden, bijvoorbeeld OP090.")
    termijn: str = Field(description="Lengte, bijvoorbeeld 3 werkdagen.")
    vanaf: date = Field(description="Dag vanaf welke de termijn telt.")
    uiterlijk: date = Field(description="Laatste dag die op tijd is.")
    afloop: str = Field(description="`wacht`, `beantwoord`, of hoe het wachten anders eindigde.")
    klaar_op: date | None
    beantwoord_door: str | None = Field(description="Referentienummer van het antwoord.")
    te_laat: bool
    werkdagen_te_laat: int


class KetenOpen(Vorm):
    """What is still missing, oldest first."""

    verwachtingen: tuple[Verwachting, ...]
    volgende: int | None = Field(description="Waarde voor `na` om verder te lezen; leeg aan het einde.")


class Tijdlijnpunt(Vorm):
    """A bericht of a case, with what was expected after it."""

    bericht: Bericht
    verwachtingen: tuple[Verwachting, ...]
    opmerkingen: tuple[str, ...]


class Tijdlijn(Vorm):
    """The berichten of a case that are of or to one's own partij, oldest first."""

    punten: tuple[Tijdlijnpunt, ...]


class Keten:
    """The operations of the chain watch."""

    def __init__(self, opslag: Opslag, kalender: Kalender) -> None:
        self._opslag = opslag
        self._kalender = kalender

    def endpoints(self) -> tuple[Eindpunt, ...]:
        """Give the operations."""
        return (
            Eindpunt(
                pad="/keten/open",
                naam="toonOntbrekendeAntwoorden",
                samenvatting="Welke antwoorden ontbreken nog, op berichten van en aan uw partij, en sinds wanneer.",
                toegang=own_berichten,
                scope=Scope.KETEN,
                vraag=Ketenvraag,
                antwoord=KetenOpen,
                handler=self._open,
            ),
            Eindpunt(
                pad="/keten/{referentie}/tijdlijn",
                naam="toonTijdlijn",
                samenvatting="Alle berichten van een zaak op volgorde, met wat wanneer werd verwacht.",
                toegang=own_berichten,
                scope=Scope.KETEN,
                vraag=Berichtvraag,
                antwoord=Tijdlijn,
                handler=self._timeline,
                fouten={404: GEEN_BERICHT, 409: MEER_BERICHTEN},
            ),
        )

    async def _open(self, aanroep: Aanroep, vraag: Ketenvraag) -> KetenOpen:
        if vraag.partij is not None and vraag.partij not in aanroep.partijen:
            raise Probleem(403, _NIET_UW_PARTIJ, "Laat de parameter partij weg, of noem uw eigen partij.")
        wie = aanroep.partijen
        if vraag.partij is not None:
            wie &= {vraag.partij} | taken_over(vraag.partij, datetime.now(NEDERLAND).date())
        open_ = Openvraag(wie, alleen_te_laat=vraag.te_laat, na=vraag.na, aantal=vraag.limiet)
        wachten = await self._opslag.read(open_terms, self._kalender, open_)
        verder = wachten[-1].volgnummer if len(wachten) == vraag.limiet else None
        return KetenOpen(verwachtingen=tuple(map(_shape, wachten)), volgende=verder)

    async def _timeline(self, aanroep: Aanroep, vraag: Berichtvraag) -> Tijdlijn:
        return await self._opslag.read(self._read, aanroep.partijen, vraag)

    def _read(self, conn: Connection, partijen: frozenset[str], vraag: Berichtvraag) -> Tijdlijn:
        punten = timeline(conn, self._kalender, find_own(conn, partijen, vraag), partijen)
        return Tijdlijn(
            punten=tuple(
                Tijdlijnpunt(
                    bericht=shape(punt.bericht),
                    verwachtingen=tuple(map(_shape, punt.wacht)),
                    opmerkingen=punt.opmerkingen,
                )
                for punt in punten
            )
        )


def _shape(wacht: Wacht) -> Verwachting:
    return Verwachting(
        referentienummer=wacht.referentienummer,
        berichtsoort=wacht.functie,
        zender=wacht.zender,
        ontvanger=wacht.ontvanger,
        wacht_op=wacht.wat,
        regel=wacht.regel,
        termijn=wacht.termijn,
        vanaf=wacht.vanaf,
        uiterlijk=wacht.uiterlijk,
        afloop=wacht.afloop,
        klaar_op=wacht.klaar_op,
        beantwoord_door=wacht.door,
        te_laat=wacht.te_laat,
        werkdagen_te_laat=wacht.werkdagen_te_laat,
    )
