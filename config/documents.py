"""The documents, served by the installation itself: each as a web page, or in Markdown as it is written."""

from __future__ import annotations

import re
from functools import cache
from mimetypes import guess_type
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

#: Pages outside ``docs/`` that belong to it.
OTHERS = ("README.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "CHANGELOG.md")
#: What is served beside the pages, and only this: pictures, and files to take away.
FILES = (".png", ".svg", ".yml", ".yaml", ".json")


class Document(NamedTuple):
    name: str
    path: Path

    @property
    def title(self) -> str:
        """Its first heading; that of the README is the product's name."""
        return "Read me first" if self.name == "readme" else self.text.partition("\n")[0].lstrip("# ")

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")


@cache
def documents() -> dict[str, Document]:
    """All pages by name, in the order in which the index names them."""
    root = Path(settings.BASE_DIR)
    paths = [*(root / "docs").glob("*.md"), *(root / name for name in OTHERS if (root / name).exists())]
    found = {path.stem.lower(): path for path in paths}
    order = re.findall(r"\]\((?:\.\./)?([\w-]+)\.md\)", found["index"].read_text(encoding="utf-8"))
    names = [name for name in dict.fromkeys(["index", *map(str.lower, order), *found]) if name in found]
    return {name: Document(name, found[name]) for name in names}


@cache
def _files() -> dict[str, Path]:
    folder = Path(settings.BASE_DIR) / "docs"
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.suffix in FILES}


@require_safe
def document(request: HttpRequest, name: str = "index") -> HttpResponse:
    """One page: HTML for browsers, Markdown for everybody else."""
    found = documents().get(name)
    if found is None:
        raise Http404
    if "text/html" in request.headers.get("Accept", ""):
        shown = {"found": found, "body": _html(found), "documents": documents().values()}
        response = render(request, "document.html", shown)
    else:
        response = HttpResponse(found.text, content_type="text/markdown; charset=utf-8")
    patch_vary_headers(response, ["Accept"])
    return response


@require_safe
def file(request: HttpRequest, path: str) -> HttpResponseBase:
    """A picture or another file of the documents."""
    found = _files().get(path)
    if found is None:
        raise Http404
    response = FileResponse(found.open("rb"), content_type=guess_type(path)[0] or "text/plain")
    # An SVG is shown as a picture; opened by itself it runs nothing.
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return response


@cache
def _html(page: Document) -> SafeString:
    """The page's HTML. The text is the project's own, and HTML in it is shown as text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(page.text)
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", slug(tokens[at + 1].content))
        for child in token.children or ():
            _lead(child, page)
    return mark_safe(parser.renderer.render(tokens, parser.options, {}))  # noqa: S308 - made from our own text


def slug(heading: str) -> str:
    """A heading's anchor, as repository hosts make it."""
    words = re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower())
    return words.replace(" ", "-")


def _lead(token: Token, page: Document) -> None:
    """Let a link or a picture lead to where this installation serves it."""
    name = {"link_open": "href", "image": "src"}.get(token.type)
    target = str(token.attrGet(name) or "") if name else ""
    if name and target and "://" not in target and not target.startswith(("#", "mailto:")):
        token.attrSet(name, _address(target, page))


def _address(target: str, page: Document) -> str:
    path, mark, anchor = target.partition("#")
    folder = PurePosixPath(page.path.parent.relative_to(settings.BASE_DIR).as_posix())
    inside = _normal(folder / path)
    if inside.suffix == ".md" and inside.stem.lower() in documents():
        return reverse("document", args=[inside.stem.lower()]) + mark + anchor
    if inside.parts[:1] == ("docs",) and (served := "/".join(inside.parts[1:])) in _files():
        return reverse("document-file", args=[served])
    # A file of the repository that is not served.
    return "#"


def _normal(path: PurePosixPath) -> PurePosixPath:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return PurePosixPath(*parts)
