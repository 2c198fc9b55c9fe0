"""What stands above each figure of the report: its title, and what it shows."""

FIGURES = {  # of the run, in the order of the page
    "rca": (
        "RCA of each method",
        "Of a fresh R, with its 95% interval; hollow points are seeds, the dotted line is chance.",
    ),
    "price": (
        "What it was bought with",
        "RCA, and beside it what a high one can be bought with, a panel each with its own range. "
        "The better end is on the right; small points are seeds.",
    ),
    "directions": (
        "Direction by direction",
        "Accuracy of each direction, the best first: do few directions carry RCA, or all? Lines "
        "are means over seeds, bands their range.",
    ),
    "shifts": ("By length of the shift", "Accuracy by |eps|, with 95% Wilson bands."),
    "order": (
        "The order by length of the shift",
        "The mean place, 1 the best, over the generators on which all methods compare, when only "
        "shifts of that length count: does the order of methods hold, or is it one of long shifts "
        "alone?",
    ),
    "curves": (
        "Training",
        "Accuracy and loss on training batches; lines are means over seeds, bands their range.",
    ),
    "confusion": (
        "Confusion",
        "Which direction R takes for which. Those that are confused stand side by side; a clear "
        "diagonal is a good R. The colour goes by the square root of the share, so that rare "
        "confusions show: half the colour is a quarter.",
    ),
    "ablation_k": ("Over K", "What becomes of the directions as there are more of them."),
    "ablation_steps": (
        "Over the steps",
        "What more training changes, each point a run of its own.",
    ),
    "ablation_lambda": ("Over lambda", "What becomes of them as the shift loss weighs more."),
}

STUDY_FIGURES = {
    "mos": (
        "MOS of each method",
        "Mean opinion score with its 95% interval; hollow points are directions, n their number.",
    ),
    "change_types": (
        "Kinds of change",
        "What the directions change: each one's shares of the kinds that were named, averaged "
        "over the directions that were given any. Beside a bar stands how many those are.",
    ),
    "rca_mos": (
        "RCA against MOS",
        "One point per direction: does R's accuracy predict what annotators see? Points of one "
        "MOS that would hide each other are stacked around it. The rank correlation is of all "
        "methods together, with its 95% interval.",
    ),
}
