"""What a consent text leaves to be filled in: places like [[institution]], which an ethics
committee asks for and only the study's designer knows."""

import re

from study_server.study_settings import Settings

BLANK = re.compile(r"\[\[(.+?)\]\]", re.DOTALL)


def blanks(settings: Settings) -> dict[str, tuple[str, ...]]:
    """By language that the study offers, the names of the places that its consent text still has:
    what stands before a colon in one."""
    found = {
        language: tuple(
            " ".join(place.partition(":")[0].split())
            for place in BLANK.findall(settings.consent.get(language, ""))
        )
        for language in settings.languages
    }
    return {language: places for language, places in found.items() if places}


def unready(settings: Settings) -> str:
    """In one line, that the consent is not ready for people, and why; "" where it is."""
    parts = [
        f"in '{language}': {'; '.join(places)}" for language, places in blanks(settings).items()
    ]
    if not parts:
        return ""
    return (
        "THE CONSENT IS NOT READY FOR PEOPLE. Places in [[double brackets]] are left to fill "
        f"{', and '.join(parts)}"
    )
