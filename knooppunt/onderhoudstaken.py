"""The periodic tasks of a hub, each on one node at a time (`routing.onderhoud`)."""

from __future__ import annotations

from typing import Final

import structlog

from knooppunt.configuratie import Configuratie
from knooppunt.melden import retention_terms
from routing import statistiek
from routing.aflevering import Afleveraar
from routing.bewaring import clean
from routing.onderhoud import Beurt, Taak

_log = structlog.get_logger(__name__)

BEWAREN: Final = "bewaren"
_MINUUT, _UUR = 60.0, 3600.0


def make_tasks(configuratie: Configuratie, afleveraar: Afleveraar) -> tuple[Taak, ...]:
    """Return the tasks of a hub with this configuration."""
    termijnen = retention_terms(configuratie)

    async def remove(beurt: Beurt) -> None:
        weg = await clean(beurt, termijnen)
        if weg.inhoud or weg.berichten:
            _log.info("bewaartermijn verstreken", inhoud=weg.inhoud, berichten=weg.berichten)

    async def sample(beurt: Beurt) -> None:
        await beurt.write(statistiek.refresh)

    return (
        Taak("termijnen", _MINUUT, afleveraar.maintain),
        Taak(BEWAREN, _UUR, remove),
        Taak("statistiek", _UUR, sample),
    )
