"""Whether a study's own title and consent text are there in all its languages."""

from importlib import resources

from study_server.settings_file import read_settings
from study_server.study_settings import Settings


def untranslated(settings: Settings) -> str:
    """What is amiss, as a sentence; "" where nothing is: a language without a text, which then
    shows the first one's; or one with the suite's while the first has a text of the study's own."""
    with resources.as_file(resources.files("study_server").joinpath("study.toml")) as path:
        default = read_settings(path)
    first, *others = settings.languages
    for name in ("title", "consent"):
        own, suite = (getattr(one, name) for one in (settings, default))
        if missing := [code for code in others if not own.get(code)]:
            return (
                f"{name} has no text in {', '.join(missing)}: give {name}.{missing[0]}, or leave "
                "it out of languages"
            )
        stale = [code for code in others if own[code] == suite.get(code)]
        if stale and own[first] != suite.get(first):
            return (
                f"{name}.{first} is a text of your own, and {name}.{stale[0]} still the suite's: "
                f"translate it, or delete it (so of {', '.join(stale)})"
            )
    return ""
