"""For whom a bericht is: the ontvanger of its envelope, or the gemeente that one went on in (facts §7.1)."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from istandaarden.gemeenten import gemeentenaam, succeed, taken_over
from istandaarden.releases import NEDERLAND
from routing.partij import Aansluiting
from routing.register import Register

RESPIJT: Final = timedelta(days=1826)
"""So long after a merger the old code still leads to the successor: claims for payment lapse after five years
(BW 3:307), and until then berichten on toewijzingen of the old gemeente may come."""


@dataclass(frozen=True, slots=True)
class Geadresseerde:
    """The code of the partij that a bericht goes to.

    `uitleg` says in Dutch why that is another than the ontvanger it names, or with `geweigerd` why it goes to nobody.
    """

    code: str
    uitleg: str = ""
    geweigerd: bool = False


def find_aansluiting(register: Register, code: str, moment: datetime) -> Aansluiting | None:
    """Find how to reach a partij that an accepted bericht names, however long ago its gemeente merged."""
    return register.reach(find_geadresseerde(register, code, moment, timedelta.max).code)


def codes_of(register: Register, partijen: AbstractSet[str], dag: date) -> frozenset[str]:
    """Give the codes under which berichten are of or to these partijen: their own, and those they took over.

    A gemeente that is no more but still has an aansluiting of its own speaks for itself, as in `find_geadresseerde`.
    """
    oud = frozenset(code for partij in partijen for code in taken_over(partij, dag))
    return frozenset(partijen) | {code for code in oud if register.aansluiting(code) is None}


def find_geadresseerde(register: Register, code: str, moment: datetime, respijt: timedelta) -> Geadresseerde:
    """Find who gets a bericht for an ontvanger.

    A gemeente that is no more but still has an aansluiting of its own keeps its berichten: the operator decided so.

    Args:
        register: who is connected.
        code: ontvanger as the envelope names it; the bericht itself keeps it.
        moment: for when it is asked, with a time zone; the day in the Netherlands counts.
        respijt: how long after its end an old code leads anywhere.
    """
    dag = moment.astimezone(NEDERLAND).date()
    opvolging = succeed(code, dag)
    if register.aansluiting(code) is not None or opvolging is None or not opvolging.stappen:
        return Geadresseerde(code)
    einde = opvolging.stappen[0][1]
    wat = f"Gemeente {_name(code)} bestaat sinds {einde:%d-%m-%Y} niet meer"
    opvolgers = ", ".join(_name(opvolger) for opvolger in opvolging.codes)
    if opvolging.code is None:
        uitleg = (
            f"{wat}; zij is verdeeld over {opvolgers}. Welke het is staat niet in de code: adresseer het bericht aan "
            "de gemeente die nu verantwoordelijk is."
        )
        return Geadresseerde(code, uitleg, geweigerd=True)
    if dag - einde > respijt:
        uitleg = f"{wat} en haar code wordt niet meer doorgezonden; adresseer het bericht aan {opvolgers}."
        return Geadresseerde(code, uitleg, geweigerd=True)
    return Geadresseerde(opvolging.code, f"{wat}; het bericht gaat ongewijzigd naar haar opvolger {opvolgers}.")


def _name(code: str) -> str:
    return f"{code} ({gemeentenaam(code)})"
