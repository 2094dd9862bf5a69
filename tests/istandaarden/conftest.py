"""Small valid berichten of our own making, to damage in a test."""

from __future__ import annotations

from typing import Any

import pytest

from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build


def _header(van: str, naar: str) -> dict[str, Any]:
    return {
        "Afzender": van,
        "Ontvanger": naar,
        "BerichtIdentificatie": {"Identificatie": "B1", "Dagtekening": "2025-04-01"},
        "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
    }


@pytest.fixture
def inhoud_305() -> dict[str, Any]:
    """Content of a 305 with two products."""
    product = {"Product": {"Categorie": "45"}, "Begindatum": "2025-04-30", "StatusAanlevering": "1"}
    return {
        "Header": _header("42420001", "0384"),
        "Client": {
            "Bsn": "999900006",
            "Geboortedatum": {"Datum": "2010-02-14"},
            "Geslacht": "1",
            "Naam": {"Geslachtsnaam": {"Achternaam": "Wit"}},
            "StartProducten": {"StartProduct": [dict(product), dict(product, Begindatum="2025-05-01")]},
        },
    }


@pytest.fixture
def jw305(inhoud_305: dict[str, Any]) -> str:
    """A valid JW305 as text."""
    return build(ingebouwd().find("JW305", "3.2"), inhoud_305).decode()
