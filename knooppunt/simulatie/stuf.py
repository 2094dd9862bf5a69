"""A simulated partij that speaks StUF-GGk: it listens, keeps a ledger, answers heenberichten, and can be down."""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import Callable, Sequence

from aiohttp import web

from adapters.stufggk.server import PAD, OntvangAsynchroon, Serverinstellingen
from knooppunt.simulatie.antwoord import Antwoord, answer, replies
from knooppunt.simulatie.grootboek import Boeking, Grootboek, Richting
from knooppunt.simulatie.opstellen import APPLICATIE, compose_envelop
from knooppunt.simulatie.storing import NIET_VERWERKT, Storing, Storingen
from knooppunt.simulatie.verstoring import disturb, strike
from knooppunt.simulatie.verzending import StufZender, Verzending
from knooppunt.tls import identify
from routing import tijdstip
from routing.bericht import Aanlevering, Berichtcode, Envelop, Stuurgegevens, Systeem
from routing.foutbericht import make_inhoud, write_body
from routing.fouten import Fout, make_fout
from routing.poorten import Ontvangst, Ontvangstsoort, Uitkomstsoort

_POGINGEN = 6

Beantwoording = Callable[[Envelop, bytes], Sequence[Antwoord] | Fout]
"""Says what a partij sends back on a heenbericht: answers, none, or the fault for which it refuses the bericht."""


def accept_all(heen: Envelop, payload: bytes) -> Sequence[Antwoord]:
    """Answer as a gemeente or zorgaanbieder for whom everything is fine."""
    antwoord = answer(heen.stuurgegevens.functie or "", payload)
    return [antwoord] if antwoord else []


class StufPartij:
    """One simulated gemeente, zorgaanbieder or ketenpartij with an own StUF endpoint over mutual TLS.

    It is its own Innemer: what comes in is booked in `grootboek`, and a heenbericht gets what `beantwoord` says.
    `url` is where it listens (or listened); `mislukt` lists, in Dutch, answers that the hub did not take; `storingen`
    are its faults on demand, by the functie of what comes in.
    """

    def __init__(
        self,
        code: str,
        naam: str,
        *,
        server: ssl.SSLContext,
        client: ssl.SSLContext,
        antwoordt: bool = True,
        meld: Callable[[Boeking], None] | None = None,
        storingen: Storingen | None = None,
        beantwoord: Beantwoording = accept_all,
    ) -> None:
        self.code = code
        self.naam = naam
        self.grootboek = Grootboek(meld)
        self.mislukt: list[str] = []
        self.storingen = storingen or Storingen()
        self.url = ""
        self._server, self._client, self._antwoordt, self._beantwoord = server, client, antwoordt, beantwoord
        self._zender: StufZender | None = None
        self._runner: web.AppRunner | None = None
        self._poort = 0
        self._taken: set[asyncio.Task[None]] = set()
        self._bonnen: dict[tuple[str, str], tuple[str, Ontvangst]] = {}

    async def start(self, poort: int = 0, adres: str = "127.0.0.1") -> str:
        """Open the listener and return its address; 0 takes a free port, and the same one after `stop`."""
        app = web.Application(client_max_size=0, middlewares=[disturb(self.storingen, _verrichting)])
        zelf = Serverinstellingen(hub=Systeem(self.code, APPLICATIE))  # who signs its Bv03
        OntvangAsynchroon(self, identify, zelf).add_routes(app, PAD)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, adres, poort or self._poort, ssl_context=self._server, reuse_address=True)
        await site.start()
        self._poort = self._runner.addresses[0][1]
        self.url = f"https://{adres}:{self._poort}{PAD}"
        return self.url

    def connect_hub(self, hub: str) -> None:
        """Say where the hub is (scheme, host and port), so that this partij can send."""
        self._zender = StufZender(hub.rstrip("/") + PAD, self._client)

    async def stop(self) -> None:
        """Close the listener: from now on the partij is down, until `start`."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def close(self) -> None:
        """Stop for good: listener, pending answers and connections."""
        await self.stop()
        for taak in self._taken:
            taak.cancel()
        await asyncio.gather(*self._taken, return_exceptions=True)
        if self._zender is not None:
            await self._zender.close()

    async def send(
        self,
        functie: str,
        payload: bytes,
        naar: str,
        *,
        antwoord_op: str | None = None,
        release: str = "3.2",
        bestandsnaam: str | None = None,
    ) -> Verzending:
        """Send one bericht through the hub; what cannot be delivered at once is offered again a few times.

        Raises:
            RuntimeError: `connect_hub` was not called.
        """
        if self._zender is None:
            raise RuntimeError("connect the partij to a hub before it sends")
        envelop = compose_envelop(
            van=self.code,
            naar=naar,
            functie=functie,
            antwoord_op=antwoord_op,
            release=release,
            bestandsnaam=bestandsnaam,
        )
        return await self._offer(self._zender, envelop, payload)

    async def _offer(self, zender: StufZender, envelop: Envelop, payload: bytes) -> Verzending:
        boeking = await self.grootboek.record(Richting.VERZONDEN, envelop, payload)
        aangekomen = False
        for poging in range(1, _POGINGEN + 1):
            uitkomst = await zender.send(envelop, payload, mogelijk_aangekomen=aangekomen)
            if uitkomst.soort is not Uitkomstsoort.TIJDELIJK or poging == _POGINGEN:
                break
            aangekomen = aangekomen or uitkomst.mogelijk_aangekomen
            await asyncio.sleep(0.2 * 2**poging)
        return Verzending(boeking, uitkomst)

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        """Book what the hub delivers; the same bericht twice is booked once and gets the same receipt."""
        sg = aanlevering.envelop.stuurgegevens
        storing = strike(self.storingen, sg.functie or sg.berichtcode.value)
        if storing is not None and storing.soort in NIET_VERWERKT:
            fout = make_fout("opslaan_onmogelijk", "B")
            return Ontvangst(Ontvangstsoort.GEWEIGERD, str(uuid.uuid4()), tijdstip.now(), fout=fout)
        sleutel = (sg.zender.organisatie, sg.referentienummer)
        eerder = self._bonnen.get(sleutel)
        if eerder is not None:
            digest, bon = eerder
            self.grootboek.herhalingen += 1
            if digest != aanlevering.payload.digest:
                fout = make_fout("referentienummer_niet_uniek", "B")
                return Ontvangst(Ontvangstsoort.GEWEIGERD, bon.referentienummer, bon.tijdstip, fout=fout)
            return Ontvangst(Ontvangstsoort.HERHAALD, bon.referentienummer, bon.tijdstip, bon.bericht_id)
        bon = Ontvangst(Ontvangstsoort.AANGENOMEN, str(uuid.uuid4()), tijdstip.now(), str(uuid.uuid4()))
        self._bonnen[sleutel] = (aanlevering.payload.digest, bon)
        payload = b"".join(aanlevering.payload.chunks())
        await self.grootboek.record(Richting.ONTVANGEN, aanlevering.envelop, payload)
        if self._antwoordt and self._zender is not None and sg.functie:
            taak = asyncio.create_task(self._answer(aanlevering.envelop, payload, storing))
            self._taken.add(taak)
            taak.add_done_callback(self._taken.discard)
        return bon

    async def _answer(self, heen: Envelop, payload: bytes, storing: Storing | None) -> None:
        antwoorden = await asyncio.to_thread(self._beantwoord, heen, payload)
        sg = heen.stuurgegevens
        if isinstance(antwoorden, Fout):
            self._note("Fo01", await self._refuse(heen, antwoorden))
            return
        for antwoord in antwoorden:
            for terug, op in replies(antwoord, sg.referentienummer, storing):
                antwoord_op = None if terug.los else op
                verzending = await self.send(
                    terug.functie,
                    terug.payload,
                    sg.zender.organisatie,
                    antwoord_op=antwoord_op,
                    release=terug.release,
                )
                self._note(terug.functie, verzending)

    async def _refuse(self, heen: Envelop, fout: Fout) -> Verzending:
        """Send the Fo01 with which a ketenpartij refuses what it was sent."""
        assert self._zender is not None  # noqa: S101 - nothing is answered without a hub
        sg = heen.stuurgegevens
        inhoud = make_inhoud(fout, heen)
        terug = Stuurgegevens(
            berichtcode=Berichtcode.FO01,
            zender=Systeem(self.code, APPLICATIE),
            ontvanger=sg.zender,
            referentienummer=str(uuid.uuid4()),
            tijdstip=tijdstip.now(),
            cross_ref=sg.referentienummer,
        )
        body = write_body(inhoud, fout.toelichting, fout.bevindingen)
        return await self._offer(self._zender, Envelop(terug, fout=inhoud), body)

    def _note(self, wat: str, verzending: Verzending) -> None:
        if verzending.uitkomst.soort is not Uitkomstsoort.BEZORGD:
            self.mislukt.append(f"{wat}: {verzending.uitkomst.toelichting}")


def _verrichting(request: web.Request) -> str | None:
    return None if request.method == "POST" else "beschrijving"
