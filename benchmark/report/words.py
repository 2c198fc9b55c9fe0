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
