"""For mkdocs: no page fetches anything from another host, not a font, a script or a picture."""

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.pages import Page

FETCHED = re.compile(r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    if found := FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri} would fetch from the net: {found[0]}")
    return output
