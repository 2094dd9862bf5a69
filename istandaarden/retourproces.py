"""Makes a retour in a process of its own, for heenberichten too large to handle beside other work.

``python -m istandaarden.retourproces`` reads one line of JSON (`write_request`) and then the heenbericht from standard
input, and writes the retour. It ends with `GEEN_RETOUR` when none can be made, and then writes why.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from istandaarden.bevinding import Bevinding
from istandaarden.retour import REGELVERSIE, Retourfout, build_retour

GEEN_RETOUR = 3
"""Exit code when no retour can be made."""

_GEHEUGEN = 3 << 29  # bytes of address space; of a declaratie of 25 MB two trees are needed, and the retour itself
_REKENTIJD = 60  # seconds of processor time


def write_request(
    bevindingen: Sequence[Bevinding], identificatie: str, dagtekening: date, xslt_versie: str = REGELVERSIE
) -> bytes:
    """Write the line that goes before the heenbericht; the arguments are those of `build_retour`."""
    return (
        json.dumps(
            {
                "bevindingen": [asdict(bevinding) for bevinding in bevindingen],
                "identificatie": identificatie,
                "dagtekening": dagtekening.isoformat(),
                "xslt_versie": xslt_versie,
            }
        ).encode()
        + b"\n"
    )


def main() -> None:
    """Answer the one request on standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (_GEHEUGEN, _GEHEUGEN))
    resource.setrlimit(resource.RLIMIT_CPU, (_REKENTIJD, _REKENTIJD))
    vraag = json.loads(sys.stdin.buffer.readline())
    try:
        retour = build_retour(
            sys.stdin.buffer.read(),
            [Bevinding(**rij) for rij in vraag["bevindingen"]],
            identificatie=vraag["identificatie"],
            dagtekening=date.fromisoformat(vraag["dagtekening"]),
            xslt_versie=vraag["xslt_versie"],
        )
    except Retourfout as fout:
        sys.stdout.buffer.write(str(fout).encode())
        sys.exit(GEEN_RETOUR)
    sys.stdout.buffer.write(retour or b"")


if __name__ == "__main__":
    main()
