"A table of corrections as a file: from any spreadsheet, without formulas, damage named by its row."
import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mushroom_lib.corrections import CORRECTION, corrections_csv, read_corrections


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_corrections_from_any_spreadsheet(tmp_path, separator, start, end):
    rows = [["File", "old", " new", "who", "why"], ["sub/ä.jpg", "morel", '"bolete"', "ben", '"pores, not pits; see ""stem"""'], ["", "", "", "", ""]]
    (tmp_path / "c.csv").write_bytes(start + end.join(separator.join(r) for r in rows).encode())
    got = read_corrections(tmp_path / "c.csv").to_dict("records")
    assert got == [dict(file="sub/ä.jpg", old="morel", new="bolete", why='pores, not pits; see "stem"', who="ben")]


@pytest.mark.parametrize("content, message", [
    (b"", "no column file, old, new"), (b"\n\n", "no column file, old, new"), (b"file;new\na;b\n", "no column old"),
    (b"file,old,new,New\na,b,c,d\n", "names a column twice"),
    ("file,old,new\nä,b,c\n".encode("utf-16"), "CSV UTF-8"), ("file,old,new\nä,b,c\n".encode("latin-1"), "CSV UTF-8"),
    ("file,old,new\na,b,c\n".encode("utf-16-le"), "row 1: a zero byte"), (b"file,old,new\na,b,c\na,\0,c\n", "row 3: a zero byte"),
    (b"file,old,new\na,b,c\n\na,b," + b"x" * 140_000 + b"\n", "row 4: field larger than field limit .131072."),
    (b"file,old,new,why\na,b,c,\nb,morel,bolete,\"pores\nc,morel,bolete,\n", "row 3: .*quote missing"),
    (b"file,old,new,why\na,b,c,\"pores\" not pits\n", "row 2: .*quote missing"),
    (b"file,old,new\na,b,c\na,b\n", "row 3: 2 cells under 3 columns"), (b"file,old,new,why\na,b,c,pores, not pits\n", "row 2: 5 cells under 4 columns")])
def test_a_table_that_is_no_table_of_corrections(tmp_path, content, message):
    (tmp_path / "c.csv").write_bytes(content)
    with pytest.raises(ValueError, match=f"c.csv[ ,:].*{message}"): read_corrections(tmp_path / "c.csv")


def test_cells_that_a_spreadsheet_did_not_write_are_empty(tmp_path):
    "Spreadsheets leave out empty cells at the end of a row, or write too many of them."
    (tmp_path / "c.csv").write_text("who,file,old,new,why\nben,a,b,c\nben,d,e,f,pores,,,\n")
    got = read_corrections(tmp_path / "c.csv")
    assert got.to_numpy().tolist() == [["a", "b", "c", "", "ben"], ["d", "e", "f", "pores", "ben"]]


TROUBLESOME = ["'\x0c0", "' a", "''=1", "=1+1", "+49 170", "-3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "''=1", "'quoted", " =1", "blank ", " ", "", "a\rb", "a\r\nb",
               'say "x"', '"', ",", ";", "＝1+1", "caf\udce9.jpg", "=", "'", "' ", "-"]


@pytest.mark.parametrize("text", TROUBLESOME)
def test_no_text_becomes_a_formula_and_none_is_lost(tmp_path, text):
    rows = pd.DataFrame([{c: text for c in CORRECTION} | dict(file="a.jpg"), {c: "x" for c in CORRECTION} | dict(file=text)])[CORRECTION]
    path = corrections_csv(rows, tmp_path / "c.csv")
    assert read_corrections(path).to_numpy().tolist() == rows.to_numpy().tolist()
    written = path.read_bytes().decode("utf-8", "surrogatepass")
    for cell in [cell for row in csv.reader(io.StringIO(written, newline="")) for cell in row]: assert cell[:1] not in list("=+-@\t\r＝")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0"), max_size=12) | st.sampled_from(TROUBLESOME), min_size=5, max_size=5), max_size=5))
def test_corrections_come_back_as_they_were_written(tmp_path_factory, rows):
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    table = pd.DataFrame(rows, columns=CORRECTION, dtype=object)
    path = corrections_csv(table, tmp_path_factory.mktemp("csv") / "c.csv")
    assert read_corrections(path).to_numpy().tolist() == rows


def test_a_zero_byte_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match="c.csv: .* zero byte"):
        corrections_csv(pd.DataFrame([("a", "b", "c", "d\0", "e")], columns=CORRECTION), tmp_path / "c.csv")
    assert not (tmp_path / "c.csv").exists()


def test_a_missing_note_is_an_empty_one(tmp_path):
    path = corrections_csv(pd.DataFrame([("a", "b", "c", None, float("nan"))], columns=CORRECTION), tmp_path / "c.csv")
    assert read_corrections(path).to_numpy().tolist() == [["a", "b", "c", "", ""]]
