# SPDX-License-Identifier: Apache-2.0
"What there is to photograph: the species, where and when they grow, and the sets that are made of them."

# label, scientific and common name, chances of how many stand together, chance that they were picked, habitats with chances,
# months in which they are found (Northern Europe)
SPECIES = {
    "amanita_muscaria": dict(
        label="amanita",
        name="Amanita muscaria",
        common="fly agaric",
        many=(1, 1, 2, 3),
        picked=0.12,
        where=dict(birch=0.24, conifer=0.22, moss=0.14, grass=0.16, beech=0.12, oak=0.06, table=0.06),
        months=(6, 7, 8, 9, 10),
    ),
    "amanita_phalloides": dict(
        label="amanita",
        name="Amanita phalloides",
        common="death cap",
        many=(1, 1, 2),
        picked=0.12,
        where=dict(oak=0.24, beech=0.22, moss=0.14, birch=0.12, grass=0.16, soil=0.06, table=0.06),
        months=(6, 7, 8, 9, 10),
    ),
    "agaricus_campestris": dict(
        label="agaricus",
        name="Agaricus campestris",
        common="field mushroom",
        many=(1, 2, 3),
        picked=0.25,
        where=dict(grass=0.38, soil=0.2, table=0.18, birch=0.08, oak=0.08, moss=0.08),
        months=(5, 6, 7, 8, 9, 10),
    ),
    "boletus_edulis": dict(
        label="bolete",
        name="Boletus edulis",
        common="cep",
        many=(1, 1, 2),
        picked=0.18,
        where=dict(conifer=0.2, moss=0.17, beech=0.15, oak=0.13, birch=0.08, grass=0.13, table=0.14),
        months=(5, 6, 7, 8, 9, 10),
    ),
    "cantharellus_cibarius": dict(
        label="chanterelle",
        name="Cantharellus cibarius",
        common="chanterelle",
        many=(2, 3, 4, 5),
        picked=0.2,
        where=dict(moss=0.2, conifer=0.18, beech=0.18, birch=0.12, oak=0.1, grass=0.08, table=0.14),
        months=(5, 6, 7, 8, 9, 10),
    ),
    "lactarius_deliciosus": dict(
        label="milkcap",
        name="Lactarius deliciosus",
        common="saffron milkcap",
        many=(1, 2, 3),
        picked=0.2,
        where=dict(conifer=0.26, moss=0.18, grass=0.2, birch=0.08, soil=0.1, beech=0.06, table=0.12),
        months=(6, 7, 8, 9, 10),
    ),
    "morchella_esculenta": dict(
        label="morel",
        name="Morchella esculenta",
        common="morel",
        many=(1, 1, 2, 3),
        picked=0.12,
        where=dict(oak=0.2, soil=0.2, grass=0.16, beech=0.14, moss=0.1, conifer=0.08, table=0.12),
        months=(4, 5, 6),
    ),
    "pleurotus_ostreatus": dict(
        label="oyster",
        name="Pleurotus ostreatus",
        common="oyster mushroom",
        many=(4, 5, 6, 7, 8, 9),
        picked=0.0,
        where=dict(beech=0.26, oak=0.2, moss=0.16, birch=0.14, grass=0.1, table=0.14),
        months=(3, 4, 9, 10),
    ),
    "russula": dict(
        label="russula",
        name="Russula sp.",
        common="brittlegill",
        many=(1, 1, 2, 3),
        picked=0.2,
        where=dict(beech=0.2, moss=0.16, conifer=0.16, birch=0.16, oak=0.12, grass=0.1, table=0.1),
        months=(5, 6, 7, 8, 9, 10),
    ),
    "omphalotus_olearius": dict(
        label="other",
        resembles="chanterelle",
        name="Omphalotus olearius",
        common="jack-o'-lantern",
        many=(3, 4, 5, 6),
        picked=0.15,
        where=dict(oak=0.4, grass=0.3, soil=0.15, table=0.15),
        months=(8, 9, 10),
    ),
    "hygrophoropsis_aurantiaca": dict(
        label="other",
        resembles="chanterelle",
        name="Hygrophoropsis aurantiaca",
        common="false chanterelle",
        many=(2, 3, 4),
        picked=0.2,
        where=dict(conifer=0.45, moss=0.3, birch=0.15, table=0.1),
        months=(8, 9, 10),
    ),
    "gyromitra_esculenta": dict(
        label="other",
        resembles="morel",
        name="Gyromitra esculenta",
        common="false morel",
        many=(1, 1, 2),
        picked=0.15,
        where=dict(conifer=0.4, soil=0.35, moss=0.15, table=0.1),
        months=(4, 5),
    ),
    "amanita_virosa": dict(
        label="other",
        resembles="agaricus",
        name="Amanita virosa",
        common="destroying angel",
        many=(1, 1, 2),
        picked=0.12,
        where=dict(grass=0.3, moss=0.25, birch=0.2, conifer=0.15, table=0.1),
        months=(8, 9, 10),
    ),
}
LABELS = sorted({s["label"] for s in SPECIES.values()} - {"other"})
# how much likelier than usual the views side, three-quarter, top and low are: from above some say little
VIEWS = {
    "agaricus_campestris": (1, 1, 0.25, 1),
    "boletus_edulis": (1, 1, 0.25, 1),
    "pleurotus_ostreatus": (0.5, 1.3, 0.3, 1.3),
}
SEASONS = dict.fromkeys((3, 4, 5), "spring") | dict.fromkeys((6, 7, 8), "summer") | dict.fromkeys((9, 10), "autumn") | dict.fromkeys((11, 12), "late")
# specimens of each of `groups` (a label or, where a label has several, its species in turn); shots of each; what is special
SETS = {
    "lab": dict(groups=LABELS, specimens=27, shots=3),
    "lookalikes": dict(groups=[k for k, s in SPECIES.items() if s["label"] == "other"], specimens=8, shots=2),
    "confound": dict(
        groups=["milkcap", "russula"],
        specimens=20,
        shots=2,
        ruler=True,
        views=(0, 1, 0.6, 0),
        room=1.25,
        where=dict(conifer=0.3, soil=0.3, beech=0.2, table=0.2),
    ),
    "drift": dict(groups=LABELS, specimens=8, shots=1, months=(11, 12), photographers=("P5",)),
}


def species_of(group):
    "The species of a label, or the one species named, in a fixed order."
    return [group] if group in SPECIES else sorted(s for s, x in SPECIES.items() if x["label"] == group)
