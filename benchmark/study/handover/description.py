"""`dataset_description.json`: the data set as Psych-DS asks for it, in schema.org's JSON-LD.

Psych-DS (https://psych-ds.github.io, schema 1.5) wants a folder `data` with files named
`KEY-VALUE_..._data.csv`, keys of small letters from its list (study, description, ...), values of
letters and digits; and every column of them among the description's `variableMeasured`.
"""

import re
from collections.abc import Sequence
from typing import Any

from benchmark import __version__
from benchmark.study.handover.codebook import Variable
from study_server.bundle import Bundle

FILE_NAME = re.compile(r"([a-z]+-[a-zA-Z0-9]+)(_[a-z]+-[a-zA-Z0-9]+)*_data\.csv")


def file_name(study: str, table: str) -> str:
    """The name of a data file. study: the study's id, letters and digits."""
    name = f"study-{study}_description-{table}_data.csv"
    assert FILE_NAME.fullmatch(name), name
    return name


def description(
    bundle: Bundle, variables: Sequence[Variable], days: tuple[Any, Any] | None
) -> dict[str, Any]:
    """The description as JSON-LD. Who the authors are and under which licence the data stand is
    not known here, so that those keys are missing. days: of the first and the last answer."""
    settings = bundle.settings
    title = settings.text(settings.title, settings.first_language)
    described = {
        "@context": "http://schema.org/",
        "@type": "Dataset",
        "name": f"{title} ({bundle.study})",
        "description": "Judgments of people about directions in the latent spaces of image "
        "generators, given without knowing which method a direction came from: do they change all "
        "images in the same way, and one single thing?",
        "identifier": bundle.study,
        "schemaVersion": "Psych-DS 1.5.0",
        "keywords": ["GAN", "latent space", "interpretable directions", "mean opinion score"],
        "inLanguage": list(settings.languages),
        "measurementTechnique": f"Web study, written by latent-direction-bench {__version__}",
        "variableMeasured": [_property(variable) for variable in variables],
    }
    if days:
        described["temporalCoverage"] = f"{days[0]}/{days[1]}"
    return described


def _property(variable: Variable) -> dict[str, str]:
    values = f" Values: {variable.takes}." if variable.takes else ""
    found = {
        "@type": "PropertyValue",
        "name": variable.name,
        "description": f"{variable.words}{values} ({variable.type})",
    }
    return found | ({"unitText": variable.unit} if variable.unit else {})
