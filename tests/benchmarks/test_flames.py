"""Flame graphs."""

from xml.etree import ElementTree

from benchmarks.flames import flame_graph

_SVG = "{http://www.w3.org/2000/svg}"


def test_a_frame_is_as_wide_as_its_share_and_stands_on_its_caller() -> None:
    stacks = "main;read <a> 30\nmain;write;fsync 60\nmain 10\nother;tiny 0"
    picture = ElementTree.fromstring(flame_graph(stacks, "all"))  # noqa: S314 our own
    found = {}
    for frame in picture.iter(f"{_SVG}g"):
        said, box = frame.find(f"{_SVG}title"), frame.find(f"{_SVG}rect")
        assert said is not None
        assert said.text is not None
        assert box is not None
        found[said.text] = float(box.attrib["width"]), float(box.attrib["y"])
    assert found["all: 100.0%"][0] == found["main: 100.0%"][0]
    assert found["write: 60.0%"][0] == 2 * found["read <a>: 30.0%"][0]
    assert found["main: 100.0%"][1] < found["all: 100.0%"][1]
    assert found["fsync: 60.0%"][1] < found["write: 60.0%"][1] < found["main: 100.0%"][1]
    assert not any(name.startswith("tiny") for name in found)
