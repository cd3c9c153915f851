"The label log under kill -9, two processes and damage; big and odd folders; hostile tables; Dawid and Skene's own data."
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mushroom_lib.labels import (REMOVE, UNDONE, LabelSession, answer_table, apply_corrections, dawid_skene, label_photos,
                                 label_table, majority, out_of_fold, photo_paths, read_corrections, read_log, review)

LABELS = ["bolete", "morel", "oyster"]
WORKER = """
import sys
from mushroom_lib.labels import LabelSession
who, n, log = sys.argv[1], int(sys.argv[2]), sys.argv[3]
session = LabelSession([f"{k:05d}.jpg" for k in range(n)], ["bolete", "morel", "oyster"], log, who)
while (file := session.next()) is not None:
    session.decide(file, session.labels[int(file[:5]) % 3], "é")
    print(file, flush=True)
"""


def names(n): return [f"{k:05d}.jpg" for k in range(n)]


def worker(who, n, log): return subprocess.Popen([sys.executable, "-c", WORKER, who, str(n), str(log)], stdout=subprocess.PIPE, text=True)


def said(p):
    "The photos that a worker reported as decided; only whole lines count."
    return [l.strip() for l in p.stdout if l.endswith("\n")]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_kill_9_loses_no_decision(tmp_path):
    "Killed six times at random moments, restarted each time: what was reported as decided is in the log, once, and the work gets done."
    log, reported, rng = tmp_path / "labels.jsonl", [], random.Random(0)
    for _ in range(6):
        p = worker("ada", 100_000, log)
        p.stdout.readline()
        time.sleep(rng.uniform(.01, .15))
        p.send_signal(signal.SIGKILL)
        p.wait()
        reported += said(p)
        entries, _, _ = read_log(log)
        assert set(reported) <= {e["file"] for e in entries}
    files = [e["file"] for e in entries]
    assert len(files) > 12 and files == names(len(files)), "a decision came twice, or out of order"
    left = worker("ada", len(files) + 20, log)
    assert len(said(left)) == 20 and left.wait() == 0
    assert LabelSession(names(len(files) + 20), LABELS, log, "ada").next() is None


@pytest.mark.parametrize("who", [["ada", "ben"], ["ada", "ada"]])
def test_two_processes_at_once(tmp_path, who):
    "Two people, or two windows of one: every decision is a whole line, and nobody is asked for ever."
    log = tmp_path / "labels.jsonl"
    both = [worker(w, 150, log) for w in who]
    told = [said(p) for p in both]
    assert [p.wait() for p in both] == [0, 0]
    entries, problems, _ = read_log(log)
    assert problems == [] and len(entries) == sum(map(len, told))
    assert log.read_bytes().count(b"\n") == len(entries)
    table = label_table(log)
    assert len(table) == 150 * len(set(who))
    assert all(label == LABELS[int(f[:5]) % 3] for f, label in zip(table["file"], table["label"]))


def test_two_windows_that_show_the_same_photo(tmp_path):
    "The later decision counts, both are kept, it is reported, and undo in either window goes back one step."
    log = tmp_path / "labels.jsonl"
    left, right = (LabelSession(names(2), LABELS, log, "ada") for _ in range(2))
    left.decide("00000.jpg", "bolete")
    right.decide("00000.jpg", "morel")
    assert [e["label"] for e in read_log(log)[0]] == ["bolete", "morel"]
    assert left.next() == right.next() == "00001.jpg"
    assert "without having seen" in left.problems[0] and left.problems == right.problems
    assert left.undo() == "00000.jpg" and right.next() == "00001.jpg" and right.decided("00000.jpg") == "bolete"


def test_every_possible_cut_of_the_last_line(tmp_path):
    "Wherever the last line was cut: all before it is kept byte for byte, it is reported, and the next decision does not stick to it."
    log = tmp_path / "labels.jsonl"
    session = LabelSession(names(3), LABELS, log, "ada")
    session.decide("00000.jpg", "bolete", "Röhren")
    whole = log.read_bytes()
    session.decide("00001.jpg", "morel", "Gruben")
    both = log.read_bytes()
    for cut in range(len(whole) + 1, len(both)):
        log.write_bytes(both[:cut])
        again = LabelSession(names(3), LABELS, log, "ada")
        assert again.progress()["done"] == 1 and "line 2: cut off" in again.problems[0], cut
        assert again.next() == "00001.jpg"
        again.decide("00001.jpg", "oyster")
        assert log.read_bytes().startswith(both[:cut] + b"\n")
        entries, problems, _ = read_log(log)
        assert entries[-1]["label"] == "oyster"
        assert len(problems) <= 1 and len(entries) == (2 if problems else 3)


def test_damage_in_the_middle_is_reported_by_line(tmp_path):
    log = tmp_path / "labels.jsonl"
    session = LabelSession(names(4), LABELS, log, "ada")
    for f in names(3): session.decide(f, "morel")
    lines = log.read_bytes().split(b"\n")
    lines[1] = b"\x00\xff" + lines[1][5:]
    log.write_bytes(b"\n".join(lines))
    again = LabelSession(names(4), LABELS, log, "ada")
    assert again.problems == ["labels.jsonl, line 2: damaged and left out"]
    assert again.next() == "00001.jpg"


def test_a_label_that_the_guideline_dropped_is_asked_again(tmp_path):
    log = tmp_path / "labels.jsonl"
    LabelSession(names(2), [*LABELS, "truffle"], log, "ada").decide("00000.jpg", "truffle")
    again = LabelSession(names(2), LABELS, log, "ada")
    assert again.next() == "00000.jpg" and "'truffle'" in again.problems[0] and "00000.jpg" in again.problems[0]
    with pytest.raises(ValueError, match="'truffle' is not one of bolete, morel, oyster, unsure"): again.decide("00000.jpg", "truffle")
    assert len(read_log(log)[0]) == 1


def test_two_spellings_of_one_name_never_become_two_people(tmp_path):
    "Refused when the log has the other spelling, also when it came while this window was open; nothing is written under it."
    log = tmp_path / "labels.jsonl"
    early = LabelSession(names(2), LABELS, log, "Ada ")
    late = LabelSession(names(2), LABELS, log, "ada")
    early.decide("00000.jpg", "morel")
    for _ in range(2):
        with pytest.raises(ValueError, match="knows the annotator 'Ada', and you are 'ada'"): late.decide("00001.jpg", "morel")
    with pytest.raises(ValueError, match="spell it the same"): LabelSession(names(2), LABELS, log, "ADA")
    assert [e["annotator"] for e in read_log(log)[0]] == ["Ada"]


def test_two_people_of_one_name_count_once(tmp_path):
    "Their answers make one column, the overlap is reported, and a kappa of one person with himself is refused."
    from mushroom_lib.labels import agreement
    log = tmp_path / "labels.jsonl"
    one, other = (LabelSession(names(2), LABELS, log, "ada") for _ in range(2))
    one.decide(names(1)[0], "morel")
    other.decide(names(1)[0], "bolete")
    other.decide(other.next(), "bolete")
    assert len(other.problems) == 1 and one.next() is None
    answers = answer_table(label_table(log))
    assert list(answers.columns) == ["ada"]
    with pytest.raises(ValueError, match="two annotators"): agreement(answers)


def test_a_disk_that_refuses_is_one_line_and_files_nothing(tmp_path, monkeypatch):
    import mushroom_lib.labels as labels
    Image.new("RGB", (40, 30), "brown").save(tmp_path / "a.jpg")
    session = LabelSession(tmp_path, LABELS, tmp_path / "log" / "labels.jsonl", "ada")
    box = label_photos(session, pause=0)
    real = labels.append_log
    def full(log, entry): raise OSError(28, "No space left on device")
    monkeypatch.setattr(labels, "append_log", full)
    press(box, "1 bolete")
    assert "not filed" in box.children[2].value and "No space left" in box.children[2].value
    assert session.progress()["done"] == 0
    monkeypatch.setattr(labels, "append_log", real)
    press(box, "1 bolete")
    assert session.progress()["done"] == 1 and "All photos are decided" in box.children[2].value


def press(box, text):
    "Clicks the button of the labelling widget that says `text`."
    buttons = [b for row in box.children[3:5] for b in row.children if hasattr(b, "click")]
    next(b for b in buttons if b.description == text).click()


def test_no_photo_and_one_photo(tmp_path):
    (tmp_path / "none").mkdir()
    empty = LabelSession(tmp_path / "none", LABELS, tmp_path / "a.jsonl", "ada")
    assert empty.next() is None and empty.undo() is None and empty.progress()["total"] == 0
    box = label_photos(empty, pause=0)
    press(box, "z undo"), press(box, "1 bolete"), press(box, "s skip")
    assert "no photos" in box.children[2].value and read_log(empty.log)[0] == []
    Image.new("RGB", (40, 30), "brown").save(tmp_path / "none" / "a b#é.JPG")
    one = LabelSession(tmp_path / "none", LABELS, tmp_path / "b.jsonl", "ada")
    assert one.next() == "a b#é.JPG"
    one.skip(one.next())
    assert one.next() == "a b#é.JPG"
    box = label_photos(one, pause=0)
    press(box, "2 morel")
    assert one.next() is None and "All photos are decided" in box.children[2].value
    press(box, "z undo")
    assert one.next() == "a b#é.JPG" and box.children[1].value[:2] == b"\xff\xd8"


def test_a_missing_photo_can_only_be_skipped(tmp_path):
    Image.new("RGB", (40, 30), "brown").save(tmp_path / "b.jpg")
    session = LabelSession([tmp_path / "gone.jpg", tmp_path / "b.jpg"], LABELS, tmp_path / "l.jsonl", "ada")
    box = label_photos(session, pause=0)
    assert "no such file" in box.children[2].value
    for what in ("1 bolete", "u unsure"): press(box, what)
    box.children[4].children[3].value = "2"
    assert session.progress()["done"] == 0
    press(box, "s skip"), press(box, "1 bolete")
    assert session.progress() == dict(done=1, unsure=0, skipped=1, total=2)
    assert "no such file" in box.children[2].value


def test_a_name_with_markup_is_text(tmp_path):
    "Author and file names come from strangers; none may become a part of the page."
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg")
    table = pd.DataFrame([dict(file="a.jpg", path=str(tmp_path / "a.jpg"), label="<b>morel", author="<img src=x onerror=alert(1)>", licence="CC0 1.0")])
    box = review(LabelSession(table, LABELS, tmp_path / "l.jsonl", "ada"), table)
    assert "<img" not in box.children[2].value and "&lt;img" in box.children[2].value and "&lt;b&gt;morel" in box.children[2].value


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")
def test_a_file_name_that_is_no_text(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    odd = os.fsdecode(b"caf\xe9\n.jpg")
    try: Image.new("RGB", (40, 30)).save(folder / odd)
    except OSError: odd = "caf\n.jpg"; Image.new("RGB", (40, 30)).save(folder / odd)
    session = LabelSession(folder, LABELS, tmp_path / "l.jsonl", "ada")
    session.decide(session.next(), "morel")
    assert LabelSession(folder, LABELS, tmp_path / "l.jsonl", "ada").decided(odd) == "morel"
    assert len((tmp_path / "l.jsonl").read_bytes().splitlines()) == 1


def test_hidden_files_and_other_files_are_no_photos(tmp_path):
    for f in ("a.jpg", "sub/b.PNG", ".hidden.jpg", ".ipynb_checkpoints/a.jpg", "notes.txt"):
        (tmp_path / f).parent.mkdir(exist_ok=True)
        (tmp_path / f).write_bytes(b"")
    assert list(photo_paths(tmp_path)) == ["a.jpg", "sub/b.PNG"]


def test_ten_thousand_photos_open_in_two_seconds(tmp_path):
    "With half of them labelled: folder, log and widget. The best of three, so that a busy machine does not decide."
    folder, log = tmp_path / "photos", tmp_path / "labels.jsonl"
    folder.mkdir()
    Image.new("RGB", (1200, 900), "brown").save(tmp_path / "one.jpg")
    data = (tmp_path / "one.jpg").read_bytes()
    for f in names(10_000): (folder / f).write_bytes(data[:100])
    (folder / names(5001)[-1]).write_bytes(data)
    entry = dict(time="2026-10-03T09:12:44.123+00:00", annotator="ada", label="morel", previous=None, note="")
    log.write_text("".join(json.dumps(dict(entry, file=f)) + "\n" for f in names(5000)))
    took = []
    for _ in range(3):
        start = time.perf_counter()
        session = LabelSession(folder, LABELS, log, "ada")
        box = label_photos(session, pause=0)
        took.append(time.perf_counter() - start)
        assert "5000 of 10000" in box.children[0].value and box.children[1].value[:2] == b"\xff\xd8"
    assert min(took) < 2, took
    start = time.perf_counter()
    press(box, "1 bolete")
    assert session.progress()["done"] == 5001 and time.perf_counter() - start < 2


def test_import_is_quick_and_light():
    "Under a second in a fresh process (the best of three), and without torch, fastai, pandas or scikit-learn."
    code = "import time; t = time.perf_counter(); import mushroom_lib.labels, sys; print(time.perf_counter() - t, *[m for m in ('torch', 'fastai', 'pandas', 'sklearn') if m in sys.modules])"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() for _ in range(3)]
    assert all(len(r) == 1 for r in runs), runs
    assert min(float(r[0]) for r in runs) < 1


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_corrections_from_any_spreadsheet(tmp_path, separator, start, end):
    rows = [["File", "old", " new", "who", "why"], ["sub/ä.jpg", "morel", '"bolete"', "ben", '"pores, not pits; see ""stem"""'], ["", "", "", "", ""]]
    (tmp_path / "c.csv").write_bytes(start + end.join(separator.join(r) for r in rows).encode())
    got = read_corrections(tmp_path / "c.csv").to_dict("records")
    assert got == [dict(file="sub/ä.jpg", old="morel", new="bolete", why='pores, not pits; see "stem"', who="ben")]


@pytest.mark.parametrize("content, message", [(b"", "no column file, old, new"), (b"file;new\na;b\n", "no column old"), ("file,old,new\nä,b,c\n".encode("utf-16"), "CSV UTF-8")])
def test_a_table_that_is_no_table_of_corrections(tmp_path, content, message):
    (tmp_path / "c.csv").write_bytes(content)
    with pytest.raises(ValueError, match=f"c.csv .*{message}"): read_corrections(tmp_path / "c.csv")


def test_corrections_are_applied_or_listed_never_guessed():
    "Whatever is drawn: each row changes what it says, or is named in the problems; nothing else moves, and a second time nothing moves."
    rng = random.Random(0)
    for _ in range(300):
        table = pd.DataFrame(dict(file=names(6), label=[rng.choice(LABELS) for _ in range(6)], other=range(6)))
        rows = [dict(file=rng.choice([*names(6), "lost.jpg"]), old=rng.choice([*LABELS, ""]), new=rng.choice([*LABELS, REMOVE, "Morel", "", "morell"])) for _ in range(5)]
        before = table.copy()
        new, diff, problems = apply_corrections(table, pd.DataFrame(rows), LABELS)
        assert table.equals(before) and set(new["label"]) <= set(LABELS)
        now = dict(zip(new["file"], new["label"]))
        changed = {f: now.get(f, REMOVE) for f, l in zip(table["file"], table["label"]) if now.get(f, REMOVE) != l}
        assert changed == dict(zip(diff["file"], diff["new"]))
        for r in rows: assert now.get(r["file"], REMOVE) == r["new"] or any(p.startswith(r["file"]) for p in problems)
        assert all(dict(zip(table["file"], table["label"]))[d.file] == d.old for d in diff.itertuples())
        kept = pd.DataFrame(rows)[lambda t: t["file"].isin(new["file"])]
        assert len(apply_corrections(new, kept, LABELS)[1]) == 0


def test_a_note_of_the_program_cannot_be_forged(tmp_path):
    session = LabelSession(names(1), LABELS, tmp_path / "l.jsonl", "ada")
    with pytest.raises(ValueError, match="written by the program"): session.decide("00000.jpg", "morel", UNDONE)


# Dawid and Skene (1979), table 1: 45 patients; anaesthetist 1 three times, then anaesthetists 2 to 5.
PATIENTS = """1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212 1211111
1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121
1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222""".split()


def test_dawid_skene_gives_what_dawid_and_skene_published():
    "How frequent each class is, and how the first anaesthetist errs, to the two decimals of the paper."
    answers = pd.DataFrame([list(p) for p in PATIENTS], columns=list("1112345"), dtype=object)
    T, errors = dawid_skene(answers, rounds=1000, least=1e-9)
    assert T.mean().round(2).tolist() == [.40, .42, .11, .07]
    assert errors[0].round(2).tolist() == [[.89, .11, 0, 0], [.07, .88, .05, 0], [0, .34, .66, 0], [0, 0, .56, .44]]
    assert errors.shape == (5, 4, 4)


def test_dawid_skene_agrees_with_crowd_kit():
    "The answer of crowd-kit 1.4.2 to the same table, its columns taken as seven people; they stop differently, so one doubtful patient may differ."
    crowd_kit = "142222132243121111222222112111131224233111212"
    answers = pd.DataFrame([list(p) for p in PATIENTS], columns=list("abcdefg"), dtype=object)
    ours = dawid_skene(answers, rounds=1000, least=1e-9)[0].idxmax(axis=1)
    assert sum(a != b for a, b in zip(ours, crowd_kit)) <= 1
    assert sum(a != b for a, b in zip(majority(answers), crowd_kit)) > 1


def test_gaps_and_a_person_who_answered_nothing():
    answers = pd.DataFrame(dict(a=["x", "y", None, "x"], b=["x", None, None, "y"], c=[None] * 4), dtype=object)
    T, errors = dawid_skene(answers)
    assert np.isfinite(T.to_numpy()).all() and np.isfinite(errors).all()
    assert T.iloc[0].idxmax() == "x" and majority(answers).iloc[2] is None


def test_out_of_fold_with_a_rare_label():
    "A label with two specimens is judged in two folds; one with a single specimen is refused by name."
    rng = np.random.default_rng(0)
    y, groups = np.repeat(["a", "b", "c"], [20, 20, 4]), np.arange(44) // 2
    P = out_of_fold(rng.normal(size=(44, 5)), y, groups)
    assert P.shape == (44, 3) and np.allclose(P.sum(1), 1)
    with pytest.raises(ValueError, match="all photos of c are of one group"): out_of_fold(rng.normal(size=(44, 5)), y, np.where(y == "c", 99, groups))


def test_the_log_can_be_moved_with_its_photos(tmp_path):
    "Names in the log are relative to the folder, so another machine goes on where this one stopped."
    (tmp_path / "here" / "sub").mkdir(parents=True)
    for f in ("a.jpg", "sub/b.jpg"): Image.new("RGB", (40, 30)).save(tmp_path / "here" / f)
    session = LabelSession(tmp_path / "here", LABELS, tmp_path / "here" / "labels.jsonl", "ada")
    session.decide(session.next(), "morel")
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert LabelSession(tmp_path / "there", LABELS, tmp_path / "there" / "labels.jsonl", "ada").next() == "sub/b.jpg"
