"""A declaratie (323) as the rules across berichten read it: each prestatie beside what is known of its toewijzing.

Made once per bericht, because a dozen rules look at the same lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from weakref import WeakKeyDictionary

from istandaarden.regels.bericht import Bericht, Klasse, leesbaar
from istandaarden.regels.keten import Keten, Prestatie, Relatie, Stand, Toewijzing, prestatie_of, relatie_of


@dataclass(frozen=True, slots=True)
class Regel:
    """One line of a declaratie.

    `toewijzing` is the version that counts of the toewijzing to this client with that number, deleted or not.
    `bekend` says that the client is known; of one who is not, TR304 tells enough and no line is judged (IV087).
    """

    klasse: Klasse
    prestatie: Prestatie
    bekend: bool
    toewijzing: Toewijzing | None


@dataclass(frozen=True, slots=True)
class Lezing:
    """A declaratie: its lines in order, and the debets that its good credits take back."""

    relatie: Relatie
    regels: Sequence[Regel]
    teruggenomen: frozenset[str]

    def debets(self) -> Iterator[Regel]:
        """Give the debets of known clients; a credit only gives back, so it is not held to the toewijzing (IV085)."""
        return (regel for regel in self.regels if regel.bekend and regel.prestatie.debet)

    def on_toewijzing(self) -> Iterator[tuple[Regel, Toewijzing]]:
        """Give the debets with their toewijzing, without those on one that is unknown (TR338) or deleted (TR384)."""
        for regel in self.debets():
            if regel.toewijzing is not None and not regel.toewijzing.verwijderd:
                yield regel, regel.toewijzing


@dataclass(frozen=True, slots=True)
class Groep:
    """The debets of a declaratie on one toewijzing."""

    toewijzing: Toewijzing
    regels: list[Regel]


def read_lines(bericht: Bericht, keten: Keten) -> Lezing:
    """Read a declaratie; what level 1 found wrong is left out.

    Args:
        bericht: a 323.
        keten: what is known before it.
    """
    eerder = _gelezen.get(bericht)
    if eerder is not None and eerder[0] is keten:
        return eerder[1]
    relatie = relatie_of(bericht)
    regels: list[Regel] = []
    for client, bsn in leesbaar(bericht.klassen("Client"), lambda client: client.tekst("Bsn") or ""):
        bekend = keten.knows_client(relatie, bsn)
        toewijzingen = {toewijzing.nummer: toewijzing for toewijzing in keten.toewijzingen(relatie, bsn)}
        for klasse, prestatie in leesbaar(client.kinderen("Prestaties/Prestatie"), partial(prestatie_of, bsn=bsn)):
            regels.append(Regel(klasse, prestatie, bekend, toewijzingen.get(prestatie.toewijzing)))
    lezing = Lezing(relatie, regels, frozenset(_taken_back(regels, relatie, keten)))
    _gelezen[bericht] = (keten, lezing)
    return lezing


def credited(referentie: str, lezing: Lezing, keten: Keten) -> bool:
    """Tell whether a known debet was taken back, before or in this bericht: credits come first (OP366)."""
    if referentie in lezing.teruggenomen:
        return True
    return keten.credit(lezing.relatie.standaard, lezing.relatie.aanbieder, referentie) is not None


def _taken_back(regels: Sequence[Regel], relatie: Relatie, keten: Keten) -> Iterator[str]:
    for regel in regels:
        credit = regel.prestatie
        if credit.debet or credit.vorige is None:
            continue
        debet = granted_debet(credit, relatie, keten)
        al = keten.credit(relatie.standaard, relatie.aanbieder, credit.vorige)
        if debet is not None and al is None and credit.takes_back(debet):
            yield credit.vorige


def granted_debet(credit: Prestatie, relatie: Relatie, keten: Keten) -> Prestatie | None:
    """Give the debet that a credit names, None when there is none that was granted in this relatie."""
    debet = keten.prestatie(relatie.standaard, relatie.aanbieder, credit.vorige or "")
    if debet is None or not debet.debet or debet.stand is not Stand.TOEGEKEND:
        return None
    return debet if debet.inzending is not None and debet.inzending.relatie == relatie else None


def by_toewijzing(lezing: Lezing) -> Sequence[Groep]:
    """Group the debets that can be judged by their toewijzing."""
    groepen: dict[tuple[str, str], Groep] = {}  # two gemeenten that went on in one may have used the same number
    for regel, toewijzing in lezing.on_toewijzing():
        groepen.setdefault((toewijzing.bsn, toewijzing.nummer), Groep(toewijzing, [])).regels.append(regel)
    return list(groepen.values())


def already(groep: Groep, lezing: Lezing, keten: Keten, measure: Callable[[Prestatie], int]) -> int:
    """Add up what earlier declaraties took from a toewijzing, less what the credits in this one give back."""
    som = 0
    for eerder in keten.prestaties(lezing.relatie, groep.toewijzing.nummer):
        if eerder.bsn != groep.toewijzing.bsn:
            continue
        som += measure(eerder) if eerder.debet else -measure(eerder)
        if eerder.debet and eerder.referentie in lezing.teruggenomen:
            som -= measure(eerder)
    return som


_gelezen: WeakKeyDictionary[Bericht, tuple[Keten, Lezing]] = WeakKeyDictionary()
