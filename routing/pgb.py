"""Who pays the pgb's of a gemeente on a day, the SVB or the PGB 2.0 system of VWS, and which berichten fit with that.

A gemeente is moved on a date (facts on pgb §2.1: the going over was phased). The table is in docs/pgb.md: toekenningen
follow the date; what the paying side tells of a budget comes from where that budget is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from routing.functies import Functie, Pgb

SVB, VWS = "SVB", "VWS"


@dataclass(frozen=True, slots=True)
class Overstap:
    """When a gemeente goes from the SVB to VWS.

    `gemeente` is empty for every gemeente without a date of its own. From `datum` on, 00:00 in the Netherlands, VWS
    pays. `tkb_tot` is the last day on which a TKB still goes through, for a change to a budget of before `datum`; None
    when there is no such time.
    """

    gemeente: str
    datum: date
    tkb_tot: date | None = None

    def is_over(self, dag: date) -> bool:
        """Say whether VWS pays on a day."""
        return dag >= self.datum


@dataclass(frozen=True, slots=True)
class Oordeel:
    """Whether a bericht fits; `uitkomst` is ``ok``, ``let op`` or ``fout``, `uitleg` Dutch."""

    uitkomst: str
    uitleg: str


def overstap_of(overstappen: Mapping[str, Overstap], gemeente: str) -> Overstap | None:
    """Return what holds for a gemeente: its own date, else that of everybody, else None."""
    return overstappen.get(gemeente) or overstappen.get("")


def payer(overstap: Overstap | None, dag: date) -> str:
    """Return the code of who pays on a day; without a date that is still the SVB."""
    return VWS if overstap is not None and overstap.is_over(dag) else SVB


def judge(functie: Functie, gemeente: str, overstap: Overstap | None, dag: date) -> Oordeel | None:
    """Say whether a bericht may travel now.

    Args:
        functie: what it is.
        gemeente: the gemeente at one end of it.
        overstap: that holds for this gemeente.
        dag: of the intake, in the Netherlands.

    Returns:
        None for a functie that is not about pgb's.
    """
    if functie.pgb is None:
        return None
    kant = SVB if SVB in (functie.van, functie.naar) else VWS
    over = payer(overstap, dag) == VWS
    stand = _describe(gemeente, overstap, over=over)
    match functie.pgb, kant, over:
        case (Pgb.RETOUR, _, _):
            return Oordeel("ok", f"Een retour volgt het bericht dat het beantwoordt. {stand}")
        case (Pgb.TOEKENNING, "SVB", True):
            return _late_tkb(functie, overstap, dag, stand)
        case (Pgb.AFSLUITING, "SVB", True):
            return Oordeel("ok", f"{stand} De SVB sluit de budgetten van daarvoor zelf af.")
        case (Pgb.TOEKENNING, "VWS", False):
            return Oordeel("fout", f"{stand} Een {functie.naam} kan nog niet; stuur de toekenning als TKB aan de SVB.")
        case (Pgb.AFSLUITING, "VWS", False):
            return Oordeel("fout", f"{stand} Bij VWS heeft zij dus nog geen budget dat {functie.naam} kan afsluiten.")
    return Oordeel("ok", stand)


def _late_tkb(functie: Functie, overstap: Overstap | None, dag: date, stand: str) -> Oordeel:
    tot = overstap.tkb_tot if overstap is not None else None
    if tot is not None and dag <= tot:
        uitleg = f"{stand} Een {functie.naam} kan nog tot en met {tot:%d-%m-%Y}, voor een budget van voor de overstap."
        return Oordeel("let op", uitleg)
    return Oordeel("fout", f"{stand} Stuur de toekenning als 501 aan VWS, niet als {functie.naam} aan de SVB.")


def _describe(gemeente: str, overstap: Overstap | None, *, over: bool) -> str:
    if overstap is None:
        return f"Gemeente {gemeente} heeft geen overstapdatum: de SVB betaalt haar pgb's."
    if over:
        return f"Gemeente {gemeente} stapte op {overstap.datum:%d-%m-%Y} over: VWS betaalt haar pgb's."
    return f"Gemeente {gemeente} stapt op {overstap.datum:%d-%m-%Y} over: tot dan betaalt de SVB haar pgb's."
