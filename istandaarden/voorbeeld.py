"""Makes sample berichten of any size: valid ones, and ones that break exactly one rule."""

from __future__ import annotations

from random import Random
from typing import Any

from istandaarden.model import Berichtsoort, Samengesteld
from istandaarden.opbouw import build
from istandaarden.regels.boek import number, rules_for
from istandaarden.standaardmap import in_gebruik
from istandaarden.veilig import printable
from istandaarden.voorbeeldfout import Geval
from istandaarden.voorbeeldfout_pgb import RECEPTEN
from istandaarden.voorbeeldfout_waarde import break_value, breakable_values
from istandaarden.voorbeeldinhoud import VERHALEN, Inhoud, Verteller
from istandaarden.voorbeeldwaarden import fit

_KETEN = 3
GROOTTE_MAX = 50_000
"""Klassen that a sample repeats at most; a 323 of this size is larger than a bericht may be."""


class Voorbeeldfout(ValueError):
    """This sample cannot be made; the text is Dutch and says why."""


def make_voorbeeld(berichtsoort: Berichtsoort, *, grootte: int = 1, zaad: int = 0, fout: str | None = None) -> bytes:
    """Make a sample: invented, and valid at levels 1 and 2.

    The same arguments always give the same bytes.

    Args:
        berichtsoort: one of the built-in catalogue.
        grootte: how many of its repeated klasse it has: products, prestaties; of a request for change as many
            te wijzigen as nieuwe products.
        zaad: another number gives another sample.
        fout: code of the one rule that it breaks, of level 1 or 2.

    Returns:
        UTF-8 XML, as `istandaarden.opbouw.build` writes it.

    Raises:
        Voorbeeldfout: the berichtsoort cannot be that large, or cannot break that rule.
    """
    model = in_gebruik().model(berichtsoort)
    if not 1 <= grootte <= GROOTTE_MAX:
        raise Voorbeeldfout(f"De grootte moet van 1 tot en met {GROOTTE_MAX} zijn.")
    if grootte > 1 and not _is_repeated(model.wortel):
        raise Voorbeeldfout(f"In een {berichtsoort.code} wordt niets herhaald; de grootte kan alleen 1 zijn.")
    fout = None if fout is None else fout.strip().upper()
    if fout is not None and fout not in breakable_rules(berichtsoort):
        raise Voorbeeldfout(_why_not(berichtsoort, fout))
    dobbel = Random(f"{berichtsoort.code} {berichtsoort.release} {zaad}")  # noqa: S311 - repeatable, not secret
    verteller = Verteller(model, dobbel, grootte, rijk=fout is not None)
    inhoud = _tell(verteller)
    if fout in RECEPTEN:
        RECEPTEN[fout].breek(Geval(verteller, inhoud))
    passend = fit(model.wortel, inhoud, dobbel, grootte)
    if fout is not None and fout not in RECEPTEN:
        break_value(model, passend, fout, dobbel)
    return build(berichtsoort, passend)


def breakable_rules(berichtsoort: Berichtsoort) -> tuple[str, ...]:
    """Give the codes of the rules that a sample of a berichtsoort can break."""
    waarden = breakable_values(in_gebruik().model(berichtsoort))
    return tuple(
        regel.code
        for regel in rules_for(berichtsoort)
        if regel.code in waarden
        or (regel.toets is not None and regel.code in RECEPTEN and number(berichtsoort) in RECEPTEN[regel.code].nummers)
    )


def _tell(verteller: Verteller) -> Inhoud:
    soort = verteller.model.soort
    vertel = VERHALEN.get(number(soort)) or VERHALEN.get((soort.antwoord_op or "")[-3:])
    inhoud: dict[str, Any] = {"Header": verteller.header()}
    return inhoud | vertel(verteller) if vertel else inhoud


def _is_repeated(soort: Samengesteld) -> bool:
    return any(
        (element.herhaalbaar and isinstance(element.type, Samengesteld))
        or (isinstance(element.type, Samengesteld) and _is_repeated(element.type))
        for element in soort.elementen
    )


def _why_not(soort: Berichtsoort, fout: str) -> str:
    regel = next((regel for regel in rules_for(soort) if regel.code == fout), None)
    if regel is None:
        keuze = ", ".join(breakable_rules(soort))
        rest = f"kies uit {keuze}" if keuze else "dat bericht heeft geen regels boven het schema"
        return f"Regel {printable(fout, 20)} bestaat niet voor een {soort}; {rest}."
    if regel.niveau == _KETEN:
        return f"Regel {fout} is van niveau 3: geen enkel bericht overtreedt die op zichzelf."
    if regel.niveau > _KETEN:
        return f"Regel {fout} is van niveau 4: of een bericht haar overtreedt, hangt af van een register of van de dag."
    return f"Een {soort} kan regel {fout} niet op zichzelf overtreden. {regel.noot}".strip()
