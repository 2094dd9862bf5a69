"""The rules above the schema, for partijen that ask for them: inside a bericht, across berichten, against registers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import Berichtsoort
from istandaarden.regels.boek import rules_for
from istandaarden.regels.registers import Registers
from istandaarden.regels.toetsing import judge
from istandaarden.toets import validate, validate_stream
from routing.dossier import Dossier, Dossierregel
from routing.gelijktijdig import Gelezen
from routing.payload import Payload

_KETENSTANDAARDEN = frozenset({"iwmo", "ijw"})
_KETEN = 3


@dataclass(frozen=True, slots=True)
class Regeloordeel:
    """What the rules say of a bericht, what the dossier is to keep of it, and against what it was judged."""

    bevindingen: tuple[Bevinding, ...]
    dossier: tuple[Dossierregel, ...]
    gelezen: Gelezen | None = None


class Regeltoets:
    """Judges berichten that satisfy their schema."""

    def __init__(self, dossier: Dossier, registers: Registers) -> None:
        self._dossier = dossier
        self._registers = registers

    async def judge(self, payload: Payload, soort: Berichtsoort, niveau: int) -> Regeloordeel:
        """Check a bericht on levels 2 to `niveau`; what each level finds comes together.

        Args:
            payload: satisfies the schema of `soort`.
            soort: its berichtsoort.
            niveau: 2, 3 or 4.

        Raises:
            routing.kluis.KluisFout: an earlier bericht of the dossier cannot be opened.
        """
        if payload.plain is not None:
            oordeel = validate(payload.plain, verwacht=soort, niveau=2)
        else:
            oordeel = await asyncio.to_thread(validate_stream, payload.chunks, verwacht=soort, niveau=2)
        bericht, bevindingen = oordeel.bericht, oordeel.bevindingen
        if bericht is None:
            return Regeloordeel(bevindingen, ())
        gelezen = None
        if niveau >= _KETEN and _has_rules(soort, _KETEN):
            keten, gelezen = await self._dossier.keten_before(bericht)
            bevindingen += await asyncio.to_thread(judge, bericht, _KETEN, keten)
        if niveau > _KETEN and _has_rules(soort, niveau):
            bevindingen += await asyncio.to_thread(judge, bericht, niveau, self._registers)
        bewaart = niveau >= _KETEN and soort.standaard in _KETENSTANDAARDEN
        return Regeloordeel(bevindingen, self._dossier.lines_of(bericht) if bewaart else (), gelezen)

    async def lines_of(self, data: bytes) -> tuple[Dossierregel, ...]:
        """Give what the dossier is to keep of a bericht that the hub made itself."""
        oordeel = await asyncio.to_thread(validate_stream, lambda: iter([data]), niveau=2)
        return self._dossier.lines_of(oordeel.bericht) if oordeel.bericht else ()


def _has_rules(soort: Berichtsoort, niveau: int) -> bool:
    return any(regel.niveau == niveau for regel in rules_for(soort))
