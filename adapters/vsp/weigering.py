"""Refusals of the interface, before they become an answer."""

from __future__ import annotations

from adapters.vsp.foutteksten import Fouten


class Onvertaalbaar(ValueError):
    """A bericht is well-formed on one side but cannot be said on the other; `fouten` names each field in Dutch."""

    def __init__(self, fouten: Fouten) -> None:
        super().__init__("; ".join(f"{plek}: {' '.join(zinnen)}" for plek, zinnen in fouten.items()))
        self.fouten = fouten


class Afgewezen(Exception):
    """A request that is answered with a problem.

    Args:
        status: HTTP status.
        titel: Dutch sentence on what kind of problem it is.
        detail: Dutch sentence on this case and what to do.
        fouten: sentences per field.
        wachttijd: seconds after which trying again makes sense.
        extra: further members of the problem.
    """

    def __init__(
        self,
        status: int,
        titel: str,
        detail: str = "",
        *,
        fouten: Fouten | None = None,
        wachttijd: int | None = None,
        extra: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {titel}")
        self.status = status
        self.titel = titel
        self.detail = detail
        self.fouten = fouten
        self.wachttijd = wachttijd
        self.extra = extra or {}
