"""The rendered photographs' facts: recomputed from their seeds (numpy only, no Blender) and compared with what is filed."""
import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # tools/ is no part of the installed package

from tools.render import scene, sets
from tools.render.noise import Stream

LAB = ROOT / "m_mushrooms" / "lab"
ROWS = [json.loads(line) for line in (LAB / "scenes.jsonl").read_text(encoding="utf-8").splitlines()]
KINDS = {s["name"]: key for key, s in scene.SPECIES.items()}


def close(a, b, path=""):
    "Assert that two JSON values are equal, floats to within a millionth."
    if isinstance(a, dict):
        assert isinstance(b, dict) and a.keys() == b.keys(), path
        for k in a:
            close(a[k], b[k], f"{path}.{k}")
    elif isinstance(a, list):
        assert isinstance(b, list) and len(a) == len(b), path
        for i, (x, y) in enumerate(zip(a, b)):
            close(x, y, f"{path}[{i}]")
    elif isinstance(a, float) or isinstance(b, float):
        assert a == pytest.approx(b, abs=1e-6), path
    else:
        assert a == b, path


def recomputed(r):
    "The row as its seed gives it today."
    number = int(r["specimen"].rsplit("_", 1)[1])
    facts = scene.specimen(r["seed"], KINDS[r["species"]], number)
    return json.loads(json.dumps(sets.row(facts, r["shot"], r["width"], r["spp"])))


@pytest.mark.parametrize("label", scene.LABELS)
def test_rows_are_what_their_seed_gives(label):
    "Every filed fact of every picture of the label."
    rows = [r for r in ROWS if r["label"] == label]
    assert rows
    for r in rows:
        now = recomputed(r)
        close(now | {"scene_sha256": ""}, {k: r[k] for k in now} | {"scene_sha256": ""}, r["file"])


def test_row_hash_is_of_the_row():
    "`scene_sha256` is the digest of the facts before it, so an edited row is found."
    for r in ROWS:
        keys = list(r)
        assert sets.digest({k: r[k] for k in keys[: keys.index("scene_sha256")]}) == r["scene_sha256"], r["file"]


def test_each_row_has_its_file_and_each_file_its_row():
    "No unfiled picture, no row without a picture, no row twice."
    files = [r["file"] for r in ROWS]
    assert len(files) == len(set(files))
    assert files == sorted(files)
    on_disk = {p.relative_to(LAB).as_posix() for p in LAB.rglob("*.jpg")}
    assert on_disk == set(files)


def test_enough_of_each_label():
    "At least twenty pictures of at least six labels, every specimen photographed more than once."
    per_label = {label: [r for r in ROWS if r["label"] == label] for label in scene.LABELS}
    assert sum(len(rows) >= 20 for rows in per_label.values()) >= 6
    for rows in per_label.values():
        specimens = {r["specimen"] for r in rows}
        assert all(sum(r["specimen"] == s for r in rows) >= 2 for s in specimens)
        assert len({r["habitat"] for r in rows}) >= 2


def test_no_camera_stands_in_a_log():
    "A log that lies off is behind the subject, a bracket's own log is photographed from the bracket's side."
    logs = [r for r in ROWS if r["wood"]]
    assert {r["wood"]["away"] > 0 for r in logs} == {True, False}
    for r in logs:
        facing = np.cos(np.radians(r["optics"]["azimuth_deg"] - r["wood"]["bearing_deg"]))
        assert facing < -.3 if r["wood"]["away"] else facing > .6, r["file"]


def test_shots_share_everything_but_the_camera():
    "Two shots of a specimen file the same place, light and individuals, by different photographers."
    by_specimen = {}
    for r in ROWS:
        by_specimen.setdefault(r["specimen"], []).append(r)
    for rows in by_specimen.values():
        for r in rows[1:]:
            for k in ("habitat", "light", "sun", "wood", "modelled", "picked"):
                assert r[k] == rows[0][k]
        assert len({r["photographer"] for r in rows}) == len(rows)


@pytest.mark.parametrize("species", ["agaricus_campestris", "pleurotus_ostreatus"])
def test_moving_the_camera_leaves_the_ground_alone(species, monkeypatch):
    "The surroundings' vertices are the same whatever the shots are; only the camera's pose differs."
    facts = scene.specimen(7, species, 0)
    groups = scene.individuals(facts)
    first, second = (scene.camera(facts, scene.picture(facts, k), scene.boxes(groups)) for k in (0, 1))
    assert np.linalg.norm(first["at"] - second["at"]) > .1
    before = scene.surroundings(facts)
    monkeypatch.setattr(scene.light, "shot_facts", lambda *a, **k: pytest.fail("the surroundings asked for a shot"))
    after = scene.surroundings(scene.specimen(7, species, 0))
    assert [m.kind for m in before] == [m.kind for m in after]
    assert all(np.array_equal(a.v, b.v) and np.array_equal(a.colour, b.colour) for a, b in zip(before, after))


@pytest.mark.parametrize("part", ["gills", "warts", "cap", "stem", "camera", "light"])
def test_parts_draw_from_streams_of_their_own(part, monkeypatch):
    "When one part's stream gives other numbers, only that part's facts change."
    def facts():
        f = scene.specimen(7, "amanita_muscaria", 3)
        return f, scene.picture(f, 0)

    owns = {"gills": ["gills"], "warts": ["warts"], "light": ["light"],
            "cap": ["cap_", "margin_", "depression", "umbo", "dirt", "bites", "placed"],
            "stem": ["stem_", "bulb", "placed"], "camera": ["optics"]}
    (place, shot), rng = facts(), Stream.rng
    monkeypatch.setattr(Stream, "rng", lambda s, *p: rng(s, *p, "again") if p[0] == part else rng(s, *p))
    place2, shot2 = facts()
    changed = {k for k in place if k != "modelled" and place[k] != place2[k]} | ({"optics"} if shot != shot2 else set())
    for a, b in zip(place["modelled"], place2["modelled"]):
        changed |= {k for k in a if a[k] != b[k]}
    assert changed
    assert all(any(k.startswith(p) for p in owns[part]) for k in changed), changed


def test_scaled_individuals_have_their_real_size():
    "A smaller neighbour's meshes are as high and as wide as its centimetres say."
    facts = scene.specimen(7, "boletus_edulis", 0)
    t = facts["modelled"][1]
    assert t["scale"] < 1
    cap = next(m for m in scene.shapes.build("boletus_edulis", t, scene.stream_of(7, "boletus_edulis", 0).at(1)) if m.kind == "cap")
    span = np.ptp(cap.v, axis=0)[:2].max() * 10
    assert span == pytest.approx(2 * t["cap_radius_cm"], rel=.2)


def test_a_cut_last_row_is_dropped_and_a_bad_row_named(tmp_path):
    "What an interrupt leaves is survivable; damage elsewhere is reported with its line."
    table = tmp_path / "scenes.jsonl"
    sets.append_row(table, {"file": "b.jpg"})
    with open(table, "a") as f:
        f.write('{"file": "a.j')
    rows = sets.read_rows(table)
    assert rows == [{"file": "b.jpg"}]
    sets.rewrite(table, rows + [{"file": "a.jpg"}])
    assert [r["file"] for r in sets.read_rows(table)] == ["a.jpg", "b.jpg"]
    table.write_text('{"file": \n{"file": "b.jpg"}\n')
    with pytest.raises(ValueError, match="line 1"):
        sets.read_rows(table)


def test_the_plan_goes_round_the_labels():
    "Any number of whole rounds is balanced, and both amanitas take part."
    plan = sets.plan("lab")
    labels = [scene.SPECIES[s]["label"] for s, _ in plan]
    assert all(labels[i:i + 8] == scene.LABELS for i in range(0, len(labels), 8))
    assert {s for s, _ in plan} == set(scene.SPECIES)
    assert len(set(plan)) == len(plan)
