"""A simulated zorgaanbieder that collects over the VSP shaped REST interface, checks, books, confirms and answers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import aiohttp

from adapters.vsp.berichtstroom import functie_of
from adapters.vsp.client import VspClient, VspFout
from adapters.vsp.foutbody import read_foutbody
from adapters.vsp.model import Gereedstaand
from adapters.vsp.vertaling import is_foutbericht, to_envelop, to_metadata
from adapters.vsp.weigering import Onvertaalbaar
from knooppunt.simulatie.antwoord import answer, replies
from knooppunt.simulatie.grootboek import Boeking, Grootboek, Richting
from knooppunt.simulatie.opstellen import compose_envelop
from knooppunt.simulatie.storing import Storing, Storingen, Storingsoort
from knooppunt.simulatie.verzending import Verzending
from routing.poorten import Uitkomst, Uitkomstsoort

PAD = "/vsp"
_TUSSENPOOS = 0.2
"""Seconds between two looks at the list; a real one asks every few minutes."""

_POGINGEN = 6

STORINGEN = frozenset(
    {
        Storingsoort.LAAT,
        Storingsoort.KWIJT,
        Storingsoort.AFGEBROKEN,
        Storingsoort.VERKEERD,
        Storingsoort.VERLOPEN,
    }
)
"""What can go wrong with one that collects: it answers no request, so an HTTP fault or gibberish is not among it."""


class VspPartij:
    """One simulated zorgaanbieder without a listener of its own.

    What it collected is booked in `grootboek` before it is confirmed, so that nothing is lost in between; a heenbericht
    gets its accepting answer. `mislukt` lists, in Dutch, what did not work out. `storingen` are its faults on demand:
    it confirms late or not at all, breaks off before it booked, or answers wrongly.
    """

    def __init__(
        self,
        code: str,
        naam: str,
        *,
        hub: str,
        client: ssl.SSLContext,
        antwoordt: bool = True,
        meld: Callable[[Boeking], None] | None = None,
        storingen: Storingen | None = None,
        verlopen: ssl.SSLContext | None = None,
    ) -> None:
        """Take the address of the hub (scheme, host and port) and a TLS context with the partij's certificate.

        `verlopen` is one with an expired certificate, for the rounds that this fault strikes.
        """
        self.code = code
        self.naam = naam
        self.grootboek = Grootboek(meld)
        self.mislukt: list[str] = []
        self.storingen = storingen or Storingen(kent=STORINGEN)
        self._client = VspClient(hub.rstrip("/") + PAD, client)
        self._verlopen = VspClient(hub.rstrip("/") + PAD, verlopen) if verlopen is not None else None
        self._antwoordt = antwoordt
        self._taak: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to collect."""
        self._taak = asyncio.create_task(self._collect_all())

    async def stop(self) -> None:
        """Stop collecting, until `start`."""
        if self._taak is not None:
            self._taak.cancel()
            await asyncio.gather(self._taak, return_exceptions=True)
            self._taak = None

    async def close(self) -> None:
        """Stop for good."""
        await self.stop()
        await self._client.close()
        if self._verlopen is not None:
            await self._verlopen.close()

    async def send(
        self, functie: str, payload: bytes, naar: str, *, antwoord_op: str | None = None, release: str = "3.2"
    ) -> Verzending:
        """Push one bericht; without an answer it is offered again a few times, unchanged."""
        envelop = compose_envelop(van=self.code, naar=naar, functie=functie, antwoord_op=antwoord_op, release=release)
        boeking = await self.grootboek.record(Richting.VERZONDEN, envelop, payload)
        for poging in range(1, _POGINGEN + 1):
            try:
                await self._client.push(to_metadata(envelop), payload)
            except VspFout as fout:
                uitkomst = Uitkomst(Uitkomstsoort.BLIJVEND, str(fout), fout.status)
                if fout.status is not None and fout.status < 500:
                    break
            except (aiohttp.ClientError, TimeoutError, OSError) as fout:
                uitkomst = Uitkomst(Uitkomstsoort.TIJDELIJK, f"Geen antwoord ({type(fout).__name__}).")
            else:
                uitkomst = Uitkomst(Uitkomstsoort.BEZORGD, "Het knooppunt nam het bericht aan.", 204)
                break
            await asyncio.sleep(0.2 * 2**poging)
        return Verzending(boeking, uitkomst)

    async def _collect_all(self) -> None:
        while True:
            try:
                verlopen = self._verlopen if self.storingen.draw_verlopen() else None
                for bericht in await (verlopen or self._client).list_ready():
                    await self._collect(bericht)
            except (VspFout, Onvertaalbaar) as fout:
                if str(fout) not in self.mislukt:
                    self.mislukt.append(str(fout))
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass  # the hub is away for a moment; the next round tries again
            await asyncio.sleep(_TUSSENPOOS)

    async def _collect(self, bericht: Gereedstaand) -> None:
        referentie = bericht.referentiegegevens.traceerId
        storing = self.storingen.draw(functie_of(bericht.routeringgegevens.berichtstroom))
        if self.grootboek.received(referentie) is not None:
            self.grootboek.herhalingen += 1  # booked before, but the confirmation did not get through
            await self._confirm(referentie, storing)
            return
        inhoud = await self._client.download(bericht)
        if storing is not None and storing.soort is Storingsoort.AFGEBROKEN:
            return
        payload = b"".join(inhoud.chunks())
        envelop = to_envelop(bericht, read_foutbody([payload]) if is_foutbericht(bericht) else None)
        boeking = await self.grootboek.record(Richting.ONTVANGEN, envelop, payload)
        await self._confirm(referentie, storing)
        if self._antwoordt:
            await self._answer(boeking, storing)

    async def _confirm(self, referentie: str, storing: Storing | None) -> None:
        if storing is not None and storing.soort is Storingsoort.KWIJT:
            return
        if storing is not None and storing.soort is Storingsoort.LAAT:
            await asyncio.sleep(storing.seconden)
        await self._client.confirm(referentie)

    async def _answer(self, heen: Boeking, storing: Storing | None) -> None:
        antwoord = await asyncio.to_thread(answer, heen.functie, heen.payload)
        if antwoord is None:
            return
        naar = heen.envelop.stuurgegevens.zender.organisatie
        for terug, antwoord_op in replies(antwoord, heen.referentienummer, storing):
            verzending = await self.send(terug.functie, terug.payload, naar, antwoord_op=antwoord_op)
            if verzending.uitkomst.soort is not Uitkomstsoort.BEZORGD:
                self.mislukt.append(f"{terug.functie}: {verzending.uitkomst.toelichting}")
