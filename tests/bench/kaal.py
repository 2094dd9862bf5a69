"""The straight line: nothing but lxml with the published shape of a verdict, over all processors.

``python kaal.py MAP SCHEMAMAP`` says of each file in MAP whether it satisfies the schema of its namespace.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from lxml import etree

_PARTIJ = 64
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
_paden: dict[str, Path] = {}
_schemas: dict[str, etree.XMLSchema] = {}


def judge(pad: str) -> bool:
    with open(pad, "rb") as bestand:  # noqa: PTH123 - the fastest way
        wortel = etree.fromstring(bestand.read(), _PARSER)
    naamruimte = wortel.tag[1:].partition("}")[0]
    schema = _schemas.get(naamruimte)
    if schema is None:
        schema = _schemas[naamruimte] = etree.XMLSchema(etree.parse(_paden[naamruimte]))
    return schema.validate(wortel)


def judge_all(paden: list[str]) -> list[bool]:
    return [judge(pad) for pad in paden]


def main() -> None:
    map_, schemas = sys.argv[1:]
    for schema in Path(schemas).rglob("*.xsd"):
        _paden[etree.parse(schema).getroot().get("targetNamespace")] = schema
    paden = sorted(str(pad) for pad in Path(map_).iterdir())
    partijen = [paden[begin : begin + _PARTIJ] for begin in range(0, len(paden), _PARTIJ)]
    with ProcessPoolExecutor() as werkers:
        oordelen = [oordeel for deel in werkers.map(judge_all, partijen) for oordeel in deel]
    for pad, geldig in zip(paden, oordelen, strict=True):
        print(f"{pad}: {'geldig' if geldig else 'ongeldig'}")


if __name__ == "__main__":
    main()
