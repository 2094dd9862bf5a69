"""A node in more than one process: a foreman opens the doors, starts the processes, and starts again what ends.

A process of Python uses one core, so a node has as many processes as it may use cores. To the database each of them is
a node like any other (see ``docs/cluster.md``): what holds for many machines holds for them. They share an address:
the kernel spreads connections over them, and keeps what comes for a process that is being started again.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final, NoReturn

import structlog
from sqlalchemy.exc import DBAPIError

from knooppunt.configuratie import Configuratie, ConfiguratieFout
from routing.databank import OpslagFout, Slot, parse_url
from routing.lanes import LEASE_MS
from routing.opslag import upgrade

_log = structlog.get_logger(__name__)

_TEKENS: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
_TIK_S: Final = 1.0
_STIL_TIKKEN: Final = max(2, math.ceil(LEASE_MS / 1000 / _TIK_S))
"""Ticks without a word from a process after which it is taken for stuck and killed: by then others took its lanes.

Ticks of ours, not time: when the whole machine stood still, nobody was silent.
"""
_WACHT_S: Final = 0.05
_ADEM_S: Final = 5.0
"""A process is started at most once in so many seconds: one that cannot start must not take the machine."""
_RIJ: Final = 512
_HOOGSTE_POORT: Final = 65535


@dataclass(slots=True)
class Werkplek:
    """What the foreman gives a process: its number (from 1), the doors it listens at, and a line back to him."""

    nummer: int
    koppelvlak: socket.socket
    beheer: socket.socket
    lijn: socket.socket

    def report(self) -> bool:
        """Tell the foreman that all is well, or he takes this process for stuck; return whether he is still there."""
        try:
            self.lijn.send(b".")
        except BlockingIOError:  # he does not read just now
            return True
        except OSError:
            return False
        return True

    def is_left_alone(self) -> bool:
        """Say whether the foreman is gone; to be called when `lijn` can be read."""
        try:
            return not self.lijn.recv(1)
        except BlockingIOError:
            return False
        except OSError:  # he left something unread
            return True


@dataclass(slots=True)
class _Proces:
    """One process as the foreman sees it; `pid` 0 means that it does not run.

    `gemeld` says that it reported since it was started, `ooit` that it ever did.
    """

    nummer: int
    koppelvlak: socket.socket
    beheer: socket.socket
    pid: int = 0
    lijn: socket.socket | None = field(default=None, repr=False)
    stil: int = 0
    gemeld: bool = False
    ooit: bool = False
    vanaf: float = 0.0  # it is not started again before this moment of the monotonic clock

    @property
    def beheer_poort(self) -> int:
        return int(self.beheer.getsockname()[1])


class Voorman:
    """Runs a node of several processes until it is told to stop.

    Args:
        configuratie: all settings; `hub.processen` says how many.
        work: what each process does; returns its exit code, and stops on SIGTERM.
        klaar: called once when all processes work, with the port of the koppelvlak, and the port of beheer and the
            number of every process.
    """

    def __init__(
        self,
        configuratie: Configuratie,
        work: Callable[[Werkplek], int],
        klaar: Callable[[int, list[tuple[int, int]]], None],
    ) -> None:
        self._in = configuratie
        self._work = work
        self._klaar = klaar
        self._poort = 0
        self._processen: list[_Proces] = []
        self._stopt = False
        self._mislukt = 0

    def run(self, *, upgrade_first: bool) -> int:
        """Work until SIGTERM or SIGINT, or until the first start of a process fails; return the exit code.

        Args:
            upgrade_first: bring the tables of a PostgreSQL database up to date first; for SQLite that is always done.

        Raises:
            ConfiguratieFout: the database is taken, or an address is.
        """
        with ExitStack() as stapel:
            self._take_database(stapel, upgrade_first=upgrade_first)
            self._open_doors(stapel)
            # Blocked, signals wait until they are asked for; a process lets them through again.
            eerder = signal.pthread_sigmask(signal.SIG_BLOCK, _TEKENS)
            stapel.callback(signal.pthread_sigmask, signal.SIG_SETMASK, eerder)
            stapel.callback(self._close_lines)
            return self._lead()

    def _take_database(self, stapel: ExitStack, *, upgrade_first: bool) -> None:
        url = self._in.database.full_url()
        adres = parse_url(url)
        sqlite = adres.get_backend_name() == "sqlite"
        try:
            if sqlite or upgrade_first:
                upgrade(url)
            if sqlite:
                stapel.callback(Slot(adres).release)
        except OpslagFout as fout:
            raise ConfiguratieFout(str(fout)) from None
        except DBAPIError as fout:
            raise ConfiguratieFout(f"De database is niet te gebruiken ({type(fout.orig).__name__}).") from None

    def _open_doors(self, stapel: ExitStack) -> None:
        koppelvlak, beheer, aantal = self._in.koppelvlak, self._in.beheer, self._in.hub.count_processes()
        if beheer.poort + aantal - 1 > _HOOGSTE_POORT:
            raise ConfiguratieFout(f"beheer.poort: na {beheer.poort} is er geen plaats voor {aantal} processen.")
        # Opened alone first: who opens a door together with another hub would get half of that one's berichten.
        with _listen("koppelvlak", koppelvlak.adres, koppelvlak.poort) as proef:
            self._poort = int(proef.getsockname()[1])
        for nummer in range(1, aantal + 1):
            deur = stapel.enter_context(_listen("koppelvlak", koppelvlak.adres, self._poort, samen=True))
            achter = beheer.poort and beheer.poort + nummer - 1
            self._processen.append(_Proces(nummer, deur, stapel.enter_context(_listen("beheer", beheer.adres, achter))))

    def _lead(self) -> int:
        """Start the processes one after another, the first time; then keep them going."""
        for proces in self._processen:
            if not self._stopt:
                self._start(proces)
            while not (proces.ooit or self._stopt):
                if not proces.pid:
                    self._mislukt = self._mislukt or 1
                    self._stop()  # it has said why it cannot start; the others could not either
                self._listen()
        if not self._stopt:
            self._klaar(self._poort, [(proces.pid, proces.beheer_poort) for proces in self._processen])
        while any(proces.pid for proces in self._processen) or not self._stopt:
            self._listen()
            for proces in self._processen:
                if not (proces.pid or self._stopt) and time.monotonic() >= proces.vanaf:
                    self._start(proces)
        return self._mislukt

    def _listen(self) -> None:
        """Wait for a signal, at most one tick, and see how the processes are."""
        draait = all(proces.ooit for proces in self._processen)
        teken = signal.sigtimedwait(_TEKENS, _TIK_S if draait else _WACHT_S)
        if teken is not None and teken.si_signo != signal.SIGCHLD:
            self._stop()
        for proces in self._processen:
            if proces.pid:
                self._look(proces, tik=draait and teken is None)

    def _look(self, proces: _Proces, *, tik: bool) -> None:
        if proces.lijn is not None and select.select([proces.lijn], [], [], 0)[0] and proces.lijn.recv(4096):
            proces.gemeld, proces.ooit, proces.stil = True, True, 0
        elif proces.gemeld and tik:
            proces.stil += 1
        if proces.stil > _STIL_TIKKEN:
            _log.error("proces zit vast en wordt beëindigd", proces=proces.nummer, pid=proces.pid)
            os.kill(proces.pid, signal.SIGKILL)
            proces.stil = 0
        pid, stand = os.waitpid(proces.pid, os.WNOHANG)
        if not pid:
            return
        code = os.waitstatus_to_exitcode(stand)
        if self._stopt or not proces.ooit:
            self._mislukt = self._mislukt or abs(code)
        if not self._stopt:
            _log.error("proces eindigde", proces=proces.nummer, pid=pid, code=code)
            if not proces.gemeld:  # it does not even start: what waits at its door had better go to another
                proces.koppelvlak.close()
        proces.pid = 0
        if proces.lijn is not None:
            proces.lijn.close()
            proces.lijn = None

    def _stop(self) -> None:
        self._stopt = True
        for proces in self._processen:
            proces.koppelvlak.close()  # or the kernel would go on taking connections for who has closed his own
            if proces.pid:
                os.kill(proces.pid, signal.SIGTERM)

    def _start(self, proces: _Proces) -> None:
        """Start a process; when the machine does not allow it now, later."""
        proces.vanaf = time.monotonic() + _ADEM_S
        try:
            if proces.koppelvlak.fileno() < 0:
                proces.koppelvlak = _listen("koppelvlak", self._in.koppelvlak.adres, self._poort, samen=True)
            with ExitStack() as stapel:
                hier, daar = map(stapel.enter_context, socket.socketpair())
                pid = os.fork()
                stapel.pop_all()
        except (OSError, ConfiguratieFout) as fout:
            _log.error("proces start niet", proces=proces.nummer, fout=type(fout).__name__)
            return
        if pid == 0:
            hier.close()
            self._become(proces, daar)
        daar.close()
        proces.pid, proces.lijn, proces.stil, proces.gemeld = pid, hier, 0, False

    def _become(self, proces: _Proces, lijn: socket.socket) -> NoReturn:
        """Be that process, and end as it."""
        code = 1
        try:
            self._close_lines()
            for ander in self._processen:
                if ander is not proces:  # their doors must close with them
                    ander.koppelvlak.close()
                    ander.beheer.close()
            lijn.settimeout(0)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _TEKENS)
            code = self._work(Werkplek(proces.nummer, proces.koppelvlak, proces.beheer, lijn))
        except BaseException as fout:  # noqa: BLE001 - nothing may get back into what is the foreman's
            _log.exception("proces mislukt", proces=proces.nummer, fout=type(fout).__name__)
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _close_lines(self) -> None:
        for proces in self._processen:
            if proces.lijn is not None:
                proces.lijn.close()


def _listen(sectie: str, adres: str, poort: int, *, samen: bool = False) -> socket.socket:
    """Open a door; with `samen` one that our other processes open too, at the same address.

    Raises:
        ConfiguratieFout: the address is taken, or not one of this machine.
    """
    with ExitStack() as stapel:
        try:
            familie, soort, protocol, _, waar = socket.getaddrinfo(
                adres, poort, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            deur = stapel.enter_context(socket.socket(familie, soort, protocol))
            deur.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            deur.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, samen)
            if familie == socket.AF_INET6:
                deur.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as asyncio opens it
            deur.bind(waar)
            deur.listen(_RIJ)
        except OSError as fout:
            raise ConfiguratieFout(
                f"{sectie}: op {adres} poort {poort} is niet te luisteren ({fout.strerror})."
            ) from None
        stapel.pop_all()
        return deur
