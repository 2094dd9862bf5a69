"""The access token: OAuth 2.0 client credentials (RFC 6749 §4.4), kept until shortly before it ends."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus, urlencode

from aiohttp import BasicAuth, hdrs
from pydantic import ValidationError

from adapters.iwlz.model import Token
from adapters.iwlz.verbinding import Mislukt, Verbinding
from routing.wlz.register import Oorzaak

_GRENS: Final = 64 * 1024
_LANGST_S: Final = 3600.0
"""A token of the network lives an hour at most; one that claims more is not believed."""
_MARGE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Inloggegevens:
    """Where a token is to be had, and who asks; without `geheim` the certificate of the connection says enough."""

    url: str
    client_id: str
    scope: str
    geheim: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Bewaard:
    tekst: str = field(repr=False)
    tot: float


class Tokenbron:
    """Gives the token; many who ask at once cause one request."""

    def __init__(self, verbinding: Verbinding, gegevens: Inloggegevens) -> None:
        self._verbinding = verbinding
        self._gegevens = gegevens
        self._slot = asyncio.Lock()
        self._nu: _Bewaard | None = None

    async def current(self, behalve: str | None = None) -> str:
        """Give a token that is valid for a while.

        Args:
            behalve: a token that the register refused: give another one.

        Raises:
            Mislukt: there is none to be had.
        """
        async with self._slot:  # whoever waits here finds the token of who went before
            nu = self._nu
            if nu is None or nu.tot <= time.monotonic() or nu.tekst == behalve:
                self._nu = nu = await self._fetch()
            return nu.tekst

    async def _fetch(self) -> _Bewaard:
        g = self._gegevens
        velden = {"grant_type": "client_credentials", "scope": g.scope}
        koppen: dict[str, str] = {
            hdrs.CONTENT_TYPE: "application/x-www-form-urlencoded",
            hdrs.ACCEPT: "application/json",
        }
        if g.geheim is None:
            velden["client_id"] = g.client_id
        else:  # RFC 6749 §2.3.1: both parts are form-encoded before they are put together
            koppen[hdrs.AUTHORIZATION] = BasicAuth(quote_plus(g.client_id), quote_plus(g.geheim)).encode()
        begin = time.monotonic()
        antwoord = await self._verbinding.post(g.url, urlencode(velden).encode(), koppen, _GRENS)
        if antwoord.status != 200:
            raise Mislukt(Oorzaak.TOEGANG, status=antwoord.status)
        try:
            token = Token.model_validate_json(antwoord.inhoud)
        except ValidationError:
            raise Mislukt(Oorzaak.ONBEGRIJPELIJK, status=200) from None
        geldig = min(float(token.expires_in), _LANGST_S)
        return _Bewaard(token.access_token, begin + max(geldig - _MARGE_S, geldig / 2))
