"""What labels tell apart against what a network does: whether it can learn from them, and what they can score."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from realtime.core.regions import Region
from train.data.one_class import class_name, regions_of

Classes = tuple[str, ...]
"""Names of what a set's labels tell apart, as in its index; none where each region is labelled by itself."""


def check_classes(folder: Path, classes: Classes, channels: Sequence[str]) -> None:
    """Refuse to learn what labels do not tell apart, as irises where eyes are labelled as a whole.

    Args:
        folder: where the labels lie, for the message.
        classes: of the labels.
        channels: names of a segmenter's channels.

    Raises:
        ValueError: a channel is neither one class of the labels nor several together.
    """
    for channel in channels:
        wanted = _members(channel)
        given = {region for members in _labelled(classes) if members <= wanted for region in members}
        if wanted != given:
            raise ValueError(f"{folder}: its labels cannot give {channel}, only --regions {','.join(classes)}")


def common_classes(classes_of_sets: Iterable[Classes], channels: Sequence[str]) -> dict[str, list[str]]:
    """The finest classes that labels and network have in common.

    Args:
        classes_of_sets: of each set of labels that is scored against.
        channels: names of a segmenter's channels.

    Returns:
        channels by the name of the class that they make together, in the channels' order; eye and iris become one where
        a set labels them as one. Channels that have nothing to be compared with are left out.
    """
    sets = [_labelled(classes) for classes in classes_of_sets]
    joined: list[set[Region]] = []
    for members in [_members(channel) for channel in channels] + [members for labelled in sets for members in labelled]:
        touching = [one for one in joined if one & members]
        joined = [one for one in joined if not one & members] + [members.union(*touching)]
    common: dict[str, list[str]] = {}
    for channel in channels:
        whole = next((one for one in joined if one & _members(channel)), set())
        together = [other for other in channels if _members(other) & whole]
        reached = set().union(*map(_members, together))
        if whole and reached == whole and all(whole <= set().union(*labelled) for labelled in sets):
            common[class_name(sorted(whole))] = together
    return common


def _members(name: str) -> set[Region]:
    return set(regions_of(name)) - {Region.BACKGROUND}


def _labelled(classes: Classes) -> list[set[Region]]:
    return [_members(name) for name in classes] or [{region} for region in tuple(Region)[1:]]
