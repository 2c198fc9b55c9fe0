"""What the report says in words: one sentence for each column of its tables."""

from benchmark.metrics import HEADLINE, METRICS
from benchmark.metrics.measures import measures_of
from benchmark.stats.new_runs import FEWEST_SEEDS
from benchmark.tables.table import Column

PLACE = {
    "generator": Column("The frozen network whose latent space is searched.", "text"),
    "method": Column("Where the directions, the columns of A, come from.", "text"),
}

FACTS = {  # of a row of the main table, whatever was measured
    "k": Column("How many directions R chooses from; only rows of equal k compare.", "number"),
    "chance": Column("The accuracy of guessing, 1 / k."),
    "n": Column("How many pairs R was asked, over all seeds.", "count"),
    "seeds": Column("How many replicates the row averages.", "count"),
    "seconds": Column(
        "Time of all seeds and phases together: finding A, training the fresh R, evaluation.",
        "seconds",
    ),
    "status": Column("done, or what failed or was skipped, and why.", "text"),
}

INTRODUCTION = (
    "Can a reconstructor R tell by which direction an image was moved? Each row is a method on a "
    f"generator; `{HEADLINE}` is the figure to compare, with its 95% interval in brackets. It is "
    "bold where the comparison, or that of each with each in pairs.csv, finds the method ahead of "
    "every other one on the same generator, on equal terms, over the same seeds and with an "
    "adjusted p below 0.05."
)

MORE_METRICS = (
    "What else was measured, in the rows of the main table; an empty cell is a metric that cannot "
    "be computed there, as without known factors or without a judge of the generator's data."
)

RECIPE = (
    f"Every configuration that was tried, the best `{HEADLINE}` of each generator and method "
    "first. The first columns are the settings in which they differ; the columns named seconds "
    "give the time of each phase; the others are explained in rca.md."
)

NAMED = (
    "What directions seem to do, in the words of those who looked. A name beside a MOS comes from "
    "annotators of a blinded study. A name without one was written by hand, by somebody who knew "
    "the method and chose what to name: it says what to look for, and measures nothing."
)

COMPARISON = {
    "generator": Column(
        "The generator; `all` of the table, or several joined by +, count the same each.", "text"
    ),
    "method": Column("The method that is compared.", "text"),
    "baseline": Column(
        "What it is compared with: on the same questions, with the same K and budget.", "text"
    ),
    "directions": Column(
        "How many pairs of directions: the k-th of the method with the k-th of the baseline, "
        "both asked about with the same images and shifts.",
        "count",
    ),
    "seeds": Column(
        "How many runs of both; a direction's accuracy is averaged over them first.", "count"
    ),
    "rca_difference": Column(
        f"{HEADLINE} of the method less that of the baseline, the mean over directions; above "
        "0 the method is ahead. Each direction counts the same, in the main table each question: "
        "so the difference of two figures there may be another one in the third digit.",
        "difference",
    ),
    "rca_difference_low": Column(
        "Lower end of its 95% interval, from a bootstrap over directions. Like rca_p it speaks of "
        "these trained runs: luck that all directions of a run share is not in it.",
        "difference",
    ),
    "rca_difference_high": Column("Upper end of that interval.", "difference"),
    "rca_p": Column(
        "How often chance alone gives a difference this large between these trained runs: "
        "two-sided, by swapping the labels of method and baseline within pairs of directions.",
        "p",
    ),
    "rca_p_adjusted": Column(
        "The same after Holm's correction over all rows with an rca_p; below 0.05 these trained "
        "runs differ by more than chance. Whether new runs would is another question, which "
        "rca_p_new_runs answers.",
        "p",
    ),
    "rca_by_seed": Column(
        "The difference in each run by itself, where the luck of runs shows.",
        "text",
    ),
    "rca_difference_new_runs": Column(
        "What new runs of both would differ by: the mean over seeds, each of which counts as one "
        f"observation. It needs at least {FEWEST_SEEDS} seeds.",
        "difference",
    ),
    "rca_difference_new_runs_low": Column(
        "Lower end of its 95% interval, Student's t over seeds: luck that all directions of a run "
        "share is in it.",
        "difference",
    ),
    "rca_difference_new_runs_high": Column("Upper end of that interval.", "difference"),
    "rca_p_new_runs": Column(
        "How often chance alone gives runs that differ this much: two-sided, Student's t test of "
        "the differences, paired by seed.",
        "p",
    ),
    "rca_p_new_runs_adjusted": Column(
        "The same after Holm's correction over all rows with an rca_p_new_runs; below 0.05 new "
        "runs of the two can be expected to differ as well.",
        "p",
    ),
    "rca_p_new_runs_signs": Column(
        "A check of rca_p_new_runs that assumes no bell curve: exact, by turning the signs of the "
        "seeds' differences, ties by halves; not adjusted. Few seeds have few signs, so it cannot "
        "be below 0.016 with 6 of them.",
        "p",
    ),
    "note": Column("Why a figure is missing, or what makes the two sides unequal.", "text"),
}

COMPARISON_OF_STUDY = {
    "mos_directions": Column(
        "How many judged directions: of the method, and of the baseline.", "text"
    ),
    "mos_difference": Column(
        "MOS of the method less that of the baseline. MOS is the share of answers that say "
        "the direction does one thing, and the same thing for different z.",
        "difference",
    ),
    "mos_difference_low": Column(
        "Lower end of its 95% interval, from a bootstrap over directions.", "difference"
    ),
    "mos_difference_high": Column("Upper end of that interval.", "difference"),
    "mos_odds_ratio": Column(
        "The odds of a yes for the method, divided by those for the baseline.", "ratio"
    ),
    "mos_p": Column(
        "How often chance alone gives a difference this large: two-sided, by permuting "
        "method labels over directions.",
        "p",
    ),
    "mos_p_adjusted": Column("The same after Holm's correction over all rows with a mos_p.", "p"),
    "answers": Column("Who judged: people, or simulated annotators.", "text"),
}

COMPARISON_NOTE = "A high RCA alone is no good result: read it beside {prices} in the main table."

ON_THE_BOARD = (
    f"All methods on all generators, the best mean place first. A `{HEADLINE}` is bold where it is "
    "surely ahead of every other method's on that generator: on equal terms, over the same seeds "
    "and by the adjusted p of pairs.csv, which compares each with each; matrix.md does for all "
    "generators together."
)

LEADERBOARD = {
    "mean place": Column(
        "The method's place on a generator, 1 the best, averaged over generators. In brackets the "
        "places it may have: behind each method that is surely ahead of it, before each that it is "
        "surely ahead of, by the adjusted p of pairs.csv.",
        "ratio",
        better="low",
    ),
    "mean place_low": Column("The best place that it may have.", "ratio"),
    "mean place_high": Column("The worst place that it may have.", "ratio"),
    "seconds": Column(
        "Seconds of one cell, averaged over the generators that all methods have on equal terms: "
        "finding A, training the fresh R, evaluation. Cells of one run share work, so a method in "
        "other company costs more.",
        "seconds",
        better="low",
    ),
    "passes": Column(
        "Passes of G: thousands of images of one cell, averaged over the same, to find A and to "
        "train the fresh R. One that methods share counts for each, one made only as far as a "
        "layer counts as one, and those of the evaluation, the same for all, are left out. Empty "
        "where a run of an earlier version did not count them.",
        "number",
        better="low",
        optional=True,
    ),
    "backward": Column(
        "Those of them through which a gradient came back, in thousands.",
        "number",
        better="low",
        optional=True,
    ),
}

MATRIX = (
    f"`{HEADLINE}` of the row less that of the column, the mean over directions, which count the "
    "same, and over generators that both have. A star: more than chance between these trained "
    "runs, at an adjusted p below 0.05 over all pairs on every generator and together."
)

ABLATIONS = {
    "k": (
        "Ablation over K, the number of directions",
        "RCA at different K does not compare: chance is 1 / K, and fewer directions are easier to "
        "tell apart. Compare methods at equal K; down the rows compare what a direction costs: "
        "{prices}, as far as they do not grow with k by themselves.",
    ),
    "lambda": (
        "Ablation over lambda, the weight of the shift loss",
        "The loss is the classification loss plus lambda times the shift loss, for A as for R. So "
        f"a large lambda turns the fresh R away from naming directions too, and {HEADLINE} falls "
        "for both reasons. At lambda 0 no shift is learned, of either kind of loss, and "
        "R's error in it only says how long shifts are.",
    ),
    "steps": (
        "Convergence: the same comparison with more steps",
        "Each row is a training of its own, of so many steps of A and of R, all else equal. "
        f"Where {HEADLINE} still moves from one number of steps to its double, a shorter run "
        "compares how fast methods and R learn, not only what was found.",
    ),
}

TIMES_CHANCE = "times_chance"

NO_LOSS = "none"  # the kind of shift loss where it has no weight

ABLATED = {
    TIMES_CHANCE: Column(
        f"{HEADLINE} divided by chance: how many times better than guessing, which compares across "
        "k as accuracy does not.",
        "number",
        better="high",
        label="times chance",
        optional=True,
    ),
    "steps": Column("Training steps of R, and of A where it learns.", "number"),
    "lambda": Column("Weight of the shift loss beside the classification loss.", "text"),
    "shift_loss": Column(
        "Mean squared (mse) or mean absolute (mae) error of the estimated eps.", "text"
    ),
}

OF_A_SEED = {
    "seed": Column("Names the random numbers of one run.", "number"),
    "config_hash": Column("The hash of all settings.", "text"),
    "seconds_fit": Column("Seconds to find A.", "seconds"),
    "seconds_fresh": Column("Seconds to train the fresh R.", "seconds"),
    "passes_fit": Column("Images of G to find A, or their features.", "count"),
    "passes_fresh": Column("Images of G to train the fresh R.", "count"),
    "backward_fit": Column(
        "Those of the images to find A through which a gradient came back.", "count"
    ),
    "backward_fresh": Column("The same of the fresh R's; no gradient is needed there.", "count"),
    "seconds_evaluation": Column("Seconds to ask R, and to measure the directions.", "seconds"),
}

OF_A_DIRECTION = {
    **PLACE,
    "seed": OF_A_SEED["seed"],
    "k": Column("The direction's number, counted from 0.", "number"),
}

SETTINGS = {
    **PLACE,
    "k": Column("Number of directions K.", "number"),
    "reconstructor": Column("The network R.", "text"),
    "steps": Column("Training steps of R, and of A with it.", "number"),
    "batch": Column("Image pairs per step.", "number"),
    "lr": Column("Peak learning rate of R, for Adam.", "text"),
    "schedule": Column("How the rate goes over training.", "text"),
    **ABLATED,
    "max_shift": Column(
        "Largest |eps|: of z in its own units, of w in standard deviations along the direction.",
        "text",
    ),
    "min_shift": Column("Smallest |eps|, in the same.", "text"),
    "evaluation": Column("Held-out image pairs that R is asked about.", "number"),
    "own settings": Column("Settings of the method itself.", "text"),
    "configuration": Column(
        "The hash of all settings; part of the folder's name of each run.", "text"
    ),
    "generator's options": Column(
        "Options of the generator that were given: the space of the shifts, its truncation.", "text"
    ),
    "generator's weights": Column("The beginning of their SHA-256.", "text"),
}


def priced(words: str) -> str:
    """The words, with the columns that say what a high RCA was bought with at `{prices}`."""
    columns = measures_of(METRICS).of_prices
    return words.replace("{prices}", " and ".join(", ".join(columns).rsplit(", ", 1)))
