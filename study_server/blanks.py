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
    if left := places_left(settings):
        return f"THE CONSENT IS NOT READY FOR PEOPLE: fill in its [[double brackets]], {left}"
    return ""


def places_left(settings: Settings) -> str:
    """The places of the first language that has some, by name, and which others have some; "" where
    nothing is left."""
    found = blanks(settings)
    if not found:
        return ""
    (language, names), *others = found.items()
    also = f"; also in {', '.join(code for code, _ in others)}" if others else ""
    return f"{', '.join(names)} ({language}{also})"
