"""Lay out the pages for the site builder: `python -m docs.pages FOLDER`.

The pages of docs/ stay where they are to each other; model cards and the training log, which they link to, come beside
them. A link to anything else of the repository, which no site holds, keeps its words alone.
"""

import re
import shutil
import sys
from os.path import relpath
from pathlib import Path

DOCS = Path(__file__).parent
REPOSITORY = DOCS.parent
NOT_ON_THE_SITE = shutil.ignore_patterns("*.py", "*.csv", "__pycache__")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def sources() -> dict[str, Path]:
    """Each page of the site by its path there, and the file that it is made of."""
    beside = [*sorted((REPOSITORY / "weights").glob("*.md")), REPOSITORY / "train" / "LOG.md"]
    pages = {page.relative_to(DOCS).as_posix(): page for page in sorted(DOCS.rglob("*.md"))}
    return pages | {page.relative_to(REPOSITORY).as_posix(): page for page in beside}


def with_links_of_the_site(text: str, path: str, pages: dict[str, Path]) -> str:
    """A page's text with links as they lead on the site.

    Args:
        text: of the page.
        path: of the page on the site.
        pages: as `sources` gives them.
    """
    places = {file.resolve(): place for place, file in pages.items()}

    def link(match: re.Match[str]) -> str:
        mark, words, target = match.groups()
        file, hash_mark, anchor = target.partition("#")
        if mark or "://" in target or not file:
            return match[0]
        place = places.get((pages[path].parent / file).resolve())
        return words if place is None else f"[{words}]({relpath(place, Path(path).parent)}{hash_mark}{anchor})"

    # Every second piece is a block of code.
    pieces = re.split(r"(^```.*?^```)", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(piece if index % 2 else LINK.sub(link, piece) for index, piece in enumerate(pieces))


def lay_out(folder: Path) -> None:
    """Write all pages and their pictures into a folder, anew."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder, ignore=NOT_ON_THE_SITE)
    pages = sources()
    for path, page in pages.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(with_links_of_the_site(page.read_text(), path, pages))


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
