"""Write what `fluoropose check` says of each set of real data that this project is measured on.

python docs/examples/check_outputs.py DATA docs/measured/checked-data.md
"""

import subprocess
import sys
from pathlib import Path

SETS = {
    "LIDC-IDRI-0001, a thorax CT as a zip of DICOM files": ["chest/lidc_chest_dicom.zip"],
    "TotalSegmentator's example: abdomen and pelvis with a hip implant, and its label map": [
        "torso/example_ct.nii.gz", "torso/example_seg_full_v1.nii.gz",
    ],
    "The head CT of the VTK data, as NIfTI and as raw slices": [
        "head_lowres/headsq_quarter_raw.nii.gz", "head_lowres/quarter",
    ],
    "Biplane video of a wrist": [
        "wrist/radius.tif", "wrist/frames", "wrist/xr_calib_wrist_cam01.txt", "wrist/xr_calib_wrist_cam02.txt",
    ],
    "Pairs of a knee with a total replacement": [
        "knee_implant_biplane/cam1", "knee_implant_biplane/cam2", "knee_implant_biplane/femoral.stl",
        "knee_implant_biplane/tibial.stl", "knee_implant_biplane/calibration_cam1_mayacam.txt",
        "knee_implant_biplane/calibration_cam2_mayacam.txt",
    ],
    "Consecutive pairs of the same knee": ["knee_implant_run/cam1", "knee_implant_run/cam2"],
    "Single-plane frames of another knee, with JointTrack's calibration": [
        "knee_implant_single/left/frames", "knee_implant_single/left/femoral.stl",
        "knee_implant_single/left/tibial.stl", "knee_implant_single/left/original_calibration.txt",
    ],
}  # fmt: skip

HEAD = """# What `check` says of real data

Written by `python docs/examples/check_outputs.py DATA docs/measured/checked-data.md`; a test compares sections
of it where the data is present. The data and their sources: LIDC-IDRI (TCIA, CC BY 3.0;
doi:10.7937/K9/TCIA.2015.LO9QL9SX),
TotalSegmentator (Apache-2.0; Wasserthal et al. 2023), VTK (BSD), Autoscoper's wrist (Akhbari et al. 2019, J Biomech
92:120) and JTML's knees (BSD 3-Clause; Jensen et al. 2023, doi:10.1016/j.arth.2023.05.029).

Five of the findings are errors or mistakes to know: the head's values are HU + 1024 and `prepare --hu-offset -1024`
says so; its raw slices are no DICOM files; the CT of the radius is a TIFF of pages, which are taken for frames;
JointTrack's calibration tells no size of the picture, which `geometry convert --rows --columns` gives; and 8-bit frames
of this kind are what the detector gave, after a look-up table that nobody wrote down.
"""


def output(data: Path, title: str) -> str:
    """Return the section of one set in a folder of data."""
    command = [sys.executable, "-m", "fluoropose", "check", *SETS[title]]
    done = subprocess.run(command, cwd=data, capture_output=True, text=True)
    return f"\n## {title}\n\n```text\n{done.stdout.strip()}\n```\n"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(HEAD + "".join(output(Path(sys.argv[1]), title) for title in SETS))
