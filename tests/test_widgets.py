"The label log under kill -9, two processes and damage; big and odd folders; the window and its picture."
import base64
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from mushroom_lib.widgets import UNDONE, LabelSession, label_photos, label_table, photo_paths, read_log

LABELS = ["bolete", "morel", "oyster"]
WORKER = """
import sys
from mushroom_lib.widgets import LabelSession
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
    for cut in range(len(whole) + 1, len(both) - 1):
        log.write_bytes(both[:cut])
        again = LabelSession(names(3), LABELS, log, "ada")
        assert again.progress()["done"] == 1 and "line 2: cut off" in again.problems[0], cut
        assert again.next() == "00001.jpg"
        again.decide("00001.jpg", "oyster")
        assert log.read_bytes().startswith(both[:cut] + b"\n")
        entries, problems, _ = read_log(log)
        assert entries[-1]["label"] == "oyster"
        assert len(problems) == 1 and len(entries) == 2


def test_a_line_that_lacks_nothing_but_its_end_counts(tmp_path):
    "As an editor may leave it, or a crash: the decision is there once, and the next does not stick to it."
    log = tmp_path / "labels.jsonl"
    session = LabelSession(names(3), LABELS, log, "ada")
    session.decide("00000.jpg", "bolete", "Röhren")
    log.write_bytes(log.read_bytes()[:-1])
    again = LabelSession(names(3), LABELS, log, "ada")
    assert again.problems == [] and again.next() == "00001.jpg"
    again.decide("00001.jpg", "oyster")
    assert again.undo() == "00001.jpg" and again.undo() == "00000.jpg" and again.undo() is None
    assert [e["label"] for e in read_log(log)[0]] == ["bolete", "oyster", None, None] and read_log(log)[1] == []


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


def test_a_disk_that_refuses_is_one_line_and_files_nothing(tmp_path, monkeypatch):
    from mushroom_lib import widgets
    Image.new("RGB", (40, 30), "brown").save(tmp_path / "a.jpg")
    session = LabelSession(tmp_path, LABELS, tmp_path / "log" / "labels.jsonl", "ada")
    box = label_photos(session, pause=0)
    real = widgets.append_log
    def full(log, entry): raise OSError(28, "No space left on device")
    monkeypatch.setattr(widgets, "append_log", full)
    press(box, "1 bolete")
    assert "not filed" in box.children[2].value and "No space left" in box.children[2].value
    assert session.progress()["done"] == 0
    monkeypatch.setattr(widgets, "append_log", real)
    press(box, "1 bolete")
    assert session.progress()["done"] == 1 and "All photos are decided" in box.children[2].value


def press(box, text):
    "Clicks the button of the labelling widget that says `text`."
    buttons = [b for row in box.children[3:5] for b in row.children if hasattr(b, "click")]
    next(b for b in buttons if b.description == text).click()


def test_no_photo_and_one_photo(tmp_path):
    (tmp_path / "none").mkdir()
    empty = LabelSession(tmp_path / "none", LABELS, tmp_path / "a.jsonl", "ada")
    assert empty.next() is None and empty.undo() is None and empty.progress()["total"] == 0 and empty.problems == []
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
    box = label_photos(LabelSession(table, LABELS, tmp_path / "l.jsonl", "ada"))
    assert "<img" not in box.children[2].value and "&lt;img" in box.children[2].value


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
    (folder / os.fsdecode(b"caf\xe9.heic")).touch()
    session = LabelSession(folder, LABELS, tmp_path / "l.jsonl", "ada")
    assert "caf?.heic" in label_photos(session).children[2].value and "caf" in session.problems[0]


def test_hidden_files_and_other_files_are_no_photos(tmp_path):
    for f in ("a.jpg", "sub/b.PNG", ".hidden.jpg", ".ipynb_checkpoints/a.jpg", ".DS_Store", "notes.txt", "README"):
        (tmp_path / f).parent.mkdir(exist_ok=True)
        (tmp_path / f).write_bytes(b"")
    paths, left_out = photo_paths(tmp_path)
    assert paths == {"a.jpg": str(tmp_path / "a.jpg"), "sub/b.PNG": str(tmp_path / "sub" / "b.PNG")}
    assert left_out == {"hidden": [".hidden.jpg", ".ipynb_checkpoints/a.jpg"],
                        ".txt cannot be read here; save photos as JPEG": ["notes.txt"],
                        "a file without an ending cannot be read here; save photos as JPEG": ["README"]}


@pytest.mark.parametrize("suffix", [".heic", ".HEIC", ".raw", ".cr2", ".mov", ".pdf", ".svg", ".zip"])
def test_a_folder_of_what_cannot_be_read_says_how_many_and_why(tmp_path, suffix):
    for k in range(3): (tmp_path / f"IMG_{k}{suffix}").write_bytes(b"x")
    session = LabelSession(tmp_path, LABELS, tmp_path / "labels.jsonl", "ada")
    said = f"3 left out: {suffix.lower()} cannot be read here; save photos as JPEG (IMG_0{suffix} and others)"
    assert session.problems == [said] and session.next() is None
    assert label_photos(session).children[2].value == f"There are no photos to label.<br>{said}"
    assert LabelSession(tmp_path, LABELS, tmp_path / "labels.jsonl", "ada").problems == [said], "the log itself is no photo left out"


def test_links_folders_and_pipes_named_like_photos(tmp_path):
    Image.new("RGB", (40, 30), "brown").save(tmp_path / "good.jpg")
    (tmp_path / "folder.jpg").mkdir()
    Image.new("RGB", (40, 30), "brown").save(tmp_path / "folder.jpg" / "inside.jpg")
    try:
        (tmp_path / "broken.jpg").symlink_to(tmp_path / "nowhere.jpg")
        (tmp_path / "linked.jpg").symlink_to(tmp_path / "good.jpg")
        (tmp_path / "album").symlink_to(tmp_path / "folder.jpg", target_is_directory=True)
    except OSError: pytest.skip("no links on this system")
    expected = {"a broken link": ["broken.jpg"], "a link to a folder": ["album"]}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
        expected["no file"] = ["pipe.jpg"]
    paths, left_out = photo_paths(tmp_path)
    assert list(paths) == ["folder.jpg/inside.jpg", "good.jpg", "linked.jpg"]
    assert left_out == expected


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "fork"), reason="permissions are tried with a user who has none")
def test_what_may_not_be_read_is_said():
    "As another user where the tests run as root, whom no permission stops."
    top = Path(tempfile.mkdtemp())  # pytest's own folders may lie below one that the other user cannot enter
    top.chmod(0o755)
    place = top / "photos"
    (place / "closed").mkdir(parents=True)
    (place / "listed").mkdir()
    for f in ("a.jpg", "secret.jpg", "closed/b.jpg", "listed/c.jpg"): Image.new("RGB", (40, 30), "brown").save(place / f)
    (place / "secret.jpg").chmod(0)
    (place / "closed").chmod(0)
    (place / "listed").chmod(0o444)
    try:
        results, said = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                if os.getuid() == 0: os.setuid(65534)
                os.write(said, json.dumps(photo_paths(place)).encode())
            except BaseException as error: os.write(said, repr(error).encode())
            finally: os._exit(0)
        os.close(said)
        os.waitpid(child, 0)
        with open(results, "rb") as f: answer = f.read().decode()
    finally:
        for folder in ("closed", "listed"): (place / folder).chmod(0o755)
        shutil.rmtree(top)
    paths, left_out = json.loads(answer)
    assert list(paths) == ["a.jpg"]
    assert left_out == {"no permission to read": ["listed/c.jpg", "secret.jpg"], "no permission to open the folder": [str(place / "closed")]}


def test_other_photos_in_the_same_log_are_left_alone(tmp_path):
    "A second lot of photos in one log: undo does not leave the lot, and other labels are no problem."
    log = tmp_path / "labels.jsonl"
    LabelSession(["old.jpg"], ["truffle"], log, "ada").decide("old.jpg", "truffle")
    session = LabelSession(names(1), LABELS, log, "ada")
    box = label_photos(session, pause=0)
    press(box, "z undo")
    assert session.problems == [] and session.undo() is None and len(read_log(log)[0]) == 1
    assert "no such file" in box.children[2].value and "00000.jpg" in box.children[2].value


def shown(box):
    "What a notebook gets when the widget is shown."
    from IPython.utils.capture import capture_output
    from IPython.core.interactiveshell import InteractiveShell
    InteractiveShell.instance()
    from IPython.display import display
    with capture_output() as captured: display(box)
    return captured.outputs[0].data


@pytest.mark.parametrize("make", ["label", "upload"])
def test_a_widget_brings_a_picture_that_stays_when_the_notebook_is_stored(tmp_path, make):
    from tools.execute import WIDGET, clean_output
    from mushroom_lib.widgets import upload_button
    Image.new("RGB", (40, 30), "brown").save(tmp_path / "a.jpg")
    session = LabelSession(tmp_path, LABELS, tmp_path / "labels.jsonl", "ada")
    box = label_photos(session, pause=0) if make == "label" else upload_button(len)
    data = shown(box)
    assert data[WIDGET]["model_id"] == box.model_id
    before = Image.open(io.BytesIO(base64.b64decode(data["image/jpeg"]))).convert("RGB")
    stored = clean_output(dict(output_type="display_data", data=data, metadata={}))["data"]
    assert sorted(stored) == ["image/jpeg", "text/plain"] and stored["image/jpeg"] == data["image/jpeg"]
    if make == "upload": return
    brown = (165, 42, 42)
    assert max(abs(a - b) for a, b in zip(before.getpixel((100, 200)), brown)) < 8, "the photo is in it"
    press(box, "2 morel")
    after = Image.open(io.BytesIO(base64.b64decode(shown(box)["image/jpeg"])))
    assert after.height < before.height, "it is drawn anew: there is no photo any more"


def test_a_widget_without_a_picture_is_stored_as_a_line():
    from tools.execute import WIDGET, clean_output
    data = {WIDGET: dict(model_id="x"), "text/plain": "IntSlider(value=0)"}
    assert clean_output(dict(output_type="display_data", data=data, metadata={}))["data"] == {"text/plain": "(a widget: run the cell to use it)"}


def test_three_thousand_photos_half_of_them_labelled(tmp_path):
    folder, log = tmp_path / "photos", tmp_path / "labels.jsonl"
    folder.mkdir()
    for f in names(3000): (folder / f).touch()
    Image.new("RGB", (1200, 900), "brown").save(folder / names(1501)[-1])
    entry = dict(time="2026-10-03T09:12:44.123+00:00", annotator="ada", label="morel", previous=None, note="")
    log.write_text("".join(json.dumps(dict(entry, file=f)) + "\n" for f in names(1500)))
    session = LabelSession(folder, LABELS, log, "ada")
    box = label_photos(session, pause=0)
    assert "1500 of 3000" in box.children[0].value and box.children[1].value[:2] == b"\xff\xd8"
    press(box, "1 bolete")
    assert session.progress() == dict(done=1501, unsure=0, skipped=0, total=3000) and session.problems == []


def test_import_is_light():
    "Without torch, fastai, pandas, scikit-learn, matplotlib or ipywidgets: Colab's first cell waits for it."
    heavy = "('torch', 'fastai', 'pandas', 'sklearn', 'scipy', 'matplotlib', 'ipywidgets')"
    code = f"import mushroom_lib.widgets, sys; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == ["[]"]


def test_a_note_of_the_program_cannot_be_forged(tmp_path):
    session = LabelSession(names(1), LABELS, tmp_path / "l.jsonl", "ada")
    with pytest.raises(ValueError, match="written by the program"): session.decide("00000.jpg", "morel", UNDONE)


def test_the_log_can_be_moved_with_its_photos(tmp_path):
    "Names in the log are relative to the folder, so another machine goes on where this one stopped."
    (tmp_path / "here" / "sub").mkdir(parents=True)
    for f in ("a.jpg", "sub/b.jpg"): Image.new("RGB", (40, 30)).save(tmp_path / "here" / f)
    session = LabelSession(tmp_path / "here", LABELS, tmp_path / "here" / "labels.jsonl", "ada")
    session.decide(session.next(), "morel")
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert LabelSession(tmp_path / "there", LABELS, tmp_path / "there" / "labels.jsonl", "ada").next() == "sub/b.jpg"
