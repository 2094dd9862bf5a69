"""Which class of outcome an answer has: a table (`uitkomstklassen.toml`) that an operator can override, not code."""

from __future__ import annotations

import re
import socket
import ssl
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from routing.partij import Protocol
from routing.poorten import Uitkomstsoort

KENMERK: Final = re.compile(
    r"bv03|http\.(\d{3}|[2345]xx)|(fout|herhaald)\.[A-Za-z0-9]{1,20}|herhaald|plek\.(client|server)"
    r"|verbinding\.(geweigerd|tijd|naam|tls|verbroken)"
)
"""What a key of the table looks like."""

_ALERT: Final = re.compile(r"_ALERT_(.*CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)")

KLASSEN: Final = (Uitkomstsoort.BEZORGD, Uitkomstsoort.TIJDELIJK, Uitkomstsoort.BLIJVEND)
"""Classes that an answer can have."""


@cache
def ingebouwd() -> Mapping[Protocol, Mapping[str, Uitkomstsoort]]:
    """Return the built-in table; a partij with a WSDL of its own (soap) answers in the words of StUF."""
    ruw = tomllib.loads(files("routing").joinpath("uitkomstklassen.toml").read_text(encoding="utf-8"))
    tabellen = {
        Protocol(protocol): {kenmerk: Uitkomstsoort(klasse) for kenmerk, klasse in tabel.items()}
        for protocol, tabel in ruw.items()
    }
    return tabellen | {Protocol.SOAP: tabellen[Protocol.STUF]}


@dataclass(frozen=True, slots=True)
class Uitkomstklassen:
    """The table of one protocol; `eigen` goes before what is built in."""

    protocol: Protocol
    eigen: Mapping[str, Uitkomstsoort]

    def decide(self, kenmerken: Iterable[str]) -> tuple[Uitkomstsoort, str]:
        """Return the class of an answer, and the kenmerk that decided.

        Args:
            kenmerken: what was read from the answer, the most special first. One that the table does not know counts
                for nothing; when it knows none, the answer is retryable and the first one is its name.
        """
        eerste = ""
        for kenmerk in kenmerken:
            eerste = eerste or kenmerk
            klasse = self.eigen.get(kenmerk) or ingebouwd()[self.protocol].get(kenmerk)
            if klasse is not None:
                return klasse, kenmerk
        return Uitkomstsoort.TIJDELIJK, eerste


def turns_away(status: int) -> bool:
    """Say whether an HTTP status means that the request was not carried out (RFC 9110 §15.4, §15.5).

    A 5xx does not: the server, or the one behind it, may have failed after it had stored what it got.
    """
    return 300 <= status < 500


def refuses_handshake(fout: BaseException) -> bool:
    """Say whether the other side ended the TLS handshake, which is before anything reaches its application.

    Args:
        fout: as the network library raised it. With TLS 1.3 the refusal of our certificate comes after we believe that
            the handshake is over, as an alert (RFC 8446 §6.2).
    """
    return any(isinstance(deel, ssl.SSLError) and _ALERT.search(deel.reason or "") for deel in _causes(fout))


def http_kenmerken(status: int) -> tuple[str, str]:
    """Return the kenmerken of an HTTP status."""
    return f"http.{status}", f"http.{status // 100}xx"


def connection_kenmerk(fout: BaseException) -> str:
    """Return the kenmerk of an attempt that got no answer.

    Args:
        fout: as the network library raised it.
    """
    keten = _causes(fout)
    for soort, kenmerk in (
        (ConnectionRefusedError, "verbinding.geweigerd"),
        (ssl.SSLError, "verbinding.tls"),
        (socket.gaierror, "verbinding.naam"),
        (TimeoutError, "verbinding.tijd"),
    ):
        if any(isinstance(deel, soort) for deel in keten):
            return kenmerk
    return "verbinding.verbroken"


def _causes(fout: BaseException) -> tuple[object, ...]:
    """Return a fault and that of the system behind it, which libraries keep in `os_error` or as its cause."""
    return fout, getattr(fout, "os_error", None), fout.__cause__
