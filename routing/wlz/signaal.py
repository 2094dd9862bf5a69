"""When a gemeente gets a signal: what it knows of an indication, compared with what the register says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from routing.wlz.indicatie import Indicatie

_DAG = timedelta(days=1)


class Signaalsoort(StrEnum):
    """What a signal tells; the value is what users read and programs get."""

    STAND = "stand"  # at the first comparison of a client: this indication held already
    BEGIN = "begin"
    EINDE = "einde"


@dataclass(frozen=True, slots=True)
class Verandering:
    """A signal in the making. `einddatum` is the last day on which the indication holds or held.

    Of an indication that is not in the register any more, both dates are None.
    """

    soort: Signaalsoort
    ingangsdatum: date | None
    einddatum: date | None


@dataclass(frozen=True, slots=True)
class Uitkomst:
    """What there is to tell, per identifier of an indication, and what the gemeente knows after that."""

    veranderingen: tuple[tuple[bytes, Verandering], ...]
    loopt: Mapping[bytes, bool]


def compare(
    bekend: Mapping[bytes, bool], nu: Mapping[bytes, Indicatie], dag: date, *, eerste: bool = False
) -> Uitkomst:
    """Compare what a gemeente knows of one client with the register.

    The first time there is nothing new to tell: an indication that holds is told as the state of things, and one that
    ended long ago not at all. After that every begin and every end is told once, also of an indication that became
    known after it ended. One that is corrected to begin later, or is gone from the register, has ended.

    Args:
        bekend: per identifier whether the gemeente knows it as holding, or as ended.
        nu: everything the register has about the client, by the same identifiers.
        dag: the day of the register.
        eerste: the client was never compared before.
    """
    veranderingen: list[tuple[bytes, Verandering]] = []
    loopt = dict(bekend)
    for naam, indicatie in sorted(nu.items(), key=lambda paar: (paar[1].ingangsdatum, paar[0])):
        geldt, liep = indicatie.holds_on(dag), bekend.get(naam)
        begonnen = indicatie.has_begun(dag)
        if not begonnen and liep is None:
            continue
        if not liep and (geldt or (liep is None and not eerste)):
            soort = Signaalsoort.STAND if eerste else Signaalsoort.BEGIN
            veranderingen.append((naam, _tell(soort, indicatie)))
        if not geldt and (liep or (liep is None and not eerste)):
            veranderingen.append((naam, _tell(Signaalsoort.EINDE, indicatie)))
        loopt[naam] = geldt
    for naam in sorted(naam for naam, liep in bekend.items() if liep and naam not in nu):
        veranderingen.append((naam, Verandering(Signaalsoort.EINDE, None, None)))
        loopt[naam] = False
    return Uitkomst(tuple(veranderingen), loopt)


def _tell(soort: Signaalsoort, indicatie: Indicatie) -> Verandering:
    laatste = [dag for dag in (indicatie.einddatum, _before(indicatie.vervaldatum)) if dag is not None]
    return Verandering(soort, indicatie.ingangsdatum, min(laatste, default=None))


def _before(dag: date | None) -> date | None:
    return None if dag is None else dag - _DAG
