"""What the report says in words: one sentence for each column of its main table."""

COLUMNS = {
    "generator": "The frozen network whose latent space is searched.",
    "method": "Where the directions, the columns of A, come from.",
    "rca_fresh": "Reconstructor classification accuracy: the share of held-out image pairs for "
    "which R names the direction that was moved along; A is frozen and R is trained anew, the "
    "same way for every method, so this is the column to compare.",
    "rca_fresh_low": "Lower end of the 95% interval of rca_fresh: Wilson's over all pairs or, "
    "where it is wider, Student's over the seeds.",
    "rca_fresh_high": "Upper end of that interval.",
    "rca_joint": "The same accuracy of the R that learned together with A; for a frozen A it "
    "equals rca_fresh, because the protocol is the same.",
    "top5": "The share of pairs for which the true direction is among R's five likeliest.",
    "shift_error": "Mean distance between the length eps of the shift and R's estimate of it, in "
    "units of eps.",
    "max_cosine": "Redundancy: the largest |cos| of a direction to any other one, averaged over "
    "directions; 0 is all orthogonal, 1 is each with a twin.",
    "effective_rank": "Redundancy again: how many different directions the k columns amount to.",
    "collapse": "Mean distance between images of different z after the largest shift, divided by "
    "that before it; 1 keeps all variety, near 0 all images have become one, and a high RCA "
    "beside a low value was bought with it.",
    "k": "How many directions R chooses from; only rows of equal k compare.",
    "chance": "The accuracy of guessing, 1 / k.",
    "n": "How many pairs R was asked, over all seeds.",
    "seeds": "How many replicates the row averages.",
    "seconds": "Time of all seeds and phases together: finding A, training the fresh R, "
    "evaluation.",
    "status": "done, or what failed and why.",
}

INTRODUCTION = (
    "Can a reconstructor R tell by which direction an image was moved? Each row is a method on a "
    "generator; `rca_fresh` is the figure to compare, with its 95% interval in brackets. It is "
    "bold where that interval lies above those of all other methods on the same generator."
)

RECOVERY = (
    "Here the true directions are known. Recovery is the mean |cos| between them and the found "
    "directions matched to them one to one; 1 is perfect."
)

RECIPE = (
    "Every configuration that was tried, the best `rca_fresh` of each generator and method first. "
    "The first columns are the settings in which they differ; the columns named seconds give the "
    "time of each phase; the others are explained in rca.md."
)

NAMED = (
    "What directions seem to do, in the words of those who looked. A name beside a MOS comes from "
    "annotators of a blinded study. A name without one was written by hand, by somebody who knew "
    "the method and chose what to name: it says what to look for, and measures nothing."
)

COMPARISON = {
    "generator": "The generator, or several joined by +, which then count the same.",
    "method": "The method that is compared.",
    "baseline": "What it is compared with: on the same questions, with the same K and budget.",
    "directions": "How many pairs of directions: the k-th of the method with the k-th of the "
    "baseline, both asked about with the same images and shifts.",
    "seeds": "How many runs of both; a direction's accuracy is averaged over them first.",
    "rca_difference": "rca_fresh of the method less that of the baseline, the mean over "
    "directions; above 0 the method is ahead.",
    "rca_difference_low": "Lower end of its 95% interval, from a bootstrap over directions.",
    "rca_difference_high": "Upper end of that interval.",
    "rca_p": "How often chance alone gives a difference this large: two-sided, by swapping the "
    "labels of method and baseline within pairs.",
    "rca_p_adjusted": "The same after Holm's correction over all rows with an rca_p; below 0.05 "
    "the difference is more than chance.",
    "rca_by_seed": "The difference in each run by itself: the test speaks of these trained runs, "
    "and here their own luck shows.",
    "note": "Why a figure is missing, or what makes the two sides unequal.",
}

COMPARISON_OF_STUDY = {
    "mos_directions": "How many judged directions: of the method, and of the baseline.",
    "mos_difference": "MOS of the method less that of the baseline. MOS is the share of answers "
    "that say the direction does one thing, and the same thing for different z.",
    "mos_difference_low": "Lower end of its 95% interval, from a bootstrap over directions.",
    "mos_difference_high": "Upper end of that interval.",
    "mos_odds_ratio": "The odds of a yes for the method, divided by those for the baseline.",
    "mos_p": "How often chance alone gives a difference this large: two-sided, by permuting "
    "method labels over directions.",
    "mos_p_adjusted": "The same after Holm's correction over all rows with a mos_p.",
    "answers": "Who judged: people, or simulated annotators.",
}

COMPARISON_NOTE = (
    "A high RCA alone is no good result: read it beside max_cosine, effective_rank and collapse "
    "in the main table."
)

ABLATIONS = {
    "k": (
        "Ablation over K, the number of directions",
        "RCA at different K does not compare: chance is 1 / K, and fewer directions are easier to "
        "tell apart. Compare methods at equal K; down the rows compare what a direction costs: "
        "max_cosine, and effective_rank against k.",
    ),
    "lambda": (
        "Ablation over lambda, the weight of the shift loss",
        "The loss is the classification loss plus lambda times the shift loss, for A as for R. So "
        "a large lambda turns the fresh R away from naming directions too, and rca_fresh falls "
        "for both reasons. At lambda 0 no shift is learned, of either kind of loss, and "
        "shift_error only says how long shifts are.",
    ),
}

ABLATED = {
    "lambda": "Weight of the shift loss beside the classification loss.",
    "shift_loss": "Mean squared (mse) or mean absolute (mae) error of the estimated eps.",
}

FIGURES = {  # of the run, in the order of the page: its title, and what it shows
    "rca": (
        "RCA of each method",
        "Of a fresh R, with its 95% interval; hollow points are seeds, the dotted line is chance.",
    ),
    "price": (
        "What it was bought with",
        "RCA against redundancy (max_cosine) and collapse. The worse end is on the right; small "
        "points are seeds.",
    ),
    "directions": (
        "Direction by direction",
        "Accuracy of each direction, the best first: do few directions carry RCA, or all? Lines "
        "are means over seeds, bands their range.",
    ),
    "shifts": ("By length of the shift", "Accuracy by |eps|, with 95% Wilson bands."),
    "curves": (
        "Training",
        "Accuracy and loss on training batches; lines are means over seeds, bands their range.",
    ),
    "confusion": (
        "Confusion",
        "Which direction R takes for which. Those that are confused stand side by side; a clear "
        "diagonal is a good R.",
    ),
    "ablation_k": ("Over K", "What becomes of the directions as there are more of them."),
    "ablation_lambda": ("Over lambda", "What becomes of them as the shift loss weighs more."),
}

STUDY_FIGURES = {
    "mos": (
        "MOS of each method",
        "Mean opinion score with its 95% interval; hollow points are directions.",
    ),
    "change_types": (
        "Kinds of change",
        "What the directions change, as shares of all answers that name a kind.",
    ),
    "rca_mos": (
        "RCA against MOS",
        "A point a direction: does R's accuracy predict what annotators see?",
    ),
}

OF_A_SEED = {
    "seed": "Names the random numbers of one run.",
    "recovery": "Mean |cos| between true directions and found ones, where the true ones are "
    "known; 1 is perfect.",
    "seconds_fit": "Seconds to find A.",
    "seconds_fresh": "Seconds to train the fresh R.",
    "seconds_evaluation": "Seconds to ask R, and to measure collapse.",
    "rca_joint_low": "Lower end of the 95% interval of rca_joint, Wilson's.",
    "rca_joint_high": "Upper end of that interval.",
}

SETTINGS = {
    "generator": COLUMNS["generator"],
    "method": COLUMNS["method"],
    "k": "Number of directions K.",
    "reconstructor": "The network R.",
    "steps": "Training steps of R, and of A with it.",
    "batch": "Image pairs a step.",
    "lr": "Peak learning rate of R, for Adam.",
    "schedule": "How the rate goes over training.",
    **ABLATED,
    "max_shift": "Largest |eps|.",
    "min_shift": "Smallest |eps|.",
    "evaluation": "Held-out image pairs that R is asked about.",
    "own settings": "Settings of the method itself.",
    "configuration": "The hash of all settings; part of the folder's name of each run.",
    "generator's weights": "The beginning of their SHA-256.",
}
