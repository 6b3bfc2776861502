"""No secret of an address is ever shown."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.capture.credentials import redact


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://me:secret@door/stream", "rtsp://***@door/stream"),
        ("rtsp://me@door:554/stream", "rtsp://***@door:554/stream"),
        ("RTSPS://ME:SECRET@DOOR", "RTSPS://***@DOOR"),
        ("rtsp://me:p@ss@door/stream", "rtsp://***@door/stream"),
        ("rtsp://me:p/a?s#s@door/stream", "rtsp://***@door/stream"),
        ("rtsp://door:554/stream", "rtsp://door:554/stream"),
        ("http://door/v.mjpg?size=2&token=abc&fps=5", "http://door/v.mjpg?size=2&token=***&fps=5"),
        ("http://door/v?user=me&pwd=a:b/c", "http://door/v?user=***&pwd=***"),
        ("http://door/v?size=2;Password=1;2#3&x=4", "http://door/v?size=2;Password=***&x=4"),
        ("https://s3/v?X-Amz-Signature=1&X-Amz-Credential=2", "https://s3/v?X-Amz-Signature=***&X-Amz-Credential=***"),
        ("http://me:secret@door/v?auth=a@b&x=1", "http://***@door/v?auth=***&x=1"),
        ("http://door/v#access_token=abc", "http://door/v#access_token=***"),
        ("me:secret@door/stream", "***@door/stream"),
        ("rtsp://me:secret&pw=@door/stream", "rtsp://***@door/stream"),
        ("rtsp:/me:secret@door/stream", "***@door/stream"),
        ("demo", "demo"),
        ("0", "0"),
        ("-", "-"),
        ("clips/me@home.mp4", "clips/me@home.mp4"),
        (r"C:\clips\me@home.mp4", r"C:\clips\me@home.mp4"),
        ("clip?token=1.mp4", "clip?token=1.mp4"),
    ],
)
def test_what_is_shown_of_an_address(url: str, shown: str) -> None:
    assert redact(url) == shown


SECRETS = st.text(string.ascii_letters + string.digits + "@:/?#&=%!", min_size=1).map(lambda text: f"SECRET{text}")


@given(password=SECRETS, port=st.integers(1, 65535))
def test_no_password_is_shown_however_it_is_typed(password: str, port: int) -> None:
    shown = redact(f"rtsp://me:{password}@door:{port}/stream")
    assert "SECRET" not in shown
    assert redact(shown) == shown


@given(
    name=st.sampled_from(["token", "API-KEY", "password", "sessionid"]),
    value=SECRETS.map(lambda text: text.replace("&", "")),
)
def test_no_secret_of_a_query_is_shown(name: str, value: str) -> None:
    assert "SECRET" not in redact(f"https://door/stream?size=1&{name}={value}&fps=5")
