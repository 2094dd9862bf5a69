"""The one error of the receiving side: an envelope that cannot become an aanlevering."""

from __future__ import annotations

from dataclasses import dataclass

from routing.bericht import Systeem
from routing.fouten import Fout


@dataclass(frozen=True, slots=True)
class AntwoordOp:
    """Whom a synchronous reply is for, and about which referentienummer (the crossRefnummer of the reply)."""

    zender: Systeem
    referentienummer: str


class Geweigerd(Exception):
    """Refused at the door: a SOAP fault, with a Fo03 inside when there is a `fout` and someone to address.

    `melding` is the Dutch faultstring, without personal data; `faultcode` one of SOAP 1.1's (``Client``,
    ``MustUnderstand``, ``VersionMismatch``); `status` the HTTP status (WS-I BP 1.1 R1126: 500 for a fault).
    """

    def __init__(
        self,
        melding: str,
        *,
        faultcode: str = "Client",
        status: int = 500,
        fout: Fout | None = None,
        antwoord_op: AntwoordOp | None = None,
    ) -> None:
        super().__init__(melding)
        self.melding = melding
        self.faultcode = faultcode
        self.status = status
        self.fout = fout
        self.antwoord_op = antwoord_op
