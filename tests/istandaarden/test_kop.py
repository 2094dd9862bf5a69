from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from istandaarden.kop import KOP_MAX, Kop, kop_of, read_kop
from istandaarden.veilig import XmlGeweigerd, parse

NS = "http://www.istandaarden.nl/iwmo/3_2/wmo302/schema"
VOL = f"""<?xml version="1.0" encoding="UTF-8"?>
<b:Bericht xmlns:b="{NS}" xmlns:i="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">
  <b:Header>
    <b:BerichtCode>415</b:BerichtCode>
    <b:BerichtVersie>3</b:BerichtVersie>
    <b:BerichtSubversie>2</b:BerichtSubversie>
    <b:Afzender>0363</b:Afzender>
    <b:Ontvanger>98<!-- knip -->76<?knip?>54<![CDATA[32]]></b:Ontvanger>
    <b:BerichtIdentificatie>
      <i:Identificatie> A&amp;B </i:Identificatie>
      <i:Dagtekening>2026-01-05</i:Dagtekening>
    </b:BerichtIdentificatie>
    <b:XsdVersie>
      <i:BasisschemaXsdVersie>1.0.1</i:BasisschemaXsdVersie>
      <i:BerichtXsdVersie>1.0.2</i:BerichtXsdVersie>
    </b:XsdVersie>
    <b:IdentificatieRetour>R1</b:IdentificatieRetour>
    <b:DagtekeningRetour>2026-01-06</b:DagtekeningRetour>
  </b:Header>
  <b:Client><b:Afzender>9999</b:Afzender></b:Client>
</b:Bericht>""".encode()
KOP = Kop(
    naamruimte=NS,
    berichtcode="415",
    versie="3",
    subversie="2",
    afzender="0363",
    ontvanger="98765432",
    identificatie="A&B",
    dagtekening="2026-01-05",
    bericht_xsd="1.0.2",
    basis_xsd="1.0.1",
    identificatie_retour="R1",
    dagtekening_retour="2026-01-06",
)


def pieces(data: bytes, lengte: int) -> Iterator[bytes]:
    return (data[i : i + lengte] for i in range(0, len(data), lengte))


@pytest.mark.parametrize("lengte", [1, 2, 17, 1000, 1_000_000])
def test_all_fields_whatever_the_pieces(lengte: int) -> None:
    assert read_kop(pieces(VOL, lengte)) == KOP


def test_the_same_from_a_tree() -> None:
    assert kop_of(parse(VOL)) == KOP


def test_older_releases_have_no_xsd_version_and_ieb_no_ontvanger() -> None:
    def without(data: bytes, naam: str) -> bytes:
        begin, eind = data.index(f"<b:{naam}>".encode()), data.index(f"</b:{naam}>".encode()) + len(f"</b:{naam}>")
        return data[:begin] + data[eind:]

    kop = read_kop([without(without(VOL, "XsdVersie"), "Ontvanger")])
    assert (kop.bericht_xsd, kop.basis_xsd, kop.ontvanger) == (None, None, None)
    assert kop.identificatie == "A&B"


def test_stops_after_the_header_and_closes_the_source() -> None:
    gesloten = []

    def source() -> Iterator[bytes]:
        try:
            yield VOL[: VOL.index(b"</b:Header>") + 11]
            pytest.fail("read on after the Header")
        finally:
            gesloten.append(True)

    assert read_kop(source()) == KOP
    assert gesloten == [True]


@pytest.mark.parametrize("lengte", [1, 1_000_000])
def test_what_follows_the_header_is_not_judged(lengte: int) -> None:
    kapot = VOL[: VOL.index(b"</b:Header>") + 11] + b"<x:y></z> & <!DOCTYPE x>"
    assert read_kop(pieces(kapot, lengte)) == KOP


@pytest.mark.parametrize("lengte", [1, 1_000_000])
def test_a_wrong_prefix_inside_the_header_is_seen(lengte: int) -> None:
    with pytest.raises(XmlGeweigerd, match="voorvoegsel"):
        read_kop(pieces(VOL.replace(b"<b:Afzender>", b"<c:Afzender>").replace(b"</b:Afz", b"</c:Afz"), lengte))


def test_the_first_of_two_counts() -> None:
    dubbel = VOL.replace(b"<b:Ontvanger>", b"<b:Afzender>9999</b:Afzender><b:Ontvanger>")
    assert read_kop([dubbel]) == kop_of(parse(dubbel)) == KOP


@pytest.mark.parametrize(
    "vreemd",
    [
        b'<x:Afzender xmlns:x="u">9999</x:Afzender>',
        b"<Afzender>9999</Afzender>",
        b"<b:Groep><b:Afzender>9999</b:Afzender></b:Groep>",
        b"<b:BerichtVersie><b:Afzender>9999</b:Afzender></b:BerichtVersie>",
    ],
)
def test_the_name_in_another_place_or_namespace_does_not_count(vreemd: bytes) -> None:
    data = VOL.replace(b"<b:Afzender>", vreemd + b"<b:Afzender>", 1)
    assert read_kop([data]).afzender == kop_of(parse(data)).afzender == "0363"


@pytest.mark.parametrize(
    "data",
    [
        f'<Bericht xmlns="{NS}"/>',
        f'<Bericht xmlns="{NS}"><Client/><Header><Afzender>1</Afzender></Header></Bericht>',
        f'<Bericht xmlns="{NS}"><Header/></Bericht>',
        f'<b:Bericht xmlns:b="{NS}"><Header><Afzender>1</Afzender></Header></b:Bericht>',
    ],
)
def test_without_header_only_the_namespace(data: str) -> None:
    assert read_kop([data.encode()]) == kop_of(parse(data.encode())) == Kop(NS)


def test_without_namespace() -> None:
    data = b"<Bericht><Header><Afzender>0363</Afzender></Header></Bericht>"
    assert read_kop([data]) == Kop(None, afzender="0363")


def test_an_endless_header_is_bounded() -> None:
    gelezen = 0

    def endless() -> Iterator[bytes]:
        nonlocal gelezen
        yield VOL[: VOL.index(b"</b:Header>")]
        while True:
            gelezen += 1000
            yield b"<b:q/>\n" * 143

    with pytest.raises(XmlGeweigerd, match="nog niet afgesloten") as fout:
        read_kop(endless())
    assert fout.value.oorzaak == "kop"
    assert gelezen < 2 * KOP_MAX


def test_a_header_cut_off_is_refused() -> None:
    with pytest.raises(XmlGeweigerd, match="houdt op"):
        read_kop([VOL[: VOL.index(b"<b:Ontvanger>")]])


@pytest.mark.corpus
def test_every_published_bericht(corpus: Path) -> None:
    bestanden = sorted((corpus / "berichten").rglob("*.xml"))
    assert bestanden
    for bestand in bestanden:
        data = bestand.read_bytes()
        kop = read_kop(pieces(data, 7))
        assert kop == kop_of(parse(data)) == read_kop([data])
        assert kop.berichtcode is not None
        assert kop.identificatie is not None
        assert (kop.bericht_xsd is None) == ("2.3" in bestand.parts)
        assert (kop.ontvanger is None) == ("ieb" in bestand.parts)
        assert (kop.identificatie_retour is not None) == (b"IdentificatieRetour" in data)
