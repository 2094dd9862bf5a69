"""Compiles everything in a staged package, in a process of its own: ``python -m istandaarden.pakketproces MAP TIJD``.

A schema can be written so that compiling it takes all memory or never ends; the process limits itself. It writes what
does not compile as JSON, a list of Dutch sentences.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

from istandaarden.pakket import read_package

_GEHEUGEN = 1 << 30  # bytes of address space; the largest published set takes a fifth of that
_REKENTIJD = 60  # seconds of processor time; the largest published set takes one or two


def compile_apart(map_: Path, rekentijd: int = _REKENTIJD) -> list[str]:
    """Compile a package in another process.

    Args:
        map_: folder of the package, with its list.
        rekentijd: seconds of processor time it may take.

    Returns:
        What does not compile, in Dutch; empty when everything does.
    """
    proces = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-I", "-m", "istandaarden.pakketproces", str(map_), str(rekentijd)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={},
        check=False,
    )
    if proces.returncode != 0:
        return ["het compileren van de schema's kost te veel geheugen of tijd, of loopt vast"]
    redenen: list[str] = json.loads(proces.stdout)
    return redenen


def main() -> None:
    """Compile the package in the folder named on the command line."""
    resource.setrlimit(resource.RLIMIT_AS, (_GEHEUGEN, _GEHEUGEN))
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]), int(sys.argv[2])))
    sys.stdout.write(json.dumps(list(read_package(Path(sys.argv[1])).compile_all())))


if __name__ == "__main__":
    main()
