"""`knooppunt woonplaats overdracht`: both sides get the same lists, nobody is lost, and bad input writes nothing."""

import csv
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from knooppunt.cli import app
from knooppunt.woonplaats.clientlijst import read_list
from knooppunt.woonplaats.overdracht import transfer


def brp(*perioden: tuple[str, str]) -> list[dict[str, str]]:
    return [{"soort": "W", "gemeente": gemeente, "van": van} for gemeente, van in perioden]


def client(gemeente: str, kenmerk: str, **anders: Any) -> dict[str, Any]:
    """A youth in foster care in 0363 since 2016, who lived with the mother in 0599; she lives in 0599 still."""
    return {
        "gemeente": gemeente,
        "kenmerk": kenmerk,
        "geboortedatum": "2010-06-01",
        "brp": brp(("0599", "2010-06-01"), ("0363", "2016-01-01")),
        "verblijf": [{"soort": "pleegouder", "van": "2016-01-01"}],
        "gezag": [{"wie": "moeder", "gemeente": "0599"}],
        "toewijzingen": [{"product": "44A01", "aanbieder": "90000001", "begin": "2021-03-01", "nummer": "7"}],
    } | anders


VOOGDIJ = {"gezag": [{"wie": "voogd_gi"}], "werkelijk_verblijf": "0363"}
"""Under the old definition the gemeente of the actual stay, under the new one where the youth lived before it."""


def run(uit: Path, *bestanden: Path) -> Any:
    opties = [deel for bestand in bestanden for deel in ("--clienten", str(bestand))]
    return CliRunner().invoke(app, ["woonplaats", "overdracht", *opties, "--uit", str(uit)])


def as_json(pad: Path, *clienten: object) -> Path:
    pad.write_text(json.dumps(clienten), "utf-8")
    return pad


def rows(pad: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(pad.read_text("utf-8-sig").splitlines(), delimiter=";"))


def test_both_gemeenten_get_the_same_clients_and_the_toewijzingen_to_end_and_to_start(tmp_path: Path) -> None:
    lijst = as_json(tmp_path / "in.json", client("0363", "A1", **VOOGDIJ), client("0599", "B1"))
    gelopen = run(tmp_path / "uit", lijst)
    assert gelopen.exit_code == 0, gelopen.output
    bestanden = {str(pad.relative_to(tmp_path / "uit")) for pad in (tmp_path / "uit").rglob("*.csv")}
    assert bestanden == {
        "0363/vertrekt_naar_0599.csv",
        "0363/toewijzingen_beeindigen_0599.csv",
        "0599/komt_van_0363.csv",
        "0599/toewijzingen_starten_0363.csv",
        "0599/blijft.csv",
    }
    vertrekt = rows(tmp_path / "uit/0363/vertrekt_naar_0599.csv")
    assert vertrekt == rows(tmp_path / "uit/0599/komt_van_0363.csv")
    assert [(r["kenmerk"], r["regel_oud"], r["regel_nieuw"], r["zekerheid"]) for r in vertrekt] == [
        ("A1", "O2", "N2", "vast")
    ]
    assert vertrekt[0]["uitleg"].startswith(
        "Tot en met 31-12-2021 telde het werkelijke verblijf, bij voogdij van een gecertificeerde instelling, in 0363 "
        "(Amsterdam); vanaf 1-1-2022 telt het woonadres direct voor het verblijf, in 0599 (Rotterdam)."
    )
    (einde,) = rows(tmp_path / "uit/0363/toewijzingen_beeindigen_0599.csv")
    (begin,) = rows(tmp_path / "uit/0599/toewijzingen_starten_0363.csv")
    assert (einde["actie"], einde["datum"]) == ("beëindigen", "2021-12-31")
    assert (begin["actie"], begin["datum"], begin["nummer"]) == ("starten", "2022-01-01", "7")
    assert begin["overgangsrecht"].startswith("pleegzorg bij dezelfde pleegouders zonder termijn")
    assert gelopen.stdout.splitlines() == [
        "gemeente  blijft  vertrekt  komt  onbekend",
        "0363           0         1     0         0",
        "0599           1         0     1         0",
        "Cliënten in: 2; uit: 2 (blijft 1, vertrekt 1, onbekend 0).",
        "Op de lijsten van wie overneemt: 1.",
        "Toewijzingen te beëindigen: 1, te starten: 1.",
    ]


def test_csv_and_json_give_the_same_lists(tmp_path: Path) -> None:
    tabel = tmp_path / "in.csv"
    tabel.write_text(
        "gemeente;kenmerk;geboortedatum;brp[0].soort;brp[0].gemeente;brp[0].van;brp[1].soort;brp[1].gemeente;brp[1].van;"
        "verblijf[0].soort;verblijf[0].van;gezag[0].wie;werkelijkVerblijf;toewijzingen[0].product;"
        "toewijzingen[0].aanbieder;toewijzingen[0].begin;toewijzingen[0].nummer;geheim\r\n"
        "0363;A1;2010-06-01;W;0599;2010-06-01;W;0363;2016-01-01;pleegouder;2016-01-01;voogd_gi;0363;44A01;90000001;"
        "2021-03-01;7;true\r\n;;;;;;;;;;;;;;;;;\r\n",
        "utf-8-sig",
    )
    lijst = as_json(tmp_path / "in.json", client("0363", "A1", **VOOGDIJ))
    assert run(tmp_path / "een", tabel).exit_code == run(tmp_path / "twee", lijst).exit_code == 0
    een, twee = (
        {p.relative_to(m): p.read_bytes() for p in m.rglob("*.csv")} for m in (tmp_path / "een", tmp_path / "twee")
    )
    assert een == twee


def test_toewijzingen_follow_their_own_dates(tmp_path: Path) -> None:
    basis = {"product": "44A01", "aanbieder": "90000001"}
    toewijzingen = [
        basis | {"begin": "2020-01-01", "einde": "2021-12-31", "nummer": "voorbij"},
        basis | {"begin": "2020-01-01", "einde": "2022-02-28", "nummer": "kort"},
        basis | {"begin": "2022-03-01", "nummer": "later"},
    ]
    run(tmp_path / "uit", as_json(tmp_path / "in.json", client("0363", "A1", **VOOGDIJ, toewijzingen=toewijzingen)))
    einde = rows(tmp_path / "uit/0363/toewijzingen_beeindigen_0599.csv")
    begin = rows(tmp_path / "uit/0599/toewijzingen_starten_0363.csv")
    assert [(r["nummer"], r["actie"], r["datum"]) for r in einde] == [
        ("kort", "beëindigen", "2021-12-31"), ("later", "intrekken", "2022-03-01"),
    ]  # fmt: skip
    assert [(r["nummer"], r["datum"]) for r in begin] == [("kort", "2022-01-01"), ("later", "2022-03-01")]
    assert begin[0]["overgangsrecht"].endswith("tot en met 28-02-2022")


def test_a_merger_on_the_day_itself_is_no_transfer(tmp_path: Path) -> None:
    thuis = {"verblijf": [], "brp": brp(("1982", "2010-06-01")), "gezag": [{"wie": "moeder", "gemeente": "0756"}]}
    lijst = as_json(tmp_path / "in.json", client("0756", "C1", **thuis))
    assert run(tmp_path / "uit", lijst).exit_code == 0
    assert [r["kenmerk"] for r in rows(tmp_path / "uit/1982/blijft.csv")] == ["C1"]


def test_who_cannot_be_placed_is_listed_with_what_is_missing(tmp_path: Path) -> None:
    gelopen = run(tmp_path / "uit", as_json(tmp_path / "in.json", client("0599", "D1", brp=None)))
    assert gelopen.exit_code == 1
    (rij,) = rows(tmp_path / "uit/0599/onbekend.csv")
    assert (rij["gemeente_vanaf_2022"], rij["ontbreekt"]) == ("", "brp")


def test_a_list_that_the_facts_contradict_is_pointed_out(tmp_path: Path) -> None:
    run(tmp_path / "uit", as_json(tmp_path / "in.json", client("0344", "E1")))
    (rij,) = rows(tmp_path / "uit/0344/vertrekt_naar_0599.csv")
    assert rij["let_op"] == "Volgens deze feiten was 0599 (Rotterdam) tot 2022 verantwoordelijk, niet 0344 (Utrecht)."


@pytest.mark.parametrize("cel", ["=1+1", "+31", "-1", "@SUM(A1)", " =1+1", "\t=1"])
def test_no_cell_is_a_formula(tmp_path: Path, cel: str) -> None:
    toewijzingen = [{"product": cel, "aanbieder": cel, "begin": "2021-01-01", "nummer": cel}]
    run(tmp_path / "uit", as_json(tmp_path / "in.json", client("0363", cel, **VOOGDIJ, toewijzingen=toewijzingen)))
    bestanden = list((tmp_path / "uit").rglob("*.csv"))
    assert len(bestanden) == 4
    for pad in bestanden:
        for rij in rows(pad):
            assert rij["kenmerk"] == f"'{cel}"
            assert not any(waarde.strip().startswith(("=", "+", "-", "@")) for waarde in rij.values())


def test_every_fault_is_named_with_its_place_and_nothing_is_written(tmp_path: Path) -> None:
    toewijzing = {"product": "44A01", "aanbieder": "90000001", "begin": "2021-02-01"}
    een = as_json(
        tmp_path / "een.json",
        client("0599", "A"),
        client("0599", "A"),
        client("1992", "B", verblijff=[]),
        client("0599", "999990019"),
        client("0599", "C", toewijzingen=[toewijzing | {"einde": "2021-01-01"}]),
        "tekst",
        client("0599", "C-999990342", toewijzingen=[toewijzing | {"nummer": "999.990.342"}]),
    )
    twee = tmp_path / "twee.csv"
    twee.write_text("gemeente;kenmerk\n0599;D;te veel\n", "utf-8")
    gelopen = run(tmp_path / "uit", een, twee, tmp_path / "drie.json")
    bsn = "is een BSN of lijkt erop, of bevat er een; gebruik een eigen nummer of laat het weg"
    assert gelopen.exit_code == 2
    assert gelopen.stderr.splitlines() == [
        f"{een}, cliënt 2: dit kenmerk had gemeente 0599 al",
        f"{een}, cliënt 3: gemeente moet een gemeente zijn die op 31-12-2021 bestond",
        f"{een}, cliënt 3: verblijff is onbekend (bedoelde u verblijf?)",
        f"{een}, cliënt 4: kenmerk {bsn}",
        f"{een}, cliënt 5: toewijzingen[0] eindigt voor zij begint",
        f"{een}, cliënt 6: het geheel moet een object zijn",
        f"{een}, cliënt 7: kenmerk {bsn}",
        f"{een}, cliënt 7: toewijzingen[0].nummer {bsn}",
        f"{twee}, regel 2: 3 cellen, verwacht 2.",
        f"{tmp_path / 'drie.json'} is niet te lezen (No such file or directory).",
    ]
    assert not any(geheim in gelopen.output for geheim in ("999990019", "999990342", "999.990.342"))
    assert not (tmp_path / "uit").exists()
    assert sorted(pad.name for pad in tmp_path.iterdir()) == ["een.json", "twee.csv"]


@pytest.mark.parametrize(
    "ruw",
    [
        b"", b"[]", b"{}", b"[", b"[{}", b"[{},]", b"[{} {}]", b"[{}]x", b"[" * 100_000, b"\xff\xfe", b'[{"a":"\xff"}]',
        b'[{"kenmerk": "' + b"x" * 3_000_000, b"kenmerk;kenmerk\n1;2\n", b"a b;c\n1;2\n", b'a;b\n"1;2\n',
        b"brp;brp[0].van\n1;2\n",
        b"brp[0].van;brp\n1;2\n", b"a\n" + b"x" * 200_000, b"gemeente\n", b"\x00\x00",
    ],
)  # fmt: skip
def test_what_is_no_list_of_clients_is_refused_in_words(tmp_path: Path, ruw: bytes) -> None:
    pad = tmp_path / "in"
    pad.write_bytes(ruw)
    gelopen = run(tmp_path / "uit", pad)
    assert gelopen.exit_code == 2, gelopen.output
    assert gelopen.stderr.startswith(str(pad))
    assert "Traceback" not in gelopen.output
    assert not (tmp_path / "uit").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    uit = tmp_path / "uit"
    uit.mkdir()
    lijst = as_json(tmp_path / "in.json", client("0599", "A"))
    assert run(uit, lijst).exit_code == 0
    voor = {pad: pad.read_bytes() for pad in uit.rglob("*.csv")}
    gelopen = run(uit, lijst)
    assert gelopen.exit_code == 2
    assert "bestaat al" in gelopen.stderr
    assert {pad: pad.read_bytes() for pad in uit.rglob("*.csv")} == voor


def test_of_many_faults_the_first_hundred_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    gelopen = run(tmp_path / "uit", as_json(tmp_path / "in.json", *[{"gemeente": "0599"}] * 150))
    assert len(gelopen.stderr.splitlines()) == 101
    assert gelopen.stderr.splitlines()[-1] == "En nog 50 fouten."


def test_items_are_the_same_wherever_the_reader_cuts_the_file(tmp_path: Path) -> None:
    clienten = [{"kenmerk": "é" * lengte, "x": [lengte, {"a": "]},["}]} for lengte in range(0, 40_000, 7_001)]
    pad = tmp_path / "in.json"
    for inspringing in (None, 3):
        pad.write_text(json.dumps(clienten, ensure_ascii=False, indent=inspringing), "utf-8-sig")
        assert [inhoud for _, inhoud in read_list(pad)] == clienten


def test_of_a_client_no_more_stays_in_memory_than_its_reference(tmp_path: Path) -> None:
    def piek(aantal: int) -> int:
        lijst = as_json(tmp_path / f"{aantal}.json", *(client("0599", f"K{n}") for n in range(aantal)))
        tracemalloc.start()
        try:
            gelezen, telling = transfer([lijst], tmp_path / f"uit{aantal}")
            assert (gelezen, telling.blijft["0599"]) == (aantal, aantal)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    piek(50)  # what is read only once
    per_client = (piek(2300) - piek(300)) / 2000
    assert per_client < len(json.dumps(client("0599", "K1000")))
