"""The VSP shaped REST interface as an aiohttp server: push, pull and status on one prefix.

``POST {prefix}/berichten/rest-push/v1/berichten`` answers 204 for a bericht that was stored durably (also when it was
offered before), 400 for a request that is not as described, 422 for what must not be offered again unchanged, 413 for
a payload above 25 MiB and 503 when the hub cannot store now. Whether a bericht is read at all is up to the hub, which
says 429 or 503 with `refuse_unread`. Pull and status answer for the partijen of the certificate only, and 403 when it
has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from adapters.vsp.aanvraag import read_push
from adapters.vsp.antwoord import VAST, answering, json_answer, problem
from adapters.vsp.berichtstatussen import find_statuses
from adapters.vsp.foutbody import read_foutbody
from adapters.vsp.model import BerichtMetadata, dump
from adapters.vsp.ophalen import Ophaalloket, read_limit, read_zoekpad
from adapters.vsp.paden import PULL, PUSH, STATUS
from adapters.vsp.vertaling import KANAAL, is_foutbericht, to_envelop
from adapters.vsp.weigering import Afgewezen, Onvertaalbaar
from istandaarden.releases import NEDERLAND
from routing.afhaal import Afhaalbak
from routing.bericht import Aanlevering, Foutinhoud, Identiteit
from routing.fouten import Fout
from routing.geadresseerde import codes_of
from routing.leestijd import Leestijd
from routing.payload import DREMPEL, Payload
from routing.poorten import Innemer, Ontvangstsoort
from routing.register import RegisterBron
from routing.vecozocodes import to_vecozo

PREFIX = "/vsp"


@dataclass(frozen=True, slots=True)
class Instellingen:
    """Settings of the interface.

    `publieke_url` is scheme, host and port under which clients reach the hub, for the download addresses in a list;
    None takes them from the request. `leestijd` is how long the body of a push may take to come in.
    """

    publieke_url: str | None = None
    leestijd: Leestijd = field(default_factory=Leestijd)


class VspInterface:
    """Handlers of the interface.

    Args:
        intake: where pushed berichten go.
        afhaalbak: where waiting berichten and statuses are found.
        register_bron: who may act for which partijen.
        identify: says who is at the other end of the connection.
        instellingen: settings.
    """

    def __init__(
        self,
        intake: Innemer,
        afhaalbak: Afhaalbak,
        register_bron: RegisterBron,
        identify: Callable[[web.Request], Identiteit],
        instellingen: Instellingen | None = None,
    ) -> None:
        self._intake = intake
        self._afhaalbak = afhaalbak
        self._register_bron = register_bron
        self._identify = identify
        self._instellingen = instellingen or Instellingen()
        self._prefix = ""

    def add_routes(self, app: web.Application, prefix: str = PREFIX) -> None:
        """Put the interface in an application, below `prefix`."""
        self._prefix = prefix.rstrip("/")
        traceer = "{traceerId:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}}"
        pull = f"{self._prefix}{PULL}/berichten"
        router = app.router
        router.add_post(f"{self._prefix}{PUSH}/berichten", answering(self._push))
        router.add_get(pull, answering(self._list), allow_head=False)
        router.add_post(f"{pull}/zoeken", answering(self._search))
        router.add_get(f"{pull}/{traceer}/payload", answering(self._payload), allow_head=False)
        router.add_delete(f"{pull}/{traceer}", answering(self._confirm))
        router.add_get(f"{self._prefix}{STATUS}/berichtstatussen", answering(self._statuses), allow_head=False)

    async def _push(self, request: web.Request) -> web.Response:
        identiteit = self._identify(request)
        metadata, payload = await read_push(request, self._instellingen.leestijd)
        try:
            envelop = to_envelop(metadata, await _read_fout(metadata, payload))
        except Onvertaalbaar as fout:
            raise Afgewezen(
                422,
                "Dit bericht kan het knooppunt niet aannemen.",
                "Herstel de genoemde punten en bied het bericht aan met een nieuw traceerId.",
                fouten=fout.fouten,
            ) from None
        ontvangst = await self._intake.accept(Aanlevering(envelop, payload, identiteit, KANAAL))
        if ontvangst.soort is Ontvangstsoort.GEWEIGERD:
            raise _refused(ontvangst.fout)
        return web.Response(status=204, headers=VAST)

    async def _list(self, request: web.Request) -> web.Response:
        loket = self._loket(request)
        return json_answer(dump(await loket.list_ready(read_limit(request.query))))

    async def _search(self, request: web.Request) -> web.Response:
        loket = self._loket(request)
        limit = read_limit(request.query)
        return json_answer(dump(await loket.search(await read_zoekpad(request), limit)))

    async def _payload(self, request: web.Request) -> web.StreamResponse:
        return await self._loket(request).send_payload(request, request.match_info["traceerId"])

    async def _confirm(self, request: web.Request) -> web.Response:
        await self._loket(request).confirm(request.match_info["traceerId"])
        return web.Response(status=202, headers=VAST)

    async def _statuses(self, request: web.Request) -> web.Response:
        dag = datetime.now(NEDERLAND).date()
        partijen = codes_of(self._register_bron.current(), self._partijen(request), dag)
        return json_answer(dump(await find_statuses(self._afhaalbak, partijen, request.query)))

    def _partijen(self, request: web.Request) -> frozenset[str]:
        partijen = self._register_bron.current().partijen_of(self._identify(request))
        if not partijen:
            detail = "Laat uw certificaat bij het knooppunt registreren bij de aansluiting van uw partij."
            raise Afgewezen(403, "Dit certificaat hoort bij geen enkele partij.", detail)
        return partijen

    def _loket(self, request: web.Request) -> Ophaalloket:
        basis = self._instellingen.publieke_url or f"{request.scheme}://{request.host}"
        return Ophaalloket(self._afhaalbak, self._partijen(request), f"{basis.rstrip('/')}{self._prefix}{PULL}")


async def _read_fout(metadata: BerichtMetadata, payload: Payload) -> Foutinhoud | None:
    if not is_foutbericht(metadata):
        return None
    if payload.size <= DREMPEL:
        return read_foutbody(payload.chunks())
    return await asyncio.to_thread(read_foutbody, payload.chunks())


def refuse_unread(fout: Fout, status: int) -> web.Response:
    """Refuse a bericht before it is read."""
    return problem(Afgewezen(status, fout.omschrijving, fout.toelichting, extra=_name(fout)))


def _name(fout: Fout) -> dict[str, str]:
    naam = {"code": fout.code, "melder": fout.melder, "oorzaak": fout.oorzaak}
    bij_vecozo = to_vecozo(fout.oorzaak)  # what software that knows VECOZO looks for
    return naam if bij_vecozo is None else naam | {"vecozoCode": bij_vecozo}


def _refused(fout: Fout | None) -> Afgewezen:
    """Turn a refusal at the door into 422, or 503 when the cause is ours and trying again helps."""
    if fout is None:
        return Afgewezen(503, "Het bericht kan nu niet worden aangenomen.", wachttijd=60)
    aan_ons = fout.plek == "server"
    fouten: dict[str, list[str]] = {}
    for bevinding in fout.bevindingen:
        fouten.setdefault(bevinding.plaats or "$", []).append(bevinding.melding)
    return Afgewezen(
        503 if aan_ons else 422,
        fout.omschrijving,
        fout.toelichting,
        fouten=fouten or None,
        wachttijd=60 if aan_ons else None,
        extra=_name(fout),
    )
