"""What every lookup over the API shares: the fields that say who and why, and the refusals as problems."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints

from knooppunt.api.eindpunt import Aanroep
from knooppunt.api.probleem import Probleem
from routing.bericht import Identiteit
from routing.bsn import GEEN_BSN, is_bsn
from routing.dienst import Wet
from routing.opvraaggrens import Geblokkeerd, TeVeel
from routing.opvraging import AndereVraag, Antwoord, Bezig, Opvraging, Opvragingen
from routing.toestemming import Aanleiding, Aanvrager, GeenToestemming, Weg, Weigergrond
from routing.verwerkingen import Herkomst

FOUTEN: Final = {
    403: "Uw partij mag dit niet opvragen: machtiging of wet ontbreekt, of haar vragen zijn stilgelegd.",
    409: "Deze vraagId hoort bij een andere vraag, of de vraag wordt op dit moment beantwoord.",
    422: "Het BSN doorstaat de elfproef niet, of een veld kan niet: doel, zaakkenmerk, reden, persoon of vraagId.",
    429: "Uw partij stelt te veel vragen.",
}
"""What a lookup may answer beside its outcome."""

Kort = Annotated[str, StringConstraints(min_length=1, max_length=60)]
_TE_VERBETEREN: Final = frozenset(Weigergrond) - {Weigergrond.DIENST, Weigergrond.MACHTIGING, Weigergrond.WET}
_VRAAG_ID = "^[0-9A-Za-z-]+$"
_NAAM = "^[0-9A-Za-z@._ -]+$"


class Opvraagvorm(BaseModel):
    """Who it is about, what for, and in whose name. The BSN stands in the body and nowhere else."""

    bsn: str = Field(pattern="^[0-9]{9}$", description="Burgerservicenummer van wie het gaat.", repr=False)
    doel: Kort = Field(description="Een van de doelen van deze dienst.")
    zaakkenmerk: Kort = Field(description="Zaak waarvoor u dit vraagt; zonder BSN.")
    reden: str = Field("", max_length=500, description="Waarom, in eigen woorden; zonder BSN.")
    persoon: Kort | None = Field(
        None, pattern=_NAAM, description="Medewerker die het vraagt, zoals uw partij hem kent: een naam of nummer."
    )
    partij: str | None = Field(
        None, pattern="^[0-9A-Za-z]{1,20}$", description="Uw partij, als uw certificaat voor meer partijen geldt."
    )
    vraag_id: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        pattern=_VRAAG_ID,
        description="Kenmerk van de vraag. Dezelfde vraag met dezelfde vraagId krijgt hetzelfde antwoord.",
    )


async def answer(
    opvragingen: Opvragingen,
    aanroep: Aanroep,
    vorm: Opvraagvorm,
    *,
    dienst: str,
    wet: Wet,
    search: Callable[[str], Awaitable[Antwoord]],
) -> bytes:
    """Answer a lookup.

    Args:
        opvragingen: decides, logs and remembers.
        aanroep: who asks.
        vorm: the question.
        dienst: the lookup.
        wet: under which law.
        search: gets the vraagId and looks it up.

    Raises:
        Probleem: it may not be asked, or not now.
    """
    partij = choose_partij(aanroep, vorm.partij)
    if not is_bsn(vorm.bsn):
        raise unfit(("bsn", GEEN_BSN))
    wie = name_identity(aanroep.identiteit)
    vraag_id = vorm.vraag_id or str(uuid.uuid4())
    vraag = Opvraging(
        Aanvrager(partij, wie, Weg.API, vorm.persoon),
        Aanleiding(dienst, wet, vorm.doel, vorm.zaakkenmerk, vorm.reden),
        vorm.bsn,
        vraag_id,
        json.dumps(vorm.model_dump(mode="json", exclude={"vraag_id", "persoon"}), sort_keys=True).encode(),
        Herkomst.read(aanroep.traceparent, wie),
    )
    try:
        return await opvragingen.ask(vraag, lambda: search(vraag_id))
    except GeenToestemming as fout:
        raise refused(fout) from None
    except (Geblokkeerd, TeVeel) as fout:
        raise limited(fout) from None
    except AndereVraag:
        raise Probleem(
            409, "Deze vraagId hoort bij een andere vraag.", "Kies voor elke vraag een eigen vraagId."
        ) from None
    except Bezig:
        raise Probleem(409, "Deze vraag wordt op dit moment beantwoord.", "Stel haar zo dadelijk opnieuw.") from None


def choose_partij(aanroep: Aanroep, gevraagd: str | None) -> str:
    """Give the partij in whose name is asked.

    Raises:
        Probleem: 403 when it is not one of the certificate's, 422 when there is a choice and none was made.
    """
    if gevraagd is None and len(aanroep.partijen) > 1:
        raise unfit(("partij", "is nodig: uw certificaat geldt voor meer partijen"))
    partij = gevraagd or next(iter(aanroep.partijen))
    if partij not in aanroep.partijen:
        raise Probleem(403, "Dit certificaat mag niet namens deze partij vragen.")
    return partij


def refused(fout: GeenToestemming) -> Probleem:
    """Make the problem for something that may not be done: 422 for what can be mended in the question, else 403."""
    if fout.grond in _TE_VERBETEREN:
        return unfit((fout.grond.value, str(fout)))
    return Probleem(403, "Uw partij mag dit niet opvragen.", str(fout))


def limited(fout: Geblokkeerd | TeVeel) -> Probleem:
    """Make the problem for a partij that may ask nothing for now."""
    if isinstance(fout, TeVeel):
        return Probleem(429, str(fout), "Probeer het later opnieuw.", opnieuw_na=fout.wachttijd)
    return Probleem(403, "Het knooppunt heeft deze vragen van uw partij stilgelegd.", str(fout))


def unfit(*parameters: tuple[str, str]) -> Probleem:
    """Make the problem for a question that is as described and still cannot be: name and Dutch reason of each part."""
    return Probleem(422, "De vraag kan zo niet worden beantwoord.", "", parameters)


def name_identity(identiteit: Identiteit) -> str:
    """Give the identity that a connection proves, as the account of a lookup keeps it."""
    return f"oin:{identiteit.oin}" if identiteit.oin else f"sha256:{identiteit.vingerafdruk}"
