from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from istandaarden.proloog import Proloog
from istandaarden.veilig import XmlGeweigerd


def through(data: bytes, lengte: int = 1_000_000, limiet: int = 8192) -> tuple[bytes, Proloog]:
    proloog = Proloog(limiet)
    uit = b"".join([proloog.feed(data[i : i + lengte]) for i in range(0, len(data), lengte)])
    return uit + proloog.finish(), proloog


@pytest.mark.parametrize("lengte", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(
    ("tekst", "codering"),
    [
        ('<?xml version="1.0" encoding="UTF-8"?>\n<a>é</a>', "utf-8"),
        ("<?xml version='1.0'\n encoding='utf-8'\tstandalone='no' ?><a>\U0001f600</a>", "utf-8-sig"),
        ("<!-- <!DOCTYPE x> -->\n<?pi <!DOCTYPE x> ?>\n<!----><a/>", "utf-8"),
        ('<?xml version="1.0" encoding="UTF-16"?><a>é\U0001f600</a>', "utf-16"),
        ("<a/>", "utf-16"),
        ("<a/>", "utf-8"),
        ("<_a/>", "utf-8"),
        ("<é/>", "utf-8"),
    ],
)
def test_passes_everything_on_as_utf8(tekst: str, codering: str, lengte: int) -> None:
    uit, proloog = through(tekst.encode(codering), lengte)
    assert uit.decode() == tekst
    assert proloog.regels == tekst[: tekst.rindex("<" if tekst.endswith("/>") else "<a")].count("\n")


def test_knows_where_the_root_begins() -> None:
    for tekst in (b"<a/>", b'<?xml version="1.0"?>\n<a/>', b"<!-- b -->\n\n <?c?><a/>"):
        uit, proloog = through(tekst)
        assert uit[proloog.wortel :] == b"<a/>"


def test_holds_the_prolog_back() -> None:
    proloog = Proloog(100)
    assert proloog.feed(b'<?xml version="1.0"?><!-- ') == b""
    assert proloog.feed(b"x --") == b""
    assert proloog.feed(b">") == b""
    assert proloog.feed(b"<a") == b'<?xml version="1.0"?><!-- x --><a'
    assert proloog.feed(b">") == b">"


@pytest.mark.parametrize("lengte", [1, 7, 100_000])
def test_never_holds_more_than_the_limit(lengte: int) -> None:
    proloog = Proloog(1000)
    for _ in range(1000 // lengte):
        proloog.feed(b" " * lengte)
    with pytest.raises(XmlGeweigerd) as fout:
        proloog.feed(b" " * max(lengte, 1000 % lengte + 1))
    assert fout.value.oorzaak == "proloog"


@pytest.mark.parametrize("lengte", [1, 1000])
def test_half_a_utf16_character_at_the_end(lengte: int) -> None:
    with pytest.raises(XmlGeweigerd, match="UTF-16"):
        through("<a/>".encode("utf-16") + b"\n", lengte)


@pytest.mark.parametrize("lengte", [1, 1000])
def test_ascii_is_held_to_its_word(lengte: int) -> None:
    tekst = '<?xml version="1.0" encoding="US-ASCII"?><a>{}</a>'
    assert through(tekst.format("e").encode(), lengte)[0]
    with pytest.raises(XmlGeweigerd, match="US-ASCII"):
        through(tekst.format("é").encode(), lengte)


STUKKEN = st.sampled_from(
    [
        "<",
        "!",
        "?",
        "-",
        "--",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<?x",
        "<!DOCTYPE a>",
        "<!DOCTYPE a [<!ENTITY e '1'>]>",
        "<!doctype a>",
        "<?xml version='1.0'?>",
        "<?xml version='1.0' encoding='utf-8'?>",
        "<?xml-s ?>",
        " ",
        "\n",
        "x",
        ">",
        "[",
        "\ufeff",
        "<a>",
    ]
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(STUKKEN, max_size=8), st.sampled_from(["utf-8", "utf-16", "utf-16-be"]), st.sampled_from([1, 3, 1000]))
def test_what_passes_has_no_doctype_for_libxml2_either(delen: list[str], codering: str, lengte: int) -> None:
    """The scan is ours and the parser is libxml2's: they must see the same prolog."""
    tekst = "".join(delen) + "<a/>"
    data = tekst.encode(codering)
    if codering == "utf-16-be":
        data = codecs.BOM_UTF16_BE + data
    try:
        uit, _ = through(data, lengte)
    except XmlGeweigerd:
        return
    lijdzaam = etree.XMLParser(recover=True, encoding="UTF-8", resolve_entities="internal")
    wortel = etree.fromstring(uit, lijdzaam)
    if wortel is not None:
        assert wortel.getroottree().docinfo.internalDTD is None
