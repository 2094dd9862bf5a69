"""What a request asks, read strictly: parameters of path and query, or a JSON body; every fault is named at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from knooppunt.api.eindpunt import Eindpunt
from knooppunt.api.probleem import Probleem
from knooppunt.vormfouten import faults
from routing.payload import DREMPEL

_REDENEN = {
    "missing": "ontbreekt",
    "extra_forbidden": "bestaat niet",
    "string_too_short": "is te kort",
    "string_too_long": "is te lang",
    "string_pattern_mismatch": "bevat tekens die niet kunnen",
    "greater_than_equal": "is te klein",
    "less_than_equal": "is te groot",
}


def read_parameters(eindpunt: Eindpunt, request: web.Request) -> Any:
    """Check the parameters of path and query.

    Raises:
        Probleem: 400, with everything that is wrong.
    """
    dubbel = sorted({naam for naam in request.query if len(request.query.getall(naam)) > 1})
    if dubbel:
        raise wrong((naam, "komt dubbel voor") for naam in dubbel)
    in_pad = sorted(request.query.keys() & request.match_info.keys())
    if in_pad:
        raise wrong((naam, "bestaat niet") for naam in in_pad)
    try:
        return eindpunt.vraag.model_validate({**request.query, **request.match_info})
    except ValidationError as fout:
        raise wrong((".".join(map(str, f["loc"])), _reason(f)) for f in fout.errors(include_input=False)) from None


async def read_body(eindpunt: Eindpunt, request: web.Request) -> Any:
    """Read and check a JSON body; parameters in the query are refused, so that nothing personal ends up there.

    Raises:
        Probleem: 400 with everything that is wrong, 413 when it is too large, 415 when it is no JSON by its header.
    """
    if request.query:
        raise wrong((naam, "bestaat niet; de vraag staat in de inhoud") for naam in sorted(set(request.query)))
    if request.content_type != "application/json":
        raise Probleem(415, "De inhoud moet application/json zijn.")
    ruw = bytes(await _read(request, eindpunt.grens))
    if len(ruw) > DREMPEL:
        return await asyncio.to_thread(_check, eindpunt, request.match_info, ruw)
    return _check(eindpunt, request.match_info, ruw)


def _check(eindpunt: Eindpunt, in_pad: Mapping[str, str], ruw: bytes) -> Any:
    try:
        inhoud = json.loads(ruw.decode("utf-8"), object_pairs_hook=_unique)
        return eindpunt.vraag.model_validate(inhoud | in_pad if in_pad else inhoud)
    except ValidationError as fout:
        raise wrong(faults(fout, eindpunt.vraag)) from None
    except _Dubbel as fout:
        raise wrong([(str(fout), "komt dubbel voor")]) from None
    except (ValueError, RecursionError, TypeError):
        raise Probleem(400, "De inhoud is geen JSON-object in UTF-8.") from None


async def read_file(eindpunt: Eindpunt, request: web.Request) -> bytes:
    """Read the file that is handed in.

    Raises:
        Probleem: 413 when it is too large, 415 when it is of another type.
    """
    if request.content_type not in eindpunt.bestand:
        raise Probleem(415, f"De inhoud moet een van deze zijn: {', '.join(eindpunt.bestand)}.")
    return bytes(await _read(request, eindpunt.grens))


async def _read(request: web.Request, grens: int) -> bytearray:
    ruw = bytearray()
    async for blok in request.content.iter_chunked(64 * 1024):
        ruw += blok
        if len(ruw) > grens:
            raise Probleem(413, "De inhoud is te groot.", f"Zij mag ten hoogste {grens // 1024} KiB zijn.")
    return ruw


class _Dubbel(ValueError):
    """A name stands in one object twice."""


def _unique(paren: list[tuple[str, Any]]) -> dict[str, Any]:
    gezien = dict(paren)
    if len(gezien) < len(paren):
        namen = [naam for naam, _ in paren]
        raise _Dubbel(next(naam for naam in namen if namen.count(naam) > 1))
    return gezien


def wrong(parameters: Iterable[tuple[str, str]]) -> Probleem:
    """Make the problem for a request that is not as described."""
    schoon = tuple((naam[:64], reden) for naam, reden in parameters)
    return Probleem(400, "De vraag voldoet niet aan de beschrijving.", "Zie openapi.json.", schoon)


def _reason(fout: ErrorDetails) -> str:
    eigen = fout.get("ctx", {}).get("error")
    return str(eigen) if isinstance(eigen, ValueError) else _REDENEN.get(fout["type"], "klopt niet")
