"""Collecting what waits for us at VECOZO: fetch, check, store, and only then confirm.

A crash between storing and confirming makes that a bericht is fetched again; the rule for duplicates gives it the same
receipt and stores nothing. What cannot be taken is never confirmed without somebody knowing: VECOZO gets a Fo01 about
it, and when even that cannot be, it stays where it is and the log says so.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections.abc import Callable

import aiohttp
import structlog

from adapters.vsp.client import VspClient, VspFout
from adapters.vsp.foutbody import read_foutbody
from adapters.vsp.model import Gereedstaand
from adapters.vsp.paden import MAX_BERICHTEN
from adapters.vsp.tussenpartij import Tussenpartij
from adapters.vsp.uitkomst import judge
from adapters.vsp.vertaling import KANAAL, is_foutbericht, to_envelop, to_metadata
from adapters.vsp.weigering import Onvertaalbaar
from routing import breekpunt, tijdstip
from routing.bericht import Aanlevering, Berichtcode, Envelop, Foutinhoud, Stuurgegevens, Systeem
from routing.foutbericht import Afzender, make_inhoud, write_body
from routing.fouten import Fout
from routing.ladder import Ladder
from routing.payload import DREMPEL, Payload
from routing.poorten import Innemer, Ontvangstsoort, Uitkomstsoort

_log = structlog.get_logger(__name__)

TERUGHOUDEND = Ladder(10.0, 600.0)
"""How long VECOZO is left alone after it failed to answer, in a row."""

_TE_VEEL = 429
_OVERSLAAN_S = 900.0
"""How long a bericht that could not be taken is passed over, so that it does not hold up the others."""


class _Later(Exception):
    """The hub cannot store now: nothing more is fetched."""


class Haler:
    """Collects berichten at VECOZO, in turns.

    Args:
        tussenpartij: the connection.
        innemer: stores; the same way in as for every other channel.
        afzender: as whom a Fo01 goes back.
        ladder: how long to wait after failures.
        klok: seconds, monotonic.
    """

    def __init__(
        self,
        tussenpartij: Tussenpartij,
        innemer: Innemer,
        afzender: Afzender,
        *,
        ladder: Ladder = TERUGHOUDEND,
        klok: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tussenpartij = tussenpartij
        self._innemer = innemer
        self._afzender = afzender
        self._ladder = ladder
        self._klok = klok
        self._mislukt = 0
        self._niet_voor = 0.0
        self._overgeslagen: dict[str, float] = {}

    async def turn(self) -> int:
        """Collect until nothing more waits, or until it is of no use; return how many berichten were confirmed."""
        client = await self._tussenpartij.client()
        if client is None or self._klok() < self._niet_voor:
            return 0
        gehaald = 0
        try:
            while True:
                lijst = await client.list_ready()
                erbij = await self._collect(client, lijst)
                gehaald += erbij
                if not erbij or len(lijst) < MAX_BERICHTEN:
                    break
        except (VspFout, aiohttp.ClientError, OSError, _Later) as fout:  # a TimeoutError is an OSError
            self._mislukt += 1
            wachten = self._ladder.wait_ms(self._mislukt, asked_wait(fout)) / 1000
            self._niet_voor = self._klok() + wachten
            _log.warning("ophalen bij VECOZO mislukt", fout=_say(fout), opnieuw_over_s=round(wachten))
        else:
            self._mislukt = 0
        return gehaald

    async def _collect(self, client: VspClient, lijst: list[Gereedstaand]) -> int:
        nu = self._klok()
        self._overgeslagen = {id_: tot for id_, tot in self._overgeslagen.items() if tot > nu}
        kandidaten = [b for b in lijst if b.referentiegegevens.traceerId not in self._overgeslagen]
        if not kandidaten and len(lijst) == MAX_BERICHTEN:
            _log.error("de lijst bij VECOZO staat vol met berichten die niet te nemen zijn", aantal=len(lijst))
        gehaald = 0
        for bericht in kandidaten:
            traceer_id = bericht.referentiegegevens.traceerId
            try:
                await self._take(client, bericht)
            except Onvertaalbaar as fout:
                self._pass_over(traceer_id, f"past niet in een envelop ({', '.join(sorted(fout.fouten))})")
            except VspFout as fout:
                if fout.status is not None and (fout.status >= 500 or fout.status == _TE_VEEL):
                    raise
                self._pass_over(traceer_id, str(fout))
            else:
                gehaald += 1
        return gehaald

    def _pass_over(self, traceer_id: str, reden: str) -> None:
        self._overgeslagen[traceer_id] = self._klok() + _OVERSLAAN_S
        _log.error("bericht bij VECOZO niet te nemen; het blijft daar staan", traceer_id=traceer_id, reden=reden[:300])

    async def _take(self, client: VspClient, bericht: Gereedstaand) -> None:
        """Fetch one bericht, hand it to the intake, and confirm it once it is stored."""
        payload = await client.download(bericht)
        envelop = to_envelop(bericht, await _read_fout(bericht, payload))
        ontvangst = await self._innemer.accept(Aanlevering(envelop, payload, self._tussenpartij.identiteit(), KANAAL))
        if ontvangst.soort is Ontvangstsoort.GEWEIGERD:
            await self._refuse(client, envelop, ontvangst.fout)
        breekpunt.reach("voor_bevestiging")
        try:
            await client.confirm(bericht.referentiegegevens.traceerId)
        except VspFout as fout:
            if fout.status != 404:  # somebody, or an earlier try of ours, confirmed it already
                raise

    async def _refuse(self, client: VspClient, envelop: Envelop, fout: Fout | None) -> None:
        """Tell VECOZO why a bericht is not taken; returning means that it knows.

        Raises:
            _Later: the fault is ours and passes.
            VspFout: it cannot be told, so the bericht must stay where it is.
        """
        sg = envelop.stuurgegevens
        if fout is None or fout.plek == "server":
            raise _Later
        if sg.berichtcode is Berichtcode.FO01:  # never answered with a Fo01
            raise VspFout(f"foutbericht geweigerd: {fout.code} {fout.omschrijving}")
        inhoud = make_inhoud(fout, envelop)
        fo01 = Envelop(
            Stuurgegevens(
                berichtcode=Berichtcode.FO01,
                zender=Systeem(self._afzender.organisatie, self._afzender.applicatie),
                ontvanger=sg.zender,
                referentienummer=_number_for(sg.referentienummer),
                tijdstip=tijdstip.now(),
                cross_ref=sg.referentienummer,
            ),
            fout=inhoud,
        )
        try:
            await client.push(to_metadata(fo01), write_body(inhoud, fout.toelichting, fout.bevindingen))
        except VspFout as antwoord:
            # Nothing else bears its number, so "not unique" is about an earlier time that we told it.
            status, probleem = antwoord.status, antwoord.probleem
            bekend = status is not None and judge(status, probleem, mogelijk_aangekomen=True).soort
            if bekend is not Uitkomstsoort.BEZORGD:
                raise
        _log.warning("bericht van VECOZO geweigerd", referentienummer=sg.referentienummer, oorzaak=fout.oorzaak)


def _number_for(referentienummer: str) -> str:
    """Give the Fo01 about a bericht always the same number, so that VECOZO recognises a repetition; UUID version 4."""
    digest = hashlib.sha256(f"Fo01 {referentienummer}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


async def _read_fout(bericht: Gereedstaand, payload: Payload) -> Foutinhoud | None:
    if not is_foutbericht(bericht):
        return None
    if payload.size <= DREMPEL:
        return read_foutbody(payload.chunks())
    return await asyncio.to_thread(read_foutbody, payload.chunks())


def asked_wait(fout: Exception) -> float | None:
    """Return the seconds that VECOZO asked to wait (Retry-After), None when it did not."""
    return fout.opnieuw_na if isinstance(fout, VspFout) else None


def _say(fout: Exception) -> str:
    return str(fout) if isinstance(fout, VspFout) else type(fout).__name__
