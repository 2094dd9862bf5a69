"""How long certificates still last: our own, and those of the servers that berichten are delivered to."""

from __future__ import annotations

import asyncio
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from knooppunt.tls import Bewijs, read_certificate
from routing import incident
from routing.bewaking import unreachable
from routing.incident import Feiten, Incidentboek, Sleutel
from routing.notificatie import iso
from routing.onderhoud import Beurt
from routing.opslag import Opslag
from routing.partij import Kanaal
from routing.register import RegisterBron

_HANDDRUK_S: Final = 10.0
_TEGELIJK: Final = 8
_ALLES_S: Final = 6 * 3600.0
_DAG_S: Final = 86_400
_WIJST_AF: Final = "certificaat_ontvanger"
_VERLOOPT: Final = "certificaat_ontvanger_verloopt"


def read_own(pad: Path) -> Bewijs:
    """Read identity and validity of the certificate in a PEM file.

    Raises:
        OSError: the file cannot be read.
        ValueError: there is no certificate in it.
    """
    return read_certificate(x509.load_pem_x509_certificate(pad.read_bytes()).public_bytes(Encoding.DER))


@dataclass(frozen=True, slots=True)
class Keuring:
    """What a server showed: `einde` of its certificate (seconds since 1970 UTC), or `bezwaar`: why nobody trusts it."""

    einde: float | None
    bezwaar: str | None = None


async def inspect(url: str, tls: ssl.SSLContext) -> Keuring | None:
    """Shake hands with the server of an address and look at its certificate; None when it did not come to that."""
    delen = urlsplit(url)
    try:
        async with asyncio.timeout(_HANDDRUK_S):
            _, schrijver = await asyncio.open_connection(
                delen.hostname, delen.port or 443, ssl=tls, server_hostname=delen.hostname
            )
    except ssl.SSLCertVerificationError as fout:
        return Keuring(None, fout.verify_message)
    except (OSError, TimeoutError, ValueError):
        return None  # whether it can be reached is what deliveries tell
    try:
        der = schrijver.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return Keuring(read_certificate(der).tot)
    finally:
        schrijver.transport.abort()


class Certificaatwacht:
    """A periodic task (`routing.onderhoud`) that looks at the certificates of ontvangers.

    All of them a few times a day, and those where deliveries fail or a certificate was wrong at every turn.
    """

    def __init__(
        self, opslag: Opslag, register_bron: RegisterBron, boek: Incidentboek, tls: ssl.SSLContext, dagen: int
    ) -> None:
        self._opslag = opslag
        self._register_bron = register_bron
        self._boek = boek
        self._tls = tls
        self._dagen = dagen
        self._alles_op = -_ALLES_S

    async def turn(self, beurt: Beurt) -> None:
        """Look, and open or close incidents; an ontvanger that did not answer keeps what he had."""
        adressen = {
            code: a.url
            for code, a in self._register_bron.current().aansluitingen.items()
            if a.kanaal is Kanaal.PUSH and a.url is not None
        }
        if time.monotonic() - self._alles_op >= _ALLES_S:
            self._alles_op = time.monotonic()
        else:
            verdacht = await self._opslag.read(unreachable)
            verdacht |= {
                geval.onderwerp
                for geval in await self._opslag.read(incident.find, alleen_open=True)
                if geval.oorzaak in (_WIJST_AF, _VERLOOPT)
            }
            weg = verdacht - adressen.keys()  # no longer delivered to: nothing can be wrong with his certificate
            adressen = {code: url for code, url in adressen.items() if code in verdacht}
            await self._settle(beurt, dict.fromkeys(weg, Keuring(None)))
        poort = asyncio.Semaphore(_TEGELIJK)

        async def look(code: str, url: str) -> tuple[str, Keuring | None]:
            async with poort:
                return code, await inspect(url, self._tls)

        keuringen = await asyncio.gather(*(look(code, url) for code, url in adressen.items()))
        await self._settle(beurt, {code: keuring for code, keuring in keuringen if keuring is not None})

    async def _settle(self, beurt: Beurt, keuringen: dict[str, Keuring]) -> None:
        gevonden: dict[Sleutel, Feiten] = {}
        for code, keuring in keuringen.items():
            if keuring.bezwaar is not None:
                gevonden[_WIJST_AF, code] = {"bezwaar": keuring.bezwaar}
            elif keuring.einde is not None and keuring.einde - time.time() < self._dagen * _DAG_S:
                gevonden[_VERLOOPT, code] = {"einde": iso(round(keuring.einde * 1000))}
        verschil = await self._opslag.read(incident.compare, (_WIJST_AF, _VERLOOPT), gevonden, keuringen.keys())
        if verschil:
            await beurt.write(self._boek.apply, verschil)
