"""When a release is open: the calendar of releases, and whether a bericht may travel at a moment.

A release opens at one moment and closes in three: first for declaraties, then for other heenberichten, last for
retouren (iStandaarden migration plans; facts on the standards §5). A partij may have moments of its own laid over
those of everybody, so two releases can be open at once. Everything here is a pure function of calendar and moment.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from istandaarden.model import Berichtsoort

NEDERLAND = ZoneInfo("Europe/Amsterdam")
"""Zone of every moment in the calendar that is written without one."""

_DAGEN = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
_MAANDEN = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)


class Moment(StrEnum):
    """The four moments of a release, in the order in which they pass."""

    OPEN = "open"
    DECLARATIES_DICHT = "declaraties_dicht"
    HEEN_DICHT = "heen_dicht"
    RETOUR_DICHT = "retour_dicht"


class Stroom(StrEnum):
    """What closes at the same moment; the value is the plural that sentences use."""

    DECLARATIE = "declaraties"
    HEEN = "heenberichten"
    RETOUR = "retourberichten"


class Stand(StrEnum):
    """How it stands with a release for one stroom."""

    NOG_DICHT = "nog niet open"
    OPEN = "open"
    GESLOTEN = "gesloten"


_SLUIT = {
    # A moment that is not named is the next one that is.
    Stroom.DECLARATIE: (Moment.DECLARATIES_DICHT, Moment.HEEN_DICHT, Moment.RETOUR_DICHT),
    Stroom.HEEN: (Moment.HEEN_DICHT, Moment.RETOUR_DICHT),
    Stroom.RETOUR: (Moment.RETOUR_DICHT,),
}
_DECLARATIES = ("303", "323")


class Kalenderfout(ValueError):
    """A calendar cannot be read; the text is Dutch."""


def stroom_of(soort: Berichtsoort) -> Stroom:
    """Say with which stroom a berichtsoort closes: 303 and 323 first, whatever answers another bericht last."""
    if soort.is_retour or soort.antwoord_op is not None:
        return Stroom.RETOUR
    return Stroom.DECLARATIE if soort.code[-3:] in _DECLARATIES else Stroom.HEEN


@dataclass(frozen=True, slots=True)
class Uitgave:
    """What the calendar is asked about: a release of a standaard, in one stroom.

    `titel` is the standaard as people write it (``iWmo``); it only serves the sentences.
    """

    standaard: str
    release: str
    stroom: Stroom
    titel: str = field(compare=False)

    @classmethod
    def of(cls, soort: Berichtsoort) -> Uitgave:
        """Give what decides on a berichtsoort."""
        return cls(soort.standaard, soort.release, stroom_of(soort), soort.titel)


@dataclass(frozen=True, slots=True)
class Momenten:
    """The moments of one release, in UTC; one that is not in `tijden` is not set, None means that it never comes.

    `patroon` names those that were not published to the minute.
    """

    tijden: Mapping[Moment, datetime | None] = field(default_factory=dict)
    patroon: frozenset[Moment] = frozenset()

    @property
    def opens(self) -> datetime | None:
        """When it opens; None when it has always been open."""
        return self.tijden.get(Moment.OPEN)

    def closes(self, stroom: Stroom) -> datetime | None:
        """When it closes for a stroom; None when it does not."""
        for moment in _SLUIT[stroom]:
            if moment in self.tijden:
                return self.tijden[moment]
        return None

    def overlay(self, andere: Momenten) -> Momenten:
        """Lay the moments of `andere` over these; what it leaves out stays."""
        return Momenten({**self.tijden, **andere.tijden}, self.patroon - andere.tijden.keys())

    def state(self, stroom: Stroom, moment: datetime) -> Stand:
        """Say how it stands at an aware moment: open from `opens` on, up to and not including `closes`."""
        opent, sluit = self.opens, self.closes(stroom)
        if sluit is not None and (moment >= sluit or (opent is not None and opent >= sluit)):
            return Stand.GESLOTEN
        return Stand.NOG_DICHT if opent is not None and moment < opent else Stand.OPEN

    def disorder(self) -> str | None:
        """Say in Dutch which two moments stand in the wrong order, None when they do not."""
        vorige: tuple[Moment, datetime] | None = None
        for soort in Moment:
            tijd = self.tijden.get(soort)
            if tijd is None:
                continue
            if vorige is not None and tijd < vorige[1]:
                return f"{soort} ({in_words(tijd)}) ligt voor {vorige[0]} ({in_words(vorige[1])})"
            vorige = soort, tijd
        return None


@dataclass(frozen=True, slots=True)
class Openstelling:
    """The answer for one uitgave, partij and moment; `uitleg` is a Dutch sentence.

    `vanaf` is the moment at which it opens or opened, `tot` that at which it closes or closed; None is unlimited.
    """

    stand: Stand
    stroom: Stroom
    vanaf: datetime | None
    tot: datetime | None
    uitleg: str


@dataclass(frozen=True, slots=True)
class Kalender:
    """Moments per (standaard, release), and what a partij has of its own per (partij, standaard, release)."""

    algemeen: Mapping[tuple[str, str], Momenten] = field(default_factory=dict)
    eigen: Mapping[tuple[str, str, str], Momenten] = field(default_factory=dict)

    def moments(self, standaard: str, release: str, partij: str | None = None) -> Momenten | None:
        """Give the moments of a release, for a partij with its own laid over them; None when there are none at all."""
        algemeen = self.algemeen.get((standaard, release))
        eigen = self.eigen.get((partij, standaard, release)) if partij is not None else None
        if eigen is None:
            return algemeen
        return (algemeen or Momenten()).overlay(eigen)

    def overlay(
        self, algemeen: Mapping[tuple[str, str], Momenten], eigen: Mapping[tuple[str, str, str], Momenten]
    ) -> Kalender:
        """Lay moments over these: for everybody moment by moment, of a partij as a whole."""
        samen = dict(self.algemeen)
        for sleutel, momenten in algemeen.items():
            samen[sleutel] = samen.get(sleutel, Momenten()).overlay(momenten)
        return Kalender(samen, {**self.eigen, **eigen})

    def state(self, uitgave: Uitgave, partij: str, moment: datetime) -> Openstelling:
        """Say whether a release may travel from or to a partij at a moment, and if not why.

        A release without moments is always open: the calendar holds back only what it knows about.

        Args:
            uitgave: which release, in which stroom.
            partij: code of the partij.
            moment: with a time zone.
        """
        momenten = self.moments(uitgave.standaard, uitgave.release, partij) or Momenten()
        stand = momenten.state(uitgave.stroom, moment)
        vanaf, tot = momenten.opens, momenten.closes(uitgave.stroom)
        return Openstelling(
            stand, uitgave.stroom, vanaf, tot, self._explain(uitgave, partij, moment, stand, (vanaf, tot))
        )

    def open_releases(self, standaard: str, stroom: Stroom, partij: str, moment: datetime) -> tuple[str, ...]:
        """Give the releases of a standaard that are open at a moment for a stroom, in the order of the calendar."""
        releases = dict.fromkeys(release for naam, release in self.algemeen if naam == standaard)
        releases |= dict.fromkeys(release for code, naam, release in self.eigen if (code, naam) == (partij, standaard))
        return tuple(
            release
            for release in releases
            if (momenten := self.moments(standaard, release, partij)) and momenten.state(stroom, moment) is Stand.OPEN
        )

    def _explain(
        self,
        uitgave: Uitgave,
        partij: str,
        moment: datetime,
        stand: Stand,
        grens: tuple[datetime | None, datetime | None],
    ) -> str:
        vanaf, tot = grens
        stroom = uitgave.stroom
        wat = f"Release {uitgave.release} van {uitgave.titel}"
        if stand is Stand.NOG_DICHT and vanaf is not None:
            zin = f"{wat} is voor {partij} nog niet open; dat gebeurt op {in_words(vanaf)}."
        elif stand is Stand.GESLOTEN and tot is not None:
            ooit = vanaf is None or vanaf < tot
            zin = f"{wat} is voor {stroom} van en aan {partij} gesloten"
            zin += f", sinds {in_words(tot)}." if ooit else ": de opening ligt na de sluiting."
        else:
            sinds = f" sinds {in_words(vanaf)}" if vanaf is not None else ""
            einde = f", tot {in_words(tot)}" if tot is not None else ""
            return f"{wat} is voor {stroom} van en aan {partij} open{sinds}{einde}."
        open_ = self.open_releases(uitgave.standaard, stroom, partij, moment)
        return f"{zin} Nu open: release {' en '.join(open_)}." if open_ else zin


def in_words(moment: datetime) -> str:
    """Write a moment as Dutch local time: ``maandag 3 april 2023 om 13:00 uur``."""
    lokaal = moment.astimezone(NEDERLAND)
    dag = f"{_DAGEN[lokaal.weekday()]} {lokaal.day} {_MAANDEN[lokaal.month - 1]} {lokaal.year}"
    tijd = f"{lokaal:%H:%M}" if not lokaal.second else f"{lokaal:%H:%M:%S}"
    dubbel = lokaal.replace(fold=0).utcoffset() != lokaal.replace(fold=1).utcoffset()
    return f"{dag} om {tijd} uur" + (f" ({'winter' if lokaal.fold else 'zomer'}tijd)" if dubbel else "")


def from_local(tijd: datetime) -> datetime:
    """Turn a moment as people write it into UTC: without a zone it is Dutch local time.

    Raises:
        Kalenderfout: the clock skips this hour, or shows it twice, at the change to or from summer time.
    """
    if tijd.tzinfo is not None:
        return tijd.astimezone(UTC)
    vroeg, laat = (tijd.replace(tzinfo=NEDERLAND, fold=keer) for keer in (0, 1))
    if vroeg.astimezone(UTC).astimezone(NEDERLAND).replace(tzinfo=None) != tijd:
        raise Kalenderfout(f"{tijd} bestaat niet: dan wordt de klok een uur vooruitgezet")
    if vroeg.utcoffset() != laat.utcoffset():
        raise Kalenderfout(
            f"{tijd} komt twee keer voor; schrijf erbij welke: {vroeg.isoformat()} of {laat.isoformat()}"
        )
    return vroeg.astimezone(UTC)


def read_moments(tabel: Mapping[str, object]) -> Iterator[tuple[Moment, datetime | None]]:
    """Read the moments in a TOML table; ``"geen"`` says that one never comes.

    Raises:
        Kalenderfout: a value is no moment.
    """
    for moment in Moment:
        waarde = tabel.get(moment)
        if isinstance(waarde, datetime):
            try:
                yield moment, from_local(waarde)
            except Kalenderfout as fout:
                raise Kalenderfout(f"{moment}: {fout}") from None
        elif waarde == "geen":
            yield moment, None
        elif waarde is not None:
            raise Kalenderfout(f'{moment}: schrijf een moment als 2027-04-05T13:00:00, of "geen"')


@cache
def ingebouwd() -> Kalender:
    """Give the calendar that comes with the package; read once.

    Raises:
        Kalenderfout: the file is wrong.
    """
    ruw = tomllib.loads(files("istandaarden").joinpath("releases.toml").read_text(encoding="utf-8"))
    return Kalender(dict(_entries(ruw["release"])))


def _entries(tabellen: Iterable[Mapping[str, object]]) -> Iterator[tuple[tuple[str, str], Momenten]]:
    for tabel in tabellen:
        patroon, standaarden = (tabel.get(sleutel, ()) for sleutel in ("patroon", "standaarden"))
        assert isinstance(patroon, Iterable)  # noqa: S101 - our own file, see the test that reads it
        assert isinstance(standaarden, Iterable)  # noqa: S101 - same
        momenten = Momenten(dict(read_moments(tabel)), frozenset(Moment(naam) for naam in patroon))
        if (fout := momenten.disorder()) is not None:
            raise Kalenderfout(f"release {tabel['release']}: {fout}")
        for standaard in standaarden:
            yield (str(standaard), str(tabel["release"])), momenten
