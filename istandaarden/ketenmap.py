"""Replays a folder of berichten in order: each is judged against those before it, and joins them when it is right.

The order is that of Dagtekening (of a retour: DagtekeningRetour), then name. A file ``volgorde.csv`` in the folder may
say otherwise: it has a column `bestand` with names below the folder; what it does not name comes after what it does.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from istandaarden.bestanden import Onleesbaar, Vondst, find, open_all, read_begin
from istandaarden.bevinding import Bevinding
from istandaarden.bulktoets import Uitslag
from istandaarden.catalogus import Catalogus
from istandaarden.kop import read_kop
from istandaarden.model import ROOT
from istandaarden.regels.boek import number
from istandaarden.regels.ketenverloop import Ketenverloop
from istandaarden.regels.registers import Registers
from istandaarden.standaardmap import in_gebruik
from istandaarden.toets import Oordeel, validate, validate_stream
from istandaarden.veilig import XmlGeweigerd

VOLGORDE = "volgorde.csv"
"""Name of the file that gives the order of a folder."""

_KOLOM = "bestand"
_INEENS_MAX = 1024 * 1024
_ALLES = 4
_ACHTERAAN = "9999-99-99"  # what has no date, cannot be judged either
_DEEL = re.compile(r"/Bericht/Declaratie/Clienten/Client(?:\[\d+\])?(?:/Prestaties/Prestatie(?:\[\d+\])?)?")


class Volgordefout(ValueError):
    """A ``volgorde.csv`` cannot be used; the text is Dutch."""


def find_in_order(paden: Iterable[Path], skip: Callable[[str], None] = lambda _naam: None) -> list[Vondst]:
    """Give the files behind paths in the order in which they are to be replayed; `skip` as for `find`.

    Raises:
        Volgordefout: a ``volgorde.csv`` cannot be read, or names a file that is not there.
    """
    paden = list(paden)
    volgorde: dict[str, int] = {}
    volgordes = {str(pad / VOLGORDE) for pad in paden}
    for pad in paden:
        for naam in _read_order(pad / VOLGORDE):
            volgorde.setdefault(str(pad / naam), len(volgorde))
    vondsten = [
        (volgorde.get(vondst.pad, len(volgorde)), _dagtekening(chunks), vondst.naam, vondst)
        for vondst, chunks in open_all(find(paden, lambda naam: None if naam in volgordes else skip(naam)))
    ]
    ontbreekt = sorted(volgorde.keys() - {vondst.pad for *_, vondst in vondsten})
    if ontbreekt:
        raise Volgordefout(f"{VOLGORDE} noemt bestanden die er niet zijn: {', '.join(ontbreekt)}.")
    return [vondst for *_, vondst in sorted(vondsten, key=lambda rij: rij[:3])]


def judge_keten(vondsten: Iterable[Vondst], registers: Registers, release: str | None = None) -> Iterator[Uitslag]:
    """Judge files at all levels, each against the right ones before it.

    A declaratie of which only prestaties are wrong joins them without those: the rest of it is granted (IV087).

    Args:
        vondsten: in order, from `find_in_order`.
        registers: for level 4.
        release: the release that every bericht should be of; another one is a finding, and does not join.
    """
    keten, catalogus = Ketenverloop(), in_gebruik()
    for vondst, chunks in open_all(vondsten):
        try:
            oordeel = _judge(chunks, keten, registers, catalogus)
        except Onleesbaar as fout:
            yield Uitslag(vondst.naam, None, None, (Bevinding("BESTAND", 1, "", 0, str(fout)),))
            continue
        soort, bevindingen = oordeel.berichtsoort, oordeel.bevindingen
        if soort is not None and release is not None and soort.release != release:
            melding = f"Dit is een {soort}; verwacht werd een bericht van release {release}."
            bevindingen = (Bevinding("XSD", 1, f"/{ROOT}", 0, melding), *bevindingen)
        else:
            accept(oordeel, keten)
        geldig = None if soort is None else not bevindingen
        yield Uitslag(vondst.naam, geldig, soort, bevindingen, oordeel.schema, oordeel.regels)


def accept(oordeel: Oordeel, keten: Ketenverloop) -> bool:
    """Add a bericht to a keten if its verdict lets it count; return whether it does.

    Args:
        oordeel: verdict at level 2 or higher.
        keten: the berichten before it.
    """
    bericht = oordeel.bericht
    if bericht is None:
        return False
    if oordeel.geldig:
        keten.add(bericht)
        return True
    delen = [_DEEL.match(b.plaats) if b.niveau > 2 else None for b in oordeel.bevindingen]
    if number(bericht.soort) != "323" or not all(delen):
        return False
    fout = {deel[0] for deel in delen if deel}
    afgewezen = set()
    for client in bericht.klassen("Client"):
        heel = client.plaats in fout
        for prestatie in client.kinderen("Prestaties/Prestatie"):
            if heel or prestatie.plaats in fout:
                afgewezen.add(prestatie.tekst("ProductReferentie/ReferentieNummer") or "")
    keten.add(bericht, afgewezen)
    return True


def _judge(
    chunks: Callable[[], Iterator[bytes]], keten: Ketenverloop, registers: Registers, catalogus: Catalogus
) -> Oordeel:
    begin = read_begin(chunks(), _INEENS_MAX)
    if len(begin) < _INEENS_MAX:
        return validate(begin, catalogus=catalogus, niveau=_ALLES, keten=keten, registers=registers)
    return validate_stream(chunks, catalogus=catalogus, niveau=_ALLES, keten=keten, registers=registers)


def _dagtekening(chunks: Callable[[], Iterator[bytes]]) -> str:
    try:
        kop = read_kop(chunks())
    except (XmlGeweigerd, Onleesbaar):
        return _ACHTERAAN
    return kop.dagtekening_retour or kop.dagtekening or _ACHTERAAN


def _read_order(pad: Path) -> Sequence[str]:
    if not pad.is_file():
        return ()
    try:
        tekst = pad.read_text(encoding="utf-8-sig")
        kop = tekst.splitlines()[0] if tekst.strip() else ""
        lezer = csv.DictReader(io.StringIO(tekst), delimiter=";" if ";" in kop else ",", strict=True)
        rijen: list[Mapping[str, str | None]] = list(lezer)
    except (OSError, UnicodeDecodeError, csv.Error) as fout:
        raise Volgordefout(f"{pad} is niet te lezen als CSV in UTF-8.") from fout
    if _KOLOM not in (lezer.fieldnames or ()):
        raise Volgordefout(f"{pad} heeft geen kolom {_KOLOM}.")
    return [naam for rij in rijen if (naam := (rij[_KOLOM] or "").strip())]
