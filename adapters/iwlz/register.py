"""The register of the CIZ behind the ports of `routing.wlz.register`."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.iwlz import vragen
from adapters.iwlz.graphql import Graphqlklant
from adapters.iwlz.model import VAN_BSN, VAN_ZORGKANTOOR
from adapters.iwlz.token import Inloggegevens, Tokenbron
from adapters.iwlz.verbinding import Mislukt, Verbinding
from routing.wlz.indicatie import Indicatie
from routing.wlz.register import Oorzaak, RegisterFout, Registerregel

_GRENS_BSN: Final = 1024 * 1024
_GRENS_ZORGKANTOOR: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Instellingen:
    """Where the register is and how long it may take.

    Args:
        bsn_url: Indicatieregister 1, asked about one BSN; None when that is not asked.
        zorgkantoor_url: Indicatieregister 2, asked about a zorgkantoor; None when no copy is kept.
        inlog: for the token.
        antwoord_s: seconds for the answer about a BSN.
        kopie_s: seconds for the answer about a zorgkantoor.
        verbinding_s: seconds to connect.
    """

    bsn_url: str | None
    zorgkantoor_url: str | None
    inlog: Inloggegevens
    antwoord_s: float = 10.0
    kopie_s: float = 300.0
    verbinding_s: float = 5.0


class IwlzRegister:
    """Both ports: `routing.wlz.register.Bevraging` and `Registerbron`.

    Args:
        instellingen: where the register is.
        tls: with the certificate of the hub; None for plain HTTP in tests.
    """

    def __init__(self, instellingen: Instellingen, tls: ssl.SSLContext | None = None) -> None:
        vlot = Verbinding(tls, instellingen.antwoord_s, instellingen.verbinding_s)
        lang = Verbinding(tls, instellingen.kopie_s, instellingen.verbinding_s)
        tokens = Tokenbron(vlot, instellingen.inlog)
        self._verbindingen = (vlot, lang)
        een, twee = instellingen.bsn_url, instellingen.zorgkantoor_url
        self._van_bsn = None if een is None else Graphqlklant(vlot, tokens, een, _GRENS_BSN)
        self._van_zorgkantoor = None if twee is None else Graphqlklant(lang, tokens, twee, _GRENS_ZORGKANTOOR)

    async def indications_of(self, bsn: str) -> Sequence[Indicatie]:
        """Give everything the register has about this person; an answer about anybody else is a fault.

        Raises:
            routing.wlz.register.RegisterFout: the register cannot say.
        """
        if self._van_bsn is None:
            raise RegisterFout(Oorzaak.NIET_AANGESLOTEN)
        antwoord = await self._van_bsn.ask(vragen.VAN_BSN, {"bsn": bsn}, VAN_BSN)
        regels = antwoord.getWlzIndicatiesVoorBsn
        if any(regel.bsn != bsn for regel in regels):
            raise Mislukt(Oorzaak.ONBEGRIJPELIJK, status=200)
        return tuple(regel.value() for regel in regels)

    async def lines_of(self, zorgkantoor: str) -> Sequence[Registerregel]:
        """Give all indications of a zorgkantoor; one of another zorgkantoor among them is a fault.

        Raises:
            routing.wlz.register.RegisterFout: the register cannot say.
        """
        if self._van_zorgkantoor is None:
            raise RegisterFout(Oorzaak.NIET_AANGESLOTEN)
        antwoord = await self._van_zorgkantoor.ask(
            vragen.VAN_ZORGKANTOOR, {"zorgkantoor": zorgkantoor}, VAN_ZORGKANTOOR
        )
        regels = antwoord.wlzIndicatie
        if any(regel.initieelVerantwoordelijkZorgkantoor != zorgkantoor for regel in regels):
            raise Mislukt(Oorzaak.ONBEGRIJPELIJK, status=200)
        return tuple(Registerregel(regel.bsn, regel.value()) for regel in regels)

    async def close(self) -> None:
        """Release connections."""
        for verbinding in self._verbindingen:
            await verbinding.close()
