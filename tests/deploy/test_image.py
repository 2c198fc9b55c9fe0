"""The Dockerfile: it copies what is there, and serves as an ordinary user."""

import json

from .contents import DEPLOY, DOCKERFILE, PROJECT, ROOT, instructions, parsed


def test_the_dockerfile_copies_what_is_there_and_what_it_may_see() -> None:
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    seen = {line[1:] for line in ignore if line.startswith("!")}
    for line in instructions("COPY"):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source in seen, source
    assert ignore[1] == "*"
    packages = {"benchmark", "baselines", "study_server"}
    assert packages <= {line.split()[0] for line in instructions("COPY")}


def test_the_image_runs_as_an_ordinary_user_and_serves() -> None:
    (user,) = instructions("USER")
    assert user == "1000"
    after = DOCKERFILE.partition("USER 1000")[2]
    assert "RUN" not in after
    assert json.loads(instructions("ENTRYPOINT")[0]) == ["bench"]
    options = parsed(json.loads(instructions("CMD")[0]))
    assert (str(options["folder"]), options["host"], options["port"]) == ("/study", "0.0.0.0", 8000)
    assert instructions("EXPOSE") == [str(options["port"])]
    assert "bench" in PROJECT["scripts"]
