"""What the page's TypeScript is held to is what realtime/ says today; `web/tests` holds the page to it."""

import json
from typing import Any

import pytest

from web.golden.make import TABLES, VECTORS
from web.golden.tables import tables
from web.golden.vectors import vectors

TO_RENEW = "python -m web.golden.make"


def numbers_of(content: Any, place: str = "") -> dict[str, Any]:
    """Every leaf by its place."""
    if isinstance(content, dict):
        return {k: v for name, one in content.items() for k, v in numbers_of(one, f"{place}/{name}").items()}
    if isinstance(content, list):
        return {k: v for index, one in enumerate(content) for k, v in numbers_of(one, f"{place}/{index}").items()}
    return {place: content}


def test_the_pages_tables_are_those_of_realtime() -> None:
    assert json.loads(TABLES.read_text()) == json.loads(json.dumps(tables())), TO_RENEW


def test_the_golden_vectors_are_what_realtime_answers() -> None:
    kept, now = numbers_of(json.loads(VECTORS.read_text())), numbers_of(json.loads(json.dumps(vectors())))
    assert kept.keys() == now.keys(), TO_RENEW
    texts = {place: value for place, value in now.items() if not isinstance(value, float)}
    pixels = {place for place in texts if "/bgr/" in place or "/pixels/" in place or "/changed" in place}
    assert {place: kept[place] for place in texts if place not in pixels} == {
        place: value for place, value in texts.items() if place not in pixels
    }, TO_RENEW
    for place in now.keys() - (texts.keys() - pixels):  # another OpenCV rounds otherwise
        assert kept[place] == pytest.approx(now[place], abs=2 if place in pixels else 0.02, rel=1e-3), (
            f"{place}: {TO_RENEW}"
        )
