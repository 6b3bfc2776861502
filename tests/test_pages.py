"""The pages: each stands in the index with a sentence, their links lead somewhere, and llms.txt is that index."""

import re
from pathlib import Path

import pytest

from docs.llms import INDEX, LIST, REPOSITORY, llms_text
from docs.pages import with_links_of_the_site

DOCS = REPOSITORY / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
OTHERS = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "llms.txt", "train/LOG.md")),
    *sorted((REPOSITORY / "weights").glob("*.md")),
]


def links_of(page: Path) -> list[str]:
    """Where the page's links and pictures lead in the repository: no blocks of code, no addresses of the network."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]


def anchors_of(page: Path) -> set[str]:
    """The names that a page's headings can be linked by."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_index_has_each_page_once_with_a_sentence() -> None:
    entries = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): (.+)$", INDEX.read_text(), re.MULTILINE)
    assert sorted(path for path, _ in entries) == sorted(
        page.relative_to(DOCS).as_posix() for page in PAGES if page != INDEX
    )
    assert [sentence for _, sentence in entries if not sentence.endswith(".")] == []


def test_the_list_for_programs_is_made_of_the_index() -> None:
    assert LIST.read_text() == llms_text(INDEX.read_text()), "run python -m docs.llms"


@pytest.mark.parametrize("page", PAGES + OTHERS, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_each_link_leads_somewhere(page: Path) -> None:
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_links_of_the_site_worked_by_hand() -> None:
    page, card = DOCS / "studies" / "losses.md", REPOSITORY / "weights" / "unet_lite.md"
    pages = {"studies/losses.md": page, "weights/unet_lite.md": card}
    text = (
        "[card](../../weights/unet_lite.md#terms), [code](../../train/config.py), ![](losses.png)\n```\n[a](b)\n```\n"
    )
    told = "[card](../weights/unet_lite.md#terms), code, ![](losses.png)\n```\n[a](b)\n```\n"
    assert with_links_of_the_site(text, "studies/losses.md", pages) == told
    assert with_links_of_the_site("[s](../docs/studies/losses.md)", "weights/unet_lite.md", pages) == (
        "[s](../studies/losses.md)"
    )
