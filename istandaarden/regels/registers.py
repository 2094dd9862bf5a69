"""What the rules against registers (level 4) must know: the port `Registers`, and the registers that come built in.

Built in are the gemeenten of CBS, the productcodes for hulpmiddelen of iWmo, and the day of today. Which other codes
are used and what they cost, gemeente and aanbieder agree between them: that is a `Contractlijst`, read from CSV.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from istandaarden.codelijsten import codes
from istandaarden.gemeenten import is_gemeente, was_gemeente
from istandaarden.regels.keten import Product, Relatie

_KOLOMMEN = ("gemeente", "aanbieder", "standaard", "categorie", "code", "eenheid", "tarief", "vanaf", "tot")
_VORM = {
    "gemeente": re.compile("[0-9]{4}|"),
    "aanbieder": re.compile("[0-9]{8}|"),
    "standaard": re.compile("iwmo|ijw|"),
    "categorie": re.compile("[0-9]{2}"),
    "code": re.compile(r"\S{1,5}"),
    "eenheid": re.compile("[0-9]{2}|"),
    "tarief": re.compile("[0-9]{1,8}|"),
}
_NEDERLAND = ZoneInfo("Europe/Amsterdam")


class Tarief(NamedTuple):
    """A price that was agreed: `cent` per `eenheid` (WJ756)."""

    cent: int
    eenheid: str


class Registers(Protocol):
    """Answers what lies outside the berichten."""

    @property
    def vandaag(self) -> date:
        """The day it is for the receiver (TR135)."""

    def is_gemeente(self, code: str, dag: date) -> bool:
        """Tell whether a code was that of a gemeente on a day."""

    def was_gemeente(self, code: str, dag: date) -> bool:
        """Tell whether a code was that of a gemeente on a day or before."""

    def fits(self, relatie: Relatie, product_: Product, dag: date) -> bool | None:
        """Tell whether a code belongs to its categorie in the list these two use; None when there is no such list."""

    def tarieven(self, relatie: Relatie, product_: Product, dag: date) -> Sequence[Tarief]:
        """Give the prices these two agreed for a product on a day; empty when none is known."""


class Contractfout(ValueError):
    """A list of productcodes cannot be used; `fouten` are Dutch sentences, one per fault, each with its line."""

    def __init__(self, fouten: Iterable[str]) -> None:
        self.fouten = tuple(fouten)
        super().__init__("\n".join(self.fouten))


@dataclass(frozen=True, slots=True)
class Contractregel:
    """One line of a `Contractlijst`: a product, valid from `vanaf` up to and including `tot`, and its price if any."""

    product: Product
    tarief: Tarief | None
    vanaf: date
    tot: date


class Contractlijst:
    """The productcodes that gemeenten and aanbieders use, with their prices."""

    def __init__(self, regels: Mapping[tuple[str, str, str], Sequence[Contractregel]] | None = None) -> None:
        self._regels = {
            tussen: _by_code(deel) for tussen, deel in (regels or {}).items()
        }  # per relatie of which parts may be open

    @classmethod
    def parse(cls, tekst: str) -> Contractlijst:
        """Read CSV with a heading; the separator is ``;`` or ``,``.

        Columns `categorie` and `code` must be there; the others may be left out or empty. `gemeente`, `aanbieder` and
        `standaard` say whose list it is (empty: everybody's), `tarief` is in cents per `eenheid`, `vanaf` and `tot`
        are dates (2026-01-31).

        Raises:
            Contractfout: with every fault in the text.
        """
        kop = tekst.splitlines()[0] if tekst.strip() else ""
        lezer = csv.DictReader(io.StringIO(tekst), delimiter=";" if ";" in kop else ",", strict=True)
        fouten = [f"onbekende kolom {naam!r}; bekend zijn {', '.join(_KOLOMMEN)}" for naam in _unknown(lezer)]
        fouten += [f"kolom {naam} ontbreekt" for naam in ("categorie", "code") if naam not in (lezer.fieldnames or ())]
        regels: dict[tuple[str, str, str], list[Contractregel]] = {}
        if not fouten:
            try:
                for rij in lezer:
                    velden = {naam: (rij.get(naam) or "").strip() for naam in _KOLOMMEN}
                    gevonden = [f"regel {lezer.line_num}: {fout}" for fout in _faults(velden, rij)]
                    fouten += gevonden
                    if not gevonden:
                        tussen = (velden["standaard"], velden["gemeente"], velden["aanbieder"])
                        regels.setdefault(tussen, []).append(_line(velden))
            except csv.Error as fout:
                fouten.append(f"regel {lezer.line_num}: geen geldige CSV ({fout})")
        if fouten:
            raise Contractfout(fouten)
        return cls(regels)

    @classmethod
    def read(cls, pad: Path) -> Contractlijst:
        """Read a CSV file.

        Raises:
            Contractfout: the file cannot be read, or has faults.
        """
        try:
            tekst = pad.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as fout:
            raise Contractfout([f"{pad}: kan het bestand niet lezen als UTF-8-tekst"]) from fout
        return cls.parse(tekst)

    def covers(self, relatie: Relatie) -> bool:
        """Tell whether there is a list for these two."""
        return any(tussen in self._regels for tussen in _between(relatie))

    def find(self, relatie: Relatie, code: str | None, dag: date) -> Sequence[Contractregel]:
        """Give the lines with a code that are valid on a day."""
        delen = (self._regels.get(tussen, {}).get(code or "", ()) for tussen in _between(relatie))
        return [regel for deel in delen for regel in deel if regel.vanaf <= dag <= regel.tot]


class Vasteregisters(Registers):
    """The built-in registers with a list of what was agreed.

    Args:
        contract: which codes are used and what they cost; nothing by default.
        vandaag: gives the day; by default the day it is in the Netherlands.
    """

    def __init__(self, contract: Contractlijst | None = None, vandaag: Callable[[], date] | None = None) -> None:
        self._contract = contract or Contractlijst()
        self._vandaag = vandaag or _today

    @property
    def vandaag(self) -> date:
        """See `Registers`."""
        return self._vandaag()

    def is_gemeente(self, code: str, dag: date) -> bool:
        """See `Registers`."""
        return is_gemeente(code, dag)

    def was_gemeente(self, code: str, dag: date) -> bool:
        """See `Registers`."""
        return was_gemeente(code, dag)

    def fits(self, relatie: Relatie, product_: Product, dag: date) -> bool | None:
        """See `Registers`; without a list of their own, hulpmiddelen in iWmo have the national one."""
        if self._contract.covers(relatie):
            return any(regel.product == product_ for regel in self._contract.find(relatie, product_.code, dag))
        categorie = _hulpmiddelen().get(product_.code or "") if relatie.standaard == "iwmo" else None
        return None if categorie is None else product_.categorie == categorie

    def tarieven(self, relatie: Relatie, product_: Product, dag: date) -> Sequence[Tarief]:
        """See `Registers`."""
        regels = self._contract.find(relatie, product_.code, dag)
        return [regel.tarief for regel in regels if regel.tarief is not None and regel.product == product_]


def _today() -> date:
    return datetime.now(_NEDERLAND).date()


def _by_code(regels: Sequence[Contractregel]) -> Mapping[str, Sequence[Contractregel]]:
    per_code: dict[str, list[Contractregel]] = {}
    for regel in regels:
        per_code.setdefault(regel.product.code or "", []).append(regel)
    return per_code


def _between(relatie: Relatie) -> Iterator[tuple[str, str, str]]:
    """Give the ways in which a list can be of these two: each part named, or left open."""
    standaard, gemeente, aanbieder = relatie
    return product((standaard, ""), (gemeente, ""), (aanbieder, ""))


def _unknown(lezer: csv.DictReader[str]) -> list[str]:
    try:
        return [naam for naam in lezer.fieldnames or () if naam not in _KOLOMMEN]
    except csv.Error as fout:
        raise Contractfout([f"regel 1: geen geldige CSV ({fout})"]) from fout


def _faults(velden: Mapping[str, str], rij: Mapping[str | None, object]) -> Iterator[str]:
    if None in rij:
        yield "meer kolommen dan de kop heeft"
    for naam, vorm in _VORM.items():
        if not vorm.fullmatch(velden[naam]):
            yield f"{naam} heeft een verkeerde waarde" if velden[naam] else f"{naam} ontbreekt"
    if bool(velden["tarief"]) != bool(velden["eenheid"]):
        yield "tarief en eenheid horen bij elkaar: vul ze beide, of geen van beide"
    for naam in ("vanaf", "tot"):
        try:
            date.fromisoformat(velden[naam] or "2026-01-01")
        except ValueError:
            yield f"{naam} is geen datum (2026-01-31)"


def _line(velden: Mapping[str, str]) -> Contractregel:
    return Contractregel(
        Product(velden["categorie"], velden["code"]),
        Tarief(int(velden["tarief"]), velden["eenheid"]) if velden["tarief"] else None,
        date.fromisoformat(velden["vanaf"]) if velden["vanaf"] else date.min,
        date.fromisoformat(velden["tot"]) if velden["tot"] else date.max,
    )


@lru_cache(maxsize=1)
def _hulpmiddelen() -> Mapping[str, str]:
    """Give the categorie of each national code for hulpmiddelen: the code begins with it."""
    return {code: code[:2] for code in codes("iWmo 3.2", "WMO021-HULPM")}
