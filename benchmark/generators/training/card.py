"""The model card beside a generator's weights: what it is, where it comes from, how good it is."""

from collections.abc import Mapping

from benchmark.generators.training.judge_tasks import Classes, Contrast, HasAttributes
from benchmark.generators.training.sample_quality import Quality, Seen

WIDEST = 6  # attributes that a card names


def model_card(name: str, facts: Mapping[str, str], quality: Quality) -> str:
    """Markdown for `<name>.md`, which lies beside `<name>.safetensors` and `<name>.png`.

    facts: rows of the first table, such as data, licence, steps and versions, in order.
    """
    rows = "\n".join(f"| {key} | {value} |" for key, value in facts.items())
    return f"""# {name}

| | |
|---|---|
{rows}

## Quality

{quality_table(quality)}

## Samples

![samples of {name}]({name}.png)

A hundred latents, not chosen.
"""


def quality_table(quality: Quality) -> str:
    """What the judge saw, in words, as a markdown table; real images stand beside samples."""
    columns = (quality.made, quality.half, quality.test)
    rows = [
        (
            "How far from the real images? Frechet distance in the judge's features",
            *(f"{seen.frechet:.2f}" for seen in columns),
        )
    ]
    if quality.made.confidence is not None:
        question = "How sure is the judge of what it sees? Mean probability of its answers"
        rows.append((question, *(f"{seen.confidence:.4f}" for seen in columns)))
    match quality.task:
        case Classes():
            question = "Is every class made? Rarest and most frequent class, %"
            rows.append((question, *(_range(seen.shares) for seen in columns)))
        case HasAttributes():
            question = "Is each attribute made as often? Mean difference in share, % points"
            gaps = (_gaps(seen, quality) for seen in columns)
            rows.append((question, *(f"{100 * sum(gap) / len(gap):.2f}" for gap in gaps)))
    n = f"{quality.samples:,}"
    lines = [
        f"| | {n} samples | {n} real training images | {n} real test images |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    parts = ["\n".join(lines)]
    if quality.task.names:
        parts.append(_shares(quality))
    if quality.early_frechet is not None:
        parts.append(
            f"After the first {quality.early_step:,} steps of its training the generator's images "
            f"were {quality.early_side} pixels wide and their distance was "
            f"{quality.early_frechet:.2f}."
        )
    parts.append(f"""{_judge(quality)}

All distances are from the same {quality.reference:,} training images, a random half of them, and of
equally many images, so they carry the same bias of sample size. The real training images are of the
other half: no generator is expected to come nearer than they do. The judge never saw the test
images.""")
    return "\n\n".join(parts)


def _range(shares: tuple[float, ...]) -> str:
    return f"{100 * min(shares):.1f} to {100 * max(shares):.1f}"


def _gaps(seen: Seen, quality: Quality) -> list[float]:
    """How far each share is from that of the reference images, 0 to 1."""
    pairs = zip(seen.shares, quality.reference_shares, strict=True)
    return [abs(share - reference) for share, reference in pairs]


def _shares(quality: Quality) -> str:
    """The share of each class, or of the attributes that the generator gets most wrong."""
    names, shares = quality.task.names, quality.made.shares
    if isinstance(quality.task, Classes):
        each = (f"{name}: {100 * share:.1f}" for name, share in zip(names, shares, strict=True))
        return f"Share of each class in the samples, %: {', '.join(each)}."
    gaps = _gaps(quality.made, quality)
    widest = sorted(range(len(gaps)), key=lambda k: -gaps[k])[:WIDEST]
    each = (
        f"{names[k].replace('_', ' ')} {100 * shares[k]:.1f} "
        f"({100 * quality.reference_shares[k]:.1f})"
        for k in widest
    )
    return (
        "Widest differences, share of the attribute in % of the samples (of the real images): "
        f"{', '.join(each)}."
    )


def _judge(quality: Quality) -> str:
    """What the judge is, and how accurate."""
    right, guess = f"{100 * quality.accuracy:.2f}%", f"{100 * quality.guess:.2f}%"
    match quality.task:
        case Classes():
            skill = (
                f"name their classes; it names {right} of the real test images right,\nwhere "
                f"always naming the most frequent class makes {guess}."
            )
        case HasAttributes(names=names):
            skill = (
                f"tell their {len(names)} attributes; on the real\ntest images {right} of its "
                f"answers are right, where always giving the more frequent answer\nmakes {guess}. "
                "A share is the mean probability that it gives."
            )
        case Contrast():
            skill = (
                "know an image again that is cut,\nmirrored and coloured anew (SimCLR), since they "
                f"carry no classes; for {right} of the real test\nimages the nearest of "
                f"{round(1 / quality.guess)} such views is their own, where guessing makes {guess}."
            )
    return f"The judge is a small convolutional network trained on the training images to {skill}"
