"""One operation of the API: where it is, who may use it, what it asks and what it gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from knooppunt.api.vorm import Vorm, Vraag
from routing.register import Register

Toegang = Callable[[Register, frozenset[str]], frozenset[str]]
"""Narrows the partijen of a certificate to those in whose name an operation may be used; nobody left means 403."""


def own_partijen(_register: Register, partijen: frozenset[str]) -> frozenset[str]:
    """Let every partij use an operation, for what is its own."""
    return partijen


@dataclass(frozen=True, slots=True)
class Eindpunt:
    """A GET operation.

    `pad` begins with a slash and has no closing one; parameters stand in braces and are fields of `vraag`. `toegang`
    has no default, so an operation that nobody thought about does not exist. `handler` gets the partijen that `toegang`
    left and the checked parameters; it raises `Probleem`. `fouten` says in Dutch when it answers with which status,
    beside those that every operation has.
    """

    pad: str
    naam: str
    samenvatting: str
    toegang: Toegang
    vraag: type[Vraag]
    antwoord: type[Vorm]
    handler: Callable[[frozenset[str], Any], Awaitable[Vorm]]
    fouten: dict[int, str] = field(default_factory=dict)
