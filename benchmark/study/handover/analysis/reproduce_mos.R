# Reproduces the main tables of this study from the files in data/, with R alone (no packages):
#
#     Rscript analysis/reproduce.R
#
# Writes results/r_methods.csv and results/r_comparisons.csv, compares them with
# results/main_methods.csv and results/main_comparisons.csv, and ends with status 1 where they
# differ. What is computed in closed form is equal to 1e-9. What hangs on random draws (the ends of
# a bootstrap interval, and a p that is not exact) lies within what 10,000 draws leave open.

LEVEL <- 0.95
RESAMPLES <- 10000
SHUFFLES <- 9999
FEWEST_UNITS <- 8        # directions a method, from which on its interval is a bootstrap
FEWEST_ARRANGEMENTS <- 40  # of labels, from which on there is a p
SAME <- 1e-12            # values closer than this are equal
EXACT <- 1e-9

script <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
folder <- if (length(script)) dirname(dirname(normalizePath(script))) else getwd()
set.seed(1)

data_of <- function(name) {
  path <- Sys.glob(file.path(folder, "data", paste0("*_description-", name, "_data.csv")))
  read.csv(path, colClasses = "character", na.strings = "", check.names = FALSE,
           fileEncoding = "UTF-8")
}

# One row for each rated direction: how many said yes, of how many. An annotator who is left out,
# a check item, the hidden second showing and all but the latest revision do not count.
direction_scores <- function() {
  judgments <- data_of("judgments")
  annotators <- data_of("annotators")
  counted <- annotators$annotator[annotators$counted == "true"]
  key <- c("generator", "method", "direction")
  rows <- judgments[judgments$annotator %in% counted & is.na(judgments$check) &
                      judgments[["repeat"]] == "0", ]
  rows <- rows[order(as.integer(rows$revision)), ]
  rows <- rows[!duplicated(rows[c(key, "annotator")], fromLast = TRUE), ]
  rows <- rows[!is.na(rows$mos), ]
  rows$yes <- as.numeric(rows$mos)
  rows$n <- 1
  scores <- aggregate(cbind(yes, n) ~ generator + method + direction, rows, sum)
  scores$mos <- scores$yes / scores$n
  scores
}

wilson <- function(successes, n, level = LEVEL) {
  z <- qnorm((1 - level) / 2, lower.tail = FALSE)
  share <- successes / n
  middle <- (share + z^2 / (2 * n)) / (1 + z^2 / n)
  reach <- z * sqrt(share * (1 - share) / n + z^2 / (4 * n^2)) / (1 + z^2 / n)
  c(if (successes > 0) middle - reach else 0, if (successes < n) middle + reach else 1)
}

# Wilson's interval of the mean of shares, by how many independent answers they are worth.
clustered_wilson <- function(shares) {
  units <- length(shares)
  spread <- var(shares) / units
  trials <- if (spread > SAME^2) max(mean(shares) * (1 - mean(shares)) / spread, units) else units
  level <- min(2 * pnorm(qt((1 + LEVEL) / 2, units - 1)) - 1, 1 - 1e-12)
  wilson(mean(shares) * trials, trials, level)
}

# The interval of the weighted sum of the means of groups: a BCa bootstrap over directions or, where
# there are few directions or all are alike, one from clustered Wilson intervals. reach: how far the
# ends of other draws may lie from these.
interval <- function(groups, weights) {
  sizes <- lengths(groups)
  value <- sum(weights * sapply(groups, mean))
  if (min(sizes) < 2) return(list(ends = c(NA, NA), reach = c(EXACT, EXACT)))
  alike <- all(sapply(groups, function(group) diff(range(group)) <= SAME))
  if (min(sizes) < FEWEST_UNITS || alike) {
    means <- weights * sapply(groups, mean)
    ends <- sapply(seq_along(groups), function(i) sort(weights[i] * clustered_wilson(groups[[i]])))
    return(list(ends = c(value - sqrt(sum((means - ends[1, ])^2)),
                         value + sqrt(sum((ends[2, ] - means)^2))), reach = c(EXACT, EXACT)))
  }
  resampled <- rowSums(mapply(function(group, weight) {
    drawn <- matrix(sample(group, length(group) * RESAMPLES, replace = TRUE), RESAMPLES)
    weight * rowMeans(drawn)
  }, groups, weights))
  influence <- unlist(mapply(function(group, weight) {
    weight * (group - mean(group)) / length(group)
  }, groups, weights, SIMPLIFY = FALSE))
  gap <- resampled - value
  tie <- abs(gap) <= SAME
  below <- mean(gap < 0 & !tie) + mean(tie) / 2
  bias <- qnorm(min(max(below, 1 / RESAMPLES), 1 - 1 / RESAMPLES))
  acceleration <- sum(influence^3) / (6 * sum(influence^2)^1.5)
  units <- min(sizes)
  quantile_t <- qt((1 + LEVEL) / 2, length(groups) * (units - 1)) * sqrt(units / (units - 1))
  tails <- bias + c(-1, 1) * quantile_t
  z <- bias + tails / (1 - acceleration * tails)
  ends <- quantile(resampled, pnorm(z), type = 7)
  # Five standard errors of a difference of two drawn quantiles, and three steps of the grid on which
  # means of few values lie.
  slack <- 5 * sqrt(2 * pnorm(z) * pnorm(-z) / RESAMPLES) / dnorm(z) + 0.1
  step <- max(mapply(function(group, weight) {
    gaps <- diff(sort(unique(group)))
    if (length(gaps)) abs(weight) * min(gaps) / length(group) else 0
  }, groups, weights))
  reach <- pmax(ends - quantile(resampled, pnorm(z - slack)),
                quantile(resampled, pnorm(z + slack)) - ends) + 3 * step
  list(ends = unname(ends), reach = unname(reach))
}

# The t interval of the same sum (Welch and Satterthwaite for several groups).
t_interval <- function(groups, weights) {
  sizes <- lengths(groups)
  if (min(sizes) < 2) return(c(NA, NA))
  parts <- weights^2 * sapply(groups, var) / sizes
  if (sum(parts) == 0) return(c(NA, NA))
  freedom <- sum(parts)^2 / sum(parts^2 / (sizes - 1))
  value <- sum(weights * sapply(groups, mean))
  value + c(-1, 1) * qt((1 + LEVEL) / 2, freedom) * sqrt(sum(parts))
}

# Two-sided mid-p: how often other labels of the directions give as large a difference. Labels move
# within a generator. Exact where there are few arrangements, else over random ones.
permutation_p <- function(pairs) {
  arrangements <- prod(sapply(pairs, function(pair) choose(sum(lengths(pair)), length(pair[[1]]))))
  if (arrangements < FEWEST_ARRANGEMENTS) return(list(p = NA, exact = FALSE))
  observed <- sum(sapply(pairs, function(pair) mean(pair[[1]]) - mean(pair[[2]])))
  difference <- function(pair, sums) {
    sums / length(pair[[1]]) - (sum(unlist(pair)) - sums) / length(pair[[2]])
  }
  exact <- arrangements <= SHUFFLES
  nulls <- lapply(pairs, function(pair) {
    values <- unlist(pair)
    first <- length(pair[[1]])
    sums <- if (exact) {
      combn(length(values), first, function(chosen) sum(values[chosen]))
    } else {
      replicate(SHUFFLES, sum(sample(values, first)))
    }
    difference(pair, sums)
  })
  null <- if (exact) Reduce(function(a, b) as.vector(outer(a, b, "+")), nulls) else
    c(Reduce(`+`, nulls), observed)
  gap <- null - observed
  above <- mean(gap > SAME) + mean(abs(gap) <= SAME) / 2
  list(p = 2 * min(above, 1 - above), exact = exact)
}

holm <- function(p) {
  adjusted <- p
  adjusted[!is.na(p)] <- p.adjust(p[!is.na(p)], "holm")
  adjusted
}

method_rows <- function(scores) {
  groups <- split(scores, list(scores$generator, scores$method), drop = TRUE)
  do.call(rbind, lapply(unname(groups), function(rows) {
    found <- interval(list(rows$mos), 1)
    t_ends <- t_interval(list(rows$mos), 1)
    above <- wilson(sum(rows$mos > 0.5), nrow(rows))
    data.frame(generator = rows$generator[1], method = rows$method[1], directions = nrow(rows),
               ratings = sum(rows$n), mos = mean(rows$mos), mos_low = found$ends[1],
               mos_high = found$ends[2], mos_t_low = t_ends[1], mos_t_high = t_ends[2],
               interpretable = mean(rows$mos > 0.5), interpretable_low = above[1],
               interpretable_high = above[2], low_reach = found$reach[1],
               high_reach = found$reach[2])
  }))
}

comparison_row <- function(pairs, name, method, baseline) {
  sizes <- c(sum(sapply(pairs, function(pair) nrow(pair[[1]]))),
             sum(sapply(pairs, function(pair) nrow(pair[[2]]))))
  row <- data.frame(generator = name, method = method, baseline = baseline,
                    method_directions = sizes[1], baseline_directions = sizes[2],
                    difference = NA_real_, difference_low = NA_real_, difference_high = NA_real_,
                    difference_t_low = NA_real_, difference_t_high = NA_real_,
                    odds_ratio = NA_real_, p = NA_real_, exact = FALSE, low_reach = EXACT,
                    high_reach = EXACT)
  if (any(sizes == 0)) return(row)
  shares <- lapply(pairs, function(pair) lapply(pair, function(rows) rows$mos))
  groups <- unlist(shares, recursive = FALSE)
  weights <- rep(c(1, -1), length(pairs)) / length(pairs)
  both <- sapply(1:2, function(side) mean(sapply(shares, function(pair) mean(pair[[side]]))))
  found <- interval(groups, weights)
  test <- permutation_p(shares)
  row$difference <- both[1] - both[2]
  row[c("difference_low", "difference_high")] <- found$ends
  row[c("difference_t_low", "difference_t_high")] <- t_interval(groups, weights)
  if (all(both > 0 & both < 1)) row$odds_ratio <- both[1] / (1 - both[1]) * (1 - both[2]) / both[2]
  row$p <- test$p
  row$exact <- test$exact
  row[c("low_reach", "high_reach")] <- found$reach
  row
}

comparison_rows <- function(scores) {
  roles <- unique(data_of("directions")[c("method", "role")])
  under_test <- sort(intersect(roles$method[roles$role %in% "method"], scores$method))
  baselines <- sort(intersect(roles$method[roles$role %in% "baseline"], scores$method))
  generators <- sort(unique(scores$generator))
  rows <- list()
  for (method in under_test) for (baseline in baselines) {
    pairs <- lapply(generators, function(generator) {
      lapply(c(method, baseline), function(name) {
        scores[scores$generator == generator & scores$method == name, ]
      })
    })
    names(pairs) <- generators
    for (generator in generators) {
      rows <- c(rows, list(comparison_row(pairs[generator], generator, method, baseline)))
    }
    both <- pairs[sapply(pairs, function(pair) all(sapply(pair, nrow) > 0))]
    if (length(both) > 1) rows <- c(rows, list(comparison_row(both, "pooled", method, baseline)))
  }
  if (!length(rows)) return(NULL)
  rows <- do.call(rbind, rows)
  rows$p_holm <- holm(rows$p)
  rows
}

# Write the table without the columns that only the check needs, and compare it with the stored one.
check <- function(rows, name, key) {
  path <- file.path(folder, "results", paste0("main_", name, ".csv"))
  # A name such as "1" or "NA" is text; an empty cell is an undefined value.
  text <- setNames(rep("character", length(key)), key)
  stored <- read.csv(path, check.names = FALSE, colClasses = text, na.strings = "",
                     fileEncoding = "UTF-8")
  shown <- rows[setdiff(names(rows), c("low_reach", "high_reach"))]
  write.csv(shown, file.path(folder, "results", paste0("r_", name, ".csv")), row.names = FALSE,
            na = "")
  id <- function(table) do.call(paste, c(table[key], sep = "\r"))
  ours <- rows[match(id(stored), id(rows)), ]
  good <- nrow(rows) == nrow(stored) && !anyNA(match(id(stored), id(rows)))
  tests <- nrow(rows)
  for (column in setdiff(intersect(names(stored), names(rows)), c(key, "exact"))) {
    allowed <- rep(EXACT, nrow(stored))
    if (column %in% c("mos_low", "difference_low")) allowed <- ours$low_reach
    if (column %in% c("mos_high", "difference_high")) allowed <- ours$high_reach
    if (column %in% c("p", "p_holm")) {
      of_p <- 5 * sqrt(2 * stored$p * (1 - stored$p) / SHUFFLES) + 0.001
      drawn <- if (column == "p") !ours$exact else any(!ours$exact)
      allowed <- ifelse(drawn, of_p * (if (column == "p") 1 else tests), EXACT)
    }
    theirs <- as.numeric(stored[[column]])
    mine <- as.numeric(ours[[column]])
    same <- is.na(theirs) == is.na(mine) & (is.na(theirs) | abs(theirs - mine) <= allowed)
    if (!all(same)) cat(name, column, "differs\n")
    good <- good && all(same)
  }
  good
}

scores <- direction_scores()
methods <- method_rows(scores)
comparisons <- comparison_rows(scores)
good <- check(methods, "methods", c("generator", "method"))
print(methods[c("generator", "method", "directions", "ratings", "mos", "mos_low", "mos_high")],
      digits = 3, row.names = FALSE)
if (!is.null(comparisons)) {
  good <- check(comparisons, "comparisons", c("generator", "method", "baseline")) && good
  print(comparisons[c("generator", "method", "baseline", "difference", "difference_low",
                      "difference_high", "p", "p_holm")], digits = 3, row.names = FALSE)
}
cat(if (good) "The tables are those in results.\n" else "The tables are NOT those in results.\n")
quit(status = if (good) 0 else 1)
