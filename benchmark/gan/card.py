"""The model card beside a generator's weights: what it is, where it comes from, how good it is."""

from collections.abc import Mapping

from benchmark.gan.quality import Quality


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
    """What the judge saw, in words, as a markdown table; real test images stand beside samples."""
    least, most = min(quality.shares), max(quality.shares)
    shares = ", ".join(f"{k}: {100 * share:.1f}" for k, share in enumerate(quality.shares))
    rows = [
        (
            "How sure is the judge of what it sees? Mean top probability",
            f"{quality.confidence:.4f}",
            f"{quality.real_confidence:.4f}",
        ),
        (
            "How far from the training images? Frechet distance in the judge's features",
            f"{quality.frechet:.2f}",
            f"{quality.real_frechet:.2f}",
        ),
    ]
    if quality.by_class:
        rows.append(
            (
                "Is every class made? Rarest and most frequent class, %",
                f"{100 * least:.1f} to {100 * most:.1f}",
                f"{100 * min(quality.real_shares):.1f} to {100 * max(quality.real_shares):.1f}",
            )
        )
    lines = [
        f"| | {quality.samples:,} samples | {quality.samples:,} real test images |",
        "|---|---|---|",
        *(f"| {question} | {ours} | {real} |" for question, ours, real in rows),
    ]
    text = "\n".join(lines)
    if quality.by_class:
        text += f"\n\nShare of each class in the samples, %: {shares}."
    if quality.early_step:
        text += (
            f"\n\nAfter the first {quality.early_step:,} steps of its training the generator's "
            f"distance was {quality.early_frechet:.2f}."
        )
    task = "" if quality.by_class else " to tell by how many quarters they were turned"
    return f"""{text}

The judge is a small convolutional classifier trained on the same training images{task}; it names
{100 * quality.accuracy:.2f}% of the real test images right. Both Frechet distances compare with all
training images and use equally many images, so they carry the same bias of sample size."""
