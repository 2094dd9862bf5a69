"""Runs a stylesheet of a package: ``python -m istandaarden.stijlproces MAP NAAMRUIMTE < bericht.xml``.

A stylesheet may be slow on a bericht that was made to be, or on a large one: the process limits itself. It can neither
read nor write a file or reach the network, and writes what the Rapport says as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from istandaarden.pakket import read_package
from istandaarden.pakketschema import compile_xslt
from istandaarden.stijlrapport import faults, make_report
from istandaarden.veilig import parse

_BERICHT_MAX = 25 * 1024 * 1024
_GEHEUGEN = 1 << 30  # bytes of address space
_REKENTIJD = 60  # seconds of processor time; then it ends by itself (SIGXCPU), which is not being killed


def main() -> None:
    """Check standard input with the stylesheet of the package and namespace named on the command line."""
    resource.setrlimit(resource.RLIMIT_AS, (_GEHEUGEN, _GEHEUGEN))
    resource.setrlimit(resource.RLIMIT_CPU, (_REKENTIJD, _REKENTIJD + 1))
    pakket = read_package(Path(sys.argv[1]))
    stijl = compile_xslt(pakket.read_files(), pakket.controles[sys.argv[2]])
    wortel = parse(sys.stdin.buffer.read(), max_bytes=_BERICHT_MAX)
    rapport = make_report(stijl, wortel)
    if rapport is None:
        sys.exit(1)
    uit = {"versie": rapport.findtext("{*}Header/{*}XSLTVersie"), "fouten": list(faults(rapport, wortel))}
    sys.stdout.write(json.dumps(uit))


if __name__ == "__main__":
    main()
