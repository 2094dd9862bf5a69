"""The simulated BRP over HTTP: ``/personen`` and ``/verblijfplaatshistorie``, with a ledger of what was asked."""

from __future__ import annotations

import json
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from aiohttp import hdrs, web

from adapters.brp.bron import today
from knooppunt.luisteraar import Luisteraar
from knooppunt.simulatie.brp.personen import Testpersoon
from knooppunt.simulatie.brp.velden import select_fields
from knooppunt.simulatie.brp.verzoek import Verzoekfout, describe, read_history_question, read_persons_question
from knooppunt.simulatie.brp.weergave import show_history, show_person
from knooppunt.simulatie.storing import ALGEMEEN, Storingen, Storingsoort
from knooppunt.simulatie.verstoring import disturb

PERSONEN, HISTORIE = "/personen", "/verblijfplaatshistorie"
KENT: Final = ALGEMEEN - {Storingsoort.VERKEERD}
"""Faults it can have; there is no retour that could be wrong."""

_GROOTST: Final = 64 * 1024
_JSON: Final = {"application/json", "application/*", "*/*"}
_VERRICHTINGEN: Final = {PERSONEN: "personen", HISTORIE: "historie"}


@dataclass(frozen=True, slots=True)
class Bevraging:
    """One answered question: what of whom, and how many of them were found."""

    verrichting: str
    bsns: tuple[str, ...] = field(repr=False)
    velden: tuple[str, ...]
    gevonden: int


class BrpSimulator:
    """Serves test persons; `url` is its address, `bevragingen` its ledger, in the order of the questions.

    Args:
        personen: who there are, by BSN.
        zonder: fields that the asker has no authorisation for.
        met_historie: serve the historie API too; not every gemeente does.
        storingen: faults on demand.
        tls: context of the listener; None for plain HTTP.
        meld: hears of every answered question.
        vandaag: gives the day it is, for ages and for gezag over minors.
        opnieuw_na: seconds that a busy BRP asks to wait (Retry-After of 429 and 503).
    """

    def __init__(
        self,
        personen: Mapping[str, Testpersoon],
        *,
        zonder: Collection[str] = (),
        met_historie: bool = True,
        storingen: Storingen | None = None,
        tls: ssl.SSLContext | None = None,
        meld: Callable[[Bevraging], None] | None = None,
        vandaag: Callable[[], date] = today,
        opnieuw_na: int = 1,
    ) -> None:
        self.bevragingen: list[Bevraging] = []
        self.storingen = storingen or Storingen(kent=KENT)
        self.url = ""
        self._personen, self._zonder, self._meld = personen, frozenset(zonder), meld
        self._met_historie, self._tls, self._vandaag = met_historie, tls, vandaag
        self._opnieuw_na = str(opnieuw_na)
        self._luisteraar: Luisteraar | None = None

    async def start(self, poort: int = 0, adres: str = "127.0.0.1") -> str:
        """Begin to listen and return the address; 0 takes a free port.

        Raises:
            OSError: the port is taken.
        """
        self._luisteraar = Luisteraar(self.application(), adres, poort, tls=self._tls)
        await self._luisteraar.start()
        self.url = self._luisteraar.url
        return self.url

    async def close(self) -> None:
        """Stop listening."""
        if self._luisteraar is not None:
            await self._luisteraar.stop()

    def application(self) -> web.Application:
        """Make the web application."""
        storing = disturb(self.storingen, lambda verzoek: _VERRICHTINGEN.get(verzoek.path))
        app = web.Application(client_max_size=_GROOTST, middlewares=[self._as_problem, storing])
        app.router.add_post(PERSONEN, self._answer_persons)
        if self._met_historie:
            app.router.add_post(HISTORIE, self._answer_history)
        return app

    async def _answer_persons(self, verzoek: web.Request) -> web.Response:
        vraag = read_persons_question(await _body(verzoek), self._zonder)
        vandaag = self._vandaag()
        gevonden = [self._personen[bsn] for bsn in dict.fromkeys(vraag.bsns) if bsn in self._personen]
        if vraag.gemeente is not None:
            gevonden = [p for p in gevonden if p.plekken[-1].gemeente == vraag.gemeente]
        personen = [select_fields(show_person(p, vandaag), vraag.velden) for p in gevonden]
        self._book(Bevraging("personen", vraag.bsns, vraag.velden, len(gevonden)))
        inhoud = {"type": "RaadpleegMetBurgerservicenummer", "personen": personen}
        return _give(200, inhoud, "application/json")

    async def _answer_history(self, verzoek: web.Request) -> web.Response:
        vraag = read_history_question(await _body(verzoek))
        persoon = self._personen.get(vraag.bsn)
        inhoud = show_history(persoon, vraag.van, vraag.tot) if persoon is not None else {"verblijfplaatsen": []}
        self._book(Bevraging("historie", (vraag.bsn,), (), int(persoon is not None)))
        return _give(200, inhoud, "application/json")

    @web.middleware
    async def _as_problem(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Give every fault, those on demand too, the form that the published descriptions promise."""
        try:
            antwoord = await handler(request)
        except Verzoekfout as fout:
            return _give(fout.status, fout.inhoud, "application/problem+json")
        except web.HTTPException as fout:
            return _give(fout.status, describe(fout.status), "application/problem+json")
        if antwoord.status < 400:
            return antwoord
        foutantwoord = _give(antwoord.status, describe(antwoord.status), "application/problem+json")
        if antwoord.status in {429, 503}:
            foutantwoord.headers[hdrs.RETRY_AFTER] = self._opnieuw_na
        return foutantwoord

    def _book(self, bevraging: Bevraging) -> None:
        self.bevragingen.append(bevraging)
        if self._meld is not None:
            self._meld(bevraging)


async def _body(verzoek: web.Request) -> bytes:
    if verzoek.content_type != "application/json" or (verzoek.charset or "utf-8").lower() != "utf-8":
        raise Verzoekfout(415)
    gewenst = {deel.split(";")[0].strip().lower() for deel in verzoek.headers.get(hdrs.ACCEPT, "*/*").split(",")}
    if not gewenst & _JSON:
        raise Verzoekfout(406)
    return await verzoek.read()


def _give(status: int, inhoud: Mapping[str, Any], soort: str) -> web.Response:
    return web.Response(
        status=status, body=json.dumps(inhoud, ensure_ascii=False).encode(), content_type=soort, charset="utf-8"
    )
