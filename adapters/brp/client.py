"""The Haal Centraal BRP APIs over HTTPS: one question at a time, bounded in time, size, number and rate.

Both APIs only read, so a question may be put again; that is done after 429, 503 and a broken connection, within
`Grenzen.geheel_s` in all. Not after a time-out, which has cost the asker enough, nor after any other answer. BSNs stand
in the body only; redirects are refused, for they would take the question to an address that nobody chose.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import aiohttp
import structlog
from aiohttp import hdrs
from aiolimiter import AsyncLimiter
from pydantic import ValidationError

from adapters.brp.fouten import connection_fault, describe, judge, read_problem, unusable
from adapters.brp.historie import HistorieAntwoord
from adapters.brp.personen import PersonenAntwoord, Persoon
from adapters.brp.toegang import Apisleutel, Toegang
from routing.ladder import Ladder
from routing.retry_after import read_retry_after
from routing.verwerkingen import traceparent
from routing.woonplaats.feitenbron import Bronfout, Bronfoutsoort

_log = structlog.get_logger(__name__)

PER_VRAAG = 20
"""Most BSNs in one request (Personen 2.7, RaadpleegMetBurgerservicenummer)."""

_HAP = 64 * 1024
_MAX_ANTWOORD = 4 * 1024 * 1024
_GEEN_TOEGANG = Apisleutel()
_LADDER = Ladder(eerste_s=0.5, langste_s=8.0)


@dataclass(frozen=True, slots=True)
class Grenzen:
    """How long, how often and how much: seconds to connect, per answer and for a question with all its attempts."""

    verbinding_s: float = 5.0
    antwoord_s: float = 10.0
    geheel_s: float = 30.0
    gelijktijdig: int = 4
    per_seconde: float = 20.0
    pogingen: int = 4
    ladder: Ladder = _LADDER


class _Opnieuw(Exception):
    """An attempt failed in a way that another may not; `na` is how long to wait at least, in seconds."""

    def __init__(self, fout: Bronfout, na: float | None) -> None:
        super().__init__(str(fout))
        self.fout, self.na = fout, na


class BrpClient:
    """Client of the Personen API and, when there is one, of the historie API; use as a context manager.

    Args:
        personen_url: base of the Personen API, without ``/personen``.
        historie_url: base of the historie API; None when it is not offered.
        ssl_context: with the authorities that count and our certificate; None for those of the machine.
        toegang: key or token.
        grenzen: limits.
    """

    def __init__(
        self,
        personen_url: str,
        historie_url: str | None = None,
        *,
        ssl_context: ssl.SSLContext | None = None,
        toegang: Toegang = _GEEN_TOEGANG,
        grenzen: Grenzen | None = None,
    ) -> None:
        self._personen = personen_url.rstrip("/") + "/personen"
        self._historie = historie_url.rstrip("/") + "/verblijfplaatshistorie" if historie_url else None
        self._ssl, self._toegang = ssl_context, toegang
        self._grenzen = grenzen or Grenzen()
        self._plaatsen = asyncio.Semaphore(self._grenzen.gelijktijdig)
        self._tempo = AsyncLimiter(max(self._grenzen.per_seconde, 1.0), max(1.0, 1.0 / self._grenzen.per_seconde))
        self._sessie: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Release connections."""
        if self._sessie is not None:
            await self._sessie.close()

    @property
    def offers_history(self) -> bool:
        """Whether there is a historie API to ask."""
        return self._historie is not None

    async def persons(self, bsns: Sequence[str], velden: Sequence[str]) -> dict[str, Persoon]:
        """Read persons by BSN; one that is not in the BRP is not in the answer.

        Args:
            bsns: different BSNs, at most `PER_VRAAG`.
            velden: the fields to give.

        Raises:
            Bronfout: there is no usable answer.
        """
        vraag = {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": [*bsns], "fields": [*velden]}
        inhoud = await self._ask(self._personen, vraag)
        try:
            antwoord = PersonenAntwoord.model_validate_json(inhoud)
        except ValidationError as fout:
            raise describe(fout) from None
        gevonden = {persoon.burgerservicenummer: persoon for persoon in antwoord.personen}
        if len(gevonden) < len(antwoord.personen) or not gevonden.keys() <= set(bsns):
            raise unusable("er staat iemand in naar wie niet is gevraagd, of iemand tweemaal")
        return gevonden

    async def history(self, bsn: str, van: date, tot: date | None = None) -> HistorieAntwoord:
        """Read where somebody was registered on a day, or from `van` up to and not including `tot`.

        Raises:
            Bronfout: there is no usable answer.
            RuntimeError: there is no historie API; see `offers_history`.
        """
        if self._historie is None:
            raise RuntimeError("the historie API is not offered")
        vraag: dict[str, Any] = {"burgerservicenummer": bsn}
        if tot is None:
            vraag |= {"type": "RaadpleegMetPeildatum", "peildatum": van.isoformat()}
        else:
            vraag |= {"type": "RaadpleegMetPeriode", "datumVan": van.isoformat(), "datumTot": tot.isoformat()}
        inhoud = await self._ask(self._historie, vraag)
        try:
            return HistorieAntwoord.model_validate_json(inhoud)
        except ValidationError as fout:
            raise describe(fout) from None

    async def _ask(self, url: str, vraag: Mapping[str, Any]) -> bytes:
        """Put a question, again when that is safe and there is time for it.

        It keeps its place in between: when the BRP is busy, fewer questions are on their way.
        """
        async with self._plaatsen:
            return await self._try(url, vraag)

    async def _try(self, url: str, vraag: Mapping[str, Any]) -> bytes:
        begin = time.monotonic()
        for poging in range(1, self._grenzen.pogingen + 1):
            try:
                async with asyncio.timeout(self._grenzen.geheel_s - (time.monotonic() - begin)):
                    return await self._attempt(url, vraag)
            except TimeoutError as laat:
                fout, na = connection_fault(laat), None
                break
            except _Opnieuw as mislukt:
                fout, na = mislukt.fout, mislukt.na
            wachten = max(self._grenzen.ladder.wait_ms(poging) / 1000, na or 0.0)
            if poging == self._grenzen.pogingen or time.monotonic() - begin + wachten >= self._grenzen.geheel_s:
                break
            await asyncio.sleep(wachten)
        _log.warning("brp antwoordt niet", soort=fout.soort.value, pogingen=poging)
        raise fout

    async def _attempt(self, url: str, vraag: Mapping[str, Any]) -> bytes:
        for laatste in (False, True):
            kop = {
                hdrs.CONTENT_TYPE: "application/json; charset=utf-8",
                hdrs.ACCEPT: "application/json",
                **({"traceparent": spoor} if (spoor := traceparent()) else {}),
                **await self._toegang.headers(self._send),
            }
            status, inhoud, na = await self._exchange(url, json.dumps(vraag).encode(), kop)
            if status == 200:
                return inhoud
            if status != 401 or laatste or not self._toegang.forget():
                break
        fout = judge(status, read_problem(inhoud), na)
        if status in {429, 503}:
            raise _Opnieuw(fout, na)
        raise fout

    async def _send(self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, bytes]:
        status, inhoud, _ = await self._exchange(url, data, headers)
        return status, inhoud

    async def _exchange(
        self, url: str, data: bytes | Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, bytes, float | None]:
        await self._tempo.acquire()
        if self._sessie is None:
            termijn = aiohttp.ClientTimeout(total=self._grenzen.antwoord_s, sock_connect=self._grenzen.verbinding_s)
            self._sessie = aiohttp.ClientSession(timeout=termijn, cookie_jar=aiohttp.DummyCookieJar())
        try:
            async with self._sessie.post(
                url, data=data, headers=headers, ssl=self._ssl or True, allow_redirects=False
            ) as antwoord:
                inhoud = bytearray()
                async for stuk in antwoord.content.iter_chunked(_HAP):
                    inhoud += stuk
                    if len(inhoud) > _MAX_ANTWOORD:
                        raise unusable("het is groter dan 4 MiB")
                return antwoord.status, bytes(inhoud), read_retry_after(antwoord.headers.get(hdrs.RETRY_AFTER))
        except (aiohttp.ClientError, OSError) as mislukt:
            fout = connection_fault(mislukt)
            if fout.soort is Bronfoutsoort.ONBEREIKBAAR and not isinstance(mislukt, TimeoutError):
                raise _Opnieuw(fout, None) from None
            raise fout from None
