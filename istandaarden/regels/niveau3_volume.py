"""Level 3: how much is declared on a toewijzing (323): TR321, TR322, TR369, with IV077 for weeks.

Of earlier prestaties all count that were not rejected, whether answered or not: a debet adds, a credit takes away.
Within a bericht credits come first (OP366). A debet that does not fit any more is reported and then left out of the
sum, so that the verdict names as few as possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from istandaarden.regels.bericht import Bericht
from istandaarden.regels.boek import Overtreding, regel
from istandaarden.regels.declaratielezing import Lezing, Regel, already, by_toewijzing, read_lines
from istandaarden.regels.keten import Keten, Omvang, Prestatie, Toewijzing
from istandaarden.regels.omvang import fine_volume, max_in_period, max_in_total


@regel("TR321", advies="Declareer niet meer dan voor deze periode is toegewezen.")
def fits_the_period(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """One prestatie fits in what was assigned for its productperiode; another unit is for TR341."""
    lezing = read_lines(bericht, keten)
    for lijn, toewijzing in lezing.on_toewijzing():
        if _is_too_much(lijn.prestatie, toewijzing, lezing):
            yield Overtreding(lijn.klasse, "GeleverdVolume")


@regel("TR322", advies="Declareer niet meer dan over de hele looptijd is toegewezen, alle declaraties bij elkaar.")
def fits_the_toewijzing(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """All prestaties together fit in what was assigned; without an end there is no total.

    One that does not fit its own period is for TR321.
    """
    lezing = read_lines(bericht, keten)
    for groep in by_toewijzing(lezing):
        omvang = groep.toewijzing.omvang
        grens = None if omvang is None else max_in_total(groep.toewijzing, omvang)
        if omvang is not None and grens is not None:
            measure = partial(_volume, omvang=omvang)
            passend = [lijn for lijn in groep.regels if not _is_too_much(lijn.prestatie, groep.toewijzing, lezing)]
            yield from _beyond(passend, grens, measure, already(groep, lezing, keten, measure))


@regel("TR369", advies="Declareer niet meer dan het budget, alle declaraties bij elkaar, of vraag een hoger budget.")
def fits_the_budget(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """All prestaties together fit in the budget.

    A budget is an amount. In euros the volume of a prestatie is its amount (CS339); with another unit its
    IngediendBedrag is what it takes from the budget.
    """
    lezing = read_lines(bericht, keten)
    for groep in by_toewijzing(lezing):
        if groep.toewijzing.budget is not None:
            yield from _beyond(groep.regels, groep.toewijzing.budget, _amount, already(groep, lezing, keten, _amount))


def _is_too_much(prestatie: Prestatie, toewijzing: Toewijzing, lezing: Lezing) -> bool:
    omvang = toewijzing.omvang
    volume = fine_volume(prestatie, omvang) if omvang is not None else None
    if omvang is None or volume is None:
        return False
    return volume > max_in_period(toewijzing, omvang, lezing.relatie, prestatie.begin, prestatie.einde)


def _volume(prestatie: Prestatie, omvang: Omvang) -> int:
    return fine_volume(prestatie, omvang) or 0


def _amount(prestatie: Prestatie) -> int:
    return prestatie.bedrag


def _beyond(
    regels: Sequence[Regel], grens: int, measure: Callable[[Prestatie], int], som: int
) -> Iterator[Overtreding]:
    """Report the debets that do not fit beside what was declared before (`som`)."""
    for lijn in regels:
        deel = measure(lijn.prestatie)
        if deel and som + deel > grens:
            yield Overtreding(lijn.klasse, "GeleverdVolume")
        else:
            som += deel
