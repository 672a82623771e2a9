"""JointTrack's calibration of one camera: distance, offsets of the principal point and pixel size, all in mm.

The file is a code, JT_INTCALIB or JTA_INTCALIB, and four numbers: principal distance, x offset, y offset, pixel size.
The picture's middle is the principal point, moved by the offsets: x to the right, y up (JTML, services/calibration.h
and its window centre). The camera's own frame is the world: x right, y up, the object at negative z.
"""

from fluoropose.errors import GeometryError
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.conversion.fields import finite_numbers, require_known, side_field, text_field
from fluoropose.geometry.conversion.imaging_geometry import Fields, ImagingGeometry, WrittenGeometry

__all__ = ["read_jointtrack", "write_jointtrack"]

_CODES = ("JT_INTCALIB", "JTA_INTCALIB")


def read_jointtrack(fields: Fields) -> ImagingGeometry:
    """Return the geometry of {"text": a calibration file, "rows", "columns"}: the file does not say the picture's size.

    Raises
    ------
    GeometryError
        If the code is another (two cameras have another file), or there are not four numbers that can be meant.
    """
    require_known(fields, "jointtrack", ("text", "rows", "columns"))
    words = text_field(fields, "text").replace(",", " ").split()
    if words[:1] == [] or words[0] not in _CODES:
        raise GeometryError(f"expected a file that begins with {' or '.join(_CODES)}, got {' '.join(words[:1])[:40]!r}")
    numbers = finite_numbers(words[1:5], f"4 numbers after {words[0]}")
    if len(numbers) < 4:
        raise GeometryError(f"expected 4 numbers after {words[0]}, got {len(numbers)}")
    distance, x_mm, y_mm, pixel_mm = numbers
    if not pixel_mm > 0:
        raise GeometryError(f"expected a pixel size above 0, got {pixel_mm}")
    if fields.get("rows") is None or fields.get("columns") is None:
        raise GeometryError("expected rows and columns beside a JointTrack calibration, got none: it tells no size")
    rows, columns = side_field(fields, "rows"), side_field(fields, "columns")
    middle = ((columns - 1) / 2 + x_mm / pixel_mm, (rows - 1) / 2 - y_mm / pixel_mm)
    camera = camera_from_detector(
        rows, columns, row_spacing_mm=pixel_mm, column_spacing_mm=pixel_mm, source_to_detector_mm=distance,
        principal_point_px=middle,
    )  # fmt: skip
    return ImagingGeometry(camera, None, distance)


def write_jointtrack(geometry: ImagingGeometry, options: Fields) -> WrittenGeometry:
    """Return {"text": a calibration file} and the picture's size; it holds square pixels and no place."""
    camera, distance = geometry.camera, geometry.require_distance("jointtrack")
    matrix = camera.intrinsic_matrix
    pixel_mm = distance / camera.focal_px
    x_mm = pixel_mm * (float(matrix[0, 2]) - (camera.columns - 1) / 2)
    y_mm = -pixel_mm * (float(matrix[1, 2]) - (camera.rows - 1) / 2)
    text = "\n".join([_CODES[0], *(repr(number) for number in (distance, x_mm + 0.0, y_mm + 0.0, pixel_mm))]) + "\n"
    losses = []
    if abs(float(matrix[0, 0] - matrix[1, 1])) > 1e-9 * camera.focal_px:
        losses.append(f"two focal lengths, {float(matrix[0, 0] - matrix[1, 1]):.2f} px apart: the mean is written")
    if abs(float(matrix[0, 1])) > 1e-9:
        losses.append(f"the skew of {float(matrix[0, 1]):g} px")
    if geometry.camera_from_world is not None:
        losses.append("the place in the world: poses of that file are in the camera's frame")
    return WrittenGeometry({"text": text, "rows": camera.rows, "columns": camera.columns}, tuple(losses))
