"""What is in a page: its data, its policy, its scripts."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np


def data_of(path: Path) -> dict[str, Any]:
    """What the page's script reads."""
    text = path.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def check_closed(path: Path) -> None:
    """The page may run one script, the one that is in it, and fetch nothing."""
    text = path.read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert len(scripts) == 1
    assert text.count("<script") == 2
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert f"{policy}; script-src 'sha256-{digest}'" in text
    assert not re.search(r"https?:|@import|src=|href=\"(?!#)|eval\(|innerHTML", text)


def points_of(clip: dict[str, Any], joints: int) -> np.ndarray:
    """(frames, bodies, joints, 2) whole numbers."""
    numbers = np.frombuffer(base64.b64decode(clip["xy"]), dtype="<i2")
    return numbers.reshape(clip["frames"], clip["bodies"], joints, 2)
