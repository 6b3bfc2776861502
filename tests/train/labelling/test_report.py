"""The table after labelling counts what was found and why faces have no crop."""

from train.data.label_set import LabelledFace, LabelledPhoto
from train.labelling.report import label_table


def test_faces_without_a_crop_are_counted_by_reason() -> None:
    small, doubtful = LabelledFace("", [], rejected="too small"), LabelledFace("", [], rejected="detections disagree")
    rows = [
        LabelledPhoto("/1.jpg", "a", faces=[LabelledFace("a_1", []), small]),
        LabelledPhoto("/2.jpg", "b", faces=[doubtful, doubtful]),
        LabelledPhoto("/3.jpg", "b", rejected="no face"),
    ]
    table = label_table(rows)
    cells = {str(column.header): list(column.cells) for column in table.columns}
    assert cells == {
        "source": ["a", "b", "all"],
        "photos": ["1", "2", "3"],
        "faces": ["2", "2", "4"],
        "with crop": ["1", "0", "1"],
        "grey": ["0", "0", "0"],
        "face: detections disagree": ["0", "2", "2"],
        "face: too small": ["1", "0", "1"],
        "no face": ["0", "1", "1"],
    }
