"""The verdict on a bericht: is it what its schema says, and if not, what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import Catalogus, ingebouwd
from istandaarden.herkenning import Onherkenbaar, by_root, recognise
from istandaarden.kop import Kop, kop_of, read_kop
from istandaarden.model import ROOT, Berichtsoort
from istandaarden.uitleg import explain_rejected, line_of
from istandaarden.veilig import XmlGeweigerd, parse, validate_chunks
from istandaarden.waardetoets import Waardetoets

BERICHT_MAX = 25 * 1024 * 1024
"""Bytes of the largest bericht that is checked (iStandaarden OP179)."""


@dataclass(frozen=True, slots=True)
class Oordeel:
    """What came out of checking one bericht.

    `berichtsoort` is what the root element says, None when it says nothing we know; `bevindingen` is empty exactly when
    `geldig`; `kop` is the Header as far as it could be read.
    """

    geldig: bool
    berichtsoort: Berichtsoort | None
    bevindingen: tuple[Bevinding, ...]
    kop: Kop | None


def validate(data: bytes, *, verwacht: Berichtsoort | None = None, catalogus: Catalogus | None = None) -> Oordeel:
    """Check a bericht against the schema of its berichtsoort (level 1 of iStandaarden IV028).

    Args:
        data: the whole bericht, up to `BERICHT_MAX` bytes.
        verwacht: the berichtsoort it should be, for instance from the envelope; another one is a finding.
        catalogus: the berichtsoorten to know; the built-in catalogue by default.

    Returns:
        The verdict with all findings at once. Whatever is wrong with `data` is a finding, never an exception.
    """
    soort, bevindingen, wortel = check(data, verwacht, catalogus or ingebouwd())
    kop = None if soort is None or wortel is None else kop_of(wortel)
    return Oordeel(geldig=not bevindingen, berichtsoort=soort, bevindingen=bevindingen, kop=kop)


def check(
    data: bytes, verwacht: Berichtsoort | None, catalogus: Catalogus
) -> tuple[Berichtsoort | None, tuple[Bevinding, ...], etree._Element | None]:
    """Do the work of `validate` and stop short of reading the Header.

    Returns:
        What the root element says, all findings, and the tree when there is one.
    """
    try:
        wortel = parse(data, max_bytes=BERICHT_MAX)
    except XmlGeweigerd as fout:
        return _try_recognise(data, catalogus), (_refusal(fout),), None
    try:
        soort = by_root(str(wortel.tag), catalogus, line_of(wortel))
    except Onherkenbaar as fout:
        return None, (_refusal(fout),), wortel
    bevindingen = _mismatch(soort, verwacht)
    if not catalogus.schema(soort).validate(wortel):
        bevindingen += explain_rejected(wortel, catalogus.model(soort), _value_check(catalogus, soort))
    return soort, bevindingen, wortel


def validate_stream(
    chunks: Callable[[], Iterator[bytes]],
    *,
    verwacht: Berichtsoort | None = None,
    catalogus: Catalogus | None = None,
) -> Oordeel:
    """Check a large bericht with the same verdict as `validate`, without holding it as long as it is valid.

    Args:
        chunks: gives the bericht from its start each time it is called, in pieces of any length.
        verwacht: as for `validate`.
        catalogus: as for `validate`.

    Returns:
        As `validate`. Only to explain an invalid bericht it is read as a whole.
    """
    catalogus = catalogus or ingebouwd()
    try:
        soort = recognise(chunks(), catalogus)
        if _mismatch(soort, verwacht) or not validate_chunks(_bounded(chunks()), catalogus.schema(soort)):
            return validate(b"".join(_bounded(chunks())), verwacht=verwacht, catalogus=catalogus)
        kop = _read_kop(chunks)
    except XmlGeweigerd as fout:
        herkend = _try_recognise(chunks(), catalogus)
        return Oordeel(geldig=False, berichtsoort=herkend, bevindingen=(_refusal(fout),), kop=None)
    except Onherkenbaar as fout:
        return Oordeel(geldig=False, berichtsoort=None, bevindingen=(_refusal(fout),), kop=None)
    return Oordeel(geldig=True, berichtsoort=soort, bevindingen=(), kop=kop)


def _read_kop(chunks: Callable[[], Iterator[bytes]]) -> Kop:
    try:
        return read_kop(chunks())
    except XmlGeweigerd:  # valid, so the only reason is a Header with more white space than `read_kop` takes
        return kop_of(parse(b"".join(chunks()), max_bytes=BERICHT_MAX))


def _bounded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    gelezen = 0
    for deel in chunks:
        gelezen += len(deel)
        if gelezen > BERICHT_MAX:
            raise XmlGeweigerd("omvang", f"Het bestand is groter dan {BERICHT_MAX} bytes.")
        yield deel


@lru_cache(maxsize=256)
def _value_check(catalogus: Catalogus, soort: Berichtsoort) -> Waardetoets:
    return Waardetoets(catalogus.model(soort))


def _mismatch(soort: Berichtsoort, verwacht: Berichtsoort | None) -> tuple[Bevinding, ...]:
    if verwacht is None or soort == verwacht:
        return ()
    return (Bevinding("XSD", 1, f"/{ROOT}", 0, f"Dit is een {soort}; verwacht werd een {verwacht}."),)


def _refusal(fout: XmlGeweigerd | Onherkenbaar) -> Bevinding:
    return Bevinding("XSD", 1, "/", fout.regel, fout.melding)


def _try_recognise(data: bytes | Iterator[bytes], catalogus: Catalogus) -> Berichtsoort | None:
    try:
        return recognise(data, catalogus)
    except (XmlGeweigerd, Onherkenbaar):
        return None
