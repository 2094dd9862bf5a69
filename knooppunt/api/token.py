"""Access tokens of our own: OAuth 2.0 client credentials (RFC 6749 §4.4), bound to a certificate (RFC 8705 §3).

A token only narrows, to one partij and to some scopes: it opens nothing that its certificate does not open by itself.
Its form is that of RFC 9068. The keys that sign are derived from those in the key folder, which all nodes share: the
newest one signs and the older ones still count, so that a key can be replaced while tokens are in use.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import jwt

from knooppunt.api.scope import Scope
from routing.bericht import Identiteit
from routing.kluis import Kluis, KluisFout

_DOEL: Final = "api-tokens"
_ALGORITME: Final = "HS256"
_SOORT: Final = "at+jwt"
_CLAIMS: Final = ("iss", "aud", "sub", "client_id", "scope", "cnf", "iat", "exp", "jti")
_VERS_S: Final = 10.0
"""How long is waited at least before the folder is read again for a key that we do not know."""


class TokenGeweigerd(Exception):
    """A token does not count here; the message says why, in Dutch and in ASCII, and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a token allows: in the name of which partij, and what."""

    partij: str
    scopes: frozenset[str]


class Tokens:
    """Issues and reads tokens.

    Args:
        kluis: its keys sign, by way of a key of their own for this purpose.
        lees: reads the key folder anew, for a key that another node has already and we do not.
        duur_s: how long a token counts, in seconds.
    """

    def __init__(self, kluis: Kluis, lees: Callable[[], Kluis], duur_s: int) -> None:
        self.duur_s = duur_s
        self._lees = lees
        self._gelezen = time.monotonic()
        self._take(kluis)

    def _take(self, kluis: Kluis) -> None:
        self._sleutels, self._actief = kluis.derive(_DOEL), kluis.actief

    def issue(self, uitgever: str, partij: str, scopes: Collection[Scope], identiteit: Identiteit) -> str:
        """Make a token.

        Args:
            uitgever: address of this hub as its clients know it, without a closing slash.
            partij: in whose name.
            scopes: what for.
            identiteit: of the certificate that it is bound to.
        """
        nu = int(time.time())
        claims = {
            "iss": uitgever,
            "aud": uitgever,
            "sub": partij,
            "client_id": partij,
            "scope": " ".join(sorted(scopes)),
            "cnf": {"x5t#S256": _thumbprint(identiteit)},
            "iat": nu,
            "exp": nu + self.duur_s,
            "jti": str(uuid.uuid4()),
        }
        kop = {"typ": _SOORT, "kid": self._actief}
        return jwt.encode(claims, self._sleutels[self._actief], algorithm=_ALGORITME, headers=kop)

    async def read(self, token: str, uitgever: str, identiteit: Identiteit) -> Token:
        """Read a token that came over a connection with this certificate.

        Raises:
            TokenGeweigerd: it does not count.
        """
        try:
            kop = jwt.get_unverified_header(token)
            if kop.get("typ") != _SOORT:
                raise TokenGeweigerd("Dit is geen access token van dit knooppunt.")
            claims = jwt.decode(
                token,
                await self._key(kop.get("kid")),
                algorithms=[_ALGORITME],
                audience=uitgever,
                issuer=uitgever,
                options={"require": list(_CLAIMS)},
            )
        except jwt.ExpiredSignatureError:
            raise TokenGeweigerd("Het access token is verlopen.") from None
        except jwt.InvalidTokenError:
            raise TokenGeweigerd("Dit is geen access token van dit knooppunt.") from None
        if not hmac.compare_digest(claims["cnf"]["x5t#S256"], _thumbprint(identiteit)):
            raise TokenGeweigerd("Het access token hoort bij een ander certificaat.")
        return Token(claims["sub"], frozenset(claims["scope"].split()))

    async def _key(self, sleutel_id: object) -> bytes:
        if not isinstance(sleutel_id, str):
            raise jwt.InvalidTokenError
        if sleutel_id not in self._sleutels and time.monotonic() - self._gelezen > _VERS_S:
            self._gelezen = time.monotonic()
            with suppress(KluisFout, OSError):  # a folder that is away is told by the watch; our keys still count
                self._take(await asyncio.to_thread(self._lees))
        if sleutel_id not in self._sleutels:
            raise jwt.InvalidTokenError
        return self._sleutels[sleutel_id]


def _thumbprint(identiteit: Identiteit) -> str:
    """Write the SHA-256 of a certificate as ``x5t#S256`` (RFC 8705 §3.1)."""
    return base64.urlsafe_b64encode(bytes.fromhex(identiteit.vingerafdruk)).rstrip(b"=").decode("ascii")
