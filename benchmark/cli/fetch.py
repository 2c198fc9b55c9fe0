"""`bench fetch`: the command that downloads the weights which the paper's authors publish."""

import click

from benchmark.core.errors import BenchError


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Every generator that can be downloaded.")
def fetch(names: tuple[str, ...], everything: bool) -> None:
    """Download the published weights of generator NAME.

    Files go to $BENCH_WEIGHTS, else to the user's cache folder. A broken download continues where
    it stopped, and files that are there already stay.
    """
    from benchmark.generators.download import fetch as bring
    from benchmark.generators.published import DOWNLOADS

    if everything == bool(names):
        raise BenchError("name generators to download, or take all of them with --all")
    faults = []
    for name in DOWNLOADS if everything else names:
        try:
            for path, digest in bring(name).items():
                click.echo(f"{name}: {path}\n  SHA-256 {digest}")
        except BenchError as error:  # the others may still come
            faults.append(str(error))
    if faults:
        raise BenchError("\n".join(faults))
