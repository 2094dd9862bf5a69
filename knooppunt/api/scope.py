"""What an access token can be narrowed to: one scope per dienst, each operation of the API asks for one."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """A scope (RFC 6749 §3.3), as clients write it."""

    BERICHTEN = "berichten:lezen"
    KETEN = "keten:lezen"
    WOONPLAATS = "woonplaatsbeginsel:bepalen"
    BATCHES = "woonplaatsbeginsel:batches"
    WLZ_TOETS = "wlz:toetsen"
    WLZ_CLIENTEN = "wlz:clienten"
    WLZ_SIGNALEN = "wlz:signalen"

    @property
    def uitleg(self) -> str:
        """What it opens, in Dutch."""
        return _UITLEG[self]


_UITLEG = {
    Scope.BERICHTEN: "De status van berichten lezen.",
    Scope.KETEN: "Lezen welke antwoorden nog ontbreken, en de tijdlijn van een zaak.",
    Scope.WOONPLAATS: "Van één jeugdige laten bepalen welke gemeente verantwoordelijk is.",
    Scope.BATCHES: "Dat voor een bestand laten doen, en de antwoorden lezen.",
    Scope.WLZ_TOETS: "Vragen of een cliënt een indicatie voor de Wlz heeft.",
    Scope.WLZ_CLIENTEN: "Cliënten volgen, of daarmee ophouden.",
    Scope.WLZ_SIGNALEN: "De signalen over gevolgde cliënten lezen.",
}
