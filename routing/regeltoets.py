"""The rules above the schema, for partijen that ask for them: inside a bericht, across berichten, against registers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import Berichtsoort
from istandaarden.regels.boek import rules_for
from istandaarden.regels.registers import Registers
from istandaarden.regels.toetsing import judge
from istandaarden.standaardmap import in_gebruik
from istandaarden.toets import Oordeel, read_stream, validate, validate_stream
from routing.dossier import Dossier, Dossierregel
from routing.gelijktijdig import Gelezen
from routing.payload import Payload

_KETENSTANDAARDEN = frozenset({"iwmo", "ijw", "ipgb"})
_KETEN = 3


@dataclass(frozen=True, slots=True)
class Regeloordeel:
    """What the rules say of a bericht, what the dossier is to keep of it, and against what it was judged.

    `bron` says what checked level 2, and `xslt_versie` its version, as in `istandaarden.toets.Oordeel`.
    """

    bevindingen: tuple[Bevinding, ...]
    dossier: tuple[Dossierregel, ...]
    gelezen: Gelezen | None = None
    bron: str = ""
    xslt_versie: str | None = None


class Regeltoets:
    """Judges berichten that satisfy their schema."""

    def __init__(self, dossier: Dossier, registers: Registers) -> None:
        self._dossier = dossier
        self._registers = registers
        self._apart = asyncio.Semaphore(2)

    async def judge(self, payload: Payload, soort: Berichtsoort, niveau: int) -> Regeloordeel:
        """Check a bericht on levels 2 to `niveau`; what each level finds comes together.

        Args:
            payload: satisfies the schema of `soort`.
            soort: its berichtsoort.
            niveau: 2, 3 or 4.

        Raises:
            routing.kluis.KluisFout: an earlier bericht of the dossier cannot be opened.
            istandaarden.stijlrapport.ControleAfgebroken: somebody stopped the official check.
        """
        oordeel = await self._judge_inside(payload, soort)
        bericht, bevindingen = oordeel.bericht, oordeel.bevindingen
        if bericht is None:
            return Regeloordeel(bevindingen, (), bron=oordeel.regels)
        gelezen = None
        if niveau >= _KETEN and _has_rules(soort, _KETEN):
            keten, gelezen = await self._dossier.keten_before(bericht)
            bevindingen += await asyncio.to_thread(judge, bericht, _KETEN, keten)
        if niveau > _KETEN and _has_rules(soort, niveau):
            bevindingen += await asyncio.to_thread(judge, bericht, niveau, self._registers)
        bewaart = niveau >= _KETEN and soort.standaard in _KETENSTANDAARDEN
        regels = self._dossier.lines_of(bericht) if bewaart else ()
        return Regeloordeel(bevindingen, regels, gelezen, oordeel.regels, oordeel.xslt_versie)

    async def _judge_inside(self, payload: Payload, soort: Berichtsoort) -> Oordeel:
        if in_gebruik().controle(soort) is not None:
            async with self._apart:  # a process for each
                return await asyncio.to_thread(validate_stream, payload.chunks, verwacht=soort, niveau=2)
        if payload.plain is not None:
            return validate(payload.plain, verwacht=soort, niveau=2)
        return await asyncio.to_thread(validate_stream, payload.chunks, verwacht=soort, niveau=2)

    async def lines_of(self, data: bytes) -> tuple[Dossierregel, ...]:
        """Give what the dossier is to keep of a bericht that the hub made itself."""
        bericht = await asyncio.to_thread(read_stream, lambda: iter([data]))
        return self._dossier.lines_of(bericht) if bericht else ()


def _has_rules(soort: Berichtsoort, niveau: int) -> bool:
    return any(regel.niveau == niveau and regel.toets is not None for regel in rules_for(soort))
