"""Write llms.txt, the list of pages for programs that read them, from docs/index.md: `python -m docs.llms`."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
INDEX, LIST = REPOSITORY / "docs" / "index.md", REPOSITORY / "llms.txt"
NAME = "eye-lip-segmenter"


def llms_text(index: str) -> str:
    """The same list with the project's name, its sentence as a quotation, and addresses from the repository's root.

    Source: https://llmstxt.org, "Format".
    """
    _, sentence, pages = index.split("\n\n", 2)
    return f"# {NAME}\n\n> {sentence}\n\n{pages.replace('](', '](docs/')}"


if __name__ == "__main__":
    LIST.write_text(llms_text(INDEX.read_text()))
