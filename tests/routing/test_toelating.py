"""Quotas and places: who waits as long as he is told gets in, and nobody pays for another."""

from __future__ import annotations

from contextlib import ExitStack, suppress

import pytest

from routing.bericht import Identiteit
from routing.partij import Aansluiting, Kanaal, Partij, Partijsoort, Protocol
from routing.register import Register, RegisterBron
from routing.toelating import VOL_S, Druk, Instellingen, Toelating

MIB = 1024 * 1024
OIN = "00000001999999991001"
IEMAND = Identiteit(OIN, "aa")
VREEMDE = Identiteit(None, "bb")
ANDEREN = [Identiteit(f"0000000200000000{nummer:04}", "cc") for nummer in range(4)]


class Proef:
    """A Toelating whose surroundings the test moves."""

    def __init__(self, instellingen: Instellingen | None = None, **quota: int) -> None:
        self.nu, self.wachtrij, self.vol = 1000.0, 0, ""
        aansluitingen = [
            Aansluiting(code, (f"oin:{OIN}",), Kanaal.PULL, Protocol.VSP, **quota) for code in ("99010001", "99010002")
        ]
        aansluitingen += [
            Aansluiting(f"9902000{nummer}", (f"oin:{wie.oin}",), Kanaal.PULL, Protocol.VSP)
            for nummer, wie in enumerate(ANDEREN)
        ]
        partijen = [Partij(a.partij, Partijsoort.ZORGAANBIEDER, a.partij) for a in aansluitingen]
        bron = RegisterBron(Register.of(partijen, aansluitingen, []))
        self.toelating = Toelating(
            bron,
            instellingen or Instellingen(quota_berichten=10, quota_mib=1),
            lambda: self.wachtrij,
            lambda: self.vol or None,
            lambda: self.nu,
        )

    def offer(self, wie: Identiteit = IEMAND, lengte: int | None = 100) -> int:
        """Offer one bericht and return how many the quota still lets in."""
        with self.toelating.admit(wie, lengte, 25 * MIB) as plek:
            return plek.over

    def refused(self, wie: Identiteit = IEMAND) -> Druk:
        with pytest.raises(Druk) as druk, self.toelating.admit(wie, 100, 25 * MIB):
            pytest.fail("let in")
        return druk.value


def test_a_certificate_has_the_quota_of_its_partijen_together():
    proef = Proef()
    assert [proef.offer() for _ in range(20)] == list(range(19, -1, -1))
    druk = proef.refused()
    assert (druk.oorzaak, druk.van_ons, druk.wachttijd) == ("quota_bereikt", False, 3)


def test_who_waits_as_long_as_he_is_told_gets_in():
    proef = Proef(quota_berichten=1)
    for _ in range(2):
        proef.offer()
    for _ in range(50):
        proef.nu += proef.refused().wachttijd
        proef.offer()


def test_the_quota_of_the_register_goes_before_the_general_one():
    assert Proef(quota_berichten=500).offer() == 999


def test_strangers_have_one_quota_together_and_nobody_else_notices():
    proef = Proef()
    for nummer in range(10):
        proef.offer(Identiteit(None, str(nummer)))
    assert proef.refused(VREEMDE).oorzaak == "quota_bereikt"
    assert proef.offer() == 19


def test_a_bericht_larger_than_the_quota_gets_in_and_is_made_up_for():
    proef = Proef()
    proef.offer(lengte=20 * MIB)
    druk = proef.refused()
    assert druk.wachttijd == pytest.approx(540, abs=2)  # 18 MiB of debt, 2 MiB a minute
    proef.nu += druk.wachttijd
    proef.offer()


def test_what_was_not_announced_is_charged_when_it_was_read():
    proef = Proef()
    with proef.toelating.admit(IEMAND, None, 25 * MIB) as plek:
        plek.settle(3 * MIB)
    assert proef.refused().oorzaak == "quota_bereikt"


def test_what_was_announced_but_not_sent_is_given_back():
    proef = Proef()
    with proef.toelating.admit(IEMAND, 20 * MIB, 25 * MIB) as plek:
        plek.settle(10)
    proef.offer()


@pytest.mark.parametrize("lengte", [400 * 1024, None])
def test_places_and_bytes_on_their_way_are_bounded_and_come_back(lengte: int | None):
    proef = Proef(Instellingen(tegelijk=3, mib_tegelijk=1))
    een, twee, drie, vier = ANDEREN
    with proef.toelating.admit(een, 400 * 1024, MIB), proef.toelating.admit(twee, 400 * 1024, MIB):
        with pytest.raises(Druk) as druk, proef.toelating.admit(drie, lengte, MIB):
            pytest.fail("let in")
        assert (druk.value.oorzaak, druk.value.van_ons) == ("knooppunt_overbelast", True)
        with proef.toelating.admit(drie, 10, MIB), pytest.raises(Druk), proef.toelating.admit(vier, 10, MIB):
            pytest.fail("a fourth was let in")
    proef.offer()


@pytest.mark.parametrize(("wie", "plaatsen"), [(IEMAND, 16), (VREEMDE, 4)])
def test_one_account_holds_a_part_of_the_places_and_leaves_the_rest(wie: Identiteit, plaatsen: int):
    proef = Proef(Instellingen(tegelijk=64))
    with ExitStack() as stapel:
        for _ in range(plaatsen):
            stapel.enter_context(proef.toelating.admit(wie, 10, MIB))
        druk = proef.refused(wie)
        assert (druk.oorzaak, druk.van_ons, druk.wachttijd) == ("quota_bereikt", False, 5)
        for ander in ANDEREN:
            proef.offer(ander)
    proef.offer(wie)


@pytest.mark.parametrize(("wie", "aantal"), [(IEMAND, 5), (VREEMDE, 1)])
def test_one_account_holds_a_part_of_the_bytes_and_leaves_the_rest(wie: Identiteit, aantal: int):
    proef = Proef(Instellingen())
    with ExitStack() as stapel:
        for _ in range(aantal):
            stapel.enter_context(proef.toelating.admit(wie, None, 25 * MIB))
        with pytest.raises(Druk) as druk, proef.toelating.admit(wie, None, 25 * MIB):
            pytest.fail("let in")
        assert (druk.value.oorzaak, druk.value.van_ons) == ("quota_bereikt", False)
        for ander in ANDEREN:
            proef.offer(ander, 25 * MIB)
    proef.offer(wie, 25 * MIB)


def test_strangers_share_one_part():
    proef = Proef(Instellingen(tegelijk=32))
    with proef.toelating.admit(VREEMDE, 10, MIB), proef.toelating.admit(Identiteit(None, "dd"), 10, MIB):
        assert proef.refused(Identiteit(None, "ee")).van_ons is False


def test_one_bericht_larger_than_all_that_may_be_on_its_way_still_gets_in():
    Proef(Instellingen(mib_tegelijk=1)).offer(lengte=20 * MIB)


def test_a_place_comes_back_when_the_request_breaks_off():
    proef = Proef(Instellingen(tegelijk=1))
    with pytest.raises(ConnectionError), proef.toelating.admit(IEMAND, 1, MIB):
        raise ConnectionError
    proef.offer()


def test_a_writer_that_falls_behind_closes_the_door_for_all_and_costs_no_quota():
    proef = Proef(Instellingen(schrijfrij=100))
    proef.wachtrij = 100
    assert proef.refused(VREEMDE).oorzaak == "knooppunt_overbelast"
    voor = proef.toelating._rekeningen.copy()
    proef.wachtrij = 99
    assert voor == {}
    proef.offer(VREEMDE)


def test_without_room_everybody_hears_so():
    proef = Proef()
    proef.vol = "knooppunt_vol"
    druk = proef.refused()
    assert (druk.oorzaak, druk.wachttijd, druk.van_ons) == ("knooppunt_vol", VOL_S, True)
    proef.vol = ""
    proef.offer()


def test_a_flood_of_certificates_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("routing.toelating._EMMERS", 100)
    proef = Proef()
    for nummer in range(1000):
        with suppress(Druk):
            proef.offer(Identiteit(None, str(nummer)))
    assert len(proef.toelating._rekeningen) == 1
    assert len(proef.toelating._afspraken) <= 101
