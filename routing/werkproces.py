"""One payload in a process of its own: it keeps the event loop free and the hub small, and it can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterable

from istandaarden.standaardmap import process_environment


class WerkMislukt(RuntimeError):
    """The process gave no answer in time."""


async def run_module(module: str, argumenten: Iterable[str], invoer: Iterable[bytes], tijd: float) -> tuple[int, bytes]:
    """Run ``python -m module`` and feed it.

    Args:
        module: one of ours; it reads standard input and writes standard output.
        argumenten: for its command line.
        invoer: what it reads, in pieces.
        tijd: seconds it may take.

    Returns:
        Its exit code, and what it wrote.

    Raises:
        WerkMislukt: it took too long.
    """
    proces = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        module,
        *argumenten,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=process_environment(),  # the process gets no secret of the hub
    )
    try:
        async with asyncio.timeout(tijd):
            uit, _ = await asyncio.gather(_read(proces), _feed(proces, invoer))
            return await proces.wait(), uit
    except TimeoutError as fout:
        raise WerkMislukt(f"{module} gave no answer within {tijd} s") from fout
    finally:
        if proces.returncode is None:
            proces.kill()
            await proces.wait()


async def _read(proces: asyncio.subprocess.Process) -> bytes:
    assert proces.stdout is not None  # noqa: S101 - asked for with PIPE
    return await proces.stdout.read()


async def _feed(proces: asyncio.subprocess.Process, invoer: Iterable[bytes]) -> None:
    assert proces.stdin is not None  # noqa: S101 - asked for with PIPE
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have seen enough
        for blok in invoer:
            proces.stdin.write(blok)
            await proces.stdin.drain()
        proces.stdin.close()
