"""The database of a hub as a command sees it: a connection to read with, or one durable write beside a running hub."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from knooppunt.configuratie import Configuratie, ConfiguratieFout
from routing.databank import OpslagFout, make_engine, parse_url
from routing.opslag import Opslag

_P = ParamSpec("_P")
_T = TypeVar("_T")


def read_engine(configuratie: Configuratie) -> Engine:
    """Return an engine that only reads; a running hub is not disturbed by it.

    Raises:
        ConfiguratieFout: the SQLite file does not exist, or the URL is no good.
    """
    try:
        adres = parse_url(configuratie.database.full_url())
    except OpslagFout as fout:
        raise ConfiguratieFout(str(fout)) from None
    if adres.get_backend_name() == "sqlite" and not Path(adres.database or "").is_file():
        # opening it would make an empty one
        raise ConfiguratieFout(f"De database {adres.database} bestaat niet; maak haar met `knooppunt db upgrade`.")
    return make_engine(adres, schrijft=False)


@contextmanager
def connect(configuratie: Configuratie) -> Iterator[Connection]:
    """Give a connection that only reads.

    Raises:
        ConfiguratieFout: the database is absent, not made ready, or away.
    """
    engine = read_engine(configuratie)
    try:
        with engine.connect() as conn:
            yield conn
    except DBAPIError as fout:
        raise ConfiguratieFout(_explain(fout)) from None
    finally:
        engine.dispose()


def write(
    configuratie: Configuratie, fn: Callable[Concatenate[Connection, _P], _T], /, *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    """Run `fn(conn, ...)` in one durable transaction and return its result.

    Raises:
        ConfiguratieFout: the database is absent, not made ready, or away.
        Exception: what `fn` raised; nothing was written then.
    """
    return perform(configuratie, lambda opslag: opslag.write(fn, *args, **kwargs))


def perform(configuratie: Configuratie, doe: Callable[[Opslag], Awaitable[_T]]) -> _T:
    """Let `doe` work with the log beside a running hub, and return its result.

    Raises:
        ConfiguratieFout: the database is absent, not made ready, or away.
        Exception: what `doe` raised.
    """
    read_engine(configuratie).dispose()  # says when the database is absent; opening it to write would make one

    async def run() -> _T:
        opslag = Opslag(configuratie.database.full_url(), exclusief=False)
        try:
            return await doe(opslag)
        finally:
            await opslag.close()

    try:
        return asyncio.run(run())
    except OpslagFout as fout:
        raise ConfiguratieFout(str(fout)) from None
    except DBAPIError as fout:
        raise ConfiguratieFout(_explain(fout)) from None


def _explain(fout: DBAPIError) -> str:
    if isinstance(fout, OperationalError | ProgrammingError) and (
        "no such table" in str(fout.orig) or getattr(fout.orig, "sqlstate", "") == "42P01"
    ):
        return "De database is nog niet ingericht; doe eerst `knooppunt db upgrade`."
    return "De database is nu niet te gebruiken; draait de server, en klopt database.url?"
