"""The table of outcome classes: what decides, what overrides it, and what is unknown."""

from __future__ import annotations

import re
import socket
import ssl
from pathlib import Path

import pytest

from routing.partij import Protocol
from routing.poorten import Uitkomstsoort
from routing.uitkomstklassen import (
    KENMERK,
    KLASSEN,
    Uitkomstklassen,
    connection_kenmerk,
    http_kenmerken,
    ingebouwd,
    refuses_handshake,
    turns_away,
)

STUF = Uitkomstklassen(Protocol.STUF, {})
_BEZORGING = Path(__file__).parents[2] / "docs" / "bezorging.md"


def test_every_protocol_has_a_table_of_keys_and_classes_that_exist() -> None:
    assert set(ingebouwd()) == set(Protocol)
    for tabel in ingebouwd().values():
        for kenmerk, klasse in tabel.items():
            assert KENMERK.fullmatch(kenmerk), kenmerk
            assert klasse in KLASSEN


def test_the_most_special_kenmerk_that_is_known_decides() -> None:
    assert STUF.decide(["fout.IB123", "plek.client", "http.500"]) == (Uitkomstsoort.BLIJVEND, "plek.client")
    assert STUF.decide(http_kenmerken(404)) == (Uitkomstsoort.TIJDELIJK, "http.404")
    assert STUF.decide(http_kenmerken(418)) == (Uitkomstsoort.BLIJVEND, "http.4xx")


def test_what_nobody_knows_is_tried_again() -> None:
    assert STUF.decide([]) == (Uitkomstsoort.TIJDELIJK, "")
    assert STUF.decide(["fout.ZZZ", "http.999", "http.9xx"]) == (Uitkomstsoort.TIJDELIJK, "fout.ZZZ")


def test_an_operator_goes_before_the_table() -> None:
    eigen = Uitkomstklassen(Protocol.STUF, {"fout.IB123": Uitkomstsoort.TIJDELIJK, "http.404": Uitkomstsoort.BLIJVEND})
    assert eigen.decide(["fout.IB123", "plek.client"]) == (Uitkomstsoort.TIJDELIJK, "fout.IB123")
    assert eigen.decide(http_kenmerken(404))[0] is Uitkomstsoort.BLIJVEND
    assert eigen.decide(http_kenmerken(403))[0] is Uitkomstsoort.TIJDELIJK


def test_two_hundred_is_a_receipt_over_vsp_only_when_it_is_204() -> None:
    vsp = Uitkomstklassen(Protocol.VSP, {})
    assert vsp.decide(http_kenmerken(204))[0] is Uitkomstsoort.BEZORGD
    assert vsp.decide(http_kenmerken(200))[0] is Uitkomstsoort.TIJDELIJK


@pytest.mark.parametrize(
    ("fout", "kenmerk"),
    [
        (ConnectionRefusedError(), "verbinding.geweigerd"),
        (TimeoutError(), "verbinding.tijd"),
        (socket.gaierror(), "verbinding.naam"),
        (ssl.SSLError(), "verbinding.tls"),
        (ConnectionResetError(), "verbinding.verbroken"),
    ],
)
def test_why_there_was_no_answer_also_when_a_library_wraps_it(fout: Exception, kenmerk: str) -> None:
    assert connection_kenmerk(fout) == kenmerk
    omhuld = RuntimeError("library")
    omhuld.os_error = fout  # type: ignore[attr-defined] # as aiohttp does
    assert connection_kenmerk(omhuld) == kenmerk
    veroorzaakt = RuntimeError("library")
    veroorzaakt.__cause__ = fout
    assert connection_kenmerk(veroorzaakt) == kenmerk


@pytest.mark.parametrize(
    ("reden", "weigert"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", True),
        ("SSLV3_ALERT_BAD_CERTIFICATE", True),
        ("TLSV1_ALERT_UNKNOWN_CA", True),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", True),
        ("SSLV3_ALERT_BAD_RECORD_MAC", False),
        ("UNEXPECTED_EOF_WHILE_READING", False),
        (None, False),
    ],
)
def test_a_tls_fault_is_a_refused_handshake_only_when_the_other_side_says_so(reden: str, *, weigert: bool) -> None:
    fout = ssl.SSLError()
    fout.reason = reden
    veroorzaakt = RuntimeError("library")
    veroorzaakt.__cause__ = fout
    assert refuses_handshake(fout) is refuses_handshake(veroorzaakt) is weigert


def test_a_status_turns_away_when_it_says_that_nothing_was_done() -> None:
    assert [s for s in (200, 204, 301, 307, 400, 404, 409, 429, 499, 500, 502, 503) if turns_away(s)] == [
        301, 307, 400, 404, 409, 429, 499
    ]  # fmt: skip


def test_the_page_names_every_kenmerk_of_the_table_with_its_class() -> None:
    tekst = _BEZORGING.read_text("utf-8")
    kolommen = {Protocol.STUF: 3, Protocol.SOAP: 3, Protocol.VSP: 4}
    for protocol, tabel in ingebouwd().items():
        for kenmerk, klasse in tabel.items():
            naam = "herhaald.CODE" if kenmerk.startswith("herhaald.") else kenmerk
            (rij,) = re.findall(rf"^\|[^|\n]*`{re.escape(naam)}`[^|\n]*\|.*$", tekst, re.MULTILINE)
            assert f"`{klasse.value}`" in rij.split("|")[kolommen[protocol]], (protocol, kenmerk)
