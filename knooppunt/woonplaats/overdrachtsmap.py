"""The files of the transfer: a folder per gemeente with the lists it shares with each other one.

What one gemeente gives up stands in its own folder and, the same, in that of the one that takes it over, so the lists
of both sides match by construction; `count` reads the files back to show that no client was lost or doubled.
"""

from __future__ import annotations

import csv
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, TextIO

from knooppunt.rekenblad import guard
from knooppunt.woonplaats.clientvorm import Clientvorm, Toewijzingvorm
from routing.woonplaats.bepaling import NIEUW_VANAF
from routing.woonplaats.feiten import Verblijfsoort
from routing.woonplaats.overdracht import LAATSTE_DAG, VOORTZETTEN_TOT, Gevolg, Overgang

BLIJFT, ONBEKEND = "blijft.csv", "onbekend.csv"
VERTREKT, KOMT = "vertrekt_naar_{}.csv", "komt_van_{}.csv"
BEEINDIGEN, STARTEN = "toewijzingen_beeindigen_{}.csv", "toewijzingen_starten_{}.csv"

_CLIENT: Final = (
    "gemeente", "kenmerk", "gemeente_vanaf_2022", "regel_oud", "regel_nieuw", "zekerheid", "ontbreekt",
    "let_op", "uitleg",
)  # fmt: skip
_TOEWIJZING: Final = (
    "gemeente",
    "kenmerk",
    "nummer",
    "product",
    "aanbieder",
    "begin",
    "actie",
    "datum",
    "overgangsrecht",
)
_OPEN: Final = 200  # files open at a time


@dataclass(slots=True)
class Overdrachtsmap:
    """Writes the lists below `hoofdmap`, with no more than so many files open; a context manager, which closes them."""

    hoofdmap: Path
    _open: OrderedDict[Path, TextIO] = field(default_factory=OrderedDict)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_fout: object) -> None:
        """Close every file."""
        for bestand in self._open.values():
            bestand.close()

    def add(self, client: Clientvorm, overgang: Overgang) -> None:
        """Write one client in the lists of one or both gemeenten."""
        van, naar = overgang.blijft_bij[0], overgang.nieuw.gemeente
        rij = _client(client, overgang)
        if overgang.gevolg is not Gevolg.VERTREKT or naar is None:
            self._write(van, BLIJFT if overgang.gevolg is Gevolg.BLIJFT else ONBEKEND, _CLIENT, rij)
            return
        self._write(van, VERTREKT.format(naar), _CLIENT, rij)
        self._write(naar, KOMT.format(van), _CLIENT, rij)
        for toewijzing in client.toewijzingen:
            if toewijzing.einde is None or toewijzing.einde > LAATSTE_DAG:
                self._write(van, BEEINDIGEN.format(naar), _TOEWIJZING, _end(client, toewijzing))
                self._write(naar, STARTEN.format(van), _TOEWIJZING, _start(client, toewijzing))

    def _write(self, gemeente: str, naam: str, kop: Sequence[str], rij: Sequence[str]) -> None:
        pad = self.hoofdmap / gemeente / naam
        bestand = self._open.pop(pad, None)
        if bestand is None:
            pad.parent.mkdir(exist_ok=True)
            nieuw = not pad.exists()
            bestand = pad.open("a", encoding="utf-8", newline="")
            if nieuw:
                bestand.write("\ufeff")  # without it a spreadsheet takes UTF-8 for something else
                csv.writer(bestand, delimiter=";").writerow(kop)
        self._open[pad] = bestand
        csv.writer(bestand, delimiter=";").writerow([guard(cel) for cel in rij])
        if len(self._open) > _OPEN:
            self._open.popitem(last=False)[1].close()


def _client(client: Clientvorm, overgang: Overgang) -> tuple[str, ...]:
    nieuw = overgang.nieuw
    return (
        client.gemeente, client.kenmerk, nieuw.gemeente or "", overgang.oud.regel, nieuw.regel, nieuw.zekerheid,
        ", ".join(nieuw.ontbrekend), overgang.let_op, overgang.uitleg,
    )  # fmt: skip


def _end(client: Clientvorm, toewijzing: Toewijzingvorm) -> tuple[str, ...]:
    actie = ("intrekken", toewijzing.begin) if toewijzing.begin > LAATSTE_DAG else ("beëindigen", LAATSTE_DAG)
    return (*_toewijzing(client, toewijzing), actie[0], actie[1].isoformat(), "")


def _start(client: Clientvorm, toewijzing: Toewijzingvorm) -> tuple[str, ...]:
    begin = max(toewijzing.begin, NIEUW_VANAF)
    tot = min(toewijzing.einde or VOORTZETTEN_TOT, VOORTZETTEN_TOT)
    recht = f"ongewijzigd voortzetten tot en met {tot:%d-%m-%Y}"
    if any(v.soort is Verblijfsoort.PLEEGOUDER and (v.tot is None or v.tot >= NIEUW_VANAF) for v in client.verblijf):
        recht = f"pleegzorg bij dezelfde pleegouders zonder termijn; andere hulp {recht}"
    return (*_toewijzing(client, toewijzing), "starten", begin.isoformat(), recht)


def _toewijzing(client: Clientvorm, t: Toewijzingvorm) -> tuple[str, ...]:
    return client.gemeente, client.kenmerk, t.nummer or "", t.product, t.aanbieder, t.begin.isoformat()


@dataclass(slots=True)
class Telling:
    """How many clients of each gemeente stay, leave, come or cannot be placed; and toewijzingen, as the files say."""

    blijft: Counter[str] = field(default_factory=Counter)
    onbekend: Counter[str] = field(default_factory=Counter)
    vertrekt: Counter[tuple[str, str]] = field(default_factory=Counter)
    komt: Counter[tuple[str, str]] = field(default_factory=Counter)
    beeindigen: Counter[tuple[str, str]] = field(default_factory=Counter)
    starten: Counter[tuple[str, str]] = field(default_factory=Counter)

    def gemeenten(self) -> list[str]:
        """Every gemeente with a list, in order."""
        paren = (code for paar in (*self.vertrekt, *self.komt) for code in paar)
        return sorted({*self.blijft, *self.onbekend, *paren})

    def fits(self, gelezen: int) -> bool:
        """Say whether as many clients came out as went in, and each pair agrees from both sides."""
        uit = self.blijft.total() + self.onbekend.total() + self.vertrekt.total()
        return uit == gelezen and self.vertrekt == self.komt and self.beeindigen == self.starten


def count(hoofdmap: Path) -> Telling:
    """Count what stands in the files of a transfer."""
    telling = Telling()
    for gemeente, naam, aantal in _sizes(hoofdmap):
        soort, _, ander = naam.removesuffix(".csv").rpartition("_")
        if naam == BLIJFT:
            telling.blijft[gemeente] = aantal
        elif naam == ONBEKEND:
            telling.onbekend[gemeente] = aantal
        elif soort == "vertrekt_naar":
            telling.vertrekt[gemeente, ander] = aantal
        elif soort == "komt_van":
            telling.komt[ander, gemeente] = aantal
        elif soort == "toewijzingen_beeindigen":
            telling.beeindigen[gemeente, ander] = aantal
        else:
            telling.starten[ander, gemeente] = aantal
    return telling


def _sizes(hoofdmap: Path) -> Iterator[tuple[str, str, int]]:
    for pad in sorted(hoofdmap.glob("*/*.csv")):
        with pad.open(encoding="utf-8-sig", newline="") as bestand:
            yield pad.parent.name, pad.name, sum(1 for _ in csv.reader(bestand, delimiter=";")) - 1
