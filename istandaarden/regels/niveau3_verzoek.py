"""Level 3: a request against what is assigned and what was asked before (315, 317)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel, regel
from istandaarden.regels.keten import Keten, Product, Toewijzing, nummer_of, omvang_of, product_of, relatie_of

_TOTAAL = "6"
_HULPMIDDELEN = frozenset({"11", "12", "13", "14"})
_OUDE_REGELS_TOT = date(2020, 12, 31)


@klasseregel("TR347", "AangevraagdProduct Verzoek", advies="Geef elk verzoek een referentie die nog niet gebruikt is.")
def referentie_is_new(verzoek: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """An aanbieder uses a reference once."""
    relatie = relatie_of(bericht)
    eerder = keten.verzoek(relatie.standaard, relatie.aanbieder, verzoek.tekst("ReferentieAanbieder") or "")
    return Overtreding(verzoek, "ReferentieAanbieder") if eerder else None


@regel("TR374", advies="Wacht tot de gemeente het eerdere verzoek heeft toegewezen of afgewezen.")
def no_request_is_open(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """One request at a time."""
    for client in bericht.klassen("Client"):
        if any(verzoek.open for verzoek in keten.verzoeken(relatie_of(bericht), client.tekst("Bsn") or "")):
            yield Overtreding(client)


@regel("TR349", advies="Neem elke toewijzing die nu of later geldt op, als ongewijzigd of te wijzigen product.")
def nothing_is_missing(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A request for change describes all there is."""
    genoemd = {nummer_of(p) for naam in _BESTAAND for p in bericht.klassen(naam)}
    ontbreekt = [nummer for nummer in _current(bericht, keten) if nummer not in genoemd]
    for verzoek in bericht.klassen("Verzoek"):
        if ontbreekt:
            aantal = "Er ontbreekt één toewijzing" if len(ontbreekt) == 1 else f"Er ontbreken {len(ontbreekt)}"
            yield Overtreding(verzoek, "", f"{aantal}.")


@regel("TR350", advies="Neem het nummer over uit een toewijzing die nu of later geldt.")
def unchanged_is_current(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What stays, is there."""
    return _not_current(bericht, keten, "OngewijzigdProduct")


@regel("TR351", advies="Neem het nummer over uit een toewijzing die nu of later geldt, of vraag een nieuw product.")
def changed_is_current(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What changes, is there."""
    return _not_current(bericht, keten, "TeWijzigenProduct")


@klasseregel("TR357", "TeWijzigenProduct", advies="Laat de wijziging later ingaan, of vanaf het begin gelden.")
def from_the_start_or_later(product: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """What does not change in the future, changes from the beginning."""
    toewijzing, gewenst, nu = _existing(product, bericht, keten), product.datum(_GEWENST), bericht.dagtekening
    if toewijzing is None or gewenst is None or nu is None or gewenst > nu or gewenst == toewijzing.ingang:
        return None
    return Overtreding(product, _GEWENST)


@klasseregel("TR373", "TeWijzigenProduct", advies="Neem de ingangsdatum over uit de toewijzing.")
def total_changes_from_the_start(product: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """A budget, or a total over the whole toewijzing, changes from the beginning."""
    toewijzing = _existing(product, bericht, keten)
    if toewijzing is None or product.datum(_GEWENST) == toewijzing.ingang:
        return None
    omvang, budget = omvang_of(product), product.geheel("Budget")
    ander_budget = budget is not None and budget != toewijzing.budget
    totaal = toewijzing.omvang is not None and toewijzing.omvang.frequentie == _TOTAAL
    ander_totaal = totaal and omvang is not None and omvang != toewijzing.omvang
    return Overtreding(product, _GEWENST) if ander_budget or ander_totaal else None


@klasseregel("TR375", "TeWijzigenProduct", advies="Laat de omvang weg; vraag een ander budget.")
def no_omvang_when_generic(product: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """What has no product has no omvang."""
    toewijzing = _existing(product, bericht, keten)
    if toewijzing is None or toewijzing.product.categorie is not None or _old(toewijzing):
        return None
    return Overtreding(product, "Omvang") if product.heeft("Omvang") else None


@klasseregel("TR411", "TeWijzigenProduct", advies="Voeg de omvang toe, ook als die gelijk blijft.")
def omvang_when_specific(product: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """What has a code has an omvang."""
    toewijzing = _existing(product, bericht, keten)
    if toewijzing is None or toewijzing.product.code is None or product.heeft("Omvang"):
        return None
    return Overtreding(product, "Omvang", "Omvang ontbreekt.")


@klasseregel("TR412", "TeWijzigenProduct", advies="Laat de omvang weg; vraag een ander budget.")
def no_omvang_without_code(product: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """What has a categorie without a code has no omvang; what has neither is for TR375."""
    toewijzing = _existing(product, bericht, keten)
    if toewijzing is None or _old(toewijzing):
        return None
    categorie, code = toewijzing.product
    return Overtreding(product, "Omvang") if categorie and not code and product.heeft("Omvang") else None


@regel("TR361", advies="Laat de perioden op elkaar aansluiten, of wijzig de bestaande toewijzing.")
def does_not_stack(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What stays, what changes and what is new do not overlap; new products among themselves are for TR410.

    What changes is there from the ingang of its toewijzing, or earlier if that is asked, up to the end that is asked.
    In iWmo a pair with a hulpmiddel is left out.
    """
    bezet: list[tuple[Product, date, date]] = []
    actueel = _current(bericht, keten)
    for klasse in (p for naam in _BESTAAND for p in bericht.klassen(naam)):
        toewijzing = actueel.pop(nummer_of(klasse) or "", None)  # the same number again is for TR101
        if toewijzing is None:
            continue
        blijft = klasse.naam == "OngewijzigdProduct"
        begin = toewijzing.ingang if blijft else min(toewijzing.ingang, klasse.datum(_GEWENST) or date.max)
        einde = toewijzing.einde if blijft else klasse.datum("Einddatum")
        deel = (toewijzing.product, begin, einde or date.max)
        if _stacks(deel, bezet, bericht):
            yield Overtreding(klasse, "" if blijft else _GEWENST)
        bezet.append(deel)
    for klasse in bericht.klassen("NieuwProduct"):
        deel = (product_of(klasse), klasse.datum(_GEWENST) or date.min, klasse.datum("Einddatum") or date.max)
        if _stacks(deel, bezet, bericht):
            yield Overtreding(klasse, _GEWENST)


_BESTAAND = ("OngewijzigdProduct", "TeWijzigenProduct")
_GEWENST = "GewensteIngangsdatum"


def _stacks(deel: tuple[Product, date, date], bezet: list[tuple[Product, date, date]], bericht: Bericht) -> bool:
    product, begin, einde = deel
    vrij = _HULPMIDDELEN if bericht.standaard == "iwmo" else frozenset()
    return any(
        begin <= tot and van <= einde and product.equals(ander) and not vrij & {product.categorie, ander.categorie}
        for ander, van, tot in bezet
    )


def _current(bericht: Bericht, keten: Keten) -> dict[str, Toewijzing]:
    """Give the toewijzingen that are valid on the day of the bericht or later, by number."""
    dag = bericht.dagtekening or date.min
    alle = keten.toewijzingen(relatie_of(bericht), bericht.wortel.tekst("Client/Bsn") or "")
    return {toewijzing.nummer: toewijzing for toewijzing in alle if toewijzing.is_current(dag)}


def _existing(product: Klasse, bericht: Bericht, keten: Keten) -> Toewijzing | None:
    return _current(bericht, keten).get(nummer_of(product) or "")


def _not_current(bericht: Bericht, keten: Keten, naam: str) -> Iterator[Overtreding]:
    """Report numbers of no current toewijzing; of a client that is not known at all, TR304 tells enough."""
    if not keten.knows_client(relatie_of(bericht), bericht.wortel.tekst("Client/Bsn") or ""):
        return
    actueel = _current(bericht, keten)
    for product in bericht.klassen(naam):
        if nummer_of(product) not in actueel:
            yield Overtreding(product, "ToewijzingNummer")


def _old(toewijzing: Toewijzing) -> bool:
    return toewijzing.einde is not None and toewijzing.einde <= _OUDE_REGELS_TOT
