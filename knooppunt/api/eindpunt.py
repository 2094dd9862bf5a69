"""One operation of the API: where it is, who may use it, what it asks and what it gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from istandaarden.releases import NEDERLAND
from knooppunt.api.scope import Scope
from routing.bericht import Identiteit
from routing.geadresseerde import codes_of
from routing.register import Register

Toegang = Callable[[Register, frozenset[str]], frozenset[str]]
"""Narrows the partijen of a certificate to those in whose name an operation may be used; nobody left means 403."""


def own_partijen(_register: Register, partijen: frozenset[str]) -> frozenset[str]:
    """Let every partij use an operation, for what is its own."""
    return partijen


def own_berichten(register: Register, partijen: frozenset[str]) -> frozenset[str]:
    """Let every partij use an operation, for its own berichten and those of the gemeenten that it took over."""
    return codes_of(register, partijen, datetime.now(NEDERLAND).date())


@dataclass(frozen=True, slots=True)
class Aanroep:
    """Who uses an operation: the partijen that its `toegang` left, and what the connection proves.

    `traceparent` is that header (W3C Trace Context), empty when it is absent. `inhoud` is the file that was handed in,
    and `soort` its media type, for an operation that takes one.
    """

    partijen: frozenset[str]
    identiteit: Identiteit
    traceparent: str = ""
    inhoud: bytes = field(default=b"", repr=False)
    soort: str = ""


@dataclass(frozen=True, slots=True)
class Eindpunt:
    """An operation: GET with parameters in path and query, or POST with a JSON body beside those of the path.

    `pad` begins with a slash and has no closing one; parameters stand in braces and are fields of `vraag`. `toegang`
    and `scope` have no default, so an operation that nobody thought about does not exist; `scope` is what an access
    token must name. `handler` gets the checked question; it raises `Probleem`. With `bestand`, media types, the body is
    a file of such a type and the question stands in path and query. `fouten` says in Dutch when it answers with which
    status, beside those that every operation has. `grens` is the largest body in bytes.
    """

    pad: str
    naam: str
    samenvatting: str
    toegang: Toegang
    scope: Scope
    vraag: type[BaseModel]
    antwoord: type[BaseModel]
    handler: Callable[[Aanroep, Any], Awaitable[BaseModel | bytes]]
    fouten: dict[int, str] = field(default_factory=dict)
    methode: Literal["GET", "POST"] = "GET"
    bestand: tuple[str, ...] = ()
    grens: int = 256 * 1024

    @property
    def takes_json(self) -> bool:
        """Whether the question is the JSON body."""
        return self.methode == "POST" and not self.bestand
