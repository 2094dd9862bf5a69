"""The verdict on a bericht: is it what its schema says, and if not, what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING

from lxml import etree

from istandaarden.bevinding import Bevinding
from istandaarden.binnentoets import Binnenoordeel, judge_inside
from istandaarden.catalogus import Catalogus
from istandaarden.herkenning import Onherkenbaar, by_root, recognise
from istandaarden.kop import Kop, kop_of, kop_with, read_kop
from istandaarden.model import ROOT, Berichtsoort
from istandaarden.regels.bericht import Bericht, Meelezer, read_tree
from istandaarden.regels.toetsing import judge
from istandaarden.regels.twijfel import mark_faults
from istandaarden.schakels import Schakel, needs_klassen, parts_of, read_parts, schakels_of
from istandaarden.schemauitleg import explain_by_schema
from istandaarden.standaardmap import in_gebruik
from istandaarden.uitleg import Foutplekken, explain_places, line_of
from istandaarden.veilig import XmlGeweigerd, parse, validate_chunks
from istandaarden.waardetoets import Waardetoets

if TYPE_CHECKING:  # who asks for levels 3 and 4 has read these modules; for the rest it takes time
    from istandaarden.regels.keten import Keten
    from istandaarden.regels.registers import Registers

BERICHT_MAX = 25 * 1024 * 1024
"""Bytes of the largest bericht that is checked (iStandaarden OP179)."""

_BOOM_MAX = 1024 * 1024
"""Bytes above which a bericht is not read into a tree to check rules, as long as it satisfies its schema."""


@dataclass(frozen=True, slots=True)
class Oordeel:
    """What came out of checking one bericht.

    `berichtsoort` is what the root element says, None when it says nothing we know; `bevindingen` is empty exactly when
    `geldig`; `kop` is the Header as far as it could be read. `bericht` is what rules read, for who wants to add it to a
    keten: there when a level above 1 was asked and the schema is satisfied. `schema` says which schema gave the
    verdict, see `istandaarden.catalogus.Catalogus.herkomst`; empty when the berichtsoort is not known. `regels` says
    what checked level 2, and `xslt_versie` its version if that is known: see `istandaarden.binnentoets.Binnenoordeel`.
    `schakels` are there when they were asked for and the schema is satisfied.
    """

    geldig: bool
    berichtsoort: Berichtsoort | None
    bevindingen: tuple[Bevinding, ...]
    kop: Kop | None
    bericht: Bericht | None = field(default=None, repr=False, compare=False)
    schema: str = ""
    regels: str = ""
    xslt_versie: str | None = None
    schakels: tuple[Schakel, ...] = field(default=(), repr=False)


_NIET_GETOETST = Binnenoordeel()


@dataclass(slots=True)
class _Stand:
    """What is known so far: `bericht` is that for rules, when it satisfies its schema."""

    soort: Berichtsoort | None
    bevindingen: tuple[Bevinding, ...] = ()
    wortel: etree._Element | None = None
    bericht: Bericht | None = None
    binnen: Binnenoordeel = _NIET_GETOETST


def validate(
    data: bytes,
    *,
    verwacht: Berichtsoort | None = None,
    catalogus: Catalogus | None = None,
    niveau: int = 1,
    keten: Keten | None = None,
    registers: Registers | None = None,
    schakels: bool = False,
) -> Oordeel:
    """Check a bericht against the schema of its berichtsoort and, if asked, its rules (levels of iStandaarden IV032).

    Args:
        data: the whole bericht, up to `BERICHT_MAX` bytes.
        verwacht: the berichtsoort it should be, for instance from the envelope; another one is a finding.
        catalogus: the berichtsoorten to know; those in use by default (`istandaarden.standaardmap`).
        niveau: the highest level to check: 1 the schema, 2 rules inside the bericht, 3 across berichten, 4 against
            registers. What level 1 finds does not keep level 2 from judging the rest; levels 3 and 4 need a bericht
            that satisfies its schema.
        keten: what is known of earlier berichten; without it level 3 is left out.
        registers: what is known outside berichten; without it level 4 is left out.
        schakels: also read by what the bericht hangs together with others.

    Returns:
        The verdict with all findings at once. Whatever is wrong with `data` is a finding, never an exception.
    """
    catalogus = catalogus or in_gebruik()
    if niveau > 1 and len(data) > _BOOM_MAX:
        return validate_stream(
            lambda: iter([data]),
            verwacht=verwacht,
            catalogus=catalogus,
            niveau=niveau,
            keten=keten,
            registers=registers,
            schakels=schakels,
        )
    return _validate_tree(data, verwacht, catalogus, niveau, (keten, registers), schakels=schakels)


def _validate_tree(
    data: bytes,
    verwacht: Berichtsoort | None,
    catalogus: Catalogus,
    niveau: int,
    bronnen: tuple[Keten | None, Registers | None],
    *,
    schakels: bool = False,
) -> Oordeel:
    stand = _check(data, verwacht, catalogus, niveau)
    bevindingen = stand.bevindingen
    voldoet = stand.bericht is not None or not bevindingen
    if stand.bericht is not None:
        bevindingen += _judge_higher(stand.bericht, niveau, *bronnen)
    kop = _kop(stand.soort, stand.wortel, stand.bericht)
    schema = catalogus.herkomst(stand.soort) if stand.soort else ""
    gevonden = _schakels(stand, kop) if schakels and voldoet else ()
    return Oordeel(not bevindingen, stand.soort, bevindingen, kop, stand.bericht, schema, *stand.binnen[1:], gevonden)


def _schakels(stand: _Stand, kop: Kop | None) -> tuple[Schakel, ...]:
    """Read by what a bericht that satisfies its schema hangs together with others."""
    soort, wortel = stand.soort, stand.wortel
    if soort is None or wortel is None or kop is None:
        return ()
    return schakels_of(soort, kop, read_parts(wortel, soort) if needs_klassen(soort) else None)


def check(data: bytes, catalogus: Catalogus, niveau: int = 1) -> Oordeel:
    """Do the work of `validate` up to level 2, and stop short of reading the Header."""
    stand = _check(data, None, catalogus, niveau)
    schema = catalogus.herkomst(stand.soort) if stand.soort else ""
    return Oordeel(not stand.bevindingen, stand.soort, stand.bevindingen, None, None, schema, *stand.binnen[1:])


def _check(data: bytes, verwacht: Berichtsoort | None, catalogus: Catalogus, niveau: int) -> _Stand:
    """Check up to level 2."""
    try:
        wortel = parse(data, max_bytes=BERICHT_MAX)
    except XmlGeweigerd as fout:
        return _Stand(_try_recognise(data, catalogus), (_refusal(fout),))
    try:
        soort = by_root(str(wortel.tag), catalogus, line_of(wortel))
    except Onherkenbaar as fout:
        return _Stand(None, (_refusal(fout),), wortel)
    stand = _Stand(soort, _mismatch(soort, verwacht), wortel)
    if catalogus.schema(soort).validate(wortel):
        if niveau > 1:
            stand.bericht = read_tree(wortel, soort)
            stand.binnen = judge_inside(stand.bericht, catalogus, lambda: iter([data]))
            stand.bevindingen += stand.binnen.bevindingen
        return stand
    fouten, plekken = _explain(wortel, soort, catalogus)
    if niveau > 1 and plekken is not None:
        bericht = read_tree(wortel, soort)
        mark_faults(bericht, plekken)
        stand.binnen = judge_inside(bericht, catalogus, None)
        fouten = tuple(merge(fouten, stand.binnen.bevindingen, key=attrgetter("regel")))
    stand.bevindingen += fouten
    return stand


def _explain(
    wortel: etree._Element, soort: Berichtsoort, catalogus: Catalogus
) -> tuple[tuple[Bevinding, ...], Foutplekken | None]:
    """Explain by the model; where there is none, or it finds nothing wrong, by the schema that rejects."""
    model = catalogus.find_model(soort)
    if model is not None:
        fouten, plekken = explain_places(wortel, model, _value_check(catalogus, soort))
        if fouten:
            return fouten, plekken
    return explain_by_schema(wortel, catalogus.compile(soort)), None


def _judge_higher(
    bericht: Bericht, niveau: int, keten: Keten | None, registers: Registers | None
) -> tuple[Bevinding, ...]:
    gevonden: tuple[Bevinding, ...] = ()
    if niveau >= 3 and keten is not None:
        gevonden += judge(bericht, 3, keten)
    if niveau >= 4 and registers is not None:
        gevonden += judge(bericht, 4, registers)
    return gevonden


def _kop(soort: Berichtsoort | None, wortel: etree._Element | None, bericht: Bericht | None) -> Kop | None:
    if bericht is not None:
        return kop_with(bericht.soort.naamruimte, bericht.header)
    return None if soort is None or wortel is None else kop_of(wortel)


def validate_stream(
    chunks: Callable[[], Iterator[bytes]],
    *,
    verwacht: Berichtsoort | None = None,
    catalogus: Catalogus | None = None,
    niveau: int = 1,
    keten: Keten | None = None,
    registers: Registers | None = None,
    schakels: bool = False,
) -> Oordeel:
    """Check a large bericht with the same verdict as `validate`, without holding it as long as it is valid.

    Args:
        chunks: gives the bericht from its start each time it is called, in pieces of any length.
        verwacht: as for `validate`.
        catalogus: as for `validate`.
        niveau: as for `validate`.
        keten: as for `validate`.
        registers: as for `validate`.
        schakels: as for `validate`.

    Returns:
        As `validate`. Only to explain what its schema does not allow, a bericht is read as a whole. From level 2 on
        its values are kept, without the tree around them.
    """
    catalogus = catalogus or in_gebruik()
    lezer: Meelezer | None = None
    try:
        soort = recognise(chunks(), catalogus)
        lezer = Meelezer() if niveau > 1 or (schakels and needs_klassen(soort)) else None
        lees = lezer.absorb if lezer else None
        if _mismatch(soort, verwacht) or not validate_chunks(_bounded(chunks()), catalogus.schema(soort), lees=lees):
            lezer = lees = None
            return _validate_tree(b"".join(_bounded(chunks())), verwacht, catalogus, niveau, (keten, registers))
        kop = _read_kop(chunks) if lezer is None else None
    except XmlGeweigerd as fout:
        herkend = _try_recognise(chunks(), catalogus)
        schema = catalogus.herkomst(herkend) if herkend else ""
        return Oordeel(geldig=False, berichtsoort=herkend, bevindingen=(_refusal(fout),), kop=None, schema=schema)
    except Onherkenbaar as fout:
        return Oordeel(geldig=False, berichtsoort=None, bevindingen=(_refusal(fout),), kop=None)
    schema = catalogus.herkomst(soort)
    bericht = lezer.bericht(soort) if lezer else None
    kop = kop or _kop(soort, None, bericht)
    gevonden = schakels_of(soort, kop, parts_of(bericht) if bericht else None) if schakels and kop is not None else ()
    if bericht is None or niveau == 1:
        return Oordeel(geldig=True, berichtsoort=soort, bevindingen=(), kop=kop, schema=schema, schakels=gevonden)
    binnen = judge_inside(bericht, catalogus, chunks)
    bevindingen = binnen.bevindingen + _judge_higher(bericht, niveau, keten, registers)
    return Oordeel(not bevindingen, soort, bevindingen, kop, bericht, schema, *binnen[1:], gevonden)


def read_stream(chunks: Callable[[], Iterator[bytes]], catalogus: Catalogus | None = None) -> Bericht | None:
    """Read a bericht as rules read it, without judging it by any; None when it does not satisfy its schema.

    Args:
        chunks: as for `validate_stream`.
        catalogus: as for `validate`.
    """
    catalogus = catalogus or in_gebruik()
    lezer = Meelezer()
    try:
        soort = recognise(chunks(), catalogus)
        goed = validate_chunks(_bounded(chunks()), catalogus.schema(soort), lees=lezer.absorb)
    except (XmlGeweigerd, Onherkenbaar):
        return None
    return lezer.bericht(soort) if goed else None


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
    if verwacht is None or soort is verwacht or soort == verwacht:  # the same one, nearly always; to compare takes time
        return ()
    return (Bevinding("XSD", 1, f"/{ROOT}", 0, f"Dit is een {soort}; verwacht werd een {verwacht}."),)


def _refusal(fout: XmlGeweigerd | Onherkenbaar) -> Bevinding:
    return Bevinding("XSD", 1, "/", fout.regel, fout.melding)


def _try_recognise(data: bytes | Iterator[bytes], catalogus: Catalogus) -> Berichtsoort | None:
    try:
        return recognise(data, catalogus)
    except (XmlGeweigerd, Onherkenbaar):
        return None
