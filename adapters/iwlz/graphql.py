"""GraphQL over HTTP with the traps closed: HTTP 200 with errors, half an answer, and an answer that is no GraphQL.

An answer counts only when it is whole. A response with `errors` is refused with everything in it: GraphQL puts null
where a field could not be made, and a null that means "could not" looks like one that means "there is none".
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, TypeVar

import structlog
from aiohttp import hdrs
from pydantic import TypeAdapter, ValidationError

from adapters.iwlz.token import Tokenbron
from adapters.iwlz.verbinding import Antwoord, Mislukt, Verbinding
from routing.payload import DREMPEL
from routing.wlz.register import Oorzaak

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")

SOORT: Final = "application/graphql-response+json"
_SOORTEN: Final = frozenset({SOORT, "application/json"})
_POGINGEN: Final = 3
_WACHT_S: Final = 0.5
_LANGSTE_WACHT_S: Final = 5.0
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


class Graphqlklant:
    """Asks questions of one register.

    Args:
        verbinding: connections.
        tokens: where the access token comes from.
        url: the endpoint.
        grens: bytes of answer that are read at most.
    """

    def __init__(self, verbinding: Verbinding, tokens: Tokenbron, url: str, grens: int) -> None:
        self._verbinding = verbinding
        self._tokens = tokens
        self._url = url
        self._grens = grens

    async def ask(self, document: str, variabelen: Mapping[str, str], vorm: TypeAdapter[_T]) -> _T:
        """Ask one question and return its `data`.

        A question changes nothing, so it may be asked again: twice at most, when the connection broke or the register
        said so itself, and not after a time-out. A refused token is replaced once.

        Raises:
            routing.wlz.register.RegisterFout: there is no complete answer.
        """
        vraag = json.dumps({"query": document, "variables": dict(variabelen)}).encode()
        spoor = secrets.token_hex(16)
        poging = 0
        while True:
            poging += 1
            try:
                antwoord = await self._authorised(vraag, spoor)
                if len(antwoord.inhoud) > DREMPEL:
                    return await asyncio.to_thread(_read, antwoord, vorm)
                return _read(antwoord, vorm)
            except Mislukt as fout:
                _log.warning("Wlz-register", oorzaak=fout.oorzaak.name, status=fout.status, poging=poging, spoor=spoor)
                wachten = _wait_s(fout, poging)
                if wachten is None:
                    raise
            await asyncio.sleep(wachten)

    async def _authorised(self, vraag: bytes, spoor: str) -> Antwoord:
        """Ask with the token there is, and once with a new one when the register does not take it (any more)."""
        token = await self._tokens.current()
        try:
            return await self._post(vraag, token, spoor)
        except Mislukt as fout:
            if fout.status != HTTPStatus.UNAUTHORIZED:
                raise
        return await self._post(vraag, await self._tokens.current(behalve=token), spoor)

    async def _post(self, vraag: bytes, token: str, spoor: str) -> Antwoord:
        koppen = {
            hdrs.CONTENT_TYPE: "application/json",
            hdrs.ACCEPT: f"{SOORT}, application/json;q=0.9",
            hdrs.AUTHORIZATION: f"Bearer {token}",
            "X-B3-TraceId": spoor,
            "X-B3-SpanId": secrets.token_hex(8),
            "X-B3-Sampled": "1",
        }
        return await self._verbinding.post(self._url, vraag, koppen, self._grens)


def _wait_s(fout: Mislukt, poging: int) -> float | None:
    """Say how long to wait before the next attempt; None when there is to be none."""
    gevraagd = fout.opnieuw_na or 0.0
    if not fout.opnieuw or poging == _POGINGEN or gevraagd > _LANGSTE_WACHT_S:
        return None
    return max(gevraagd, random.uniform(0, _WACHT_S * 2**poging))  # noqa: S311 - spreads load, guards nothing


def _read(antwoord: Antwoord, vorm: TypeAdapter[_T]) -> _T:
    if antwoord.soort not in _SOORTEN:
        raise Mislukt(Oorzaak.ONBEGRIJPELIJK, status=antwoord.status)
    try:
        geheel = json.loads(antwoord.inhoud)
    except (ValueError, RecursionError):
        raise Mislukt(Oorzaak.ONBEGRIJPELIJK, status=antwoord.status) from None
    if not isinstance(geheel, dict):
        raise Mislukt(Oorzaak.ONBEGRIJPELIJK, status=antwoord.status)
    if geheel.get("errors") or antwoord.status != HTTPStatus.OK:
        _log.warning("Wlz-register meldt fouten", codes=_codes(geheel.get("errors")), data="data" in geheel)
        raise Mislukt(Oorzaak.ONVOLLEDIG, status=antwoord.status)
    try:
        return vorm.validate_json(json.dumps(geheel.get("data")))
    except ValidationError:
        raise Mislukt(Oorzaak.ONBEGRIJPELIJK, status=antwoord.status) from None


def _codes(fouten: Any) -> list[str]:
    """Give the codes of errors; their texts may repeat what was asked, so they stay out of the log."""
    codes = []
    for fout in fouten if isinstance(fouten, list) else []:
        uitbreiding = fout.get("extensions") if isinstance(fout, dict) else None
        code = uitbreiding.get("code") if isinstance(uitbreiding, dict) else None
        if isinstance(code, str) and _CODE.fullmatch(code):
            codes.append(code)
    return sorted(set(codes))[:10]
