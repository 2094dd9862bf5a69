"""Collecting berichten: list, search, payload, and confirming that one was received."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from aiohttp import web
from multidict import MultiMapping
from pydantic import ValidationError

from adapters.vsp.antwoord import VAST, read_chunks
from adapters.vsp.berichtstroom import FOUTBERICHT, functie_of
from adapters.vsp.foutteksten import explain
from adapters.vsp.model import (
    ZOEKPAD,
    Basisgegevens,
    Checksum,
    Gereedstaand,
    HttpsDownload,
    Zoekpad,
    ZoekpadOpAlsAntwoordOp,
    ZoekpadOpBerichtstroom,
    ZoekpadOpConversatieId,
)
from adapters.vsp.paden import MAX_BERICHTEN
from adapters.vsp.vertaling import to_metadata
from adapters.vsp.weigering import Afgewezen, Onvertaalbaar
from routing.afhaal import Afhaalbak, Klaarstaand

_log = structlog.get_logger(__name__)

_MAX_ZOEKVRAAG = 16 * 1024
_ONGELDIG = "De vraag voldoet niet aan de beschrijving van de koppeling."


def read_limit(query: MultiMapping[str]) -> int:
    """Return how many berichten are asked for: 1 to 250, 250 when not said.

    Raises:
        Afgewezen: 400.
    """
    gegeven = query.getall("limit", [])
    if not gegeven:
        return MAX_BERICHTEN
    tekst = gegeven[0]
    if (
        len(gegeven) == 1
        and tekst.isascii()
        and tekst.isdigit()
        and len(tekst) <= 3
        and 1 <= int(tekst) <= MAX_BERICHTEN
    ):
        return int(tekst)
    zin = f"limit is één geheel getal van 1 tot en met {MAX_BERICHTEN}."
    raise Afgewezen(400, _ONGELDIG, zin, fouten={"limit": [zin]})


async def read_zoekpad(request: web.Request) -> Zoekpad:
    """Read the search path from the body.

    Raises:
        Afgewezen: 400.
    """
    data = bytearray()
    async for stuk in request.content.iter_any():
        data += stuk
        if len(data) > _MAX_ZOEKVRAAG:
            zin = f"De zoekvraag is groter dan {_MAX_ZOEKVRAAG} bytes."
            raise Afgewezen(400, _ONGELDIG, zin, fouten={"$": [zin]})
    try:
        return ZOEKPAD.validate_json(bytes(data))
    except ValidationError as fout:
        raise Afgewezen(400, _ONGELDIG, "Herstel de genoemde punten.", fouten=explain(fout)) from None


@dataclass(frozen=True, slots=True)
class Ophaalloket:
    """The pull side for the partijen of one identity; `basis` is the address of the pull interface, without a slash.

    What belongs to other partijen does not exist here: not in a list, and not as an answer other than 404.
    """

    afhaalbak: Afhaalbak
    partijen: frozenset[str]
    basis: str

    async def list_ready(self, limit: int) -> list[Gereedstaand]:
        """Return the oldest berichten that wait."""
        return self._describe(await self.afhaalbak.list_ready(self.partijen, limit=limit))

    async def search(self, zoekpad: Zoekpad, limit: int) -> list[Gereedstaand]:
        """Return the oldest berichten that wait and fit; role and actie are looked for among the 250 oldest."""
        match zoekpad:
            case ZoekpadOpConversatieId():
                gevonden = await self.afhaalbak.list_ready(
                    self.partijen, limit=limit, conversatie=zoekpad.conversatieId
                )
            case ZoekpadOpAlsAntwoordOp():
                gevonden = await self.afhaalbak.list_ready(self.partijen, limit=limit, cross_ref=zoekpad.alsAntwoordOp)
            case ZoekpadOpBerichtstroom():
                return await self._search_stroom(zoekpad, limit)
        return self._describe(gevonden)

    async def _search_stroom(self, zoekpad: ZoekpadOpBerichtstroom, limit: int) -> list[Gereedstaand]:
        code = zoekpad.geadresseerdeCode
        partijen = self.partijen if code is None else self.partijen & {code}
        try:
            functie = functie_of(zoekpad)
        except Onvertaalbaar:
            return []  # nothing can be both
        if functie == FOUTBERICHT:  # the log keeps no functie for a Fo01: picked out afterwards, like role and actie
            gevonden = await self.afhaalbak.list_ready(partijen, limit=MAX_BERICHTEN)
        else:
            gevonden = await self.afhaalbak.list_ready(
                partijen,
                limit=MAX_BERICHTEN,
                functie=functie,
                versie=zoekpad.berichtversie,
                subversie=zoekpad.berichtsubversie,
            )
        return [bericht for bericht in self._describe(gevonden) if _fits(bericht, zoekpad, functie)][:limit]

    async def send_payload(self, request: web.Request, traceer_id: str) -> web.StreamResponse:
        """Answer with the payload, byte for byte as it was handed in.

        Raises:
            Afgewezen: 404, unknown, confirmed before, or somebody else's.
        """
        for vorm in _spellings(traceer_id):
            if (geopend := await self.afhaalbak.open(self.partijen, vorm)) is not None:
                break
        else:
            raise _unknown()
        klaarstaand, payload = geopend
        stroom = read_chunks(payload)
        eerste = await anext(stroom, b"")  # what cannot be opened must fail before the answer has begun
        antwoord = web.StreamResponse(
            headers=VAST
            | {
                "Content-Type": "application/octet-stream",
                "ETag": f'"{klaarstaand.digest}"',
                "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(klaarstaand.digest)).decode()}:",
            }
        )
        antwoord.content_length = payload.size
        await antwoord.prepare(request)
        await antwoord.write(eerste)
        try:
            async for stuk in stroom:
                await antwoord.write(stuk)
        except ConnectionError:
            raise
        except Exception as fout:
            # The length was promised: breaking off is the only way to say that this is not all of it.
            _log.exception("payload afgebroken", bericht=klaarstaand.bericht_id)
            raise ConnectionAbortedError("payload cannot be read") from fout
        await antwoord.write_eof()
        return antwoord

    async def confirm(self, traceer_id: str) -> None:
        """Note that the bericht was received; it then leaves the list.

        Raises:
            Afgewezen: 404, unknown, confirmed before, or somebody else's.
        """
        for vorm in _spellings(traceer_id):
            if await self.afhaalbak.confirm(self.partijen, vorm):
                return
        raise _unknown()

    def _describe(self, berichten: Iterable[Klaarstaand]) -> list[Gereedstaand]:
        beschreven = []
        for bericht in berichten:
            try:
                beschreven.append(self._describe_one(bericht))
            except (Onvertaalbaar, ValidationError) as fout:  # one odd bericht must not keep the others from being seen
                _log.error("bericht past niet in VSP", bericht=bericht.bericht_id, fout=type(fout).__name__)
        return beschreven

    def _describe_one(self, bericht: Klaarstaand) -> Gereedstaand:
        metadata = to_metadata(bericht.envelop)
        download = HttpsDownload(
            url=f"{self.basis}/berichten/{metadata.referentiegegevens.traceerId}/payload",
            grootte=bericht.size,
            checksum=Checksum(algoritme="SHA256", waarde=bericht.digest),
        )
        return Gereedstaand(
            basisgegevens=Basisgegevens(ontvangenOp=bericht.ontvangen_op, payload=download),
            routeringgegevens=metadata.routeringgegevens,
            referentiegegevens=metadata.referentiegegevens,
            verwerkingscontext=metadata.verwerkingscontext,
        )


def _fits(bericht: Gereedstaand, zoekpad: ZoekpadOpBerichtstroom, functie: str) -> bool:
    route, stroom = bericht.routeringgegevens, bericht.routeringgegevens.berichtstroom
    return (
        stroom.berichttype == functie
        and zoekpad.berichtversie in (None, stroom.berichtversie)
        and zoekpad.berichtsubversie in (None, stroom.berichtsubversie)
        and zoekpad.actie in (None, stroom.actie)
        and zoekpad.geadresseerdeRol in (None, *(relatie.rol for relatie in route.geadresseerden))
    )


def _spellings(traceer_id: str) -> Iterable[str]:
    """A Fo01 from StUF may have a referentienummer in capitals; clients write a UUID their own way."""
    return dict.fromkeys((traceer_id.lower(), traceer_id.upper()))


def _unknown() -> Afgewezen:
    return Afgewezen(404, "Het bericht is onbekend, al bevestigd, of niet voor u.")
