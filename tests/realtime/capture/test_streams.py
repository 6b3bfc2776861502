"""Videos keep their stamps and lose only what is spoilt; streams that stop, break or are spoilt are asked for anew."""

import io
import logging
import os
import socket
import struct
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from realtime.capture import live as feed_module
from realtime.capture import streams
from realtime.capture.sources import Source, open_source
from realtime.capture.streams import stream_stem
from realtime.core.errors import SourceError
from realtime.core.geometry import BgrImage
from realtime.frame import Frame

TIME_BASE = Fraction(1, 90_000)
STAMPS_S = (0.0, 0.04, 0.1, 0.5, 0.51, 1.25)
"""Of a camera that slows down in the dark."""
WAIT_S = 30.0
"""For another thread, which on a busy machine comes late; nobody waits so long who does not fail."""


def grey(value: int, size_wh: tuple[int, int] = (64, 48)) -> BgrImage:
    return BgrImage(np.full((size_wh[1], size_wh[0], 3), value, np.uint8))


def write_video(
    file: Path | io.BytesIO,
    images: Sequence[BgrImage],
    stamps_s: Sequence[float],
    kind: str | None = None,
    key_every: int = 250,
) -> None:
    with av.open(str(file) if isinstance(file, Path) else file, "w", format=kind) as container:
        options = {"preset": "ultrafast", "crf": "10", "g": str(key_every)}
        stream = container.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = images[0].shape[1], images[0].shape[0], "yuv420p"
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        for image, stamp_s in zip(images, stamps_s, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = round(stamp_s / TIME_BASE), TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def uneven_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames, each brighter than the last, at uneven times that begin at 2.5 seconds."""
    path = tmp_path_factory.mktemp("video") / "dusk.mp4"
    write_video(path, [grey(40 * index + 20) for index in range(6)], [2.5 + stamp for stamp in STAMPS_S])
    return path


def frames_of(spec: Path | str) -> list[Frame]:
    with open_source(str(spec)) as source:
        return [frame for frame in source if frame]


def test_a_videos_frames_keep_their_own_time_stamps(uneven_video: Path) -> None:
    with open_source(str(uneven_video)) as source:
        assert (source.name, source.is_live, source.is_endless, source.is_one_picture) == (
            "dusk.mp4",
            False,
            False,
            False,
        )
        assert source.size_wh == (64, 48)
        frames = [frame for frame in source if frame]
        assert source.dropped == 0
    assert_allclose([frame.time_s for frame in frames], STAMPS_S, atol=1e-4)
    assert [frame.name for frame in frames] == [f"dusk_{index:06d}" for index in range(6)]
    assert not any(frame.is_still for frame in frames)
    for index, frame in enumerate(frames):
        assert frame.image_bgr.shape == (48, 64, 3)
        assert_allclose(frame.image_bgr, 40 * index + 20, atol=10)


def test_a_videos_colours_are_blue_green_red(tmp_path: Path) -> None:
    image = BgrImage(np.full((48, 64, 3), (200, 120, 40), np.uint8))
    write_video(tmp_path / "v.mp4", [image], [0.0])
    (frame,) = frames_of(tmp_path / "v.mp4")
    assert_allclose(frame.image_bgr, image, atol=10)


def test_a_frame_may_be_drawn_on(uneven_video: Path) -> None:
    with open_source(str(uneven_video)) as source:
        for index, frame in enumerate(source):
            assert frame is not None
            assert_allclose(frame.image_bgr, 40 * index + 20, atol=10)
            frame.image_bgr[:] = 0


def test_a_video_whose_size_changes_on_the_way_is_followed(tmp_path: Path) -> None:
    contents = io.BytesIO()
    for size_wh in ((64, 48), (96, 64)):
        write_video(contents, [grey(100, size_wh)] * 2, [0.0, 0.04], kind="h264")
    (tmp_path / "v.h264").write_bytes(contents.getvalue())
    assert [frame.image_bgr.shape for frame in frames_of(tmp_path / "v.h264")] == [(48, 64, 3)] * 2 + [(64, 96, 3)] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such name")
def test_a_name_that_looks_like_a_protocol_is_still_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_video(Path("take1.mp4"), [grey(9)], [0.0])
    Path("take1.mp4").rename("take:1.mp4")
    assert len(frames_of("take:1.mp4")) == 1


@pytest.mark.parametrize(
    ("matrix", "shape_hw", "corner"),
    [
        ((0, 1, -1, 0), (64, 48), np.s_[:16, 24:]),
        ((0, -1, 1, 0), (64, 48), np.s_[48:, :24]),
        ((-1, 0, 0, -1), (48, 64), np.s_[24:, 48:]),
        ((1, 0, 0, 1), (48, 64), np.s_[:24, :16]),
    ],
    ids=["a quarter clockwise", "a quarter back", "upside down", "upright"],
)
def test_a_phones_video_is_turned_upright(
    tmp_path: Path, matrix: tuple[int, int, int, int], shape_hw: tuple[int, int], corner: tuple[slice, slice]
) -> None:
    # The recording has its light in the top left corner; the matrix is that of the track header.
    # Source: ISO/IEC 14496-12, section 8.3.2: 40 bytes into the box, a b u c d v x y w in 16.16, u v w in 2.30.
    image = grey(20)
    image[:24, :16] = 220
    path = tmp_path / "phone.mp4"
    write_video(path, [image], [0.0])
    contents = bytearray(path.read_bytes())
    at = contents.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    contents[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(contents)
    with open_source(str(path)) as source:
        assert source.size_wh == shape_hw[::-1]
        (frame,) = (frame for frame in source if frame)
    assert frame.image_bgr.shape[:2] == shape_hw
    assert frame.image_bgr.flags.c_contiguous
    assert frame.image_bgr[corner].mean() > 190
    assert frame.image_bgr.mean() < 60


def test_a_video_without_its_end_is_refused(uneven_video: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(uneven_video.read_bytes()[:-300])
    with pytest.raises(SourceError, match=r"^cut\.mp4: not a video or image that can be read") as refusal:
        open_source(str(path))
    assert "\n" not in str(refusal.value)


def rolling(count: int) -> list[BgrImage]:
    """A picture with enough in it that each frame fills some hundred bytes, moving to the right."""
    noise = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    picture = cv2.resize(noise, (160, 120), interpolation=cv2.INTER_CUBIC)
    return [BgrImage(np.roll(picture, 3 * index, axis=1)) for index in range(count)]


def spoil(path: Path, which: Sequence[int], from_share: float) -> None:
    """Overwrite these packets with noise, from this share of their length on, and nothing of the file's structure."""
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    contents = bytearray(path.read_bytes())
    for position, size in (packets[index] for index in which):
        begin, end = position + int(size * from_share), position + size
        contents[begin:end] = np.random.default_rng(0).bytes(end - begin)
    path.write_bytes(contents)


def test_frames_spoilt_in_the_middle_are_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "v.mp4"
    write_video(path, rolling(30), [index / 30 for index in range(30)])
    spoil(path, [10, 11, 20], 0.3)
    with caplog.at_level(logging.WARNING):
        times_s = [frame.time_s for frame in frames_of(path)]
    assert_allclose(times_s, [index / 30 for index in range(30) if index not in (10, 11, 20)], atol=1e-4)
    assert caplog.messages == ["v.mp4: 3 of its frames could not be decoded"]


def test_a_frame_of_which_the_decoder_made_up_a_part_is_left_out_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for image in rolling(30):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    spoil(path, [10], 0.5)
    with caplog.at_level(logging.WARNING):
        assert len(frames_of(path)) == 29
    assert caplog.messages == ["v.mp4: 1 of its frames could not be decoded"]


def test_a_video_of_which_nothing_can_be_decoded_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    write_video(path, rolling(5), [index / 30 for index in range(5)])
    spoil(path, range(5), 0.0)
    with pytest.raises(SourceError, match=r"^v\.mp4: holds no frame that can be decoded$"):
        open_source(str(path))


def test_a_video_of_no_frames_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "v.mkv"
    write_video(path, [grey(1)], [0.0])
    contents = path.read_bytes()
    path.write_bytes(contents[: contents.index(b"\x1f\x43\xb6\x75")])  # up to Matroska's first cluster
    with pytest.raises(SourceError, match=r"^v\.mkv: .*") as refusal:
        open_source(str(path))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_a_video_cut_off_is_read_to_its_end(suffix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / f"v{suffix}"
    write_video(path, rolling(90), [index / 30 for index in range(90)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with caplog.at_level(logging.WARNING):
        frames = frames_of(path)
    assert 20 < len(frames) < 70
    if suffix == ".mkv":  # whose header tells its length; a .ts is as long as it is
        assert len(caplog.messages) == 1
        assert caplog.messages[0].startswith("v.mkv: ends after 1.")
        assert caplog.messages[0].endswith(" of 3.0 s")
    else:
        assert len(caplog.messages) <= 1


def sound(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))


def text(path: Path) -> None:
    path.write_text("no video")


@pytest.mark.parametrize(
    ("make", "name", "said"),
    [
        (text, "x.mp4", r"^x\.mp4: not a video or image that can be read \(Invalid data"),
        (Path.touch, "x.mp4", r"^x\.mp4: not a video or image that can be read"),
        (sound, "x.wav", r"^x\.wav: no picture in it, only sound$"),
    ],
    ids=["text", "empty", "sound"],
)
def test_what_is_no_video_is_refused_in_one_line(
    tmp_path: Path, make: Callable[[Path], None], name: str, said: str
) -> None:
    make(tmp_path / name)
    with pytest.raises(SourceError, match=said) as refusal:
        open_source(str(tmp_path / name))
    assert "\n" not in str(refusal.value)


class Server:
    """A web server that gives each connection its own answer; the last one for ever."""

    def __init__(self, *answers: Callable[[socket.socket, str], None]) -> None:
        self._answers = list(answers)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.requests: list[str] = []
        self.closing = threading.Event()
        self._threads = [threading.Thread(target=self._accept, name="server")]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            connection = self._socket.accept()[0]
            if self.closing.is_set():
                connection.close()
                return
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            thread = threading.Thread(target=self._serve, args=(connection, answer), name="server")
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, answer: Callable[[socket.socket, str], None]) -> None:
        with connection:
            self.requests.append(connection.recv(65536).decode())
            try:
                answer(connection, self.requests[-1])
            except OSError:  # the program went away, as it may
                return

    def close(self) -> None:
        self.closing.set()
        socket.create_connection(self._socket.getsockname()).close()
        for thread in self._threads:
            thread.join(WAIT_S)
        self._socket.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*answers: Callable[[socket.socket, str], None]) -> Server:
        servers.append(Server(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "FIRST_WAIT_S", 0.02)


def ask_who(connection: socket.socket, request: str) -> None:
    connection.sendall(b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')


HEADER = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n"
MULTIPART = HEADER % b"multipart/x-mixed-replace;boundary=frame"


def send_jpegs(connection: socket.socket, count: int, every_s: float = 0.01) -> None:
    """As a cheap network camera does: JPEGs without stamps, one after another, each brighter than the last."""
    connection.sendall(MULTIPART)
    for index in range(count):
        jpeg = cv2.imencode(".jpg", grey(index % 256))[1].tobytes()
        part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
        connection.sendall(part + jpeg + b"\r\n")
        time.sleep(every_s)


def jpegs(count: int) -> Callable[[socket.socket, str], None]:
    return lambda connection, request: send_jpegs(connection, count)


ENDLESS = jpegs(1_000_000)


def refuse(connection: socket.socket, request: str) -> None:
    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def take(source: Source, count: int) -> list[Frame]:
    """So many frames, within a time after which the test has failed."""
    frames: list[Frame] = []
    until_s = time.perf_counter() + WAIT_S
    for frame in source:
        frames += [frame] if frame else []
        if len(frames) >= count:
            break
        assert time.perf_counter() < until_s
    return frames


def test_a_network_cameras_frames_come_live_and_at_the_pace_at_which_they_come(serve: Callable[..., Server]) -> None:
    server = serve(lambda connection, request: send_jpegs(connection, 1000, every_s=0.1))
    with open_source(f"http://{server.address}/cam/front.mjpg?size=1") as source:
        assert (source.is_live, source.is_endless, source.size_wh) == (True, True, (64, 48))
        frames = take(source, 8)
    assert frames[0].name.startswith("front_00000")
    # FFmpeg counts such frames at 25 a second, whatever they are; they come ten times a second, or later;
    # but for the first, which it has read before.
    assert np.diff([frame.time_s for frame in frames[-4:]]).mean() > 0.08


def test_a_stream_that_ends_is_asked_for_anew_and_its_time_goes_on(serve: Callable[..., Server]) -> None:
    server = serve(jpegs(10), refuse, ENDLESS)
    told: list[str] = []
    with open_source(f"http://{server.address}/front.mjpg", tell=told.append) as source:
        frames = take(source, 1)
        while len(told) < 2:
            frames += take(source, 1)
        frames += take(source, 2)
    url = f"http://{server.address}/front.mjpg"
    assert told[0].startswith(f"{url}: the stream ")
    assert told[0].endswith("; waiting for it to come back")
    assert told[1].startswith(f"{url}: back after ")
    assert len(server.requests) == 3
    assert len(told) == 2
    times_s = [frame.time_s for frame in frames]
    assert times_s == sorted(set(times_s))
    assert [frame.name for frame in frames] == sorted({frame.name for frame in frames})


def test_a_stream_that_stops_sending_is_asked_for_anew(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "READ_TIMEOUT_S", 0.2)

    def stall(connection: socket.socket, request: str) -> None:
        send_jpegs(connection, 5)
        server.closing.wait(WAIT_S)

    server = serve(stall, ENDLESS)
    told: list[str] = []
    with open_source(f"http://{server.address}/front.mjpg", tell=told.append) as source:
        while len(told) < 2:
            take(source, 1)
        assert take(source, 1)
    assert "the stream broke off (it sends nothing); waiting" in told[0]
    assert "back after" in told[1]


def mpegts(count: int, start_s: float = 1.0) -> bytes:
    file = io.BytesIO()
    write_video(file, rolling(count), [start_s + index / 30 for index in range(count)], kind="mpegts", key_every=10)
    return file.getvalue()


def test_spoilt_packets_of_a_stream_cost_some_frames_and_no_more(serve: Callable[..., Server]) -> None:
    def send(connection: socket.socket, request: str) -> None:
        contents = bytearray(mpegts(120))
        middle = len(contents) // 2
        contents[middle : middle + 3000] = np.random.default_rng(0).bytes(3000)
        connection.sendall(HEADER % b"video/mp2t")
        for at in range(0, len(contents), 4096):
            connection.sendall(contents[at : at + 4096])
            time.sleep(0.005)
        server.closing.wait(WAIT_S)

    server = serve(send)
    told: list[str] = []
    with open_source(f"http://{server.address}/live.ts", tell=told.append) as source:
        last_s, frames = 0.0, 0
        until_s = time.perf_counter() + WAIT_S
        while last_s < 3.5:
            last_s = take(source, 1)[0].time_s
            frames += 1
            assert time.perf_counter() < until_s
        assert last_s < 4.0  # its own stamps, not the time it took to send
    assert told == []
    assert frames + source.dropped > 60


def test_a_stream_of_nothing_that_can_be_decoded_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "READ_TIMEOUT_S", 0.05)

    class Garbage:
        pictures: Iterator[None] = iter(lambda: time.sleep(0.01), 1)  # type: ignore[arg-type]  # None for ever

        def close(self) -> None:
            pass

    feed = streams.StreamFeed(Garbage())  # type: ignore[arg-type]  # all that is used of a Video
    with pytest.raises(feed_module.FeedLost, match="nothing that can be decoded"):
        assert set(iter(feed.read, 1)) == {None}


def with_length(contents: bytes) -> Callable[[socket.socket, str], None]:
    """A file on a web server, which gives any part of it."""

    def send(connection: socket.socket, request: str) -> None:
        wanted = [line.split("=")[1] for line in request.splitlines() if line.lower().startswith("range:")]
        start = int(wanted[0].split("-")[0]) if wanted else 0
        head = f"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{len(contents) - 1}/{len(contents)}\r\n"
        connection.sendall(f"{head}Content-Length: {len(contents) - start}\r\n\r\n".encode() + contents[start:])

    return send


def test_a_recording_on_the_network_is_read_to_its_end_with_no_frame_dropped(
    serve: Callable[..., Server], uneven_video: Path
) -> None:
    server = serve(with_length(uneven_video.read_bytes()))
    with open_source(f"http://{server.address}/dusk.mp4") as source:
        assert (source.is_live, source.is_endless) == (False, False)
        assert_allclose([frame.time_s for frame in source if frame], STAMPS_S, atol=1e-4)


def test_no_credentials_are_shown_anywhere(
    serve: Callable[..., Server], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    server = serve(ask_who, jpegs(5), refuse, ask_who, ENDLESS)
    url = f"http://me:SECRET1@{server.address}/front.mjpg?token=SECRET2&size=1"
    shown = f"http://***@{server.address}/front.mjpg?token=***&size=1"
    av.logging.set_level(av.logging.DEBUG)
    told: list[str] = []
    with caplog.at_level(logging.DEBUG), open_source(url, tell=told.append) as source:
        assert source.name == shown
        while len(told) < 2:
            frame = take(source, 1)[0]
            assert "SECRET" not in frame.name
    assert all(line.startswith(f"{shown}: ") for line in told)
    assert "token=SECRET2" in server.requests[0]
    assert "Authorization: Basic" in server.requests[1]
    gone = serve(refuse)
    bad = f"http://me:SECRET1@{gone.address}/front.mjpg?token=SECRET2"
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as refusal:
        open_source(bad)
    assert str(refusal.value).startswith(f"http://***@{gone.address}/front.mjpg?token=***: cannot be opened (")
    assert "404" in str(refusal.value)
    output = capfd.readouterr()
    assert "SECRET" not in caplog.text + output.out + output.err
    assert av.logging.get_level() is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "http://127.0.0.1:9/front.mjpg",
            r"^http://127\.0\.0\.1:9/front\.mjpg: cannot be opened \(Connection refused\)$",
        ),
        (
            "rtsp://me:SECRET@127.0.0.1:9/x",
            r"^rtsp://\*\*\*@127\.0\.0\.1:9/x: cannot be opened \(Connection refused\)$",
        ),
        ("gopher-x://door/x", r"^gopher-x://door/x: cannot be opened \(Protocol not found\)$"),
    ],
    ids=["nobody there", "RTSP", "no such protocol"],
)
def test_a_stream_that_cannot_be_opened_is_refused_in_one_line(url: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        open_source(url)


def test_a_server_that_says_nothing_is_refused_in_time(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "OPEN_TIMEOUT_S", 0.1)
    server = serve(lambda connection, request: server.closing.wait(WAIT_S))
    with pytest.raises(SourceError, match=r"cannot be opened \(it sends nothing\)$"):
        open_source(f"http://{server.address}/front.mjpg")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in Linux's /proc")
@pytest.mark.parametrize("kind", ["video", "stream", "stream that cannot be opened", "text"])
def test_closing_leaves_no_thread_and_no_descriptor(
    kind: str, uneven_video: Path, serve: Callable[..., Server], tmp_path: Path
) -> None:
    server = serve(refuse if "cannot" in kind else ENDLESS)
    text(tmp_path / "text.mp4")
    url = f"http://{server.address}/front.mjpg"
    spec = {"video": str(uneven_video), "text": str(tmp_path / "text.mp4")}.get(kind, url)

    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - iterdir would hold a descriptor of its own

    def threads() -> int:  # FFmpeg's too, but for the server's
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - as above

    open_source(str(uneven_video)).close()  # what is opened once and kept
    before = descriptors(), threads()
    for _ in range(3):
        try:
            source = open_source(spec)
        except SourceError:
            continue
        assert take(source, 1)
        source.close()
        source.close()
    until_s = time.perf_counter() + WAIT_S
    while (descriptors(), threads()) != before and time.perf_counter() < until_s:
        time.sleep(0.02)  # the server's own threads and descriptors go when it sees that nobody listens
    assert (descriptors(), threads()) == before


@pytest.mark.parametrize(
    ("url", "stem"),
    [
        ("rtsp://door/stream", "stream"),
        ("rtsp://me:secret@door:554/cam/1.sdp?token=secret", "1"),
        ("http://10.0.0.7:8080/front yard.mjpg#x", "front_yard"),
        ("rtsp://me:secret@door", "door"),
        ("http://door/", "door"),
        ("http://", "stream"),
    ],
)
def test_files_about_a_stream_are_called_after_it_without_credentials(url: str, stem: str) -> None:
    assert stream_stem(url) == stem
