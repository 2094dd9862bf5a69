"""Where berichten are now, in the statuses of the interface."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import structlog
from multidict import MultiMapping
from pydantic import TypeAdapter, ValidationError

from adapters.vsp.model import Berichtstatus, BerichtstatusGegevens, Melding, Uuid
from adapters.vsp.paden import MAX_BERICHTEN
from adapters.vsp.vertaling import to_metadata
from adapters.vsp.weigering import Afgewezen, Onvertaalbaar
from routing.afhaal import Afhaalbak, Statusregel
from routing.status import Status

_log = structlog.get_logger(__name__)

STATUSSEN: Mapping[Status, Berichtstatus] = MappingProxyType(
    {
        Status.ONTVANGEN: Berichtstatus.ONTVANGEN,
        Status.WORDT_VERWERKT: Berichtstatus.WORDT_VERWERKT,
        Status.AFGEKEURD: Berichtstatus.AFGEKEURD_DOOR_DIENST,
        Status.WORDT_AANGEBODEN: Berichtstatus.WORDT_AANGEBODEN,
        Status.BEZORGD: Berichtstatus.BEZORGD,
        Status.AANBIEDEN_MISLUKT: Berichtstatus.AANBIEDEN_MISLUKT,
        Status.BEZORGING_AFGEBROKEN: Berichtstatus.BEZORGING_AFGEBROKEN,
        Status.VERVALLEN: Berichtstatus.BEZORGING_AFGEBROKEN,  # the interface has no status of its own for it
    }
)

_UUID: TypeAdapter[str] = TypeAdapter(Uuid)


async def find_statuses(
    afhaalbak: Afhaalbak, partijen: frozenset[str], query: MultiMapping[str]
) -> list[BerichtstatusGegevens]:
    """Return the statuses asked for, of berichten that these partijen sent or receive; at most 250.

    Args:
        afhaalbak: where they are looked up.
        partijen: codes of those who ask.
        query: exactly one of traceerId and conversatieId.

    Raises:
        Afgewezen: 400.
    """
    gegeven = [(naam, waarde) for naam in ("traceerId", "conversatieId") for waarde in query.getall(naam, [])]
    titel = "De vraag voldoet niet aan de beschrijving van de koppeling."
    if len(gegeven) != 1:
        zin = "Geef precies één van traceerId en conversatieId."
        raise Afgewezen(400, titel, zin, fouten={"traceerId": [zin]})
    ((naam, waarde),) = gegeven
    try:
        kenmerk = _UUID.validate_python(waarde)
    except ValidationError:
        zin = f"{naam} is geen UUID."
        raise Afgewezen(400, titel, zin, fouten={naam: [zin]}) from None
    zoek = _with_answers if naam == "traceerId" else _of_conversation
    regels = (await zoek(afhaalbak, partijen, kenmerk))[:MAX_BERICHTEN]
    return [gegevens for regel in regels if (gegevens := _describe(regel)) is not None]


async def _of_conversation(afhaalbak: Afhaalbak, partijen: frozenset[str], conversatie: str) -> list[Statusregel]:
    return await afhaalbak.statuses(partijen, conversatie=conversatie)


async def _with_answers(afhaalbak: Afhaalbak, partijen: frozenset[str], traceer_id: str) -> list[Statusregel]:
    """Find the bericht and what answers it: a heenbericht names its conversation, a retour is in that of its heen."""
    gevonden = await afhaalbak.statuses(partijen, referentienummer=traceer_id)
    conversaties = {traceer_id} | {nr for regel in gevonden if (nr := regel.envelop.stuurgegevens.cross_ref)}
    for conversatie in sorted(conversaties):
        gevonden += [
            regel
            for regel in await afhaalbak.statuses(partijen, conversatie=conversatie)
            if regel.envelop.stuurgegevens.cross_ref == traceer_id
        ]
    per_bericht = {
        (regel.envelop.stuurgegevens.zender.organisatie, regel.envelop.stuurgegevens.referentienummer): regel
        for regel in gevonden
    }
    return list(per_bericht.values())


def _describe(regel: Statusregel) -> BerichtstatusGegevens | None:
    try:
        metadata = to_metadata(regel.envelop)
    except Onvertaalbaar as fout:
        _log.error("bericht past niet in VSP", velden=sorted(fout.fouten))
        return None
    return BerichtstatusGegevens(
        referentiegegevens=metadata.referentiegegevens,
        berichtstroom=metadata.routeringgegevens.berichtstroom,
        berichtstatus=STATUSSEN[regel.status],
        berichtstatusGewijzigdOp=regel.status_op,
        meldingen=_meldingen(regel),
        berichtOntvangenOp=regel.ontvangen_op,
    )


def _meldingen(regel: Statusregel) -> tuple[Melding, ...] | None:
    if (fout := regel.fout) is None:
        return None
    # The lists of fault codes reuse numbers: a code means something only together with who raised it.
    melder = f"Gemeld door {regel.melder}." if regel.melder else ""
    toelichting = " ".join(deel for deel in (melder, fout.details) if deel)
    return (Melding(code=fout.code, omschrijving=fout.omschrijving or fout.code, toelichting=toelichting or None),)
