"""`/woonplaatsbeginsel/batches`: hand in a file of questions, see how far it is, and read the answers."""

from __future__ import annotations

import asyncio
import hashlib
import io
from typing import Any, Literal

from pydantic import Field

from knooppunt.api.eindpunt import Aanroep, Eindpunt, own_partijen
from knooppunt.api.opvragen import FOUTEN, choose_partij, limited, name_identity, refused
from knooppunt.api.probleem import Probleem
from knooppunt.api.scope import Scope
from knooppunt.api.vorm import Geheel, Vorm, Vraag
from knooppunt.woonplaats.batchbestand import Bestandsfout, read_stream, shape
from routing.dienst import Wet
from routing.opvraaggrens import Geblokkeerd, TeVeel
from routing.toestemming import Aanleiding, Aanvrager, GeenToestemming, Weg
from routing.verwerkingen import Herkomst
from routing.woonplaats.batch import Batch, Batches, Resultaat, Stand

DIENST = "woonplaats-batch"
_PAD = "/woonplaatsbeginsel/batches"
_GROOTSTE = 24 * 1024 * 1024
_SOORTEN = {"text/csv": ".csv", "application/json": ".json"}
_GEEN_BATCH = "Deze batch kent het knooppunt niet, of zij is niet van uw partij."
_NIET_KLAAR = "De batch is nog niet klaar."


class Inlevering(Vraag):
    """What a file is for; the file itself is the body. Nothing here is about a person."""

    doel: str = Field(min_length=1, max_length=60, description="Een van de doelen van woonplaats-batch.")
    zaakkenmerk: str = Field(min_length=1, max_length=60, description="Zaak waarvoor u dit vraagt.")
    partij: str | None = Field(
        None, pattern="^[0-9A-Za-z]{1,20}$", description="Uw partij, als uw certificaat voor meer partijen geldt."
    )


class Batchvraag(Vraag):
    """Which batch."""

    batch_id: str = Field(pattern="^[0-9a-f-]{36}$", description="Kenmerk van de batch.")


class Resultaatvraag(Batchvraag):
    """Which part of the answers."""

    na: Geheel = Field(
        0, ge=0, le=2**31 - 1, description="Lees verder na deze regel (`volgende` van het vorige antwoord)."
    )
    limiet: Geheel = Field(500, ge=1, le=1000, description="Hoogstens zoveel regels.")


class Batchstand(Vorm):
    """How far a batch is."""

    batch_id: str
    toestand: Literal["wordt beantwoord", "gestopt", "klaar"]
    reden: str | None = Field(None, description="Waarom zij is gestopt.")
    regels: int = Field(description="Regels in het bestand.")
    onbruikbaar: int = Field(description="Regels die geen vraag zijn.")
    vragen: int = Field(description="Verschillende vragen.")
    beantwoord: int


class Batchantwoord(Vorm):
    """What became of one line."""

    regelnummer: int
    kenmerk: str
    antwoord: dict[str, Any] | None = Field(description="Zoals van één bepaling; leeg als er geen antwoord is.")
    fouten: tuple[str, ...]


class Batchresultaat(Vorm):
    """Answers, in the order of the file."""

    antwoorden: tuple[Batchantwoord, ...]
    volgende: int | None = Field(description="Waarde voor `na` om verder te lezen; leeg aan het einde.")


class WoonplaatsBatch:
    """The operations."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    def endpoints(self) -> tuple[Eindpunt, ...]:
        """Give the operations."""
        return (
            Eindpunt(
                pad=_PAD,
                naam="leverBatchIn",
                samenvatting="Lever een bestand met vragen in, als CSV of JSON; het knooppunt beantwoordt het.",
                toegang=own_partijen,
                scope=Scope.BATCHES,
                vraag=Inlevering,
                antwoord=Batchstand,
                handler=self._hand_in,
                fouten={
                    403: FOUTEN[403],
                    422: "Het bestand als geheel is niet te lezen, of doel of zaakkenmerk kan niet.",
                    429: FOUTEN[429],
                },
                methode="POST",
                bestand=tuple(_SOORTEN),
                grens=_GROOTSTE,
            ),
            Eindpunt(
                pad=_PAD + "/{batchId}",
                naam="toonBatch",
                samenvatting="Hoe ver een batch is.",
                toegang=own_partijen,
                scope=Scope.BATCHES,
                vraag=Batchvraag,
                antwoord=Batchstand,
                handler=self._show,
                fouten={404: _GEEN_BATCH},
            ),
            Eindpunt(
                pad=_PAD + "/{batchId}/resultaat",
                naam="leesBatchresultaat",
                samenvatting="De antwoorden van een batch die klaar is, op volgorde van het bestand.",
                toegang=own_partijen,
                scope=Scope.BATCHES,
                vraag=Resultaatvraag,
                antwoord=Batchresultaat,
                handler=self._results,
                fouten={403: FOUTEN[403], 404: _GEEN_BATCH, 409: _NIET_KLAAR},
            ),
        )

    async def _hand_in(self, aanroep: Aanroep, vraag: Inlevering) -> Batchstand:
        aanvrager = Aanvrager(choose_partij(aanroep, vraag.partij), name_identity(aanroep.identiteit), Weg.API)
        aanleiding = Aanleiding(DIENST, Wet.JEUGDWET, vraag.doel, vraag.zaakkenmerk)
        digest = await asyncio.to_thread(lambda: hashlib.sha256(aanroep.inhoud).digest())
        try:
            herkomst = Herkomst.read(aanroep.traceparent, aanvrager.identiteit)
            batch = await self._batches.open(aanvrager, aanleiding, digest, herkomst)
            if not batch.gelezen:
                await self._batches.take_in(batch, read_stream(io.BytesIO(aanroep.inhoud), _SOORTEN[aanroep.soort]))
        except GeenToestemming as fout:
            raise refused(fout) from None
        except (Geblokkeerd, TeVeel) as fout:
            raise limited(fout) from None
        except Bestandsfout as fout:
            raise Probleem(422, "Het bestand is niet te lezen.", str(fout)) from None
        return await self._state(batch)

    async def _show(self, aanroep: Aanroep, vraag: Batchvraag) -> Batchstand:
        return await self._state(await self._find(aanroep, vraag))

    async def _results(self, aanroep: Aanroep, vraag: Resultaatvraag) -> Batchresultaat:
        batch = await self._find(aanroep, vraag)
        if (await self._state(batch)).toestand != "klaar":
            raise Probleem(409, _NIET_KLAAR, "Vraag haar stand op.", opnieuw_na=10)
        lezer = Aanvrager(batch.partij, name_identity(aanroep.identiteit), Weg.API)
        try:
            deel = await self._batches.page(batch, lezer, vraag.na, vraag.limiet)
        except GeenToestemming as fout:
            raise Probleem(403, "Uw partij mag dit niet meer lezen.", str(fout)) from None
        verder = deel[-1].nummer if len(deel) == vraag.limiet else None
        return Batchresultaat(antwoorden=tuple(map(_line, deel)), volgende=verder)

    async def _find(self, aanroep: Aanroep, vraag: Batchvraag) -> Batch:
        batch = await self._batches.find(aanroep.partijen, vraag.batch_id)
        if batch is None or not batch.gelezen:
            raise Probleem(404, _GEEN_BATCH)
        return batch

    async def _state(self, batch: Batch) -> Batchstand:
        stand = await self._batches.progress(batch)
        return Batchstand(
            batch_id=batch.batch_id,
            toestand=_name_state(stand),
            reden=stand.gestopt or None,
            regels=stand.regels,
            onbruikbaar=stand.onbruikbaar,
            vragen=stand.vragen,
            beantwoord=stand.klaar,
        )


def _name_state(stand: Stand) -> Literal["wordt beantwoord", "gestopt", "klaar"]:
    if stand.klaar == stand.vragen:
        return "klaar"
    return "gestopt" if stand.gestopt else "wordt beantwoord"


def _line(resultaat: Resultaat) -> Batchantwoord:
    vorm = shape(resultaat)
    fouten = vorm.pop("fouten")
    return Batchantwoord(
        regelnummer=resultaat.nummer, kenmerk=resultaat.kenmerk, antwoord=vorm or None, fouten=tuple(fouten)
    )
