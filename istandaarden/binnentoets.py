"""Level 2, the rules inside a bericht: checked by the official stylesheet of a package, or by our own rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import Catalogus
from istandaarden.regels.bericht import Bericht
from istandaarden.regels.boek import rules_for
from istandaarden.regels.toetsing import judge
from istandaarden.stijlrapport import GeenRapport

_NIVEAU = 2


class Binnenoordeel(NamedTuple):
    """What came of level 2.

    `regels` is ``ingebouwd``, ``stylesheet … van pakket …``, or nothing when there are no rules for this bericht.
    `xslt_versie` is the version of that stylesheet, for the retour (IV033), None when it is not known.
    """

    bevindingen: tuple[Bevinding, ...] = ()
    regels: str = ""
    xslt_versie: str | None = None


def judge_inside(bericht: Bericht, catalogus: Catalogus, chunks: Callable[[], Iterator[bytes]] | None) -> Binnenoordeel:
    """Check the rules inside a bericht.

    Args:
        bericht: as rules read it.
        catalogus: says whether there is an official check; then that decides.
        chunks: gives the bericht; None when it does not satisfy its schema, which an official check takes for granted.

    Returns:
        The findings, and what gave them. An official check that gives no verdict is made up for by our own rules.

    Raises:
        ControleAfgebroken: somebody stopped the official check; our own rules may not take its place for that.
    """
    eigen = "ingebouwd" if any(regel.niveau == _NIVEAU for regel in rules_for(bericht.soort)) else ""
    controle = catalogus.controle(bericht.soort)
    if controle is None or chunks is None:
        return Binnenoordeel(judge(bericht, _NIVEAU), eigen)
    try:
        bevindingen, versie = controle.judge(chunks, bericht.soort)
    except GeenRapport:
        return Binnenoordeel(judge(bericht, _NIVEAU), f"{eigen or 'geen'}, want {controle} gaf geen oordeel")
    return Binnenoordeel(bevindingen, str(controle), versie)
