"""Asking VECOZO how it stands with what it took over, until it arrived or was refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import aiohttp
import structlog

from adapters.vsp.client import VspClient, VspFout
from adapters.vsp.halen import TERUGHOUDEND, asked_wait
from adapters.vsp.model import Berichtstatus, BerichtstatusGegevens
from adapters.vsp.tussenpartij import Tussenpartij
from routing import doorgifte
from routing.bezorging import Foutmelding
from routing.doorgifte import Doorgifte
from routing.fouten import Fout
from routing.ladder import Ladder
from routing.vecozocodes import from_vecozo

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

PER_BEURT = 100
"""Berichten that are asked after in one turn."""

_EERST_S, _LANGST_S = 30.0, 3600.0

MISLUKT: Mapping[Berichtstatus, str] = {
    Berichtstatus.DEELBERICHT_AANLEVERING_AFGEKEURD: "een deel van het bericht is bij aanlevering afgekeurd",
    Berichtstatus.AFGEKEURD_DOOR_DIENST: "het bericht is afgekeurd",
    Berichtstatus.AANBIEDEN_MISLUKT: "het bericht kon niet aan de geadresseerde worden aangeboden",
    Berichtstatus.BEZORGING_AFGEBROKEN: "de bezorging aan de geadresseerde is afgebroken",
}
"""Statuses after which nothing arrives any more, in words; `Bezorgd` ends it well, all others go on."""


class Schrijver(Protocol):
    """Writes durably, as long as the turn is ours (`routing.onderhoud.Beurt`)."""

    async def write(self, fn: Callable[..., _T], /, *args: object) -> _T:
        """Run `fn(conn, ...)` in a transaction."""
        ...


class Statusvolger:
    """Asks VECOZO after berichten, in turns.

    Args:
        tussenpartij: the connection.
        report_failure: makes the Fo01 for the zender.
        generatie: gives the generation of fault codes for a zender.
        wake: is told which lanes have something new.
        geduld_s: seconds that VECOZO gets to send a Fo01 itself about what it refused.
        ladder: how long to wait after failures.
        klok: seconds, monotonic.
    """

    def __init__(
        self,
        tussenpartij: Tussenpartij,
        report_failure: Foutmelding,
        generatie: Callable[[str], str],
        wake: Callable[[str], None],
        *,
        geduld_s: float = 120.0,
        ladder: Ladder = TERUGHOUDEND,
        klok: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tussenpartij = tussenpartij
        self._report_failure = report_failure
        self._generatie = generatie
        self._wake = wake
        self._geduld_s = geduld_s
        self._ladder = ladder
        self._klok = klok
        self._mislukt = 0
        self._niet_voor = 0.0

    async def turn(self, beurt: Schrijver) -> None:
        """Ask after everything whose turn it is."""
        client = await self._tussenpartij.client()
        if client is None or self._klok() < self._niet_voor:
            return
        try:
            for zaak in await beurt.write(doorgifte.due, PER_BEURT):
                await self._settle(beurt, zaak, await self._ask(client, zaak))
        except (VspFout, aiohttp.ClientError, OSError) as fout:  # a TimeoutError is an OSError
            self._mislukt += 1
            wachten = self._ladder.wait_ms(self._mislukt, asked_wait(fout)) / 1000
            self._niet_voor = self._klok() + wachten
            reden = str(fout) if isinstance(fout, VspFout) else type(fout).__name__
            _log.warning("status opvragen bij VECOZO mislukt", fout=reden, opnieuw_over_s=round(wachten))
        else:
            self._mislukt = 0

    async def _ask(self, client: VspClient, zaak: Doorgifte) -> BerichtstatusGegevens | None:
        regels = await client.statuses(traceer_id=zaak.referentienummer)
        eigen = [regel for regel in regels if regel.referentiegegevens.traceerId == zaak.referentienummer]
        return max(eigen, key=lambda regel: regel.berichtstatusGewijzigdOp, default=None)

    async def _settle(self, beurt: Schrijver, zaak: Doorgifte, regel: BerichtstatusGegevens | None) -> None:
        stand = regel.berichtstatus.value if regel is not None else zaak.stand
        if regel is not None and regel.berichtstatus in MISLUKT:
            if zaak.stand != stand:  # as a rule VECOZO sends a Fo01 of its own, which ends the following
                await beurt.write(doorgifte.note, zaak, stand, round(self._geduld_s * 1000))
                return
            fout = self._fault(zaak, regel)
            await beurt.write(doorgifte.finish, zaak, regel.berichtstatus.value, fout, self._report_failure)
            self._wake(zaak.zender)
        elif regel is not None and regel.berichtstatus is Berichtstatus.BEZORGD:
            await beurt.write(doorgifte.finish, zaak, regel.berichtstatus.value, None, self._report_failure)
        elif zaak.verlopen:
            slot = f"{stand or 'onbekend'}; wordt niet langer gevolgd"
            await beurt.write(doorgifte.finish, zaak, slot, None, self._report_failure)
        else:
            wachten = min(_EERST_S * 2.0 ** min(zaak.gevraagd, 20), _LANGST_S)
            await beurt.write(doorgifte.note, zaak, stand, round(wachten * 1000))

    def _fault(self, zaak: Doorgifte, regel: BerichtstatusGegevens) -> Fout:
        meldingen = regel.meldingen or ()
        teksten = [" ".join(filter(None, (m.omschrijving, m.toelichting))) for m in meldingen]
        tekst = f"{MISLUKT[regel.berichtstatus]}. {' '.join(teksten)}".strip()
        return from_vecozo(meldingen[0].code if meldingen else None, tekst, self._generatie(zaak.zender))
