"""The judges that come with the suite: how each is made, and its card.

Metrics read them (`benchmark.generators.judge`). Drawings of anime faces have none: their images
come without classes or attributes, so there is nothing that a judge could name.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmark.core.device import versions
from benchmark.core.errors import BenchError
from benchmark.core.storage import sha256, write_text
from benchmark.generators.judge import Kind, NamingJudge, load_judge, save_judge
from benchmark.generators.training.judge_tasks import Classes, HasAttributes
from benchmark.generators.training.judge_training import trained_judge
from benchmark.generators.training.real_images import ImageSet, load_images
from benchmark.generators.training.recipes import RECIPES

OBJECTS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class JudgeRecipe:
    """recipe: the generator whose images it sees, cut and held out alike. names: of the classes."""

    recipe: str
    epochs: int
    names: tuple[str, ...] = ()


JUDGES = {
    "mnist": JudgeRecipe("mnist-sngan", 4, tuple(f"digit {k}" for k in range(10))),
    "cifar": JudgeRecipe("cifar-biggan-small", 4, OBJECTS),
    "celeba": JudgeRecipe("celeba-proggan-small", 16),
}


def bundle_judge(data_set: str, data: Path, out: Path) -> Path:
    """Train the judge of a data set on the images at `data`; write it and its card into `out`.

    Returns the path of the weights. The accuracies in the card are those of the weights as they
    load from the file. Raises BenchError for images of another data set.
    """
    made = JUDGES[data_set]
    recipe = RECIPES[made.recipe]
    shape = recipe.make().image_shape
    train = load_images(data, shape, "train", crop=recipe.crop)
    if recipe.held_out:
        train, test = train.held_out(recipe.held_out)
    else:
        test = load_images(data, shape, "test", crop=recipe.crop)
    exact = out / f"{data_set}-float32.safetensors"
    trained = trained_judge(train, test, exact, epochs=made.epochs)
    task = trained.task
    assert isinstance(task, Classes | HasAttributes), "images that a judge can name"
    names = tuple(name.replace("_", " ") for name in made.names or task.names)
    if len(names) != task.outputs:
        raise BenchError(f"{data} has {task.outputs} classes, and {data_set} has {len(names)}")
    path = out / f"{data_set}.safetensors"
    kind: Kind = "classes" if isinstance(task, Classes) else "attributes"
    save_judge(NamingJudge(trained, names, kind), shape, path)
    loaded = load_judge(path)
    facts = {
        "Data": recipe.data,
        "Terms": recipe.terms,
        "Training images": f"{len(train):,}, SHA-256 {train.fingerprint()}",
        "Network": "three 3x3 convolutions (24, 48, 96 channels) with batch norm, ReLU and 2x2 "
        f"maximum, 128 features, {len(names)} outputs; images {' x '.join(map(str, shape))}",
        "Training": f"{task.epochs} epochs in batches of {task.batch} images moved by up to "
        f"{task.shift} pixels, Adam, one-cycle rate, bfloat16",
        "Versions": ", ".join(f"{k.removesuffix('_version')} {v}" for k, v in versions().items()),
        "Weights": f"float16, {path.stat().st_size / 1e6:.2f} MB, SHA-256 {sha256(path)}",
        "Made with": f'`bundle_judge("{data_set}", "{data.name}")` of '
        "`benchmark/generators/training/bundled_judges.py`",
    }
    guess = task.guess(train, test)
    write_text(out / f"{data_set}.md", card(data_set, facts, loaded, test, guess))
    return path


def card(
    data_set: str, facts: dict[str, str], judge: NamingJudge, test: ImageSet, guess: float
) -> str:
    """Markdown for the file beside the weights. guess: the accuracy of one who does not look."""
    rows = "\n".join(f"| {key} | {value} |" for key, value in facts.items())
    right = [f"{100 * share:.1f}" for share in shares_right(judge, test)]
    if judge.kind == "classes":
        head, rule, columns = "% of its images are named right", "---:", right
    else:
        assert test.attributes is not None
        yes = test.attributes.values.double().mean(dim=0)  # (a,)
        usual = [f"{100 * share:.1f}" for share in torch.maximum(yes, 1 - yes).tolist()]
        head, rule = "% of the answers are right | the more frequent answer, %", "---: | ---:"
        columns = [" | ".join(pair) for pair in zip(right, usual, strict=True)]
    lines = (f"| {name} | {text} |" for name, text in zip(judge.names, columns, strict=True))
    each = "\n".join(lines)
    skill = (
        f"On {len(test):,} real test images, which it never saw, "
        f"{100 * accuracy(judge, test):.2f}% of its answers\nare right; who does not look is right "
        f"in {100 * guess:.2f}%."
    )
    return f"""# Judge of {data_set}

A small network that says what an image shows. Metrics ask it what changes along a direction.

| | |
|---|---|
{rows}

## Accuracy

{skill} How often it is right on the images of a
generator nobody knows.

| | {head} |
|---|{rule.replace(" ", "")}|
{each}
"""


def accuracy(judge: NamingJudge, test: ImageSet) -> float:
    """The share of right answers: of images, or of images and attributes."""
    found = _probabilities(judge, test)  # (n, a)
    if judge.kind == "classes":
        assert test.labels is not None
        return float((found.argmax(dim=1) == test.labels).double().mean())
    assert test.attributes is not None
    return float(((found > 0.5) == test.attributes.values).double().mean())


def shares_right(judge: NamingJudge, test: ImageSet) -> list[float]:
    """The same for each name: of the images of the class, or of all images."""
    found = _probabilities(judge, test)  # (n, a)
    if judge.kind == "classes":
        assert test.labels is not None
        chosen = found.argmax(dim=1)  # (n,)
        of_class = [chosen[test.labels == k] == k for k in range(len(judge.names))]
        return [float(right.double().mean()) for right in of_class]
    assert test.attributes is not None
    right = (found > 0.5) == test.attributes.values  # (n, a)
    return [float(share) for share in right.double().mean(dim=0)]


def _probabilities(judge: NamingJudge, test: ImageSet) -> Tensor:
    rows = torch.arange(len(test)).split(500)
    return torch.cat([judge.probabilities(test.batch(part)) for part in rows])  # (n, a)
