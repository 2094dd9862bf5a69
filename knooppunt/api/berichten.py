"""`/berichten/{referentie}`: status and explanation of a bericht of one's own."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field
from sqlalchemy import Connection

from knooppunt import inzicht
from knooppunt.api.eindpunt import Aanroep, Eindpunt, own_berichten
from knooppunt.api.probleem import Probleem
from knooppunt.api.scope import Scope
from knooppunt.api.vorm import Vorm, Vraag
from routing.opslag import Opslag

GEEN_BERICHT = "Er is geen bericht met dit referentienummer van of aan uw partij."
MEER_BERICHTEN = "Meer zenders gebruikten dit referentienummer; noem de zender."


class Berichtvraag(Vraag):
    """Which bericht."""

    referentie: str = Field(
        min_length=1, max_length=64, pattern="^[!-.0-~]+$", description="Referentienummer van het bericht, helemaal."
    )
    zender: str | None = Field(
        None,
        min_length=1,
        max_length=20,
        pattern="^[0-9A-Za-z]+$",
        description="Code van de zender, als meer zenders dit nummer gebruikten.",
    )


class Bericht(Vorm):
    """A bericht as its two sides may know it, without its content."""

    referentienummer: str
    berichtsoort: str | None = Field(description="Functie, zoals WMO301; een foutbericht heeft er geen.")
    envelop: str = Field(description="Di01, Du01 of Fo01.")
    zender: str
    ontvanger: str
    status: str = Field(description="Status zoals de keten die kent, bijvoorbeeld Bezorgd.")
    status_sinds: datetime
    ontvangen_op: datetime
    antwoord_op: str | None = Field(description="Referentienummer van het bericht dat dit beantwoordt.")


class Fout(Vorm):
    """Why a bericht was refused or not delivered."""

    code: str
    melder: str | None
    omschrijving: str | None


class Stap(Vorm):
    """One step of the decision on a bericht."""

    naam: str
    uitkomst: str = Field(description="`ok`, `let op` of `fout`.")
    uitleg: str


class Bevinding(Vorm):
    """One thing that is wrong with the content; the value that was found is not repeated here."""

    code: str
    niveau: int
    plaats: str
    regel: int
    melding: str
    retourcode: str | None


class Uitleg(Vorm):
    """Why a bericht went where it went, or was refused."""

    besluit: str
    stappen: tuple[Stap, ...]
    bevindingen: tuple[Bevinding, ...]


class Berichtstatus(Vorm):
    """Where a bericht is; the explanation is for its zender alone."""

    bericht: Bericht
    fout: Fout | None
    uitleg: Uitleg | None


class Berichten:
    """The operations on berichten."""

    def __init__(self, opslag: Opslag) -> None:
        self._opslag = opslag

    def endpoints(self) -> tuple[Eindpunt, ...]:
        """Give the operations."""
        return (
            Eindpunt(
                pad="/berichten/{referentie}",
                naam="toonBericht",
                samenvatting="Status en uitleg van een bericht dat uw partij verstuurde of kreeg.",
                toegang=own_berichten,
                scope=Scope.BERICHTEN,
                vraag=Berichtvraag,
                antwoord=Berichtstatus,
                handler=self._show,
                fouten={404: GEEN_BERICHT, 409: MEER_BERICHTEN},
            ),
        )

    async def _show(self, aanroep: Aanroep, vraag: Berichtvraag) -> Berichtstatus:
        return await self._opslag.read(_read, aanroep.partijen, vraag)


def _read(conn: Connection, partijen: frozenset[str], vraag: Berichtvraag) -> Berichtstatus:
    bericht = find_own(conn, partijen, vraag)
    fout = bericht.fout_code and Fout(
        code=bericht.fout_code, melder=bericht.fout_melder, omschrijving=bericht.fout_omschrijving
    )
    uitleg = _explain(conn, bericht.id) if bericht.zender in partijen else None
    return Berichtstatus(bericht=shape(bericht), fout=fout or None, uitleg=uitleg)


def find_own(conn: Connection, partijen: frozenset[str], vraag: Berichtvraag) -> inzicht.Bericht:
    """Find the one bericht that is meant; what is not of these partijen does not exist for them.

    Raises:
        Probleem: 404, or 409 when berichten of several zenders fit.
    """
    gevonden = inzicht.visible_to(conn, vraag.referentie, partijen)
    passend = [b for b in gevonden if vraag.zender in (None, b.zender)]
    if not passend:
        raise Probleem(404, GEEN_BERICHT, "Controleer het nummer, en met welk certificaat u verbindt.")
    if len({b.zender for b in passend}) > 1:
        raise Probleem(409, MEER_BERICHTEN, "Geef de parameter zender mee.")
    return passend[0]


def shape(bericht: inzicht.Bericht) -> Bericht:
    """Give a bericht in the form of the API."""
    return Bericht(
        referentienummer=bericht.referentienummer,
        berichtsoort=bericht.functie,
        envelop=bericht.berichtcode,
        zender=bericht.zender,
        ontvanger=bericht.ontvanger,
        status=bericht.status,
        status_sinds=bericht.status_op,
        ontvangen_op=bericht.ontvangen_op,
        antwoord_op=bericht.cross_ref,
    )


def _explain(conn: Connection, bericht_id: str) -> Uitleg | None:
    gebeurtenissen = inzicht.events(conn, bericht_id)
    uitleg = inzicht.explain(gebeurtenissen)
    if not uitleg.stappen:
        return None
    bevindingen = next(
        (g.toelichting.get("bevindingen", ()) for g in reversed(gebeurtenissen) if g.soort == "route"), ()
    )
    return Uitleg(
        besluit=uitleg.besluit,
        stappen=tuple(_step(stap) for stap in uitleg.stappen),
        bevindingen=tuple(Bevinding.model_validate(bevinding) for bevinding in bevindingen),
    )


def _step(stap: inzicht.Stap) -> Stap:
    """Leave out at which address an ontvanger gets its berichten: that is between the ontvanger and the hub."""
    uitleg = "De ontvanger is aangesloten." if (stap.naam, stap.uitkomst) == ("ontvanger", "ok") else stap.uitleg
    return Stap(naam=stap.naam, uitkomst=stap.uitkomst, uitleg=uitleg)
