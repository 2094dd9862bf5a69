"""The connection with VECOZO as the register describes it: its address, and who it is that speaks there."""

from __future__ import annotations

import ssl

import aiohttp
import structlog

from adapters.vsp.client import VspClient
from adapters.vsp.paden import PUSH
from adapters.vsp.verzending import TERMIJN
from routing.bericht import Identiteit
from routing.partij import TUSSENPARTIJ, Aansluiting, Kanaal, Protocol
from routing.register import RegisterBron

_log = structlog.get_logger(__name__)
_PUSH = f"{PUSH}/berichten"


class Tussenpartij:
    """VECOZO on the other side: push, pull and status stand beside each other there (published descriptions).

    Args:
        register_bron: where its aansluiting is; a change is followed.
        ssl_context: with the certificate of the hub; None for plain HTTP in tests.
        termijn: time-outs.
    """

    def __init__(
        self,
        register_bron: RegisterBron,
        ssl_context: ssl.SSLContext | None = None,
        termijn: aiohttp.ClientTimeout = TERMIJN,
    ) -> None:
        self._register_bron = register_bron
        self._ssl = ssl_context
        self._termijn = termijn
        self._basis = ""
        self._gewaarschuwd = False
        self._client: VspClient | None = None

    def _aansluiting(self) -> Aansluiting | None:
        aansluiting = self._register_bron.current().aansluiting(TUSSENPARTIJ)
        if aansluiting is None or aansluiting.protocol is not Protocol.VSP or aansluiting.kanaal is not Kanaal.PUSH:
            return None
        if not (aansluiting.url or "").endswith(_PUSH):
            if not self._gewaarschuwd:
                _log.error("bij VECOZO wordt niets opgehaald: de url van de aansluiting eindigt anders", verwacht=_PUSH)
            self._gewaarschuwd = True
            return None
        return aansluiting

    async def client(self) -> VspClient | None:
        """Return the client for it, or None when there is no aansluiting whose url ends as that of a push."""
        aansluiting = self._aansluiting()
        basis = (aansluiting.url or "").removesuffix(_PUSH) if aansluiting is not None else ""
        if basis != self._basis:
            await self.close()
            self._basis = basis
        if not basis:
            return None
        if self._client is None:
            self._client = VspClient(basis, self._ssl, self._termijn)
        return self._client

    def identiteit(self) -> Identiteit:
        """Say who answers at that address: the TLS layer checked its certificate and its name, the register its url.

        Raises:
            LookupError: there is no such aansluiting (any more).
        """
        aansluiting = self._aansluiting()
        if aansluiting is None:
            raise LookupError(TUSSENPARTIJ)
        soort, _, waarde = aansluiting.identiteiten[0].partition(":")
        return Identiteit(waarde if soort == "oin" else None, waarde if soort != "oin" else "", TUSSENPARTIJ)

    async def close(self) -> None:
        """Release connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None
