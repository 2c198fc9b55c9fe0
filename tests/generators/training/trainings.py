"""Small trainings of every family, as the tests need them."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from benchmark.generators.families.biggan import BigGAN
from benchmark.generators.families.proggan import ProgGAN
from benchmark.generators.families.sngan import SNGAN
from benchmark.generators.families.stylegan2 import StyleGAN2
from benchmark.generators.training.adversarial import GanTraining
from benchmark.generators.training.augmentation import KINDS
from benchmark.generators.training.game import GanConfig
from benchmark.generators.training.real_images import ImageSet

CONFIG = GanConfig(steps=9, batch=4, critic_width=4, checkpoint_every=4, samples_every=4)


def new_training(config: GanConfig = CONFIG) -> GanTraining:
    torch.manual_seed(0)
    images = torch.randint(0, 256, (20, 1, 8, 8), dtype=torch.uint8)
    return GanTraining(SNGAN(6, (4, 4), 1), ImageSet(images, None), config, "cpu")


def labelled() -> ImageSet:
    torch.manual_seed(0)
    images = torch.randint(0, 256, (20, 3, 32, 32), dtype=torch.uint8)
    return ImageSet(images, torch.arange(20) % 3)


def conditional(data: ImageSet | None = None) -> GanTraining:
    torch.manual_seed(0)
    generator = BigGAN(32, latent_dim=8, width=1, n_classes=3, shared_dim=2)
    config = replace(CONFIG, augment=KINDS, mirror=True)
    return GanTraining(generator, labelled() if data is None else data, config, "cpu")


def progressive() -> GanTraining:
    torch.manual_seed(0)
    config = replace(CONFIG, r1=1.0, augment=KINDS)
    return GanTraining(ProgGAN(6, (4, 4, 4, 4), 3), labelled(), config, "cpu")


def styled() -> GanTraining:
    torch.manual_seed(0)
    config = replace(CONFIG, r1=1.0, augment=KINDS)
    generator = StyleGAN2(32, z_dim=6, w_dim=5, mapping_layers=2, channels=(4, 4, 4, 4))
    return GanTraining(generator, labelled(), config, "cpu")


class FixedScores(nn.Module):
    """A critic that says what it is told, whatever the images."""

    def __init__(self, scores: list[float]) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.tensor(scores))

    def forward(self, images: Tensor, _labels: Tensor | None = None) -> Tensor:
        return self.scores + 0 * images.sum()


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@torch.no_grad()
def fakes(training: GanTraining) -> tuple[Tensor, Tensor | None]:
    """One batch of (n, C, H, W) images of the generator, with their classes if it has any."""
    latents = training.sample(training.config.batch, training.rng)
    return training.generator(latents), latents.labels
