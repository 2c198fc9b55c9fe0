"""The site runs on a small host: what it imports of the suite, and that torch is not among it."""

import json
import pkgutil
import subprocess
import sys

import study_server

CORE = {
    *(
        "advice",
        "alpha",
        "dyadic",
        "errors",
        "estimates",
        "failures",
        "finite",
        "guarding",
        "judgments",
    ),
    *("plugins", "reading", "storage"),
}
CODE = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
watched = [name for name in sys.modules if name.partition(".")[0] in ("torch", "benchmark")]
print(json.dumps(watched))
"""


def modules() -> list[str]:
    found = pkgutil.walk_packages(study_server.__path__, "study_server.")
    names = [module.name for module in found if ".migrations" not in module.name]
    assert len(names) > 30
    return names


def test_the_site_imports_the_suite_s_core_alone_and_no_torch() -> None:
    names = ["study_server", *modules()]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *names], capture_output=True, text=True, check=True
    )
    imported = set(json.loads(done.stdout))
    assert not {name for name in imported if name.startswith("torch")}
    allowed = {"benchmark", "benchmark.core", *(f"benchmark.core.{name}" for name in CORE)}
    assert imported <= allowed


def test_the_site_starts_without_pandas() -> None:
    imports = "import sys, study_server.app, study_server.commands, study_server.quality"
    code = f"{imports}; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
