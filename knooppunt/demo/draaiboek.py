"""The story of a care case: who sends what, and which answer must come back (iStandaarden 3.2, process 1 to 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Stap:
    """One question and its answer, by the digits of their berichtsoorten."""

    van: Literal["gemeente", "aanbieder"]
    heen: str
    terug: str
    wat: str


VERHAAL = (
    Stap("aanbieder", "315", "316", "vraagt een toewijzing aan"),
    Stap("gemeente", "319", "320", "meldt dat het verzoek in onderzoek is"),
    Stap("gemeente", "301", "302", "wijst de zorg toe"),
    Stap("aanbieder", "305", "306", "meldt de start van de zorg"),
    Stap("aanbieder", "307", "308", "meldt het einde van de zorg"),
    Stap("aanbieder", "323", "325", "declareert de geleverde zorg"),
)
