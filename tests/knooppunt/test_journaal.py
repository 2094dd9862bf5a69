from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Literal

import pytest
import structlog
from aiohttp import web

from knooppunt.configuratie import Logging
from knooppunt.journaal import configure
from knooppunt.luisteraar import Luisteraar

Converse = Callable[..., Awaitable[bytes]]


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    wortel = logging.getLogger()
    voor = wortel.handlers[:], wortel.level
    yield
    wortel.handlers[:], wortel.level = voor
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
async def poort() -> AsyncIterator[int]:
    async def stuk(_request: web.Request) -> web.Response:
        raise RuntimeError("inwendig")

    app = web.Application()
    app.router.add_get("/berichten/{nummer}", stuk)
    luisteraar = Luisteraar(app, "127.0.0.1", 0, toegang=True)
    await luisteraar.start()
    yield int(luisteraar.url.rsplit(":", 1)[1])
    await luisteraar.stop()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(regel) for regel in capsys.readouterr().err.splitlines()]


def test_our_lines_and_those_of_libraries_have_one_form(capsys: pytest.CaptureFixture[str]):
    configure(Logging())
    structlog.get_logger("routing").info("eigen", aantal=2)
    logging.getLogger("aiohttp.server").warning("van %s", "aiohttp")
    logging.getLogger("sqlalchemy.engine").info("SELECT met persoonsgegevens")
    eigen, ander = lines(capsys)
    assert (eigen["event"], eigen["aantal"], eigen["level"], eigen["logger"]) == ("eigen", 2, "info", "routing")
    assert (ander["event"], ander["level"]) == ("van aiohttp", "warning")
    assert str(eigen["timestamp"]).endswith("Z")


def test_the_level_holds(capsys: pytest.CaptureFixture[str]):
    configure(Logging(niveau="error"))
    structlog.get_logger("x").warning("stil")
    structlog.get_logger("x").error("hoorbaar")
    assert [regel["event"] for regel in lines(capsys)] == ["hoorbaar"]


@pytest.mark.parametrize("vorm", ["json", "tekst"])
def test_nobody_forges_a_line_or_colours_a_terminal(capsys: pytest.CaptureFixture[str], vorm: str):
    configure(Logging(vorm=vorm))
    structlog.get_logger("x").info("a", naam="x\n2026 [info] vals\x1b[2J\u202e\u2028")
    uit = capsys.readouterr().err
    assert len(uit.splitlines()) == 1
    assert not {"\x1b", "\u202e", "\u2028"} & set(uit)


async def test_the_access_log_knows_the_route_and_not_the_request(
    capsys: pytest.CaptureFixture[str], poort: int, converse: Converse
):
    configure(Logging())
    await converse(
        poort, b"GET /berichten/999900006?bsn=999990019 HTTP/1.1\r\nHost: x\r\nReferer: http://999900006/\r\n\r\n"
    )
    await converse(poort, b"GET /999900006 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    await converse(poort, b"999900006 onzin\r\n\r\n")
    regels = lines(capsys)
    toegang = [(regel["route"], regel["status"]) for regel in regels if regel["event"] == "verzoek"]
    assert toegang == [("/berichten/{nummer}", 500), (None, 404), (None, 400)]
    assert "99990" not in json.dumps(regels)
    assert "inwendig" in json.dumps(regels)  # the operator does get the traceback


@pytest.mark.parametrize("vorm", ["json", "tekst"])
def test_a_fault_is_logged_without_what_was_being_handled(
    capsys: pytest.CaptureFixture[str], vorm: Literal["json", "tekst"]
):
    configure(Logging(vorm=vorm))

    def handle(payload: bytes) -> None:
        if payload:
            raise RuntimeError("stuk")

    for logger in (structlog.get_logger("eigen"), logging.getLogger("ander")):
        try:
            handle(b"".join([b"9999", b"00006"]))
        except RuntimeError:
            logger.exception("mislukt")
    uitvoer = capsys.readouterr().err
    assert uitvoer.count("RuntimeError: stuk") == 2
    assert "999900006" not in uitvoer
