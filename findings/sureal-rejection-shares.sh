#!/usr/bin/env bash
# Guess: sureal's rejection of subjects (ITU-R BT.500) throws out a person who clicks at random, whether
#   everybody rates every item or each a part of them: how often somebody lies outside is a share of what
#   that person rated. Its datasets may leave ratings out, and its means ignore those that are missing.
# Seen with sureal 0.9.0: the share is of all items. Of two hundred people ten click at random on five
#   points. Where all rate all of 400 items, the ten lie outside at 25 to 32% of them and are rejected.
#   Where each rates 40 of the 400, they lie outside at 15 to 35% of their own, which counts as 1.5 to
#   3.5%, below the standard's 5%: nobody is rejected, and nothing is said. With 20 of 400 nobody ever can
#   be. Way out: each person's share times 400 / 40 before it is held against 5%, which rejects 7 of
#   the ten, and 2 of the 190 others.
# Who meets it: whoever gives a study of many annotators, each of whom judges a part, to the standard's
#   own tool: its "rejected" scores are then the plain means.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet sureal==0.9.0 numpy==2.4.6 scipy==1.17.1 pandas==2.3.3 matplotlib==3.10.9
cat > "$folder/probe.py" <<'PY'
from types import SimpleNamespace

import numpy as np
from sureal.dataset_reader import RawDatasetReader
from sureal.subjective_model import SubjrejMosModel

PEOPLE, CLICKERS, ITEMS = 200, 10, 400


def judged(each):
    """Who is rejected, the share outside that sureal sees, how lopsided it is: (people,) each."""
    random = np.random.default_rng(1)
    quality = random.uniform(2, 4, size=ITEMS)
    ratings = np.rint(quality + 0.6 * random.normal(size=(PEOPLE, ITEMS))).clip(1, 5)
    ratings[:CLICKERS] = random.integers(1, 6, size=(CLICKERS, ITEMS))
    rated = random.permuted(np.tile(np.arange(ITEMS) < each, (PEOPLE, 1)), axis=1)
    names = [f"p{person:02}" for person in range(PEOPLE)]
    shown = [
        {
            "content_id": 0,
            "asset_id": item,
            "path": "",
            "os": {n: float(ratings[p, item]) for p, n in enumerate(names) if rated[p, item]},
        }
        for item in range(ITEMS)
    ]
    videos = [{"content_id": 0, "path": "", "content_name": "one"}]
    dataset = SimpleNamespace(ref_videos=videos, dis_videos=shown, ref_score=None, dataset_name="d")
    reader = RawDatasetReader(dataset)
    result = SubjrejMosModel(reader).run_modeling()
    numbers = ("observer_rejected", "observer_rejected_1st_stats", "observer_rejected_2nd_stats")
    return [np.array(result[number]) for number in numbers]


for each in (400, 40):
    rejected, share, lopsided = judged(each)
    own = share * ITEMS / each
    print(
        f"{each:3} of {ITEMS} each: rejected {rejected[:CLICKERS].sum()} of {CLICKERS} clickers and "
        f"{rejected[CLICKERS:].sum()} others; clickers outside at % of all items "
        f"{np.round(100 * share[:CLICKERS], 1)}, of their own {np.round(100 * own[:CLICKERS], 1)}"
    )
    assert share.max() <= each / ITEMS, "the share is of what each rated now"
    should = (own > 0.05) & (lopsided < 0.3)
    print(f"    by their own: {should[:CLICKERS].sum()} clickers and {should[CLICKERS:].sum()} others")
    assert should[:CLICKERS].sum() >= 7 and should[CLICKERS:].sum() <= 2
    assert rejected.any() == (each == ITEMS), "other people are rejected now"
PY
"$folder/venv/bin/python" -W ignore "$folder/probe.py"
