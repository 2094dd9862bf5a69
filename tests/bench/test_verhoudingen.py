"""What our own layers cost on top of their raw parts, side by side in one run, as ratios.

Run with ``make bench``. Each line is the median of rounds in which both sides take turns, so that a machine that slows
down slows both. Nothing here asserts a time; a ratio that is far off fails, since then something is broken.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree
from verhouding import ratio

from adapters.stufggk.envelop_lezen import EnvelopLezer
from adapters.stufggk.envelop_schrijven import compose
from istandaarden.catalogus import ingebouwd
from istandaarden.toets import validate
from knooppunt.simulatie.opstellen import compose_envelop
from routing.payload import Payload

pytestmark = [pytest.mark.bench, pytest.mark.corpus]


@pytest.mark.parametrize("code", ["WMO305", "JW301", "WMO323"])
def test_verdict_beside_bare_lxml(corpus: Path, code: str) -> None:
    soort = ingebouwd().find(code, "3.2")
    data = (corpus / "berichten" / soort.standaard / "3.2" / f"{code}.xml").read_bytes()
    schema = ingebouwd().schema(soort)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
    oordeel, onze, kaal = ratio(
        lambda: validate(data, verwacht=soort),
        lambda: schema.validate(etree.fromstring(data, parser)),
        200,
    )
    print(f"\n{code}: oordeel {oordeel:.2f} x kaal lxml ({onze:.0f} tegen {kaal:.0f} us)")
    assert oordeel < 5


@pytest.mark.parametrize("code", ["WMO305", "JW301"])
def test_reading_an_envelope_beside_bare_lxml(corpus: Path, code: str) -> None:
    soort = ingebouwd().find(code, "3.2")
    data = (corpus / "berichten" / soort.standaard / "3.2" / f"{code}.xml").read_bytes()
    envelop = compose_envelop(van="0363", naar="90000001", functie=code)
    bytes_ = b"".join(compose(envelop, Payload(data)).chunks())
    parser = etree.XMLParser(resolve_entities=False, no_network=True)

    def read() -> object:
        lezer = EnvelopLezer()
        lezer.feed(bytes_)
        return lezer.close()

    lezen, onze, kaal = ratio(read, lambda: etree.fromstring(bytes_, parser), 200)
    print(f"\nenvelop met {code}, {len(bytes_)} bytes: {lezen:.1f} x alleen ontleden ({onze:.0f} tegen {kaal:.0f} us)")
    assert lezen < 60
