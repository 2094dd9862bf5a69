"""Fault vocabulary: cause, code per generation, raiser, plek and Dutch text."""

from __future__ import annotations

from dataclasses import dataclass

from istandaarden.bevinding import Bevinding


@dataclass(frozen=True, slots=True)
class Fout:
    """A fault as the hub reports it.

    `oorzaak` is our own stable name of the cause; `code` is unique only together with `melder` (who raises it)
    and the generation, since the 2018 and 2025 lists reuse numbers. `plek` is ``client`` or ``server``.
    `omschrijving` and `toelichting` are Dutch and hold no personal data.
    """

    oorzaak: str
    code: str
    melder: str
    plek: str
    omschrijving: str
    toelichting: str = ""
    bevindingen: tuple[Bevinding, ...] = ()
