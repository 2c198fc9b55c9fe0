"""The settings that come with the suite: the commented `study.toml` that a study begins with."""

from importlib import resources
from pathlib import Path

from benchmark.core.errors import BenchError
from study_server.settings_file import read_settings
from study_server.study_settings import Settings

SHIPPED = resources.files("study_server").joinpath("study.toml")


def shipped_settings() -> str:
    """The text of the shipped `study.toml`."""
    return SHIPPED.read_text("utf-8")


def default_settings() -> Settings:
    """They as they are read."""
    with resources.as_file(SHIPPED) as path:
        return read_settings(path)


def write_settings(path: Path) -> None:
    """Write them to the new file `path`. Raises BenchError where it exists or cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(shipped_settings())
    except FileExistsError:
        raise BenchError(f"{path} exists already; edit it, or name another file") from None
    except OSError as error:
        raise BenchError(f"{path} cannot be written: {error.strerror or error}") from error
