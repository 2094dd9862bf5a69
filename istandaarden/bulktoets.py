"""Judges many files at once, with all processors when there are enough of them to make that worth while."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from istandaarden.bestanden import Onleesbaar, Vondst, open_all, read_begin
from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import Berichtsoort, Catalogus
from istandaarden.herkenning import recognise
from istandaarden.model import ROOT
from istandaarden.standaardmap import in_gebruik
from istandaarden.stijlrapport import ControleAfgebroken
from istandaarden.toets import check, validate_stream

PARALLEL_VANAF = 256
"""Files from which starting processes costs less than it gains."""

_PARTIJ_MAX = 256
_PARTIJEN_MIN = 8  # per process, so that none waits long for the last
_MONSTER = 100
"""Files, spread over all, that say which schemas are needed."""

_INEENS_MAX = 1024 * 1024
"""Bytes up to which a bericht is judged from memory."""


@dataclass(frozen=True, slots=True)
class Uitslag:
    """What came of one file.

    `geldig` is None when nothing can be said: unreadable, or no known berichtsoort. `schema` says which schema gave the
    verdict and `regels` what checked level 2, as in `istandaarden.toets.Oordeel`.
    """

    naam: str
    geldig: bool | None
    berichtsoort: Berichtsoort | None
    bevindingen: tuple[Bevinding, ...]
    schema: str = ""
    regels: str = ""


Regel = tuple[bool | None, str]
"""What is left of an `Uitslag`: its `geldig`, and the text that was made of it."""


def judge(vondsten: Iterable[Vondst], release: str | None = None, niveau: int = 1) -> Iterator[Uitslag]:
    """Judge files in their order.

    Args:
        vondsten: from `istandaarden.bestanden.find`.
        release: the release that every bericht should be of; another one is a finding.
        niveau: highest level to check, 1 or 2, as for `istandaarden.toets.validate`.
    """
    catalogus = in_gebruik()
    for vondst, chunks in open_all(vondsten):
        yield _judge_one(vondst.naam, chunks, release, catalogus, niveau)


def judge_parallel(
    vondsten: Sequence[Vondst], write: Callable[[Uitslag], str], release: str | None = None, niveau: int = 1
) -> Iterator[Regel]:
    """Judge files in their order, divided over processes when there are at least `PARALLEL_VANAF`.

    Args:
        vondsten: from `istandaarden.bestanden.find`.
        write: makes the text for one file; a function of a module, because it runs in those processes.
        release: as for `judge`.
        niveau: as for `judge`.
    """
    aantal = multiprocessing.cpu_count()
    if len(vondsten) < PARALLEL_VANAF or aantal == 1:
        yield from ((uitslag.geldig, write(uitslag)) for uitslag in judge(vondsten, release, niveau))
        return
    _compile_schemas(vondsten, in_gebruik())
    gc.freeze()  # so that looking for garbage does not touch, and so copy, what the processes share
    methode = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    grootte = min(_PARTIJ_MAX, -(-len(vondsten) // (aantal * _PARTIJEN_MIN)))
    partijen = [(begin, begin + grootte) for begin in range(0, len(vondsten), grootte)]
    context = multiprocessing.get_context(methode)
    werk = _Werk(vondsten, write, release, niveau)
    with ProcessPoolExecutor(mp_context=context, initializer=_take, initargs=(werk,)) as werkers:
        for regels in werkers.map(_judge_batch, partijen):
            yield from regels


def _compile_schemas(vondsten: Sequence[Vondst], catalogus: Catalogus) -> None:
    """Compile here what a sample says is needed, and forked processes start with it instead of each doing the same."""
    for _, chunks in open_all(vondsten[:: -(-len(vondsten) // _MONSTER)]):
        with suppress(Exception):  # who judges a file meets the same, and says of which file it is
            catalogus.schema(recognise(chunks(), catalogus))


def judge_bytes(naam: str, data: bytes, release: str | None = None, niveau: int = 1) -> Uitslag:
    """Judge what is in memory already, such as standard input."""
    return _judge_one(naam, lambda: iter([data]), release, in_gebruik(), niveau)


class _Werk(NamedTuple):
    """What all processes work on; a forked one has it in memory already, and is only told which part to do."""

    vondsten: Sequence[Vondst]
    write: Callable[[Uitslag], str]
    release: str | None
    niveau: int


_werk: list[_Werk] = []


def _take(werk: _Werk) -> None:
    _werk[:] = [werk]


def _judge_batch(partij: tuple[int, int]) -> list[Regel]:
    vondsten, write, release, niveau = _werk[0]
    return [(uitslag.geldig, write(uitslag)) for uitslag in judge(vondsten[slice(*partij)], release, niveau)]


def _judge_one(
    naam: str, chunks: Callable[[], Iterator[bytes]], release: str | None, catalogus: Catalogus, niveau: int
) -> Uitslag:
    try:
        begin = read_begin(chunks(), _INEENS_MAX)
        if len(begin) < _INEENS_MAX:
            oordeel = check(begin, catalogus, niveau)
        else:
            oordeel = validate_stream(chunks, catalogus=catalogus, niveau=niveau)
    except (Onleesbaar, ControleAfgebroken) as fout:
        return Uitslag(naam, None, None, (Bevinding("BESTAND", 1, "", 0, str(fout)),))
    soort, bevindingen = oordeel.berichtsoort, oordeel.bevindingen
    if soort is None:
        return Uitslag(naam, None, None, bevindingen)
    if release is not None and soort.release != release:
        melding = f"Dit is een {soort}; verwacht werd een bericht van release {release}."
        bevindingen = (Bevinding("XSD", 1, f"/{ROOT}", 0, melding), *bevindingen)
    return Uitslag(naam, not bevindingen, soort, bevindingen, oordeel.schema, oordeel.regels)
