"""How we show who we are beside the certificate: not at all, with an API key, or with an OAuth 2.0 token."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
from aiohttp import hdrs
from pydantic import Field, ValidationError

from adapters.brp.fouten import unusable
from adapters.brp.vorm import Vorm
from routing.woonplaats.feitenbron import Bronfout, Bronfoutsoort

_MARGE_SECONDEN = 30.0
_STANDAARD_SECONDEN = 300.0
"""How long a token is used that does not say how long it is valid (RFC 6749 §5.1 only recommends it)."""


class Post(Protocol):
    """Sends a form and gives status and body; the client lends it, with its limits and its certificate."""

    async def __call__(self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Send the form."""
        ...


class Toegang(Protocol):
    """Gives the headers that open the API."""

    async def headers(self, post: Post) -> Mapping[str, str]:
        """Give the headers for one request.

        Raises:
            Bronfout: there is no access.
        """
        ...

    def forget(self) -> bool:
        """Hear that the API answered 401; say whether another attempt has a chance."""
        ...


@dataclass(frozen=True, slots=True)
class Apisleutel:
    """A fixed key in a header, or no header at all when `naam` is empty."""

    naam: str = ""
    waarde: str = field(default="", repr=False)

    async def headers(self, _post: Post) -> Mapping[str, str]:
        """Give the key."""
        return {self.naam: self.waarde} if self.naam else {}

    def forget(self) -> bool:
        """There is no other key."""
        return False


@dataclass(frozen=True, slots=True)
class Clientgegevens:
    """OAuth 2.0 client credentials (RFC 6749 §4.4); no colon in `client_id`, for it goes into HTTP Basic."""

    url: str
    client_id: str
    geheim: str = field(repr=False)
    scope: str | None = None


class _Token(Vorm):
    access_token: str = Field(alias="access_token", min_length=1, pattern=r"^[!-~]+$")
    token_type: str = Field(alias="token_type", pattern=r"^[Bb]earer$")
    expires_in: float | None = Field(None, alias="expires_in", ge=0, strict=False)


class Tokenhouder:
    """Fetches a token when there is none that is still valid, once however many ask for it."""

    def __init__(self, gegevens: Clientgegevens) -> None:
        self._gegevens = gegevens
        self._token = ""
        self._tot = 0.0
        self._slot = asyncio.Lock()

    async def headers(self, post: Post) -> Mapping[str, str]:
        """Give the token.

        Raises:
            Bronfout: the server gives none.
        """
        async with self._slot:
            if time.monotonic() >= self._tot:
                await self._fetch(post)
            return {hdrs.AUTHORIZATION: f"Bearer {self._token}"}

    def forget(self) -> bool:
        """Let go of a token that was refused; the next one may be taken."""
        self._tot = 0.0
        return True

    async def _fetch(self, post: Post) -> None:
        bewijs = aiohttp.encode_basic_auth(self._gegevens.client_id, self._gegevens.geheim)
        formulier = {"grant_type": "client_credentials"}
        if self._gegevens.scope:
            formulier["scope"] = self._gegevens.scope
        gevraagd = time.monotonic()
        status, inhoud = await post(self._gegevens.url, data=formulier, headers={hdrs.AUTHORIZATION: bewijs})
        if status != 200:
            soort = Bronfoutsoort.NIET_GEAUTORISEERD if status in {400, 401, 403} else Bronfoutsoort.ONBEREIKBAAR
            raise Bronfout(soort, f"De tokenserver van de BRP geeft geen token (HTTP {status}).")
        try:
            token = _Token.model_validate_json(inhoud)
        except ValidationError:
            raise unusable("de tokenserver geeft geen token van de soort Bearer", geheel=True) from None
        geldig = _STANDAARD_SECONDEN if token.expires_in is None else token.expires_in
        self._token = token.access_token
        self._tot = gevraagd + max(geldig - _MARGE_SECONDEN, geldig / 2)
