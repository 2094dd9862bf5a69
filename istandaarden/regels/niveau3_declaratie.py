"""Level 3: a declaratie against toewijzingen and earlier declaraties (323), but for how much (see niveau3_volume).

Only a debet is held to the toewijzing. A credit must be possible whatever became of the toewijzing since (IV085), so
it is held to the debet it takes back.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel, regel
from istandaarden.regels.declaratielezing import credited, granted_debet, read_lines
from istandaarden.regels.keten import Keten, Prestatie, relatie_in, relatie_of
from istandaarden.regels.omvang import fits

_REFERENTIE = "ProductReferentie/ReferentieNummer"
_VORIGE = "ProductReferentie/VorigReferentieNummer"
_BEGIN, _EINDE = "ProductPeriode/Begindatum", "ProductPeriode/Einddatum"


@klasseregel("TR333", "Declaratie", advies="Geef elke declaratie een eigen nummer.")
def nummer_is_new(declaratie: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """An aanbieder uses a number once."""
    relatie = relatie_of(bericht)
    eerder = keten.declaratienummer(relatie.standaard, relatie.aanbieder, declaratie.tekst("DeclaratieNummer") or "")
    return Overtreding(declaratie, "DeclaratieNummer") if eerder else None


@klasseregel("TR318", "DeclaratiePeriode", advies="Neem de zorg op in de declaratie van deze of de volgende maand.")
def month_follows(periode: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """A declaratie is not about a month before the last one that was declared.

    The same month again is right (OP284). So is a later month: whether there was care in between no bericht tells, and
    it may be declared afterwards (IV090); starts and stops may not be held against a declaratie (OP364).
    """
    begin = periode.datum("Begindatum")
    eerder = [declaratie.begin for declaratie in keten.declaraties(relatie_in(bericht))]
    if begin is None or not eerder or begin >= max(eerder):
        return None
    return Overtreding(periode, "Begindatum", "Een latere maand is al gedeclareerd.")


@regel("TR314", advies="Geef elke prestatie een eigen referentienummer, ook een gecorrigeerde.")
def referentie_is_new(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """An aanbieder uses a reference once; twice with the same VorigReferentieNummer in one bericht is for TR101."""
    lezing = read_lines(bericht, keten)
    gezien: dict[str, str | None] = {}
    for lijn in lezing.regels:
        prestatie = lijn.prestatie
        eerder = keten.prestatie(lezing.relatie.standaard, lezing.relatie.aanbieder, prestatie.referentie)
        dubbel = prestatie.referentie in gezien and gezien[prestatie.referentie] != prestatie.vorige
        gezien.setdefault(prestatie.referentie, prestatie.vorige)
        if eerder is not None or dubbel:
            yield Overtreding(lijn.klasse, _REFERENTIE)


@regel("TR338", advies="Neem het nummer over uit de toewijzing van deze cliënt.")
def toewijzing_exists(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What is declared was assigned to this client."""
    for lijn in read_lines(bericht, keten).debets():
        if lijn.toewijzing is None:
            yield Overtreding(lijn.klasse, "ToewijzingNummer")


@regel("TR384", advies="Vraag de gemeente om een toewijzing; op een verwijderde kan niet worden gedeclareerd.")
def toewijzing_is_not_deleted(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What was deleted is as if never assigned."""
    for lijn in read_lines(bericht, keten).debets():
        if lijn.toewijzing is not None and lijn.toewijzing.verwijderd:
            yield Overtreding(lijn.klasse, "ToewijzingNummer")


@regel("TR307", advies="Declareer alleen zorg vanaf de ingangsdatum van de toewijzing.")
def not_before_toewijzing(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """Nothing is declared before it was assigned."""
    for lijn, toewijzing in read_lines(bericht, keten).on_toewijzing():
        if lijn.prestatie.begin < toewijzing.ingang:
            yield Overtreding(lijn.klasse, _BEGIN)


@regel("TR308", advies="Declareer alleen zorg tot en met de einddatum van de toewijzing.")
def not_after_toewijzing(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """Nothing is declared after what was assigned."""
    for lijn, toewijzing in read_lines(bericht, keten).on_toewijzing():
        if toewijzing.einde is not None and lijn.prestatie.einde > toewijzing.einde:
            yield Overtreding(lijn.klasse, _EINDE)


@regel("TR387", advies="Begin op de eerste van de maand, of op de latere ingangsdatum van de toewijzing.")
def begins_with_the_month(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A productperiode takes all of the month that was assigned; what begins too early is for TR307."""
    for lijn, toewijzing in read_lines(bericht, keten).on_toewijzing():
        begin = lijn.prestatie.begin
        if begin > max(begin.replace(day=1), toewijzing.ingang):
            yield Overtreding(lijn.klasse, _BEGIN)


@regel("TR388", advies="Eindig op de laatste van de maand, of op de eerdere einddatum van de toewijzing.")
def ends_with_the_month(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A productperiode takes all of the month that was assigned; what ends too late is for TR308."""
    for lijn, toewijzing in read_lines(bericht, keten).on_toewijzing():
        einde = lijn.prestatie.einde
        laatste = einde.replace(day=monthrange(einde.year, einde.month)[1])
        if einde < min(laatste, toewijzing.einde or laatste):
            yield Overtreding(lijn.klasse, _EINDE)


@regel("TR339", advies="Neem de categorie over uit de toewijzing.")
def categorie_as_assigned(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A categorie that was assigned is the one that is declared."""
    for lijn, toewijzing in read_lines(bericht, keten).on_toewijzing():
        if toewijzing.product.categorie not in {None, lijn.prestatie.product.categorie}:
            yield Overtreding(lijn.klasse, "ProductCategorie")


@regel("TR340", advies="Neem de productcode over uit de toewijzing.")
def code_as_assigned(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A code that was assigned is the one that is declared."""
    for lijn, toewijzing in read_lines(bericht, keten).on_toewijzing():
        if toewijzing.product.code not in {None, lijn.prestatie.product.code}:
            yield Overtreding(lijn.klasse, "ProductCode")


@regel("TR341", advies="Neem de eenheid over uit de toewijzing.")
def eenheid_as_assigned(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A unit that was assigned is the one that is declared, but hours may be declared in minutes."""
    for lijn, toewijzing in read_lines(bericht, keten).on_toewijzing():
        if toewijzing.omvang is not None and not fits(lijn.prestatie.eenheid, toewijzing.omvang.eenheid):
            yield Overtreding(lijn.klasse, "Eenheid")


@regel("TR389", advies="Crediteer eerst de eerdere prestatie, in dit bericht of daarvoor.")
def not_declared_before(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """The same care is declared once, unless it was rejected or taken back; twice in one bericht is for TR416."""
    lezing = read_lines(bericht, keten)
    staand: dict[str, set[tuple[object, ...]]] = {}
    for lijn in lezing.debets():
        nummer = lijn.prestatie.toewijzing
        if nummer not in staand:
            staand[nummer] = {
                _what(eerder)
                for eerder in keten.prestaties(lezing.relatie, nummer)
                if eerder.debet and not credited(eerder.referentie, lezing, keten)
            }
        if _what(lijn.prestatie) in staand[nummer]:
            yield Overtreding(lijn.klasse, _BEGIN)


@regel("TR323", advies="Noem het referentienummer van een toegekende prestatie, en neem al het andere eruit over.")
def credit_takes_back_a_debet(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A credit equals a debet that was granted (IV085, IV091)."""
    lezing = read_lines(bericht, keten)
    for lijn in lezing.regels:
        if lijn.prestatie.debet or not lijn.bekend:
            continue
        debet = granted_debet(lijn.prestatie, lezing.relatie, keten)
        if debet is None:
            yield Overtreding(lijn.klasse, _VORIGE, "Er is geen toegekende debetprestatie met dit nummer.")
        elif not lijn.prestatie.takes_back(debet):
            yield Overtreding(lijn.klasse, _VORIGE, "De creditregel is anders dan de debetregel die hij terugneemt.")


@regel("TR390", advies="Laat de creditregel weg: de prestatie is al gecrediteerd.")
def credited_once(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What was taken back is not taken back again; twice in one bericht is for TR315."""
    lezing = read_lines(bericht, keten)
    for lijn in lezing.regels:
        vorige = lijn.prestatie.vorige
        if lijn.prestatie.debet or vorige is None:
            continue
        if keten.credit(lezing.relatie.standaard, lezing.relatie.aanbieder, vorige) is not None:
            yield Overtreding(lijn.klasse, _VORIGE)


def _what(prestatie: Prestatie) -> tuple[object, ...]:
    return prestatie.bsn, prestatie.product, prestatie.begin, prestatie.einde
