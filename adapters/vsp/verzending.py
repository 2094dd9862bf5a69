"""Both ends of a request that we make: the form that is pushed, and answers read with a bound."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from pydantic import ValidationError

from adapters.vsp.antwoord import read_chunks
from adapters.vsp.model import BerichtMetadata, ValidationProblemDetails, dump
from routing.poorten import UitgaandePayload

TERMIJN = aiohttp.ClientTimeout(total=300, sock_connect=10, sock_read=60)
_MAX_PROBLEEM = 256 * 1024
HAP = 64 * 1024


class VspFout(Exception):
    """The other side did not do what was asked; `status` is None when its answer made no sense.

    `opnieuw_na` is how many seconds it asked to wait, None when it did not.
    """

    def __init__(
        self,
        melding: str,
        status: int | None = None,
        probleem: ValidationProblemDetails | None = None,
        opnieuw_na: float | None = None,
    ) -> None:
        super().__init__(melding)
        self.status = status
        self.probleem = probleem
        self.opnieuw_na = opnieuw_na


class Bytes:
    """Bytes in memory as an `UitgaandePayload`."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self.digest = hashlib.sha256(data).hexdigest()
        self._data = data

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes."""
        yield self._data


class _Deel(aiohttp.payload.Payload):
    """A stored payload as a part of a form: its length is known, its bytes pass by."""

    def __init__(self, payload: UitgaandePayload) -> None:
        super().__init__(payload, content_type="application/octet-stream")
        self._size = payload.size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - aiohttp asks for them
        raise TypeError("a stored payload is not text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        self._consumed = True
        async for stuk in read_chunks(self._value):
            await writer.write(stuk)


def write_push(metadata: BerichtMetadata, payload: UitgaandePayload) -> aiohttp.MultipartWriter:
    """Write the body of a push. The payload part has a file name, without which some frameworks see no file."""
    formulier = aiohttp.MultipartWriter("form-data")
    deel = aiohttp.payload.BytesPayload(dump(metadata), content_type="application/json")
    deel.set_content_disposition("form-data", name="berichtMetadata")
    formulier.append_payload(deel)
    inhoud = _Deel(payload)
    inhoud.set_content_disposition("form-data", name="payload", filename="payload")
    formulier.append_payload(inhoud)
    return formulier


async def read_probleem(antwoord: aiohttp.ClientResponse) -> ValidationProblemDetails | None:
    """Read the problem in an answer; None when there is none that can be read."""
    try:
        return ValidationProblemDetails.model_validate_json(await read_capped(antwoord, _MAX_PROBLEEM))
    except (ValidationError, VspFout):
        return None


async def read_capped(antwoord: aiohttp.ClientResponse, grens: int) -> bytes:
    """Read an answer of at most `grens` bytes, unpacked.

    Raises:
        VspFout: it is larger.
    """
    data = bytearray()
    async for stuk in antwoord.content.iter_chunked(HAP):
        data += stuk
        if len(data) > grens:
            raise VspFout(f"het antwoord is groter dan {grens} bytes", antwoord.status)
    return bytes(data)
