"""Logging: structured lines on standard error, from our code and from the libraries alike.

No payload, BSN, header or query string is logged (design.md §7). Control characters in values are written as escapes,
so that nobody can forge a line (attack 55).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from knooppunt.configuratie import Logging

_BESTURING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_OVERZICHT = structlog.dev.plain_traceback
"""The way a fault is written: the default shows local variables, and those hold payloads and keys."""
ROUTE = web.RequestKey("route", str)
"""Where a request keeps the declared path of its route, for the access log."""


def _escape(_logger: object, _methode: str, velden: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for naam, waarde in velden.items():
        if isinstance(waarde, str) and naam != "exception" and _BESTURING.search(waarde):
            velden[naam] = _BESTURING.sub(lambda teken: f"\\u{ord(teken[0]):04x}", waarde)
    return velden


class _Regelschrijver:
    """Writes finished lines; structlog's own way through the standard library costs ten times as much per request."""

    def __init__(self, uitgang: TextIO, naam: str = "") -> None:
        self.name = naam
        self._uitgang = uitgang

    def msg(self, regel: str) -> None:
        self._uitgang.write(f"{regel}\n")

    debug = info = warning = error = critical = exception = msg


def configure(instellingen: Logging, *, proces: int | None = None) -> None:
    """Direct all logging of this process to standard error, in the form and from the level that is configured.

    Args:
        instellingen: form and level.
        proces: number of this process, in a node that has more than one; stands in every line.
    """

    def add_process(_logger: object, _methode: str, velden: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        velden.setdefault("proces", proces)
        return velden

    uitgang, niveau = sys.stderr, logging.getLevelNamesMapping()[instellingen.niveau.upper()]
    gedeeld: list[structlog.typing.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([] if proces is None else [add_process]),
    ]
    einde: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, _escape, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if instellingen.vorm == "json"
        else [_escape, structlog.dev.ConsoleRenderer(colors=uitgang.isatty(), exception_formatter=_OVERZICHT)]
    )
    structlog.configure(
        processors=[*gedeeld, *einde],
        logger_factory=lambda naam="", *_: _Regelschrijver(uitgang, naam),
        wrapper_class=structlog.make_filtering_bound_logger(niveau),
    )
    bibliotheken = logging.StreamHandler(uitgang)
    bibliotheken.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*gedeeld, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *einde],
        )
    )
    logging.basicConfig(handlers=[bibliotheken], level=niveau, force=True)
    logging.captureWarnings(capture=True)
    for naam in ("alembic", "asyncio", "sqlalchemy"):
        logging.getLogger(naam).setLevel(max(logging.WARNING, niveau))


class Toegangslogboek(AbstractAccessLogger):
    """One line per request: the route as it was declared, never the path or query as it was sent."""

    def __init__(self, logger: logging.Logger, log_format: str) -> None:
        super().__init__(logger, log_format)
        self._log = structlog.get_logger("knooppunt.toegang").bind()  # once per connection: binding costs time

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write the line; `time` is in seconds."""
        self._log.info(
            "verzoek",
            methode=request.method,
            route=request.get(ROUTE),
            status=response.status,
            ms=round(time * 1000),
            bytes=response.body_length,
        )
