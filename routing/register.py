"""The register: who exists, how they are connected and what they may do, as one snapshot to decide with.

Routing works on a `Register`: an immutable value in memory, so that deciding where a bericht goes is a pure function.
`RegisterBron` replaces the snapshot when the tables change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from sqlalchemy import Connection, insert, select, update

from istandaarden import releases
from istandaarden.gemeenten import gemeenten
from istandaarden.releases import Kalender
from routing import schema
from routing.bericht import Identiteit
from routing.opslag import Opslag
from routing.partij import (
    KETENPARTIJEN,
    Aansluiting,
    Kanaal,
    Machtiging,
    Partij,
    Partijsoort,
    Protocol,
    Richting,
)
from routing.releasekalender import read_kalender


@dataclass(frozen=True)
class Register:
    """Snapshot of partijen, aansluitingen and machtigingen, and of when each release is open for whom."""

    partijen: Mapping[str, Partij] = field(default_factory=dict)
    aansluitingen: Mapping[str, Aansluiting] = field(default_factory=dict)
    machtigingen: Mapping[tuple[str, Richting], tuple[Machtiging, ...]] = field(default_factory=dict)
    versie: int = 0
    kalender: Kalender = field(default_factory=releases.ingebouwd)
    _namens: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        partijen: Iterable[Partij],
        aansluitingen: Iterable[Aansluiting],
        machtigingen: Iterable[Machtiging],
        versie: int = 0,
        kalender: Kalender | None = None,
    ) -> Register:
        """Build a snapshot; the built-in gemeenten and ketenpartijen are always there.

        Without a `kalender` the built-in one holds.
        """
        per_code = dict(ingebouwd()) | {p.code: p for p in partijen}
        per_partij = {a.partij: a for a in aansluitingen}
        namens: dict[str, set[str]] = {}
        for aansluiting in per_partij.values():
            for kenmerk in aansluiting.identiteiten:
                namens.setdefault(kenmerk, set()).add(aansluiting.partij)
        per_richting: dict[tuple[str, Richting], list[Machtiging]] = {}
        for machtiging in machtigingen:
            per_richting.setdefault((machtiging.partij, machtiging.richting), []).append(machtiging)
        return cls(
            partijen=per_code,
            aansluitingen=per_partij,
            machtigingen={sleutel: tuple(lijst) for sleutel, lijst in per_richting.items()},
            versie=versie,
            kalender=kalender or releases.ingebouwd(),
            _namens={kenmerk: frozenset(codes) for kenmerk, codes in namens.items()},
        )

    def partij(self, code: str) -> Partij | None:
        """Return the partij with this code."""
        return self.partijen.get(code)

    def aansluiting(self, code: str) -> Aansluiting | None:
        """Return how the partij is connected, or None when it is not."""
        return self.aansluitingen.get(code)

    def regelniveau(self, *codes: str) -> int:
        """Return the highest level of rules that any of these partijen asked for."""
        return max((a.regelniveau for code in codes if (a := self.aansluiting(code)) is not None), default=1)

    def partijen_of(self, identiteit: Identiteit) -> frozenset[str]:
        """Return the codes of all partijen for which this certificate may act."""
        op_oin = self._namens.get(f"oin:{identiteit.oin}", frozenset()) if identiteit.oin else frozenset()
        return op_oin | self._namens.get(f"sha256:{identiteit.vingerafdruk}", frozenset())

    def machtiging(self, code: str, richting: Richting, functie: str) -> Machtiging | None:
        """Return the machtiging that lets the partij send or receive `functie`, or None."""
        for machtiging in self.machtigingen.get((code, richting), ()):
            if machtiging.covers(functie):
                return machtiging
        return None


@cache
def ingebouwd() -> Mapping[str, Partij]:
    """Return the partijen that need no import: the 342 gemeenten of 2026 (CBS) and the ketenpartijen."""
    van_2026 = {code: Partij(code, Partijsoort.GEMEENTE, naam) for code, naam in gemeenten().items()}
    keten = {code: Partij(code, Partijsoort.KETENPARTIJ, naam) for code, naam in KETENPARTIJEN.items()}
    return MappingProxyType(van_2026 | keten)


def read_versie(conn: Connection) -> int:
    """Return the version of the register tables; 0 before the first import."""
    return conn.execute(select(schema.register_versie.c.versie)).scalar() or 0


def next_versie(conn: Connection) -> None:
    """Mark the register as changed, so that running hubs read it again."""
    versie = schema.register_versie
    if not conn.execute(update(versie).values(versie=versie.c.versie + 1)).rowcount:
        conn.execute(insert(versie).values(id=1, versie=1))


def read_register(conn: Connection) -> Register:
    """Read the whole register into a snapshot."""
    versie = read_versie(conn)  # first: what is imported meanwhile makes the snapshot older than it looks, not newer
    kenmerken: dict[str, list[str]] = {}
    for rij in conn.execute(select(schema.identiteit).order_by(schema.identiteit.c.kenmerk)):
        kenmerken.setdefault(rij.partij, []).append(rij.kenmerk)
    return Register.of(
        (Partij(rij.code, Partijsoort(rij.soort), rij.naam) for rij in conn.execute(select(schema.partij))),
        (
            Aansluiting(
                partij=rij.partij,
                identiteiten=tuple(kenmerken.get(rij.partij, ())),
                kanaal=Kanaal(rij.kanaal),
                protocol=Protocol(rij.protocol),
                url=rij.url,
                fout_generatie=rij.fout_generatie,
                regelniveau=rij.regelniveau,
                antwoordt_hub=rij.antwoordt_hub,
                max_gelijktijdig=rij.max_gelijktijdig,
                per_minuut=rij.per_minuut,
                quota_berichten=rij.quota_berichten,
                quota_mib=rij.quota_mib,
            )
            for rij in conn.execute(select(schema.aansluiting))
        ),
        (
            Machtiging(rij.partij, Richting(rij.richting), rij.berichtsoort)
            for rij in conn.execute(select(schema.machtiging))
        ),
        versie,
        read_kalender(conn),
    )


class RegisterBron:
    """Keeps the current snapshot; `refresh` looks whether the tables moved on."""

    def __init__(self, register: Register | None = None) -> None:
        self._register = register or Register.of((), (), ())

    def current(self) -> Register:
        """Return the snapshot to decide with."""
        return self._register

    async def refresh(self, opslag: Opslag) -> bool:
        """Read the register again when its version changed; return whether it did."""
        if await opslag.read(read_versie) == self._register.versie:
            return False
        self._register = await opslag.read(read_register)
        return True
