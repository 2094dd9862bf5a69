"""The hub of the demo as a process of its own, and its commands beside it."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_OPSTARTTIJD: Final = 60.0
_AFSLUITTIJD: Final = 20.0
_KNOOPPUNT: Final = (sys.executable, "-c", "from knooppunt.cli import main; main()")


class OpstartFout(RuntimeError):
    """The hub did not start; the text says in Dutch why, with the end of its log."""


@dataclass(frozen=True, slots=True)
class Uitvoer:
    """How a command ended: exit code, standard output, standard error."""

    code: int
    tekst: str
    fout: str


class Hubproces:
    """Starts and stops the hub.

    Args:
        config: configuration of the hub.
        log: file for what it writes on standard error.
        klaar: file in which it writes its ports.
    """

    def __init__(self, config: Path, log: Path, klaar: Path) -> None:
        self._config, self._log, self._klaar = config, log, klaar
        self._proces: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        """Start it, and return the address of its koppelvlak when it listens.

        Raises:
            OpstartFout: it does not.
        """
        opdracht = ("serve", "--config", str(self._config), "--klaar-bestand", str(self._klaar))
        with self._log.open("wb") as log:
            self._proces = await asyncio.create_subprocess_exec(
                *_KNOOPPUNT,
                *opdracht,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops the hub itself
            )
        try:
            async with asyncio.timeout(_OPSTARTTIJD):
                while not self._klaar.exists():
                    if self._proces.returncode is not None:
                        raise OpstartFout(f"Het knooppunt stopte meteen weer.\n{self.log_tail()}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise OpstartFout(f"Het knooppunt startte niet binnen {_OPSTARTTIJD:.0f} s.\n{self.log_tail()}") from None
        return str(json.loads(self._klaar.read_text("utf-8"))["koppelvlak"])

    async def stop(self) -> None:
        """Let it finish, and end it when that takes too long."""
        if self._proces is None or self._proces.returncode is not None:
            return
        self._proces.terminate()
        try:
            async with asyncio.timeout(_AFSLUITTIJD):
                await self._proces.wait()
        except TimeoutError:
            self._proces.kill()
            await self._proces.wait()

    async def command(self, *opdracht: str, invoer: str = "") -> Uitvoer:
        """Run a `knooppunt` command on this hub's configuration, beside the running hub."""
        proces = await asyncio.create_subprocess_exec(
            *_KNOOPPUNT,
            *opdracht,
            "--config",
            str(self._config),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            tekst, fout = await proces.communicate(invoer.encode())
        finally:
            if proces.returncode is None:  # the demo is being stopped
                proces.kill()
                await proces.wait()
        return Uitvoer(proces.returncode or 0, tekst.decode(), fout.decode())

    def log_tail(self, regels: int = 15) -> str:
        """Return the end of the hub's log, to show when something failed."""
        try:
            return "\n".join(self._log.read_text("utf-8", errors="replace").splitlines()[-regels:])
        except OSError:
            return ""
