"""What a failed exchange over HTTP says, for every adapter that delivers."""

from __future__ import annotations

import aiohttp

from routing.uitkomstklassen import refuses_handshake

_NIET_VERBONDEN = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
"""Raised before anything is sent: no address, no such name, nobody listens, no TLS."""


def may_have_arrived(fout: BaseException) -> bool:
    """Say whether what was sent may have reached the application of the other side, although no answer came.

    Args:
        fout: as aiohttp raised it.
    """
    return not isinstance(fout, _NIET_VERBONDEN) and not refuses_handshake(fout)
