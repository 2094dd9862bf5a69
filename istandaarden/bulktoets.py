"""Judges many files at once, with all processors when there are enough of them to make that worth while."""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from istandaarden.bestanden import Onleesbaar, Vondst, open_all
from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import ingebouwd
from istandaarden.model import ROOT
from istandaarden.toets import Oordeel, validate, validate_stream

PARALLEL_VANAF = 256
"""Files from which starting processes costs less than it gains."""

_PARTIJ = 64
_INEENS_MAX = 1024 * 1024
"""Bytes up to which a bericht is judged from memory."""


@dataclass(frozen=True, slots=True)
class Uitslag:
    """What came of one file. `geldig` is None when nothing can be said: unreadable, or no known berichtsoort."""

    naam: str
    geldig: bool | None
    oordeel: Oordeel


def judge(vondsten: Iterable[Vondst], release: str | None = None) -> Iterator[Uitslag]:
    """Judge files in their order.

    Args:
        vondsten: from `istandaarden.bestanden.find`.
        release: the release that every bericht should be of; another one is a finding.
    """
    for vondst, chunks in open_all(vondsten):
        yield _judge_one(vondst, chunks, release)


def judge_parallel(vondsten: Iterable[Vondst], release: str | None = None) -> Iterator[Uitslag]:
    """Judge files in their order, divided over processes when there are at least `PARALLEL_VANAF`."""
    rest = iter(vondsten)
    eerste = list(itertools.islice(rest, PARALLEL_VANAF))
    if len(eerste) < PARALLEL_VANAF or multiprocessing.cpu_count() == 1:
        yield from judge(itertools.chain(eerste, rest), release)
        return
    ingebouwd()  # a forked process starts with the catalogue in memory
    methode = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context(methode)) as werkers:
        partijen = _batches(itertools.chain(eerste, rest))
        for uitslagen in werkers.map(_judge_batch, partijen, itertools.repeat(release)):
            yield from uitslagen


def judge_bytes(naam: str, data: bytes, release: str | None = None) -> Uitslag:
    """Judge what is in memory already, such as standard input."""
    return _judge_one(Vondst(naam), lambda: iter([data]), release)


def _batches(vondsten: Iterable[Vondst]) -> Iterator[list[Vondst]]:
    rest = iter(vondsten)
    while partij := list(itertools.islice(rest, _PARTIJ)):
        yield partij


def _judge_batch(vondsten: list[Vondst], release: str | None) -> list[Uitslag]:
    return list(judge(vondsten, release))


def _judge_one(vondst: Vondst, chunks: Callable[[], Iterator[bytes]], release: str | None) -> Uitslag:
    try:
        begin = b"".join(itertools.islice(chunks(), _INEENS_MAX // (128 * 1024)))
        oordeel = validate(begin) if len(begin) < _INEENS_MAX else validate_stream(chunks)
    except Onleesbaar as fout:
        bevinding = Bevinding("BESTAND", 1, "", 0, str(fout))
        oordeel = Oordeel(geldig=False, berichtsoort=None, bevindingen=(bevinding,), kop=None)
        return Uitslag(vondst.naam, None, oordeel)
    soort = oordeel.berichtsoort
    if soort is None:
        return Uitslag(vondst.naam, None, oordeel)
    if release is not None and soort.release != release:
        melding = f"Dit is een {soort}; verwacht werd een bericht van release {release}."
        anders = Bevinding("XSD", 1, f"/{ROOT}", 0, melding)
        oordeel = replace(oordeel, geldig=False, bevindingen=(anders, *oordeel.bevindingen))
    return Uitslag(vondst.naam, oordeel.geldig, oordeel)
