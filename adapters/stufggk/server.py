"""The receiving side: SOAP 1.1 over HTTP, one address for all three berichten, its contract at ``?wsdl``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from aiohttp import web

from adapters.stufggk.antwoord_schrijven import write_bv03, write_fault, write_fo03
from adapters.stufggk.envelop_lezen import EnvelopLezer
from adapters.stufggk.http_lezen import check_headers, read_request
from adapters.stufggk.koppelvlak import SCHEMAS, write_wsdl, write_xsd
from adapters.stufggk.namen import MAX_ENVELOP
from adapters.stufggk.weigering import AntwoordOp, Geweigerd
from routing.bericht import Aanlevering, Identiteit, Systeem
from routing.fouten import Fout, make_fout
from routing.leestijd import Leestijd
from routing.poorten import Innemer, Ontvangst, Ontvangstsoort

PAD = "/ggk/0210/OntvangAsynchroon"
KANAAL = "stuf"
HUB = Systeem("IB", "GGKWebservice")
"""The hub as zender (S4 §3.3)."""
_XML = {"Content-Type": "text/xml; charset=utf-8"}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Serverinstellingen:
    """How this koppelvlak presents itself, and its bounds.

    `hub` is the zender of Bv03 and Fo03; `fout_generatie` the list of codes for a sender we do not know yet;
    `adres` the public URL in the WSDL, None for the one of the request; `max_bytes` bounds the whole message;
    `leestijd` is how long a message may take to come in.
    """

    hub: Systeem = HUB
    fout_generatie: str = "B"
    adres: str | None = None
    max_bytes: int = MAX_ENVELOP
    leestijd: Leestijd = field(default_factory=Leestijd)


class OntvangAsynchroon:
    """The StUF-GGk koppelvlak of the hub, or of a partij.

    Args:
        intake: takes what comes in.
        identify: says who is at the other end of a request, from its TLS connection.
        instellingen: how the koppelvlak presents itself.
    """

    def __init__(
        self,
        intake: Innemer,
        identify: Callable[[web.Request], Identiteit],
        instellingen: Serverinstellingen | None = None,
    ) -> None:
        self._intake = intake
        self._identify = identify
        self._instellingen = instellingen or Serverinstellingen()

    def add_routes(self, app: web.Application, pad: str = PAD) -> None:
        """Add the address of the koppelvlak to an application."""
        app.router.add_route("*", pad, self._handle)

    async def _handle(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            return await self._receive(request)
        if request.method in ("GET", "HEAD"):
            return self._describe(request)
        kop = {"Allow": "GET, HEAD, POST"}
        return web.Response(status=405, headers=kop, text="Dit koppelvlak kent alleen POST (bericht) en GET (?wsdl).\n")

    async def _receive(self, request: web.Request) -> web.Response:
        grenzen = self._instellingen
        antwoord_op: AntwoordOp | None = None
        identiteit = self._identify(request)
        try:
            check_headers(request)
            lezer = EnvelopLezer(
                request.headers.get("SOAPAction"),
                generatie=grenzen.fout_generatie,
                aangekondigd=request.content_length,
                max_bytes=grenzen.max_bytes,
            )
            gelezen = await read_request(request, lezer, grenzen.leestijd)
            sg = gelezen.envelop.stuurgegevens
            antwoord_op = AntwoordOp(sg.zender, sg.referentienummer)
            aanlevering = Aanlevering(gelezen.envelop, gelezen.payload, identiteit, KANAAL, gelezen.bevindingen)
            return self._answer(antwoord_op, await self._intake.accept(aanlevering))
        except Geweigerd as geweigerd:
            _log.info("envelop geweigerd", melding=geweigerd.melding, oin=identiteit.oin)
            return self._refuse(geweigerd)
        except Exception:  # noqa: BLE001 - the boundary to the outside world
            # The sender gets a fault he may retry after, and never a glimpse of our inside (attack 42).
            _log.exception("bericht niet verwerkt", oin=identiteit.oin)
            fout = make_fout("opslaan_onmogelijk", grenzen.fout_generatie)
            return self._refuse(Geweigerd(fout.omschrijving, faultcode="Server", fout=fout, antwoord_op=antwoord_op))

    def _answer(self, antwoord_op: AntwoordOp, ontvangst: Ontvangst) -> web.Response:
        if ontvangst.soort is not Ontvangstsoort.GEWEIGERD:
            nummer, moment = ontvangst.referentienummer, ontvangst.tijdstip
            return _soap(200, write_bv03(self._instellingen.hub, antwoord_op, nummer, moment))
        fout = ontvangst.fout or make_fout("opslaan_onmogelijk", self._instellingen.fout_generatie)
        return _soap(500, write_fo03(self._instellingen.hub, antwoord_op, fout))

    def _refuse(self, geweigerd: Geweigerd) -> web.Response:
        if geweigerd.fout is not None and geweigerd.antwoord_op is not None:
            body = write_fo03(self._instellingen.hub, geweigerd.antwoord_op, geweigerd.fout)
        else:
            body = write_fault(geweigerd.faultcode, geweigerd.melding)
        antwoord = _soap(geweigerd.status, body)
        if geweigerd.status in (408, 413):
            antwoord.force_close()  # the rest of the message is not wanted
        return antwoord

    def _describe(self, request: web.Request) -> web.Response:
        """Serve the contract: ``?wsdl``, ``?xsd=NAME``, or a hint."""
        vraag = {naam.lower(): waarde for naam, waarde in request.query.items()}
        adres = self._instellingen.adres or str(request.url.with_query(None))
        if "wsdl" in vraag:
            return _soap(200, write_wsdl(adres))
        if "xsd" in vraag:
            schema = write_xsd(vraag["xsd"], adres)
            if schema is None:
                return web.Response(status=404, text=f"Dit schema is er niet; wel: {', '.join(SCHEMAS)}.\n")
            return _soap(200, schema)
        return web.Response(
            text=f"StUF-GGk 2.1, OntvangAsynchroon.\nStuur berichten met POST (SOAP 1.1); beschrijving: {adres}?wsdl\n"
        )


def refuse_unread(fout: Fout, status: int) -> web.Response:
    """Refuse a bericht before it is read: a SOAP fault with the code in its text, for there is nobody to address."""
    return _soap(status, write_fault(fout.plek.capitalize(), f"{fout.code}: {fout.omschrijving}. {fout.toelichting}"))


def _soap(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, headers=_XML)
