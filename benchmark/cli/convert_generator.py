"""`bench convert-generator`: a generator of another project becomes a file of this suite."""

from __future__ import annotations

import shlex
from pathlib import Path

import click


@click.command("convert-generator")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="G.safetensors")
def convert_generator(file: Path, out: Path) -> None:
    """Make the generator in FILE, which others published, into one of this suite.

    \b
    FILE is one of these, and nothing in it is run:
      .pkl of StyleGAN2-ADA (PyTorch) or StyleGAN3, by NVIDIA
      .pt  of rosinality/stylegan2-pytorch, converted or of a training
      .pth of genforce/genforce: StyleGAN2 or ProgGAN
      .pth of BigGAN (ajbrock), ProgGAN (ptrblck) or SNGAN (anvoynov)
      .bin of BigGAN-deep, by huggingface

    Beside the weights lies a card, G.md: what the source was, its hash and its terms as far as they
    are known. The weights stay float32, so it is the same generator as FILE, which -g takes as
    well. docs/FORMATS.md says what is read and what is not.
    """
    from benchmark.generators.conversion import convert, described

    done = convert(file, out)
    channels, height, width = done.generator.image_shape
    click.echo(f"layout: {done.found.layout}")
    click.echo(f"architecture: {described(done.generator)}")
    click.echo(f"images: {channels} x {height} x {width}")
    for note in done.found.notes:
        click.echo(f"note: {note}")
    click.echo(f"licence, as known; check yourself: {done.found.licence}")
    click.echo(f"written: {out}, and its card {done.card}")
    click.echo(f"next: {shlex.join(['bench', 'check', str(out)])}")
