"""The berichtstroom of VSP and the functie of the envelope.

No published text says how i-berichten are named in a berichtstroom. We send the functie as it is: berichttype
``WMO301``, no berichtsubtype, and take the split form (``WMO`` with ``301``) as well, where it can mean one thing only.
"""

from __future__ import annotations

from adapters.vsp.model import Berichtstroom, ZoekpadOpBerichtstroom
from adapters.vsp.weigering import Onvertaalbaar
from routing.bericht import Berichtcode, Envelop
from routing.functies import namen

AANLEVEREN = "Aanleveren"
"""The actie we send when the sender named none."""

FOUTBERICHT = Berichtcode.FO01.value
"""The berichttype under which a Fo01 travels; its payload is the StUF body element."""

_STUF_VERSIE = (3, 1)
_MAX_FUNCTIE = 30
_MAX_VERSIE = 999


def functie_of(stroom: Berichtstroom | ZoekpadOpBerichtstroom) -> str:
    """Return the functie that a berichtstroom names; an unknown one is returned too, for the intake to explain.

    Raises:
        Onvertaalbaar: berichttype and berichtsubtype contradict each other, or it is too long for an envelope.
    """
    soort, sub = stroom.berichttype, stroom.berichtsubtype
    if sub is None:
        functie = soort
    else:
        lezingen = {soort + sub}
        if sub.startswith(soort):
            lezingen.add(sub)
        if soort.endswith(sub):
            lezingen.add(soort)
        bekend = lezingen & namen()
        if len(bekend) > 1 or (not bekend and {soort, sub} & namen()):
            zin = "berichttype en berichtsubtype spreken elkaar tegen; gebruik alleen berichttype, zoals WMO301."
            raise Onvertaalbaar({"routeringgegevens.berichtstroom.berichtsubtype": [zin]})
        functie = next(iter(bekend), soort + sub)
    if len(functie) > _MAX_FUNCTIE:
        zin = f"berichttype en berichtsubtype zijn samen langer dan {_MAX_FUNCTIE} tekens."
        raise Onvertaalbaar({"routeringgegevens.berichtstroom.berichttype": [zin]})
    return functie


def stroom_of(envelop: Envelop, actie: str = AANLEVEREN) -> Berichtstroom:
    """Return the berichtstroom of a bericht; a Fo01 has the StUF version (3.1), since its payload is StUF.

    Raises:
        Onvertaalbaar: a version above 999, which VSP cannot say.
    """
    if envelop.parameters is None:
        versie, subversie = _STUF_VERSIE
    else:
        versie, subversie = int(envelop.parameters.functie_versie), int(envelop.parameters.functie_subversie)
    if max(versie, subversie) > _MAX_VERSIE:
        raise Onvertaalbaar({"functieVersie": [f"VSP kent geen versie boven {_MAX_VERSIE}."]})
    return Berichtstroom(
        berichttype=envelop.stuurgegevens.functie or FOUTBERICHT,
        berichtversie=versie,
        berichtsubversie=subversie,
        actie=actie,
    )
