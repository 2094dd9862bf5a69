"""One `opslag` per database, and berichten to put into it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from routing.klok import Klok
from routing.opslag import Opslag, upgrade


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'knooppunt.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def klok() -> Klok:
    """Clock of `opslag`: add to `verschuiving_ms` to travel in time."""
    return Klok()


@pytest.fixture
async def opslag(database_url: str, klok: Klok) -> AsyncIterator[Opslag]:
    upgrade(database_url)
    opslag = Opslag(database_url, klok=klok)
    yield opslag
    await opslag.close()
