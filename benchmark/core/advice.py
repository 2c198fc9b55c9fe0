"""What to change in one's own file, where a library's words for it are long, or speak of its own.

They are about weights: how a network was saved, where, and on which device.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

Words = Callable[[BaseException, str], str]  # of an error and its text, or "" where it does not fit


def advice(error: BaseException) -> str:
    """What to change, in one line, or "" where the error's own words are the best there are."""
    text = " ".join(str(error).split())
    known = (words(error, text) for start, words in KNOWN.items() if start in text)
    return next(filter(None, known), "")


def _saved_on_cuda(_error: BaseException, _text: str) -> str:
    return (
        "the weights were saved from a CUDA device, and there is none here; "
        'read them by torch.load(path, map_location="cpu")'
    )


def _no_cuda(_error: BaseException, _text: str) -> str:
    return (
        'there is no CUDA device here; leave .cuda() and device="cuda" out: '
        "the suite moves a generator to the device of the run"
    )


def _whole_module(_error: BaseException, text: str) -> str:
    found = re.search(r"GLOBAL ([\w.]+)|attribute '(\w+)' on", text)
    held = f" ({found[1] or found[2]})" if found else ""
    return (
        f"the file holds Python objects{held}, such as a network that was saved whole, and they "
        "could run code when opened; where it was trained, save its weights alone by "
        "torch.save(net.state_dict(), path)"
    )


def _other_names(_error: BaseException, text: str) -> str:
    """Of a state dict that does not fit: what its names say."""
    lists = dict(re.findall(r'(\w+) key\(s\) in state_dict: ((?:"[^"]+"(?:, )?)+)', text))
    missing, extra = (
        re.findall(r'"([^"]+)"', lists.get(which, "")) for which in ("Missing", "Unexpected")
    )
    fault = "the weights do not fit the network: "
    if extra and all(name.startswith("module.") for name in extra):
        return (
            f'{fault}their names begin with "module.", as nn.DataParallel writes them; load '
            '{name.removeprefix("module."): value for name, value in state.items()}'
        )
    if missing and all(name.startswith("module.") for name in missing):
        return f"{fault}leave nn.DataParallel out, or load the weights before it is put around"
    if missing and extra and not any("." in name for name in extra):
        return (
            f"{fault}the file is a checkpoint of {_some(extra)}; load the part that holds the "
            "generator's weights, as in torch.load(path)[NAME]"
        )
    sizes = re.search(
        r"size mismatch for (\S+): .*?shape torch.Size\(\[([\d, ]*)\]\) from checkpoint, "
        r"the shape in current model is torch.Size\(\[([\d, ]*)\]\)",
        text,
    )
    found = [f"it lacks {_some(missing)}"] * bool(missing)
    found += [f"it has {_some(extra)} besides"] * bool(extra)
    if sizes:
        found.append(f"{sizes[1]} is ({sizes[2]}) in the file and ({sizes[3]}) in the network")
    return f"{fault}{'; '.join(found)}" if found else ""


def _other_folder(error: BaseException, _text: str) -> str:
    named = getattr(error, "filename", None)
    if not isinstance(named, str) or Path(named).is_absolute():
        return ""
    return (
        f"there is no {named} in {Path.cwd()}, where the command runs; name a file beside your own "
        f"by Path(__file__).parent / {named!r}"
    )


def _some(names: list[str]) -> str:
    """The first of the names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"


KNOWN: Mapping[str, Words] = {  # by a part of the text
    "Attempting to deserialize object on a CUDA device": _saved_on_cuda,
    "Torch not compiled with CUDA enabled": _no_cuda,
    "Found no NVIDIA driver": _no_cuda,
    "Weights only load failed": _whole_module,
    "Can't get attribute": _whole_module,
    "loading state_dict": _other_names,
    "No such file or directory": _other_folder,
}
