"""An answer of the Personen API (2.7), as far as we ask for it.

The published description makes nearly everything optional, since it depends on the fields that were asked. What is
required here is what makes a part usable for us; the mapping checks the rest against what was asked.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from adapters.brp.datum import Datum
from adapters.brp.vorm import Bsn, Gemeente, Vorm, Waarde


class Adresonderzoek(Vorm):
    """What of a verblijfplaats is being looked into, and since when."""

    datum_ingang_onderzoek: Datum | None = None
    type: bool = False
    datum_van: bool = False
    datum_tot: bool = False
    functie_adres: bool = False
    gemeente_van_inschrijving: bool = False

    @property
    def loopt(self) -> bool:
        """Whether anything is."""
        delen = (self.type, self.datum_van, self.datum_tot, self.functie_adres, self.gemeente_van_inschrijving)
        return any(delen)


class BinnenlandseVerblijfplaats(Vorm):
    """An address, or a place without one, in the Netherlands."""

    type: Literal["Adres", "Locatie"]
    functie_adres: Waarde | None = None
    datum_van: Datum | None = None
    indicatie_vastgesteld_verblijft_niet_op_adres: bool = False
    in_onderzoek: Adresonderzoek = Adresonderzoek()


class AndereVerblijfplaats(Vorm):
    """Abroad, or nobody knows where."""

    type: Literal["VerblijfplaatsBuitenland", "VerblijfplaatsOnbekend"]
    datum_van: Datum | None = None
    in_onderzoek: Adresonderzoek = Adresonderzoek()


Verblijfplaats = Annotated[BinnenlandseVerblijfplaats | AndereVerblijfplaats, Field(discriminator="type")]


class Ouderonderzoek(Vorm):
    """What of an ouder is being looked into."""

    burgerservicenummer: bool = False
    geslacht: bool = False
    datum_ingang_familierechtelijke_betrekking: bool = False


class Ouder(Vorm):
    """An ouder as the register of the child has it."""

    burgerservicenummer: Bsn | None = None
    geslacht: Waarde | None = None
    ouder_aanduiding: Literal["1", "2"] | None = None
    datum_ingang_familierechtelijke_betrekking: Datum | None = None
    in_onderzoek: Ouderonderzoek = Ouderonderzoek()


class Gezaghebbende(Vorm):
    """Somebody with gezag; without a BSN the register does not know him as a person."""

    burgerservicenummer: Bsn | None = None


class Minderjarige(Vorm):
    """Whom the gezag is over."""

    burgerservicenummer: Bsn


class _Gezagsrelatie(Vorm):
    minderjarige: Minderjarige
    in_onderzoek: bool = False


class GezamenlijkOuderlijkGezag(_Gezagsrelatie):
    """Both ouders."""

    type: Literal["GezamenlijkOuderlijkGezag"]
    ouders: Annotated[tuple[Gezaghebbende, ...], Field(min_length=2, max_length=2)]


class EenhoofdigOuderlijkGezag(_Gezagsrelatie):
    """One ouder."""

    type: Literal["EenhoofdigOuderlijkGezag"]
    ouder: Gezaghebbende


class GezamenlijkGezag(_Gezagsrelatie):
    """An ouder and somebody else."""

    type: Literal["GezamenlijkGezag"]
    ouder: Gezaghebbende
    derde: Gezaghebbende = Gezaghebbende()


class Voogdij(_Gezagsrelatie):
    """Others than the ouders; nobody named when it may be an instelling, which is no person in the register."""

    type: Literal["Voogdij"]
    derden: Annotated[tuple[Gezaghebbende, ...], Field(max_length=2)] = ()


class GeenBekendGezag(_Gezagsrelatie):
    """Nobody for the time being, or not to be established."""

    type: Literal["TijdelijkGeenGezag", "GezagNietTeBepalen"]


Gezagsrelatie = Annotated[
    GezamenlijkOuderlijkGezag | EenhoofdigOuderlijkGezag | GezamenlijkGezag | Voogdij | GeenBekendGezag,
    Field(discriminator="type"),
]


class Geboorte(Vorm):
    """When somebody was born."""

    datum: Datum | None = None


class Opschorting(Vorm):
    """Why the register is not kept up any more: O deceased, E emigrated, R RNI, F and W removed, M ministry."""

    reden: Waarde | None = None


class Persoonsonderzoek(Vorm):
    """What of a person is being looked into."""

    gemeente_van_inschrijving: bool = False
    datum_inschrijving_in_gemeente: bool = False
    indicatie_gezag_minderjarige: bool = False


class Persoon(Vorm):
    """One person."""

    burgerservicenummer: Bsn
    geboorte: Geboorte = Geboorte()
    geheimhouding_persoonsgegevens: bool = False
    opschorting_bijhouding: Opschorting = Opschorting()
    gemeente_van_inschrijving: Gemeente | None = None
    datum_inschrijving_in_gemeente: Datum | None = None
    verblijfplaats: Verblijfplaats | None = None
    in_onderzoek: Persoonsonderzoek = Persoonsonderzoek()
    ouders: tuple[Ouder, ...] = ()
    gezag: tuple[Gezagsrelatie, ...] = ()

    @property
    def opschorting(self) -> str | None:
        """Code of the reason why the register is not kept up any more."""
        reden = self.opschorting_bijhouding.reden
        return reden.code if reden is not None else None


class PersonenAntwoord(Vorm):
    """The answer to RaadpleegMetBurgerservicenummer; a BSN that is not in the BRP has no person in it."""

    type: Literal["RaadpleegMetBurgerservicenummer"]
    personen: Annotated[tuple[Persoon, ...], Field(max_length=20)] = ()
