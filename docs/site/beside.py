"""For mkdocs: what the pages link to beside docs/ becomes part of the site, under repository/.

On GitHub `../results/reference/recipe.md` is a file of the repository; here it is a page, and a
picture or any other file is copied. A link to what is not there is left for `--strict` to find.
"""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add each file that a page, or a page added so, links to outside docs/."""
    waiting = [f"docs/{page.src_uri}" for page in files.documentation_pages()]
    seen = set(waiting)
    while waiting:
        source = waiting.pop()
        for target in LINK.findall((ROOT / source).read_text("utf-8")):
            path = _in_repository(source, target)
            if path in seen or path.startswith(("docs/", "../")) or not (ROOT / path).is_file():
                continue
            seen.add(path)
            files.append(File.generated(config, _in_site(path), abs_src_path=str(ROOT / path)))
            if path.endswith(".md"):
                waiting.append(path)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead the links of a page from where it stands in the site."""
    here = page.file.src_uri
    source = here.removeprefix("repository/") if here.startswith("repository/") else f"docs/{here}"

    def led(link: re.Match[str]) -> str:
        there = _in_site(_in_repository(source, link[1]))
        return relpath(there, str(PurePosixPath(here).parent))

    return LINK.sub(led, markdown)


def _in_repository(source: str, target: str) -> str:
    return normpath(str(PurePosixPath(source).parent / target))


def _in_site(path: str) -> str:
    return path.removeprefix("docs/") if path.startswith("docs/") else f"repository/{path}"
