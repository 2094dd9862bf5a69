"""The results of a run of the matrix, which become a page of the documentation when the run is asked for one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from eigenpostgres import EigenPostgres
from uitslagpagina import write_page
from veldproef import CONFIGURATIES, OPSTELLINGEN, Opstelling, Uitslag


@pytest.fixture(scope="session")
def uitslagen() -> Iterator[list[Uitslag]]:
    """Cells of the matrix; written to the page that KNOOPPUNT_CHAOS_PAGINA names."""
    lijst: list[Uitslag] = []
    yield lijst
    pagina = os.environ.get("KNOOPPUNT_CHAOS_PAGINA")
    if pagina:
        print("\n" + write_page(Path(pagina), lijst))


@pytest.fixture
def opstelling(request: pytest.FixtureRequest) -> Opstelling:
    """One of `veldproef.OPSTELLINGEN`, which the test names."""
    naam = dict(zip(OPSTELLINGEN, CONFIGURATIES, strict=True))[request.param]
    url = None if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
    return url, 3 if request.param == "postgresql-3" else 1, naam


@pytest.fixture
def eigen_postgres() -> Iterator[EigenPostgres]:
    """A PostgreSQL server that a test may stop."""
    with tempfile.TemporaryDirectory(prefix="knooppunt-pg-", ignore_cleanup_errors=True) as map_:
        server = EigenPostgres(Path(map_))
        try:
            yield server
        finally:
            server.close()
