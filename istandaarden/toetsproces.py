"""Verdict on one bericht in a process of its own: ``python -m istandaarden.toetsproces WMO301 3.2 < bericht.xml``.

For payloads too large or too suspect to check beside other work. The process limits its own memory and processor time,
reads the bericht from standard input and writes the verdict as JSON; besides the standards it opens nothing else.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date

from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import Catalogus
from istandaarden.kop import Kop
from istandaarden.schakels import Rol, Schakel, Schakelsoort
from istandaarden.standaardmap import in_gebruik
from istandaarden.toets import Oordeel, validate_stream

_GEHEUGEN = 1 << 30  # bytes of address space; an invalid payload of 25 MB needs a tree of about 300 MB to be explained
_REKENTIJD = 60  # seconds of processor time
_BLOK = 128 * 1024


def to_json(oordeel: Oordeel) -> bytes:
    """Write a verdict as JSON."""
    return json.dumps(
        {
            "geldig": oordeel.geldig,
            "berichtsoort": [oordeel.berichtsoort.code, oordeel.berichtsoort.release] if oordeel.berichtsoort else None,
            "bevindingen": [asdict(bevinding) for bevinding in oordeel.bevindingen],
            "kop": oordeel.kop._asdict() if oordeel.kop else None,
            "schema": oordeel.schema,
            "schakels": [[s.soort, s.sleutel, s.rol, s.dag and s.dag.isoformat()] for s in oordeel.schakels],
        }
    ).encode()


def from_json(tekst: bytes, catalogus: Catalogus) -> Oordeel:
    """Read what `to_json` wrote."""
    ruw = json.loads(tekst)
    return Oordeel(
        geldig=ruw["geldig"],
        berichtsoort=catalogus.find(*ruw["berichtsoort"]) if ruw["berichtsoort"] else None,
        bevindingen=tuple(Bevinding(**rij) for rij in ruw["bevindingen"]),
        kop=Kop(**ruw["kop"]) if ruw["kop"] else None,
        schema=ruw["schema"],
        schakels=tuple(
            Schakel(Schakelsoort(soort), tuple(sleutel), Rol(rol), date.fromisoformat(dag) if dag else None)
            for soort, sleutel, rol, dag in ruw["schakels"]
        ),
    )


def main() -> None:
    """Judge standard input against the berichtsoort and release named on the command line."""
    resource.setrlimit(resource.RLIMIT_AS, (_GEHEUGEN, _GEHEUGEN))
    resource.setrlimit(resource.RLIMIT_CPU, (_REKENTIJD, _REKENTIJD))
    verwacht = in_gebruik().find(sys.argv[1], sys.argv[2])
    data = memoryview(sys.stdin.buffer.read())

    def chunks() -> Iterator[bytes]:
        for begin in range(0, len(data), _BLOK):
            yield bytes(data[begin : begin + _BLOK])

    sys.stdout.buffer.write(to_json(validate_stream(chunks, verwacht=verwacht, schakels=True)))


if __name__ == "__main__":
    main()
