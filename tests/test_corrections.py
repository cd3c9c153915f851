"A table of corrections as a file: from any spreadsheet, damage named by its row."
import pandas as pd
import pytest

from mushroom_lib.corrections import read_corrections


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


def test_what_pandas_writes_is_read(tmp_path):
    rows = pd.DataFrame([("a, b.jpg", "morel", "bolete", 'pores;\nnot "pits"', "ada"), ("ä.jpg", "3", "12", None, float("nan"))], columns=["file", "old", "new", "why", "who"])
    rows.to_csv(tmp_path / "c.csv", index=False)
    got = read_corrections(tmp_path / "c.csv")
    assert got.to_numpy().tolist() == rows.fillna("").to_numpy().tolist()
