"""Delivery to a partij that speaks SOAP with a WSDL of its own, such as another hub with an odd contract."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from adapters.stufggk.client import Klantinstellingen, StufClient, attempt
from adapters.stufggk.namen import MAX_ENVELOP
from adapters.stufggk.partnerwsdl import Bericht, PartnerWsdl, Wsdlfout
from adapters.stufggk.uitkomst import STANDAARD
from routing.poorten import Uitkomst, Uitkomstsoort, Zending
from routing.uitkomstklassen import Uitkomstklassen


class SoapBezorger:
    """Delivers berichten as the WSDL of the aansluiting says (`routing.poorten.Bezorger`).

    The exchange itself, its bounds and what an answer means are those of StUF-GGk; only how a message is written is the
    partij's own. Writing one takes memory for the whole of it, in a thread.
    """

    def __init__(
        self,
        ssl_context: ssl.SSLContext | None = None,
        instellingen: Klantinstellingen | None = None,
        klassen: Uitkomstklassen = STANDAARD,
    ) -> None:
        self._client = StufClient(ssl_context, instellingen)
        self._klassen = klassen
        self._gelezen: dict[Path, tuple[float, PartnerWsdl]] = {}

    async def deliver(self, zending: Zending) -> Uitkomst:
        """Make one attempt and say how it went; never raises for what the other side or its WSDL does."""
        url, wsdl = zending.aansluiting.url, zending.aansluiting.wsdl
        if url is None or wsdl is None:
            return Uitkomst(Uitkomstsoort.TIJDELIJK, "De aansluiting van de ontvanger heeft geen adres of geen WSDL.")
        try:
            bericht = await asyncio.to_thread(self._write, Path(wsdl), zending)
            if len(bericht.body) > MAX_ENVELOP:
                return Uitkomst(Uitkomstsoort.BLIJVEND, "Het bericht past niet in een SOAP-bericht van 25 MiB.")
            wissel = self._client.exchange(url, bericht.body, len(bericht.body), bericht.kop)
            return await attempt(wissel, zending, self._klassen)
        except Wsdlfout as fout:
            return Uitkomst(Uitkomstsoort.TIJDELIJK, str(fout))
        except ValueError as fout:
            return Uitkomst(Uitkomstsoort.BLIJVEND, f"Het bericht is niet te schrijven: {fout}.")

    async def close(self) -> None:
        """Release connections."""
        await self._client.close()

    def _write(self, pad: Path, zending: Zending) -> Bericht:
        """Write the message; a WSDL is read again when its file changed."""
        try:
            stand = pad.stat().st_mtime
        except OSError as fout:
            raise Wsdlfout(f"De WSDL {pad.name} is niet te lezen ({fout.strerror}).") from None
        eerder = self._gelezen.get(pad)
        if eerder is None or eerder[0] != stand:
            eerder = (stand, PartnerWsdl(pad))
            self._gelezen[pad] = eerder
        return eerder[1].write(zending.envelop, zending.payload)
