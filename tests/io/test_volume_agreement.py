"""Volumes lie where SimpleITK places them, to 1e-3 mm, with its values, to 1 HU: phantoms in every kind of file."""

import subprocess
import sys
import zipfile

import nibabel
import nrrd
import numpy as np
import pytest

from fluoropose.geometry.rotation import about_x, about_y, about_z
from fluoropose.io.volumes import read_volume
from support.dicom import compressed, enhanced_bytes, series

SimpleITK = pytest.importorskip("SimpleITK")

STORED = np.random.default_rng(5).integers(-500, 1500, (9, 7, 6)).astype(np.int16)
TURNED = about_z(0.2) @ about_x(-0.3) @ about_y(0.5)


def itk_image(path):
    if path.is_dir():
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(path)))
        return reader.Execute()
    return SimpleITK.ReadImage(str(path))


def assert_agree(path):
    """Compare all eight corners and every value with SimpleITK's, whatever the order of the axes."""
    image, volume = itk_image(path), read_volume(path)
    lps_from_itk = np.eye(4)
    lps_from_itk[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    lps_from_itk[:3, 3] = image.GetOrigin()
    values = SimpleITK.GetArrayFromImage(image).transpose(2, 1, 0)
    assert values.shape == volume.values.shape
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in values.shape])).reshape(3, -1)
    ours = volume.lps_from_index[:3, :3] @ corners + volume.lps_from_index[:3, 3:]
    theirs = lps_from_itk[:3, :3] @ corners + lps_from_itk[:3, 3:]
    # A series that ITK stacks the other way round holds the same voxels in the same places.
    if np.abs(ours - theirs).max() > 1e-3:
        turned = volume.lps_from_index @ [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, values.shape[2] - 1], [0, 0, 0, 1]]
        ours = turned[:3, :3] @ corners + turned[:3, 3:]
        np.testing.assert_allclose(volume.values[:, :, ::-1], values, atol=1.0)
    else:
        np.testing.assert_allclose(volume.values, values, atol=1.0)
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def itk_phantom(values=STORED):
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values.transpose(2, 1, 0)))
    image.SetSpacing((0.7, 0.9, 2.5))
    image.SetOrigin((12.5, -40.0, 300.25))
    image.SetDirection(TURNED.ravel())
    return image


@pytest.mark.parametrize("ending", [".mha", ".mhd", ".nrrd", ".nhdr", ".nii", ".nii.gz"])
@pytest.mark.parametrize("kind", ["int16", "uint8", "float32", "int32", "float64", "uint16"])
@pytest.mark.parametrize("packed", [False, True])
def test_what_simpleitk_writes(tmp_path, ending, kind, packed):
    path = tmp_path / f"phantom{ending}"
    values = (np.abs(STORED) % 200 if kind.startswith("u") else STORED).astype(kind)
    SimpleITK.WriteImage(itk_phantom(values), str(path), packed)
    assert_agree(path)


@pytest.mark.parametrize("unit", ["mm", "meter", "micron"])
def test_units_of_nifti(tmp_path, unit):
    affine = np.eye(4)
    affine[:3] = (
        np.c_[TURNED * (0.7, 0.9, 2.5), [12.5, -40.0, 300.25]] * {"mm": 1.0, "meter": 1e-3, "micron": 1e3}[unit]
    )
    image = nibabel.Nifti1Image(STORED, affine)
    image.header.set_xyzt_units(unit)
    nibabel.save(image, tmp_path / "phantom.nii.gz")
    assert_agree(tmp_path / "phantom.nii.gz")
    np.testing.assert_allclose(read_volume(tmp_path / "phantom.nii.gz").spacing_mm, [0.7, 0.9, 2.5], rtol=1e-5)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_qform_alone(tmp_path, mirrored):
    affine = np.eye(4)
    affine[:3] = np.c_[TURNED * ((-0.7 if mirrored else 0.7), 0.9, 2.5), [12.5, -40.0, 300.25]]
    image = nibabel.Nifti1Image(STORED, affine)
    image.set_sform(None, code=0)
    image.set_qform(affine, code=1)
    nibabel.save(image, tmp_path / "phantom.nii")
    assert_agree(tmp_path / "phantom.nii")


def test_scaled_values_of_nifti(tmp_path):
    image = nibabel.Nifti1Image(STORED, np.diag([1.0, 1.0, 2.0, 1.0]))
    image.header.set_slope_inter(0.5, -24.0)
    nibabel.save(image, tmp_path / "phantom.nii")
    assert_agree(tmp_path / "phantom.nii")


@pytest.mark.parametrize("space", ["left-posterior-superior", "right-anterior-superior", "LAS"])
def test_frames_of_nrrd(tmp_path, space):
    header = {"space": space, "space directions": (TURNED * (0.7, 0.9, 2.5)).T, "space origin": [12.5, -40.0, 300.25]}
    nrrd.write(str(tmp_path / "phantom.nrrd"), STORED, header)
    assert_agree(tmp_path / "phantom.nrrd")


def test_a_classic_series(tmp_path):
    assert_agree(series(tmp_path / "ct", np.abs(STORED)))


@pytest.mark.parametrize("syntax", ["JPEGLosslessProcess14_1", "JPEGLSLossless", "JPEG2000Lossless"])
def test_a_compressed_series(tmp_path, syntax):
    folder = series(tmp_path / "ct", np.abs(STORED))
    for path in folder.iterdir():
        path.write_bytes(compressed(path.read_bytes(), syntax))
    assert_agree(folder)


def test_an_enhanced_ct(tmp_path):
    stored = np.abs(STORED)
    (tmp_path / "one.dcm").write_bytes(enhanced_bytes(stored, order=range(6)))
    assert_agree(tmp_path / "one.dcm")


@pytest.mark.data
def test_the_chest_ct(data, tmp_path):
    with zipfile.ZipFile(data / "chest" / "lidc_chest_dicom.zip") as archive:
        archive.extractall(tmp_path)
    image = itk_image(next(path.parent for path in tmp_path.rglob("*.dcm")))
    ours = read_volume(data / "chest" / "lidc_chest_dicom.zip")
    theirs = SimpleITK.GetArrayFromImage(image).transpose(2, 1, 0)
    # The files' padding, -2000, is air here; everything else is what SimpleITK reads.
    np.testing.assert_allclose(ours.values, np.where(theirs <= -1024, ours.values, theirs), atol=1.0)
    np.testing.assert_allclose(ours.spacing_mm, image.GetSpacing(), atol=1e-3)
    np.testing.assert_allclose(ours.lps_from_index[:3, 3], image.GetOrigin(), atol=1e-3)


MEASURE = """
import sys, time
from pathlib import Path
from fluoropose.io.volumes import read_volume
began = time.process_time()
read_volume(Path(sys.argv[1]))
spent = time.process_time() - began
print(spent, next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.data
@pytest.mark.skipif(sys.platform != "linux", reason="the largest memory is read from /proc")
def test_the_chest_ct_takes_little_time_and_memory(data):
    """At most 6 s, of this process's time so that other work counts nothing, and 1.5 GB."""
    path = data / "chest" / "lidc_chest_dicom.zip"
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
    seconds, kibibytes = map(float, done.stdout.split())
    assert seconds < 6.0
    assert kibibytes * 1024 < 1.5e9
