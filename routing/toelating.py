"""May something be handed in right now: decided before a body is read, from what is known of the connection alone.

Who hands in more than was agreed is asked to wait (429); when the hub itself is too busy or has no room, everybody is
(503). Both say for how long, and nothing was stored: a client that waits and offers the same again loses nothing.

An account belongs to the partijen that a certificate acts for; certificates that no partij has share one. Of the places
and bytes of this node an account has a part at most (429 above it), so that one sender cannot shut the door for others.

Quotas are debts: a bericht is let in while something is left, however large it is, and what it takes above that has to
be made up before the next one. So a bericht larger than the quota still gets in, and the average holds. They count per
node, and in memory: to share them would cost a trip to the database for every request that is refused.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from routing.bericht import Identiteit
from routing.partij import Aansluiting
from routing.register import Register, RegisterBron

_MIB: Final = 1024 * 1024
_EMMERS: Final = 20_000  # accounts and identities remembered; who is forgotten starts full again
_DEEL, _DEEL_VREEMD = 4, 16  # an account may hold one part in so many of the places and bytes; that of strangers less
_DRUK_S: Final = 5
VOL_S: Final = 60
"""Seconds after which trying again makes sense when there is no room."""


@dataclass(frozen=True, slots=True)
class Instellingen:
    """Limits. Quotas hold per minute and per group of partijen that a certificate acts for; the rest for this node.

    `tegelijk` requests and `mib_tegelijk` of bodies may be on their way at once, a quarter of them for one group, and
    `schrijfrij` operations may wait to be written.
    """

    quota_berichten: int = 60_000
    quota_mib: int = 4096
    tegelijk: int = 512
    mib_tegelijk: int = 512
    schrijfrij: int = 4096


_Afspraak = tuple[frozenset[str], int, int]
"""Whose account it is (nobody: that of strangers), and how many berichten and bytes per minute."""


class Druk(Exception):
    """Not now. `oorzaak` is a cause in the fault table, `wachttijd` the seconds after which to try again.

    `van_ons` says that the hub is the one that cannot, whoever asks (503); otherwise the sender went too fast (429).
    """

    def __init__(self, oorzaak: str, wachttijd: float, *, van_ons: bool) -> None:
        super().__init__(oorzaak)
        self.oorzaak = oorzaak
        self.wachttijd = max(1, math.ceil(wachttijd))
        self.van_ons = van_ons


@dataclass(slots=True)
class _Emmer:
    """What is left of a quota; negative while a debt is made up."""

    over: float
    gezien: float

    def refill(self, quota: float, nu: float) -> None:
        self.over = min(quota, self.over + (nu - self.gezien) * quota / 60)
        self.gezien = nu

    def wait_s(self, quota: float, nodig: float) -> float:
        """Return the seconds until `nodig` is left."""
        return max(0.0, (nodig - self.over) * 60 / quota)


@dataclass(slots=True)
class _Bezetting:
    """How many requests have a place, and how many bytes of bodies are on their way for them."""

    verzoeken: int = 0
    bytes: int = 0

    def take(self, aantal: int, onderweg: int) -> None:
        """Add requests with so many bytes in all; negative numbers give back."""
        self.verzoeken += aantal
        self.bytes += onderweg


@dataclass(slots=True)
class _Rekening:
    berichten: _Emmer
    bytes: _Emmer
    bezetting: _Bezetting = field(default_factory=_Bezetting)


class Plek:
    """A place that was given: how many berichten a minute are agreed (`quota`) and how many are left (`over`).

    It is taken at once, and given back at the end of its ``with`` block.
    """

    __slots__ = ("_bezetting", "_lengte", "_onderweg", "_rekening", "over", "quota")

    def __init__(self, quota: int, rekening: _Rekening, lengte: int, bezetting: _Bezetting, onderweg: int) -> None:
        self.quota = quota
        self.over = int(rekening.berichten.over)
        self._rekening = rekening
        self._lengte = lengte
        self._bezetting = bezetting
        self._onderweg = onderweg
        for bezet in (bezetting, rekening.bezetting):
            bezet.take(1, onderweg)

    def settle(self, gelezen: int) -> None:
        """Charge what was really read, where the request announced something else or nothing."""
        self._rekening.bytes.over -= gelezen - self._lengte
        self._lengte = gelezen

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _soort: type[BaseException] | None, _fout: BaseException | None, _spoor: TracebackType | None
    ) -> None:
        for bezet in (self._bezetting, self._rekening.bezetting):
            bezet.take(-1, -self._onderweg)


class Toelating:
    """Gives out places.

    Args:
        register_bron: which partijen a certificate acts for, and what each may hand in.
        instellingen: limits.
        wachtrij: how many operations wait to be written.
        ruimte: returns the cause when there is no room for new berichten, else None.
        klok: seconds, monotonic.
    """

    def __init__(
        self,
        register_bron: RegisterBron,
        instellingen: Instellingen,
        wachtrij: Callable[[], int],
        ruimte: Callable[[], str | None],
        klok: Callable[[], float] = time.monotonic,
    ) -> None:
        self._register_bron = register_bron
        self._in = instellingen
        self._wachtrij = wachtrij
        self._ruimte = ruimte
        self._klok = klok
        self._rekeningen: OrderedDict[frozenset[str], _Rekening] = OrderedDict()
        self._afspraken: dict[Identiteit, _Afspraak] = {}
        self._geldig: Register | None = None  # for which `_afspraken` hold
        self._bezetting = _Bezetting()

    def admit(self, identiteit: Identiteit, lengte: int | None, hoogstens: int) -> Plek:
        """Give a place for the length of one request: the ``with`` block that follows.

        Args:
            identiteit: of the connection.
            lengte: bytes that the request announces, None when it does not.
            hoogstens: bytes that it may have; what counts as on its way when nothing is announced.

        Raises:
            Druk: not now.
        """
        onderweg = min(lengte if lengte is not None else hoogstens, hoogstens)
        if (oorzaak := self._ruimte()) is not None:
            raise Druk(oorzaak, VOL_S, van_ons=True)
        bezet = self._bezetting.verzoeken
        if (
            bezet >= self._in.tegelijk
            or (bezet and self._bezetting.bytes + onderweg > self._in.mib_tegelijk * _MIB)
            or self._wachtrij() >= self._in.schrijfrij
        ):
            raise Druk("knooppunt_overbelast", _DRUK_S, van_ons=True)
        lengte = lengte or 0
        wie, aantal, omvang = self._agreed(identiteit)
        rekening = self._account(wie, aantal, omvang)
        if self._has_its_part(wie, rekening.bezetting, onderweg, hoogstens):
            raise Druk("quota_bereikt", _DRUK_S, van_ons=False)
        if rekening.berichten.over < 1 or rekening.bytes.over < 1:
            wachten = max(rekening.berichten.wait_s(aantal, 1), rekening.bytes.wait_s(omvang, 1))
            raise Druk("quota_bereikt", wachten, van_ons=False)
        rekening.berichten.over -= 1
        rekening.bytes.over -= lengte
        return Plek(aantal, rekening, lengte, self._bezetting, onderweg)

    def _has_its_part(self, wie: frozenset[str], bezet: _Bezetting, onderweg: int, hoogstens: int) -> bool:
        """Say whether an account holds so much that `onderweg` bytes more do not fit; one bericht always does."""
        deel = _DEEL if wie else _DEEL_VREEMD
        return bezet.verzoeken >= max(1, self._in.tegelijk // deel) or bezet.bytes + onderweg > max(
            hoogstens, self._in.mib_tegelijk * _MIB // deel
        )

    def _agreed(self, identiteit: Identiteit) -> _Afspraak:
        """Return for whom a certificate acts and what they may hand in; worked out once for every register."""
        register = self._register_bron.current()
        if register is not self._geldig or len(self._afspraken) > _EMMERS:
            self._afspraken, self._geldig = {}, register
        afspraak = self._afspraken.get(identiteit)
        if afspraak is None:
            partijen = register.partijen_of(identiteit)
            afspraak = self._afspraken[identiteit] = (partijen, *self._quota(register, partijen))
        return afspraak

    def _quota(self, register: Register, partijen: frozenset[str]) -> tuple[int, int]:
        """Return berichten and bytes per minute: of all partijen that the certificate acts for together."""
        aansluitingen = [a for code in partijen if (a := register.aansluiting(code)) is not None]
        if not aansluitingen:
            return self._in.quota_berichten, self._in.quota_mib * _MIB
        return sum(self._messages(a) for a in aansluitingen), sum(self._bytes(a) for a in aansluitingen)

    def _messages(self, aansluiting: Aansluiting) -> int:
        eigen = aansluiting.quota_berichten
        return self._in.quota_berichten if eigen is None else eigen

    def _bytes(self, aansluiting: Aansluiting) -> int:
        eigen = aansluiting.quota_mib
        return (self._in.quota_mib if eigen is None else eigen) * _MIB

    def _account(self, wie: frozenset[str], aantal: int, omvang: int) -> _Rekening:
        nu = self._klok()
        rekening = self._rekeningen.get(wie)
        if rekening is None:
            rekening = self._rekeningen[wie] = _Rekening(_Emmer(aantal, nu), _Emmer(omvang, nu))
            if len(self._rekeningen) > _EMMERS:
                self._rekeningen.popitem(last=False)
        else:
            self._rekeningen.move_to_end(wie)
            rekening.berichten.refill(aantal, nu)
            rekening.bytes.refill(omvang, nu)
        return rekening
