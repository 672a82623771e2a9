"""`render`: a DRR as numbers or as a picture."""

import numpy as np

from support.commands import refused, run


def test_a_drr_is_written_as_numbers_or_as_a_picture(files, cases_root):
    words = ["render", cases_root / "small", "--camera", files / "camera.json", "--pose", files / "pose.json", "--out"]
    assert run(*words, files / "d.npy").exit_code == 0
    assert np.load(files / "d.npy").shape == (96, 128)
    assert run(*words, files / "d.png").exit_code == 0
    assert (files / "d.png").read_bytes().startswith(b"\x89PNG")
    refused(run(*words, files / "d.jpg"), ".npy or .png")
