"""Whether two builds of the page are one: `python -m web.checks.compare COMMITTED FRESH`."""

import gzip
import sys
from pathlib import Path


def contents(folder: Path) -> dict[str, bytes]:
    """Each file by its path; what is packed is unpacked, because zlib's versions pack otherwise."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: gzip.decompress(content) if name.endswith(".gz") else content for name, content in files.items()}


def main(committed: Path, fresh: Path) -> None:
    """Exit 1 with one line where they differ."""
    one, other = contents(committed), contents(fresh)
    different = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    if different:
        sys.exit(f"error: {committed} is not what web/ builds ({', '.join(different)}): make web, and commit it")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
