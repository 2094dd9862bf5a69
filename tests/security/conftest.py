"""An observer that sees every file opened and every connection made while hostile input is handled."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_IN_OPEN, _IN_ACCESS, _IN_NONBLOCK = 0x20, 0x1, 0o4000
_actief: list[Waarnemer] = []


@dataclass
class Waarnemer:
    """A folder with bait and a listener with bait; `geraakt` tells who took it.

    libxml2 opens files and sockets in C, which Python's audit hooks do not see, so the kernel watches the folder and
    a real listener waits for the connection; the hooks watch what Python does.
    """

    map: Path
    luisteraar: socket.socket
    gebeurtenissen: list[str] = field(default_factory=list)
    inotify: int = -1

    @property
    def bestand(self) -> str:
        """URL of the bait file."""
        return (self.map / "geheim.txt").as_uri()

    @property
    def adres(self) -> str:
        """Host and port of the bait listener."""
        host, poort = self.luisteraar.getsockname()
        return f"{host}:{poort}"

    def geraakt(self) -> list[str]:
        """Say what was opened or connected to so far."""
        gezien = list(self.gebeurtenissen)
        try:
            verbinding, _ = self.luisteraar.accept()
            verbinding.close()
            gezien.append("verbinding")
        except BlockingIOError:
            pass
        if self.inotify >= 0:
            try:
                ruw = os.read(self.inotify, 65536)
            except BlockingIOError:
                return gezien
            plek = 0
            while plek < len(ruw):
                _, masker, _, lengte = struct.unpack_from("iIII", ruw, plek)
                naam = ruw[plek + 16 : plek + 16 + lengte].rstrip(b"\0").decode()
                plek += 16 + lengte
                if naam:
                    gezien.append(f"bestand {naam} ({masker:#x})")
        return gezien


def _audit(gebeurtenis: str, args: tuple[object, ...]) -> None:
    for waarnemer in _actief:
        if gebeurtenis == "open" and str(waarnemer.map) in str(args[0]):
            waarnemer.gebeurtenissen.append(f"open {args[0]}")
        elif gebeurtenis in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
            waarnemer.gebeurtenissen.append(f"{gebeurtenis} {args[-1]}")


sys.addaudithook(_audit)


@pytest.fixture
def waarnemer(tmp_path: Path) -> Iterator[Waarnemer]:
    """Bait, watched until the end of the test."""
    lokaas = tmp_path / "lokaas"
    lokaas.mkdir()
    (lokaas / "geheim.txt").write_text("NIET-LEZEN")
    (lokaas / "kwaad.dtd").write_text('<!ENTITY e "NIET-LEZEN">')
    (lokaas / "kwaad.xsd").write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>')
    with socket.create_server(("127.0.0.1", 0)) as luisteraar:
        luisteraar.settimeout(0)
        ogen = Waarnemer(lokaas, luisteraar)
        if sys.platform == "linux":
            libc = ctypes.CDLL(None, use_errno=True)
            ogen.inotify = libc.inotify_init1(_IN_NONBLOCK)
            assert libc.inotify_add_watch(ogen.inotify, os.fsencode(lokaas), _IN_OPEN | _IN_ACCESS) >= 0
        _actief.append(ogen)
        try:
            yield ogen
        finally:
            _actief.remove(ogen)
            if ogen.inotify >= 0:
                os.close(ogen.inotify)
