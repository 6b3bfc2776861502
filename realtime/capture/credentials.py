"""Secrets in an address: taken out before anybody may read it."""

import re

HIDDEN = "***"
SECRET_WORDS = (
    *("pass", "pwd", "pw", "secret", "token", "key", "auth", "sig", "credential", "session", "jwt", "hdne", "hmac"),
    *("user", "usr", "login", "otp", "pin", "code"),
)
"""A query value is secret where its name holds one of these; too many are hidden rather than too few."""
_SECRET_VALUE = re.compile(rf"([?&;#][^=&;#]*(?:{'|'.join(SECRET_WORDS)})[^=&;#]*=)[^&]*", re.IGNORECASE)
_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def redact(url: str) -> str:
    """The address with `***` for the user, the password and the secret values of its query.

    Everything up to the last @ is hidden: a password that should have been percent-encoded may hold / and @. What is no
    URL comes back as it is, unless it looks like one whose beginning was mistyped.

    Args:
        url: as the user typed it: a URL, a path, `demo`, a camera.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
        if _WINDOWS_DRIVE.match(url) or not re.match(r"[^@]*:.*@", url):
            return url
    shown = _hide_values(rest)
    if "@" in rest and "@" not in shown:  # what looked like a query may be a password
        shown = f"@{_hide_values(rest.rpartition('@')[2])}"
    if "@" in shown:
        shown = f"{HIDDEN}@{shown.rpartition('@')[2]}"
    return f"{scheme}{separator}{shown}"


def _hide_values(address: str) -> str:
    return _SECRET_VALUE.sub(rf"\1{HIDDEN}", address)
