# Reproduces the main tables of this study from the files in data/, with R alone (no packages):
#
#     Rscript analysis/reproduce.R
#
# Writes results/r_wins.csv and results/r_contests.csv, compares them with results/main_wins.csv and
# results/main_contests.csv, and ends with status 1 where they differ. Nothing hangs on random draws:
# strengths, which are fitted step by step, are equal to 1e-6, all else to 1e-9.

LEVEL <- 0.95
FEWEST_DIRECTIONS <- 4  # of a method, from which on there are errors
SAME <- 1e-12           # shares closer than this are equal
EXACT <- 1e-9
FITTED <- 1e-6
PAIR <- c("generator", "method", "direction", "method_2", "direction_2")

script <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
folder <- if (length(script)) dirname(dirname(normalizePath(script))) else getwd()

data_of <- function(name) {
  path <- Sys.glob(file.path(folder, "data", paste0("*_description-", name, "_data.csv")))
  read.csv(path, colClasses = "character", na.strings = "", check.names = FALSE,
           fileEncoding = "UTF-8")
}

# One row for each pair of directions of two methods: how many judged it (n), how many of them chose
# neither, or both alike (ties), and the mean score, 1 where the first direction was chosen. An
# annotator who is left out, a check item, the hidden second showing and all but the latest revision
# do not count.
pair_scores <- function() {
  judgments <- data_of("judgments")
  annotators <- data_of("annotators")
  counted <- annotators$annotator[annotators$counted == "true"]
  rows <- judgments[judgments$annotator %in% counted & is.na(judgments$check) &
                      judgments[["repeat"]] == "0", ]
  rows <- rows[order(as.integer(rows$revision)), ]
  rows <- rows[!duplicated(rows[c(PAIR, "annotator")], fromLast = TRUE), ]
  rows <- rows[!is.na(rows$score) & rows$method != rows$method_2, ]
  rows$score <- as.numeric(rows$score)
  rows$ties <- as.numeric(rows$score == 0.5)
  rows$n <- 1
  sums <- aggregate(rows[c("n", "ties", "score")], rows[PAIR], sum)
  sums$score <- sums$score / sums$n
  sums
}

# The pairs in which a method stands, as if its direction were the first.
seen_from <- function(pairs, method, other = NULL) {
  turned <- pairs[pairs$method_2 == method, ]
  turned[PAIR] <- turned[PAIR[c(1, 4, 5, 2, 3)]]
  turned$score <- 1 - turned$score
  both <- rbind(pairs[pairs$method == method, ], turned)
  if (is.null(other)) both else both[both$method_2 == other, ]
}

first_of <- function(pairs) paste(pairs$method, pairs$direction, sep = "\r")
second_of <- function(pairs) paste(pairs$method_2, pairs$direction_2, sep = "\r")

# How many directions the method has that has fewest of them in these pairs.
fewest_directions <- function(pairs) {
  ends <- unique(c(first_of(pairs), second_of(pairs)))
  min(table(sub("\r.*$", "", ends)))
}

# The variance of sums over pairs, where those that share a direction vary together. influence: what
# each pair adds to each sum, of mean zero, a matrix of pairs by sums.
variance <- function(influence, pairs) {
  influence <- as.matrix(influence)
  ends <- unique(c(first_of(pairs), second_of(pairs)))
  holds <- outer(ends, first_of(pairs), "==") | outer(ends, second_of(pairs), "==")
  alone <- colSums(influence^2)
  fewest <- fewest_directions(pairs)
  pmax(colSums((holds %*% influence)^2) - alone, alone) * fewest / max(fewest - 1, 1)
}

wilson <- function(share, n, level) {
  z <- qnorm((1 - level) / 2, lower.tail = FALSE)
  middle <- (share + z^2 / (2 * n)) / (1 + z^2 / n)
  reach <- z * sqrt(share * (1 - share) / n + z^2 / (4 * n^2)) / (1 + z^2 / n)
  c(if (share > 0) middle - reach else 0, if (share < 1) middle + reach else 1)
}

# The share of wins in pairs seen from one method, by generator, each counting the same; p is that of
# one half, by the test whose inversion the interval is.
share_of_wins <- function(parts) {
  means <- sapply(parts, function(part) mean(part$score))
  share <- mean(means)
  fewest <- sapply(parts, fewest_directions)
  variances <- sapply(parts, function(part) {
    variance((part$score - mean(part$score)) / nrow(part), part)
  })
  spread <- sum(variances) / length(parts)^2
  least <- sum(fewest)
  trials <- if (spread > SAME^2) max(share * (1 - share) / spread, least) else least
  ends <- c(NA_real_, NA_real_)
  p <- NA_real_
  if (min(fewest) >= FEWEST_DIRECTIONS) {
    freedom <- sum(fewest - 1)
    ends <- wilson(share, trials, 2 * pnorm(qt((1 + LEVEL) / 2, freedom)) - 1)
    p <- 2 * pt(-abs(share - 0.5) / sqrt(0.25 / trials), freedom)
  }
  named <- sapply(parts, function(part) sum(part$n - part$ties))
  won <- sapply(parts, function(part) sum(part$score * part$n - part$ties / 2))
  data.frame(pairs = sum(sapply(parts, nrow)),
             judgments = sum(sapply(parts, function(part) sum(part$n))),
             ties = sum(sapply(parts, function(part) sum(part$ties))),
             wins = share, wins_low = ends[1], wins_high = ends[2],
             decided = if (min(named) > 0) mean(won / named) else NA_real_, p = p)
}

# Whether every method won and lost against the others, directly or through others: strengths are
# finite then.
connected <- function(won) {
  reached <- diag(nrow(won)) > 0 | won > 0
  for (step in seq_len(nrow(won))) reached <- reached %*% reached > 0
  all(reached)
}

# The strengths of the methods of one generator in the model of Bradley and Terry, by glm; their mean
# is 0.
strengths <- function(pairs) {
  names <- sort(unique(c(pairs$method, pairs$method_2)))
  first <- outer(pairs$method, names, "==") * 1
  second <- outer(pairs$method_2, names, "==") * 1
  design <- first - second
  won <- t(first) %*% (pairs$score * second) + t(second) %*% ((1 - pairs$score) * first)
  nothing <- rep(NA_real_, length(names))
  if (!connected(won)) {
    return(data.frame(method = names, strength = nothing, strength_low = nothing,
                      strength_high = nothing))
  }
  # A tie is half a win, which glm warns of: it is no whole number.
  fit <- suppressWarnings(glm(pairs$score ~ design[, -1] - 1, family = binomial,
                              control = glm.control(epsilon = 1e-14, maxit = 100)))
  strength <- c(0, unname(coef(fit)))
  strength <- strength - mean(strength)
  expected <- unname(fitted(fit))
  information <- t(design) %*% (expected * (1 - expected) * design)
  # All strengths may rise together: adding that direction makes the matrix one that has an inverse.
  all_alike <- matrix(1 / length(names), length(names), length(names))
  inverse <- solve(information + all_alike) - all_alike
  influence <- (pairs$score - expected) * design %*% inverse
  fewest <- fewest_directions(pairs)
  reach <- if (fewest < FEWEST_DIRECTIONS) nothing else
    qt((1 + LEVEL) / 2, fewest - 1) * sqrt(variance(influence, pairs))
  data.frame(method = names, strength = strength, strength_low = strength - reach,
             strength_high = strength + reach)
}

win_rows <- function(pairs) {
  rows <- lapply(split(pairs, pairs$generator), function(own) {
    strong <- strengths(own)
    shares <- do.call(rbind, lapply(strong$method, function(method) {
      seen <- seen_from(own, method)
      cbind(data.frame(generator = own$generator[1], method = method,
                       directions = length(unique(seen$direction))), share_of_wins(list(seen)))
    }))
    cbind(shares[names(shares) != "p"], strong[-1])
  })
  do.call(rbind, unname(rows))
}

# The contests of the stored table: which method is named first is for it to say.
contest_rows <- function(pairs, stored) {
  rows <- lapply(seq_len(nrow(stored)), function(i) {
    one <- stored[i, c("generator", "method", "other")]
    own <- if (one$generator == "pooled") pairs else pairs[pairs$generator == one$generator, ]
    parts <- lapply(split(own, own$generator), seen_from, one$method, one$other)
    cbind(one, share_of_wins(parts[sapply(parts, nrow) > 0]))
  })
  if (!length(rows)) return(stored)
  rows <- do.call(rbind, rows)
  rows$p_holm <- rows$p
  known <- !is.na(rows$p)
  rows$p_holm[known] <- p.adjust(rows$p[known], "holm")
  rows
}

# Write the table, and compare it with the stored one.
check <- function(rows, stored, name, key) {
  write.csv(rows, file.path(folder, "results", paste0("r_", name, ".csv")), row.names = FALSE,
            na = "")
  id <- function(table) do.call(paste, c(table[key], sep = "\r"))
  ours <- rows[match(id(stored), id(rows)), ]
  good <- nrow(rows) == nrow(stored) && !anyNA(match(id(stored), id(rows)))
  for (column in setdiff(names(stored), key)) {
    theirs <- as.numeric(stored[[column]])
    mine <- as.numeric(ours[[column]])
    allowed <- if (startsWith(column, "strength")) FITTED else EXACT
    same <- is.na(theirs) == is.na(mine) & (is.na(theirs) | abs(theirs - mine) <= allowed)
    if (!all(same)) cat(name, column, "differs\n")
    good <- good && all(same)
  }
  good
}

# The stored table. A name such as "1" or "NA" is text; an empty cell is an undefined value.
stored_of <- function(name, key) {
  read.csv(file.path(folder, "results", paste0("main_", name, ".csv")), check.names = FALSE,
           colClasses = setNames(rep("character", length(key)), key), na.strings = "",
           fileEncoding = "UTF-8")
}

pairs <- pair_scores()
keys <- list(wins = c("generator", "method"), contests = c("generator", "method", "other"))
stored <- Map(stored_of, names(keys), keys)
wins <- win_rows(pairs)
contests <- contest_rows(pairs, stored$contests)
good <- check(wins, stored$wins, "wins", keys$wins)
good <- check(contests, stored$contests, "contests", keys$contests) && good
print(wins, digits = 3, row.names = FALSE)
print(contests, digits = 3, row.names = FALSE)
cat(if (good) "The tables are those in results.\n" else "The tables are NOT those in results.\n")
quit(status = if (good) 0 else 1)
