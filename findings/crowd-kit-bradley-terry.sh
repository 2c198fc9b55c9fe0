#!/usr/bin/env bash
# Guess: crowd-kit's BradleyTerry gives the maximum-likelihood strengths, as choix does, once n_iter is
#   large; with fewer iterations it gets closer the more it is given, and it stops early only when its
#   scores have stopped moving by `tol`.
# Seen with crowd-kit 1.4.2, choix 0.4.1: it stops after two iterations whatever n_iter is and for every tol
#   above 0, since the scores it compares with are the same array as the new ones and their difference is
#   0. 2 and 10,000 give the same numbers, and nothing is said. On a ladder of nine items, each beating the
#   next in 7 of 10 meetings, the ratio of neighbours should be 7/3 everywhere; it is 1 in the middle,
#   and 1.5 and 1.9 at the two ends. Where every pair meets 12 times the best item's log strength is 0.67
#   for 1.00. Way out: tol=0 never stops early, and 10,000 iterations then give what choix gives.
# Who meets it: whoever compares methods or directions by people's choices between two, where few pairs meet
#   often: differences come out too small, and those far apart in the ladder worst.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet crowd-kit==1.4.2 choix==0.4.1 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
cat > "$folder/probe.py" <<'PY'
import choix
import numpy as np
import pandas as pd
from crowdkit.aggregation import BradleyTerry

ITEMS = 9


def crowd_kit(wins, n_iter, tol=1e-12):
    """log strengths, of mean 0."""
    rows = [("one", f"item {a}", f"item {b}", f"item {a}") for a, b in wins]
    frame = pd.DataFrame(rows, columns=["worker", "left", "right", "label"])
    scores = np.log(BradleyTerry(n_iter=n_iter, tol=tol).fit_predict(frame).sort_index())
    return (scores - scores.mean()).to_numpy()


def differ(name, wins):
    likely = choix.opt_pairwise(ITEMS, wins, alpha=0.0)
    two, many = crowd_kit(wins, 2), crowd_kit(wins, 10_000)
    assert np.allclose(crowd_kit(wins, 10_000, tol=0.0), likely, atol=1e-3), "no way out any more"
    print(name)
    for who, strengths in (("choix", likely), ("crowd-kit, 2", two), ("crowd-kit, 10,000", many)):
        print(f"  {who:18}", np.round(strengths, 2))
    assert np.array_equal(two, many), "more iterations change something now"
    return likely, many


ladder = [(a, a + 1) for a in range(ITEMS - 1) for _ in range(7)]
ladder += [(a + 1, a) for a in range(ITEMS - 1) for _ in range(3)]
likely, many = differ("a ladder, 7 of 10 each", ladder)
assert np.allclose(np.exp(-np.diff(likely)), 7 / 3, atol=1e-3)
assert np.allclose(np.diff(many)[2:6], 0.0), "the middle of the ladder has steps now"

random = np.random.default_rng(1)
true = random.normal(size=ITEMS)
meetings = [(a, b) for a in range(ITEMS) for b in range(a + 1, ITEMS) for _ in range(12)]
wins = [
    (a, b) if random.random() < 1 / (1 + np.exp(true[b] - true[a])) else (b, a) for a, b in meetings
]
likely, many = differ("everybody meets everybody 12 times", wins)
assert round(likely.max(), 2) == 1.0
assert round(many.max(), 2) == 0.67, "it comes closer to the most likely strengths now"
PY
"$folder/venv/bin/python" "$folder/probe.py"
