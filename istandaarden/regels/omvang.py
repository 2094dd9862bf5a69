"""How much may be declared on a toewijzing: per productperiode (TR321, IV077, IV078) and altogether (TR322).

A week is a calendar week from Monday to Sunday, a month a calendar month; a part of one counts as a whole. Effort
(minutes, hours, etmalen, dagdelen, stuks inspanning) counts the weeks that a period touches, output (stuks output,
euros) the Sundays in it, because the volume of a week belongs to the month in which it ends (IV076).
"""

from __future__ import annotations

from datetime import date

from istandaarden.regels.keten import MINUUT, UUR, Omvang, Prestatie, Relatie, Toewijzing

_DAG, _WEEK, _MAAND, _TOTAAL = "1", "2", "4", "6"
_OUTPUT = frozenset({"82", "83"})
_MINUTEN_PER_UUR = 60
_HUISHOUDEN = "01"
_WEKEN_HUISHOUDEN = 6
_ZONDAG = 6


def max_in_period(toewijzing: Toewijzing, omvang: Omvang, relatie: Relatie, begin: date, einde: date) -> int:
    """Say how much one prestatie may be, in the finest unit of the Omvang (see `fine_volume`).

    Args:
        toewijzing: the version that counts.
        omvang: its Omvang.
        relatie: for the standaard, because in iWmo help in the household is always six weeks a month (it may be given
            once a fortnight).
        begin: first day of the productperiode, which lies in one calendar month.
        einde: its last day.
    """
    keren = 1
    if omvang.frequentie == _DAG:
        keren = (einde - begin).days + 1
    elif omvang.frequentie == _WEEK and omvang.eenheid in _OUTPUT:
        keren = _sundays(begin, einde) + (begin <= _broken_week(toewijzing) <= einde)
    elif omvang.frequentie == _WEEK:
        huishouden = relatie.standaard == "iwmo" and toewijzing.product.categorie == _HUISHOUDEN
        keren = _WEKEN_HUISHOUDEN if huishouden else _weeks(begin, einde)
    return max(keren, 0) * omvang.volume * _fineness(omvang)


def max_in_total(toewijzing: Toewijzing, omvang: Omvang) -> int | None:
    """Say how much may be declared over the whole toewijzing, in the finest unit; None when it has no end."""
    begin, einde = toewijzing.ingang, toewijzing.einde
    if omvang.frequentie == _TOTAAL:
        keren = 1
    elif einde is None:
        return None
    elif omvang.frequentie == _DAG:
        keren = (einde - begin).days + 1
    elif omvang.frequentie == _WEEK:
        keren = _weeks(begin, einde)
    else:
        keren = (einde.year - begin.year) * 12 + einde.month - begin.month + 1
    return max(keren, 0) * omvang.volume * _fineness(omvang)


def fine_volume(prestatie: Prestatie, omvang: Omvang) -> int | None:
    """Give the volume of a prestatie in the finest unit it can be declared in; None when its unit does not fit (TR341).

    What is assigned in hours may be declared in minutes, so then everything is counted in minutes.
    """
    if prestatie.eenheid == omvang.eenheid:
        return prestatie.volume * _fineness(omvang)
    return prestatie.volume if fits(prestatie.eenheid, omvang.eenheid) else None


def fits(gedeclareerd: str, toegewezen: str) -> bool:
    """Tell whether an eenheid may be declared on another (TR341)."""
    return gedeclareerd == toegewezen or (toegewezen, gedeclareerd) == (UUR, MINUUT)


def _fineness(omvang: Omvang) -> int:
    return _MINUTEN_PER_UUR if omvang.eenheid == UUR else 1


def _weeks(begin: date, einde: date) -> int:
    """Count the calendar weeks that a period touches."""
    return (einde.toordinal() - 1) // 7 - (begin.toordinal() - 1) // 7 + 1  # day 1 of the calendar is a Monday


def _sundays(begin: date, einde: date) -> int:
    return einde.toordinal() // 7 - (begin.toordinal() - 1) // 7  # day 7 of the calendar is a Sunday


def _broken_week(toewijzing: Toewijzing) -> date:
    """Give the day whose productperiode gets the volume of a last week that has no Sunday (IV076, IV077).

    That is the last Sunday of the toewijzing, or its last day when there is no Sunday at all; `date.max` when the last
    week is whole.
    """
    einde = toewijzing.einde
    if einde is None or einde.weekday() == _ZONDAG:
        return date.max
    zondag = einde.toordinal() - einde.weekday() - 1
    return date.fromordinal(zondag) if zondag >= toewijzing.ingang.toordinal() else einde
