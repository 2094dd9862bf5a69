"""The periodic tasks of a hub, each on one node at a time (`routing.onderhoud`)."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from knooppunt.configuratie import Configuratie
from knooppunt.melden import retention_terms
from routing import statistiek
from routing.aflevering import Afleveraar
from routing.bewaring import clean
from routing.onderhoud import Beurt, Taak
from routing.opvraging import remove_answers
from routing.verwerkingen import remove_older
from routing.woonplaats.batch import remove_batches

_log = structlog.get_logger(__name__)

BEWAREN: Final = "bewaren"
_MINUUT, _UUR, _DAG_MS = 60.0, 3600.0, 86_400_000
_ADEM_S = 0.05
"""Seconds between transactions that remove, in which others have their turn."""


def make_tasks(configuratie: Configuratie, afleveraar: Afleveraar) -> tuple[Taak, ...]:
    """Return the tasks of a hub with this configuration."""
    termijnen = retention_terms(configuratie)

    async def remove(beurt: Beurt) -> None:
        weg = await clean(beurt, termijnen)
        if weg.inhoud or weg.berichten or weg.beheer:
            _log.info("bewaartermijn verstreken", inhoud=weg.inhoud, berichten=weg.berichten, beheer=weg.beheer)

    async def forget(beurt: Beurt) -> None:
        opvragen = configuratie.opvragen
        for verwijder, dagen in (
            (remove_answers, opvragen.antwoord_dagen),
            (remove_batches, opvragen.antwoord_dagen),
            (remove_older, opvragen.log_dagen),
        ):
            weg = 1
            while weg:
                weg = await beurt.write(verwijder, round(dagen * _DAG_MS))
                await asyncio.sleep(_ADEM_S)

    async def sample(beurt: Beurt) -> None:
        for tabel in statistiek.TABELLEN:  # apart: what comes in meanwhile waits behind each of them
            await beurt.write(statistiek.refresh, (tabel,))

    return (
        Taak("termijnen", _MINUUT, afleveraar.maintain),
        Taak(BEWAREN, _UUR, remove),
        Taak("opvragingen", _UUR, forget),
        Taak("statistiek", _UUR, sample),
    )
