"""Stub."""

import re


def redact(url: str) -> str:
    """Stub."""
    return re.sub("//[^/@]*@", "//***@", url)
