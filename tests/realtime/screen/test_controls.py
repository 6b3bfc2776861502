"""What each key changes, and that the README lists them as they are."""

from pathlib import Path

import pytest

from realtime.config import RealtimeConfig, shown_regions
from realtime.drawing.style import Effect, Style
from realtime.screen.controls import KEYS, Controls, keys_table

README = Path(__file__).parents[3] / "README.md"


def pressed(keys: str, config: RealtimeConfig | None = None) -> Controls:
    controls = Controls(config or RealtimeConfig())
    for key in keys:
        controls.press(ord(key))
    return controls


def test_the_readme_has_the_table_of_keys() -> None:
    assert keys_table() in README.read_text(encoding="utf-8")


def test_no_code_belongs_to_two_keys_and_what_stands_on_a_key_is_one_of_its_codes() -> None:
    codes = [code for key in KEYS for code in key.codes]
    assert len(codes) == len(set(codes))
    for key in KEYS:
        assert all(ord(name) in key.codes for name in key.names if len(name) == 1)
    assert {name for key in KEYS for name in key.names if len(name) > 1} == {"Esc", "space"}


@pytest.mark.parametrize("code", [ord("q"), ord("Q"), 27], ids=["q", "Q", "Esc"])
def test_q_and_esc_quit(code: int) -> None:
    controls = Controls(RealtimeConfig())
    controls.press(code)
    assert controls.wants_quit


@pytest.mark.parametrize("code", [ord("x"), ord("1"), 13, 0, 255, 0xFF51, 0xFFBE, 0xFFFF])
def test_other_keys_do_nothing(code: int) -> None:
    controls = Controls(RealtimeConfig())
    controls.press(code)
    before = vars(Controls(RealtimeConfig()))
    assert {name: value for name, value in vars(controls).items() if name != "message"} == {
        name: value for name, value in before.items() if name != "message"
    }
    assert controls.message.text == ""


@pytest.mark.parametrize(
    ("key", "attribute"),
    [(" ", "is_paused"), ("m", "is_mirrored"), ("v", "wants_recording"), ("h", "shows_hud"), ("?", "shows_help")],
)
def test_some_keys_turn_on_and_off(key: str, attribute: str) -> None:
    assert [getattr(pressed(key * count), attribute) for count in range(3)] == [False, True, False]


def test_s_asks_for_a_snapshot() -> None:
    assert pressed("s").wants_snapshot


def test_the_run_begins_as_the_config_says() -> None:
    look = Style(Effect.LIPSTICK, opacity=0.3)
    controls = Controls(RealtimeConfig(look=look, mirror=True, hud=True))
    assert (controls.look, controls.is_mirrored, controls.shows_hud) == (look, True, True)


def test_e_goes_through_all_effects_and_round() -> None:
    effects = [pressed("e" * count).look.effect for count in range(len(Effect) + 1)]
    assert effects == [*Effect, Effect.OVERLAY]
    assert pressed("e").message.text == "effect: contour"


@pytest.mark.parametrize(
    ("began", "choices"),
    [
        ("iris,eyes,lips", ["iris,eyes,lips,mouth", "iris", "eyes", "lips", "mouth", "iris,eyes,lips"]),
        ("mouth", ["iris,eyes,lips", "iris,eyes,lips,mouth", "iris", "eyes", "lips", "mouth"]),
        ("lips,mouth", ["iris,eyes,lips", "iris,eyes,lips,mouth", "iris", "eyes", "lips", "mouth", "lips,mouth"]),
    ],
)
def test_r_goes_through_the_regions_and_back_to_those_of_the_config(began: str, choices: list[str]) -> None:
    config = RealtimeConfig(look=Style(regions=shown_regions(began)))
    chosen = [pressed("r" * count, config).look.regions for count in range(1, len(choices) + 1)]
    assert chosen == [shown_regions(groups) for groups in choices]
    assert pressed("rr").message.text == "regions: iris"


@pytest.mark.parametrize(
    ("keys", "opacity"),
    [("+", 0.65), ("=", 0.65), ("-", 0.45), ("_", 0.45), ("+" * 9, 1.0), ("-" * 9, 0.0), ("-" * 9 + "+", 0.1)],
)
def test_plus_and_minus_change_the_opacity_within_0_and_1(keys: str, opacity: float) -> None:
    controls = pressed(keys)
    assert controls.look.opacity == opacity
    assert controls.message.text == f"opacity {opacity:.0%}"


def test_the_same_words_said_again_are_another_message() -> None:
    controls = Controls(RealtimeConfig())
    controls.say("camera 0 is lost")
    first = controls.message
    controls.say("camera 0 is lost")
    assert controls.message != first
