"""The rendered photographs' facts: recomputed from their seeds (numpy only, no Blender) and compared with what is filed."""
import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # tools/ is no part of the installed package

from tools.render import scene, sets
from tools.render.catalogue import LABELS, SETS, SPECIES
from tools.render.mesh import PARTS
from tools.render.noise import Stream

MADE = ROOT / "m_mushrooms"


def filed(name):
    "The rows filed of a set."
    return [json.loads(line) for line in (MADE / name / "scenes.jsonl").read_text(encoding="utf-8").splitlines()]


ALL = {name: filed(name) for name in SETS}
ROWS = ALL["lab"]
KINDS = {s["name"]: key for key, s in SPECIES.items()}


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
    facts = scene.specimen(r["seed"], KINDS[r["species"]], number, r["set"])
    return json.loads(json.dumps(sets.row(facts, r["shot"], r["optics"]["take"], r["width"], r["spp"])))


@pytest.mark.parametrize("name", SETS)
def test_rows_are_what_their_seed_gives(name):
    "Every filed fact of every picture of the set."
    assert ALL[name]
    for r in ALL[name]:
        now = recomputed(r)
        close(now | {"scene_sha256": ""}, {k: r[k] for k in now} | {"scene_sha256": ""}, r["file"])


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_whole(name):
    "Every picture that the plan asks for is there, and no other."
    wanted = {sets.file_of(scene.specimen(7, species, number, name), shot)
              for species, number in sets.plan(name) for shot in range(SETS[name]["shots"])}
    assert {r["file"] for r in ALL[name]} == wanted


@pytest.mark.parametrize("name", SETS)
def test_row_hash_is_of_the_row(name):
    "`scene_sha256` is the digest of the facts before it, so an edited row is found."
    for r in ALL[name]:
        keys = list(r)
        assert sets.digest({k: r[k] for k in keys[: keys.index("scene_sha256")]}) == r["scene_sha256"], r["file"]


@pytest.mark.parametrize("name", SETS)
def test_each_row_has_its_files_and_each_file_its_row(name):
    "No unfiled picture or mask, no row without one, no row twice."
    files = [r["file"] for r in ALL[name]]
    assert len(files) == len(set(files))
    assert files == sorted(files)
    on_disk = {p.relative_to(MADE / name).as_posix() for p in (MADE / name).rglob("*.*g")}
    assert on_disk == set(files) | {r["mask"] for r in ALL[name]}


def test_enough_of_each_label():
    "At least eighty pictures of each label, of at least 25 specimens photographed three times, in several places and seasons."
    assert {r["label"] for r in ROWS} == set(LABELS) and len(LABELS) == 8
    for label in LABELS:
        rows = [r for r in ROWS if r["label"] == label]
        specimens = [r["specimen"] for r in rows]
        assert len(rows) >= 80 and len(set(specimens)) >= 25
        assert all(specimens.count(s) == 3 for s in specimens)
        assert len({r["habitat"] for r in rows}) >= 4 and len({r["season"] for r in rows}) >= 2
    assert {r["species"] for r in ROWS if r["label"] == "amanita"} == {"Amanita muscaria", "Amanita phalloides"}


def test_the_set_is_small():
    "The lab set is at most 12 MB, a mask about a kilobyte."
    assert sum((MADE / "lab" / r["file"]).stat().st_size for r in ROWS) <= 12_000_000
    assert np.mean([(MADE / "lab" / r["mask"]).stat().st_size for r in ROWS]) < 1500


@pytest.mark.parametrize("name", SETS)
def test_what_is_visible_agrees_with_the_mask(name):
    "Parts are counted within individuals (the rest is what sticks to a cap), and the mask shows all but single pixels."
    from PIL import Image
    off = []
    for r in ALL[name]:
        seen, whole = Image.open(MADE / name / r["mask"]), sum(r["visible_individuals"])
        assert seen.mode == "1" and seen.size == (r["width"], r["height"])
        assert set(r["visible"]) <= set(PARTS)
        assert 0 < sum(r["visible"].values()) <= whole
        assert len(r["visible_individuals"]) <= r["individuals"]
        off.append(abs(np.asarray(seen).sum() / whole - 1))
    assert np.mean(off) < .01 and max(off) < .4  # far out of focus a pass of one sample a pixel is all single pixels


def test_what_is_modelled_but_hidden_is_not_filed_as_seen():
    "Some rings, volvas and gills that were built show no pixel; what was not built never shows."
    ringed = [r for r in ROWS if any(t["ring"] for t in r["modelled"])]
    assert any("ring" in r["visible"] for r in ringed) and any("ring" not in r["visible"] for r in ringed)
    assert any("hymenium" not in r["visible"] for r in ROWS)
    for r in ROWS:
        for part in ("ring", "volva"):
            assert part not in r["visible"] or any(t[part] for t in r["modelled"]), r["file"]


def test_each_photo_shows_its_mushrooms():
    "A thousand pixels at least, but for a few that three takes did not mend."
    small = [r["file"] for r in ROWS if sum(r["visible"].values()) < 1000]
    assert len(small) <= 0.02 * len(ROWS), small


def test_a_ruler_is_all_that_differs():
    "The two photos of a specimen of `confound` have the same camera; one shows the ruler, and both labels have equally many."
    pairs = {}
    for r in ALL["confound"]:
        pairs.setdefault(r["specimen"], []).append(r)
    for a, b in pairs.values():
        assert a["optics"] == b["optics"] and a["camera"] == b["camera"] and (a["ruler"], b["ruler"]) == (False, True)
        one, two = ((MADE / "confound" / r["file"]).read_bytes() for r in (a, b))
        assert one != two
    assert len({tuple(sorted(r["label"] for r in ALL["confound"])).count(k) for k in ("milkcap", "russula")}) == 1


def test_lookalikes_are_of_no_label_and_drift_is_new():
    "Every look-alike names the label it resembles; the drift set's season, phone and photographer are in no lab photo."
    assert {r["label"] for r in ALL["lookalikes"]} == {"other"}
    assert {r["resembles"] for r in ALL["lookalikes"]} <= set(LABELS)
    for key in ("season", "camera", "photographer"):
        assert not {r[key] for r in ALL["drift"]} & {r[key] for r in ROWS}


def test_no_camera_stands_in_a_log():
    "A log that lies off is behind the subject, a bracket's own log is photographed from the bracket's side."
    logs = [r for name in SETS for r in ALL[name] if r["wood"]]
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
            for k in ("habitat", "season", "light", "sun", "wood", "modelled", "picked"):
                assert r[k] == rows[0][k]
        assert len({r["photographer"] for r in rows}) == len({r["camera"] for r in rows}) == len(rows)
        minutes = [int(t[:2]) * 60 + int(t[3:]) for t in (r["taken"][11:] for r in rows)]
        assert minutes == sorted(set(minutes)) and minutes[-1] - minutes[0] < 30
        assert len({r["taken"][:10] for r in rows}) == 1


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
    facts = next(f for f in (scene.specimen(7, "boletus_edulis", k) for k in range(20)) if len(f["modelled"]) > 1)
    t = facts["modelled"][1]
    assert t["scale"] < 1
    cap = next(m for m in scene.shapes.build("boletus_edulis", t, scene.stream_of(facts).at(1)) if m.kind == "cap")
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
    labels = [SPECIES[s]["label"] for s, _ in plan]
    assert all(labels[i:i + 8] == LABELS for i in range(0, len(labels), 8))
    assert {s for s, _ in plan} == {s for s, x in SPECIES.items() if x["label"] != "other"}
    assert len(set(plan)) == len(plan)
