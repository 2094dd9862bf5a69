"""The VSP shaped REST interface from the other side: as zorgaanbieder software uses it, and as the hub delivers to it.

Redirects are refused: the address of a partij is a decision of the register, not of whoever answers there.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import aiohttp
import structlog
from aiohttp import hdrs
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from adapters.verbinding import may_have_arrived
from adapters.vsp.model import (
    GEREED,
    STATUSSEN,
    BerichtMetadata,
    BerichtstatusGegevens,
    Gereedstaand,
    Zoekpad,
    dump,
)
from adapters.vsp.paden import MAX_BERICHTEN, MAX_PAYLOAD, PULL, PUSH, STATUS
from adapters.vsp.uitkomst import STANDAARD, judge, misfit
from adapters.vsp.vertaling import to_metadata
from adapters.vsp.verzending import HAP, TERMIJN, Bytes, VspFout, read_capped, read_probleem, write_push
from adapters.vsp.weigering import Onvertaalbaar
from routing.payload import Payload
from routing.poorten import UitgaandePayload, Uitkomst, Uitkomstsoort, Zending
from routing.retry_after import read_retry_after
from routing.uitkomstklassen import Uitkomstklassen, connection_kenmerk

__all__ = ["Bytes", "VspBezorger", "VspClient", "VspFout"]

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")
_MAX_LIJST = 16 * 1024 * 1024


class VspClient:
    """Client of one VSP shaped interface; use as an asynchronous context manager.

    Args:
        basis_url: where the three interfaces are mounted, such as ``https://knooppunt.example/vsp``.
        ssl_context: with the client certificate; None for plain HTTP in tests.
        termijn: time-outs.

    Every method raises `VspFout` for an answer other than promised, `aiohttp.ClientError` or `TimeoutError` when
    there is no answer.
    """

    def __init__(
        self, basis_url: str, ssl_context: ssl.SSLContext | None = None, termijn: aiohttp.ClientTimeout = TERMIJN
    ) -> None:
        self._basis = basis_url.rstrip("/")
        self._ssl = ssl_context
        self._termijn = termijn
        self._sessie: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Release connections."""
        if self._sessie is not None:
            await self._sessie.close()

    async def push(self, metadata: BerichtMetadata, payload: UitgaandePayload | bytes) -> None:
        """Offer a bericht; returning means that it was stored durably."""
        uitgaand = Bytes(payload) if isinstance(payload, bytes) else payload
        async with self._request("POST", f"{PUSH}/berichten", 204, data=write_push(metadata, uitgaand)):
            pass

    async def list_ready(self, limit: int = MAX_BERICHTEN) -> list[Gereedstaand]:
        """Return the oldest berichten that wait for us."""
        return await self._read_list("GET", f"{PULL}/berichten", GEREED, params={"limit": str(limit)})

    async def search(self, zoekpad: Zoekpad, limit: int = MAX_BERICHTEN) -> list[Gereedstaand]:
        """Return the oldest berichten that wait for us and fit."""
        return await self._read_list(
            "POST",
            f"{PULL}/berichten/zoeken",
            GEREED,
            params={"limit": str(limit)},
            data=dump(zoekpad),
            headers={hdrs.CONTENT_TYPE: "application/json"},
        )

    async def download(self, bericht: Gereedstaand) -> Payload:
        """Fetch a payload from the hub itself, whatever address the list names, and check length and checksum."""
        gegevens = bericht.basisgegevens.payload
        payload = Payload()
        pad = f"{PULL}/berichten/{bericht.referentiegegevens.traceerId}/payload"
        async with self._request("GET", pad, 200) as antwoord:
            async for stuk in antwoord.content.iter_chunked(HAP):
                payload.write(stuk)
                if payload.size > min(gegevens.grootte, MAX_PAYLOAD):
                    raise VspFout("de payload is groter dan aangekondigd", antwoord.status)
        payload.finish()
        checksum = gegevens.checksum
        sha256 = checksum.algoritme.upper().replace("-", "") == "SHA256"
        if payload.size != gegevens.grootte or not sha256 or payload.digest != checksum.waarde.lower():
            raise VspFout("de payload heeft niet de aangekondigde lengte en SHA256")
        return payload

    async def confirm(self, traceer_id: str) -> None:
        """Say that a bericht was received and kept; it then leaves the list."""
        async with self._request("DELETE", f"{PULL}/berichten/{traceer_id}", 202):
            pass

    async def statuses(
        self, *, traceer_id: str | None = None, conversatie_id: str | None = None
    ) -> list[BerichtstatusGegevens]:
        """Return where a bericht and its answers are, or all berichten of a conversation; give one of the two."""
        params = {"traceerId": traceer_id, "conversatieId": conversatie_id}
        gegeven = {naam: waarde for naam, waarde in params.items() if waarde is not None}
        return await self._read_list("GET", f"{STATUS}/berichtstatussen", STATUSSEN, params=gegeven)

    async def _read_list(self, methode: str, pad: str, vorm: TypeAdapter[list[_T]], **opties: Any) -> list[_T]:
        async with self._request(methode, pad, 200, **opties) as antwoord:
            data = await read_capped(antwoord, _MAX_LIJST)
        try:
            return vorm.validate_json(data)
        except ValidationError as fout:
            if goede := _salvage(data, vorm):
                _log.error("een deel van de lijst is niet zoals beschreven", goed=len(goede), fouten=fout.error_count())
                return goede
            raise VspFout(f"het antwoord is niet zoals beschreven ({fout.error_count()} fouten)", 200) from None

    @asynccontextmanager
    async def _request(
        self, methode: str, pad: str, verwacht: int, **opties: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._sessie is None:
            self._sessie = aiohttp.ClientSession(timeout=self._termijn)
        async with self._sessie.request(
            methode, self._basis + pad, ssl=self._ssl or True, allow_redirects=False, **opties
        ) as antwoord:
            if antwoord.status != verwacht:
                probleem = await read_probleem(antwoord)
                uitleg = (probleem.detail or probleem.title) if probleem else None
                wachttijd = read_retry_after(antwoord.headers.get(hdrs.RETRY_AFTER))
                zin = f"HTTP {antwoord.status}: {uitleg or antwoord.reason}"
                raise VspFout(zin, antwoord.status, probleem, wachttijd)
            yield antwoord


def _salvage(data: bytes, vorm: TypeAdapter[list[_T]]) -> list[_T]:
    """Read what can be read of a list: one odd bericht must not keep all the others from us."""
    goede: list[_T] = []
    try:
        delen = from_json(data)
    except ValueError:
        return goede
    for deel in delen if isinstance(delen, list) else ():
        with contextlib.suppress(ValidationError):
            goede += vorm.validate_json(to_json([deel]))
    return goede


class VspBezorger:
    """Pushes berichten to the url of an aansluiting, which is the whole address that takes the POST.

    204 is the only receipt: another 2xx may come from a web page that happens to live there, and a bericht would be
    lost. After an earlier attempt that may have arrived, "traceerId not unique" means that it did.

    Args:
        ssl_context: with the certificate of the hub; None for plain HTTP in tests.
        termijn: time-outs.
        klassen: which class an answer has.
    """

    def __init__(
        self,
        ssl_context: ssl.SSLContext | None = None,
        termijn: aiohttp.ClientTimeout = TERMIJN,
        klassen: Uitkomstklassen = STANDAARD,
    ) -> None:
        self._ssl = ssl_context
        self._termijn = termijn
        self._klassen = klassen
        self._sessie: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Release connections."""
        if self._sessie is not None:
            await self._sessie.close()

    async def deliver(self, zending: Zending) -> Uitkomst:
        """Make one attempt and say how it went; never raises for what the other side does."""
        try:
            return await self._push(zending)
        except Onvertaalbaar as fout:
            return misfit(fout)
        except (aiohttp.ClientError, OSError) as fout:  # a TimeoutError is an OSError
            soort, kenmerk = self._klassen.decide([connection_kenmerk(fout)])
            tijd = kenmerk == "verbinding.tijd"
            zin = f"Geen verbinding met de ontvanger ({type(fout).__name__})."
            return Uitkomst(
                soort,
                "De ontvanger antwoordde niet binnen de tijd." if tijd else zin,
                kenmerk=kenmerk,
                mogelijk_aangekomen=may_have_arrived(fout),
            )
        except Exception:  # noqa: BLE001 - a mistake of ours must not stop the lane; the bericht is tried again
            _log.exception("bezorging mislukt", bericht=zending.bericht_id)
            zin = "De bezorging mislukte door een fout in het knooppunt."
            return Uitkomst(Uitkomstsoort.TIJDELIJK, zin, mogelijk_aangekomen=True)

    async def _push(self, zending: Zending) -> Uitkomst:
        url = zending.aansluiting.url
        if not url:
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "De aansluiting van de ontvanger heeft geen adres.")
        metadata = to_metadata(zending.envelop)
        if self._sessie is None:
            self._sessie = aiohttp.ClientSession(timeout=self._termijn)
        async with self._sessie.post(
            url, data=write_push(metadata, zending.payload), ssl=self._ssl or True, allow_redirects=False
        ) as antwoord:
            wachttijd = read_retry_after(antwoord.headers.get(hdrs.RETRY_AFTER))
            probleem = None if antwoord.status == 204 else await read_probleem(antwoord)
            return judge(
                antwoord.status,
                probleem,
                mogelijk_aangekomen=zending.mogelijk_aangekomen,
                wachttijd=wachttijd,
                klassen=self._klassen,
            )
