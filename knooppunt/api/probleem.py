"""Faults as problem details (RFC 9457), in Dutch."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web
from pydantic import Field

from knooppunt.api.vorm import Vorm

SOORT = "application/problem+json"


class OngeldigeParameter(Vorm):
    """What is wrong with one parameter of a request."""

    name: str = Field(description="Naam van de parameter.")
    reason: str = Field(description="Wat er niet aan klopt.")


class Probleemvorm(Vorm):
    """Body of every answer that is no success."""

    type: str = Field(default="about:blank", description="Soort probleem; `about:blank` betekent: zie `status`.")
    title: str = Field(description="Wat er aan de hand is.")
    status: int = Field(ge=400, le=599, description="HTTP-status, dezelfde als van het antwoord.")
    detail: str | None = Field(None, description="Wat u kunt doen.")
    invalid_params: tuple[OngeldigeParameter, ...] | None = Field(None, description="Parameters die niet kloppen.")


class Probleem(Exception):
    """A request that is answered with a problem.

    Args:
        status: HTTP status.
        titel: Dutch sentence on what is wrong.
        detail: Dutch sentence on what to do.
        parameters: name and Dutch reason of each parameter that is wrong.
        opnieuw_na: seconds after which trying again makes sense.
        uitdaging: value of the header WWW-Authenticate, for what an access token does not open.
    """

    def __init__(
        self,
        status: int,
        titel: str,
        detail: str = "",
        parameters: tuple[tuple[str, str], ...] = (),
        *,
        opnieuw_na: int | None = None,
        uitdaging: str | None = None,
    ) -> None:
        super().__init__(f"{status} {titel}")
        koppen = {"Retry-After": opnieuw_na, "WWW-Authenticate": uitdaging}
        self._koppen = {naam: str(waarde) for naam, waarde in koppen.items() if waarde is not None}
        self.vorm = Probleemvorm(
            title=titel,
            status=status,
            detail=detail or None,
            invalid_params=tuple(OngeldigeParameter(name=naam, reason=reden) for naam, reden in parameters) or None,
        )

    def answer(self) -> web.Response:
        """Make the answer."""
        return web.Response(
            body=self.vorm.model_dump_json(by_alias=True, exclude_none=True),
            status=self.vorm.status,
            content_type=SOORT,
            headers=self._koppen,
        )


_TITELS = {
    HTTPStatus.NOT_FOUND: "Dit adres bestaat niet.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Deze methode kan hier niet.",
    HTTPStatus.FORBIDDEN: "Dit mag niet met dit certificaat.",
}


def of_http(fout: web.HTTPException) -> web.Response:
    """Turn what the web framework says into a problem, keeping the headers that belong to it (Allow)."""
    eigen = "" if fout.text in (None, f"{fout.status}: {fout.reason}") else str(fout.text)
    titel = _TITELS.get(HTTPStatus(fout.status), "Dit verzoek kan niet worden uitgevoerd.")
    antwoord = Probleem(fout.status, titel, eigen).answer()
    if (mag := fout.headers.get("Allow")) is not None:
        antwoord.headers["Allow"] = mag
    return antwoord
