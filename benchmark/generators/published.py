"""The weights that authors publish: which files, where they lie, and on what terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """One address. sha256: of the file there, "" where no hash is published.

    members: for a tar or zip, how the path of a wanted file in it ends, and its name here; empty if
    the address holds the file itself. git_blob: the identity that git gives the file.
    """

    url: str
    members: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    git_blob: str = ""


@dataclass(frozen=True)
class Download:
    """What `bench fetch` downloads: `files` into the folder of that name, from a good source.

    megabytes: rough size of the weights. verified: whether a person saw these addresses work.
    """

    files: tuple[str, ...]
    megabytes: int
    licence: str
    sources: tuple[Source, ...]
    verified: bool = False

    def summary(self) -> str:
        """Size, licence and state of the addresses, for a reader of `bench list`."""
        state = "" if self.verified else "; addresses as published, not verified"
        return f"download of about {self.megabytes} MB; licence: {self.licence}{state}"

    def missing(self, folder: Path) -> list[str]:
        return [name for name in self.files if not (folder / name).exists()]


_PROGGAN = "100_celeb_hq_network-snapshot-010403.pth"
_FOLDER = ("args.json", "generator.pt")


def _authors(file: str, members: Mapping[str, str]) -> Source:
    """One of the archives that the download.py of Voynov & Babenko's code names."""
    return Source(f"https://www.dropbox.com/s/{file}?dl=1", members)


DOWNLOADS = {
    "mnist-sngan-authors": Download(
        _FOLDER,
        16,
        "none stated by the authors",
        (
            _authors(
                "rzurpt5gzb14a1q/pretrained_mnist.tar",
                {f"generators/SN_MNIST/{name}": name for name in _FOLDER},
            ),
        ),
    ),
    "anime-sngan": Download(
        _FOLDER,
        71,
        "none stated by the authors",
        (
            _authors(
                "9aveavgbluvjeu6/pretrained_anime.tar",
                {f"generators/SN_Anime/{name}": name for name in _FOLDER},
            ),
        ),
    ),
    "celebahq-proggan": Download(
        (_PROGGAN,),
        92,
        "CC BY-NC 4.0, NVIDIA",
        (
            Source(
                "https://raw.githubusercontent.com/ptrblck/prog_gans_pytorch_inference/master/"
                + _PROGGAN,
                git_blob="754ddb07be656eb799e59cdb4610218fc8cf0569",
            ),
            _authors(
                "707xjn1rla8nwqc/pretrained_proggan.tar",
                {f"generators/ProgGAN/{_PROGGAN}": _PROGGAN},
            ),
        ),
    ),
    "imagenet-biggan": Download(
        ("G_ema.pth",),
        282,
        "MIT, Andrew Brock; trained on ILSVRC",
        (
            _authors(
                "zte4oein08ajsij/pretrained_biggan.tar",
                {"generators/BigGAN/G_ema.pth": "G_ema.pth"},
            ),
            Source(
                "https://drive.usercontent.google.com/download?export=download&confirm=t"
                "&id=1nAle7FCVFZdix2--ks0r5JBkFnKw8ctW",
                {"G_ema.pth": "G_ema.pth"},
            ),
        ),
    ),
}
