"""A task that shows two directions and asks which one changes a single thing."""

from collections import Counter

from study_server.tasks import Question, Summary, Task

WHICH = Question(
    "which",
    "one_of",
    {"en": {"ask": "Which of the two changes one single thing?", "a": "A", "b": "B"}},
    choices=("a", "b"),
)
COLUMNS = {
    "generator": "The frozen network whose latent space is searched.",
    "method": "Where the directions come from.",
    "preferred": "How often a direction of the method was preferred to one of another method.",
    "shown": "How often one stood beside another.",
}


class Pairs(Task):
    name = "preferred"
    shows = 2
    questions = (WHICH,)
    words = {"en": {"instructions.still": "If neither does, choose the clearer one."}}  # noqa: RUF012  nobody changes it

    def score(self, answer):
        return 1 if answer["which"] == "a" else 0

    def items(self, directions, rng):
        """Different methods on one generator; good checks beside still ones, so that A is right."""
        of_kind = {
            kind: [d for d in directions if d.check == kind] for kind in ("", "good", "still")
        }
        studied = rng.sample(of_kind[""], len(of_kind[""]))
        pairs = [(one, other) for i, one in enumerate(studied) for other in studied[i + 1 :]]
        fair = [p for p in pairs if p[0].generator == p[1].generator and p[0].method != p[1].method]
        return [*fair, *((good, still) for good in of_kind["good"] for still in of_kind["still"])]

    def page(self):
        return """{% extends "item.html" %}
{% block pictures %}<p class="compare">Compare the two.</p>
{% for shown in item.shows %}{% with letter = "AB"[loop.index0] %}{% include "pictures.html" %}
{% endwith %}{% endfor %}{% endblock %}
{% block questions %}{% include "questions.html" %}{% endblock %}"""

    def tables(self, judgments):
        shown, preferred = Counter(), Counter()
        for row in judgments[(judgments["repeat"] == 0) & judgments["check"].isna()].itertuples():
            sides = {1: (row.generator, row.method), 0: (row.generator_2, row.method_2)}
            shown.update(sides.values())
            preferred[sides[row.mos]] += 1
        rows = [
            dict(zip(COLUMNS, (*side, preferred[side], n), strict=True))
            for side, n in sorted(shown.items())
        ]
        return [Summary("preferred", "Which method is preferred?", COLUMNS, rows, ["method"])]
