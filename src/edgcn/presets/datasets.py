"""The data sets this project knows: what their files and stores look like, and where they are.

Nothing is downloaded: SMG, iMiGUE and NTU RGB+D need an agreement signed by the user.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataSet:
    """A data set this project knows: how its files and its stores are recognized.

    Args:
        releases: a pattern of FOLDER/FILE for each release; group 1 names the recording.
        files: how many such files the (first) release has.
        looks: the layout, for people.
        page: where it is obtained.
        topologies, classes, first_class, units: what its store says.
        tests: the subjects who test in our tables.
        published: whether its source says so, too: then its store's default split is that.
    """

    title: str
    reader: str
    releases: dict[str, str]
    files: int
    looks: str
    page: str
    topologies: tuple[str, ...]
    classes: int
    first_class: str
    units: str = "m"
    tests: tuple[str, ...] = ()
    published: bool = True

    @property
    def split(self) -> str | None:
        """The split that our scores are of; None: its store's default."""
        return None if self.published else f"subject:{','.join(self.tests)}"


DATA_SETS: dict[str, DataSet] = {
    "smg": DataSet(
        "SMG", "smg", {"": r".*/(Sample\d+)_skeleton\.csv"}, 40,
        "Sample0001/Sample0001_skeleton.csv, ...",
        "https://github.com/mikecheninoulu/SMG, by agreement",
        ("kinect_v2",), 17, "turtling neck and shoulder",
    ),
    "imigue": DataSet(
        "iMiGUE", "imigue",
        {"full release": r"Label/(labels_20200831)\.csv",
         "MiGA release": r".*/(\d+)_light_hand\.csv"}, 1,
        "Label/labels_20200831.csv with mg_skeleton_only/, or 0001/0001_light_hand.csv, ...",
        "https://github.com/linuxsino/iMiGUE, by agreement",
        ("body_25", "miga_22"), 32, "turtle neck", "px",
    ),
    "ntu60": DataSet(
        "NTU RGB+D 60", "ntu", {"": r".*/(S\d{3}C\d{3}P\d{3}R\d{3}A\d{3})\.skeleton"}, 56880,
        "S001C001P001R001A001.skeleton, ...",
        "https://rose1.ntu.edu.sg/dataset/actionRecognition/, by agreement",
        ("kinect_v2",), 60, "drink water",
    ),
    "wmft": DataSet(
        "WMFT", "clips_npz", {"": r".*/(wmft)\.npz"}, 1, "wmft.npz",
        "open, https://github.com/alexandrebarachant/WMFT_JBHI, converted to clips.npz",
        ("kinect_v2",), 15, "Forearm to table",
        tests=("S03", "S06", "S09", "S12", "S15", "S18", "S21", "S24"), published=False,
    ),
    "isl30": DataSet(
        "ISL30", "clips_npz", {"": r".*/(isl30)\.npz"}, 1, "isl30.npz",
        "open, repository of https://arxiv.org/abs/2010.12669, converted to clips.npz",
        ("isl",), 30, "afternoon", tests=("s03", "s06", "s09"), published=False,
    ),
    "msr-world": DataSet(
        "MSR Action3D (world)", "msr_action3d", {"": r".*/(a\d+_s\d+_e\d+)_skeleton3D\.txt"}, 567,
        "a01_s01_e01_skeleton3D.txt, ...",
        "open, https://sites.google.com/view/wanqingli/data-sets/msr-action3d",
        ("msr_action3d",), 20, "high arm wave", tests=("s2", "s4", "s6", "s8", "s10"),
    ),
    "msr-screen": DataSet(
        "MSR Action3D (screen)", "msr_action3d", {"": r".*/(a\d+_s\d+_e\d+)_skeleton\.txt"}, 567,
        "a01_s01_e01_skeleton.txt, ...",
        "open, https://sites.google.com/view/wanqingli/data-sets/msr-action3d",
        ("msr_action3d",), 20, "high arm wave", "px", ("s2", "s4", "s6", "s8", "s10"),
    ),
    "utd": DataSet(
        "UTD-MHAD", "utd_mhad", {"": r".*/(a\d+_s\d+_t\d+)_skeleton\.mat"}, 861,
        "a1_s1_t1_skeleton.mat, ...",
        "open, https://personal.utdallas.edu/~kehtar/UTD-MHAD.html",
        ("utd_mhad",), 27, "swipe left", tests=("s2", "s4", "s6", "s8"),
    ),
}  # fmt: skip
