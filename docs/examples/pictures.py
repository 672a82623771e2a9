"""Draw the pictures of the documentation: the geometry, and the three objects that ship. Needs matplotlib.

python docs/examples/pictures.py docs/pictures
"""

import sys
from functools import partial
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from fluoropose.drr.atlas import default_step_mm, render_view
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import ViewChoice, canonical_view
from fluoropose.geometry.camera import camera_from_detector, project
from fluoropose.geometry.pose6 import Pose6Frame, pose_from_six
from fluoropose.geometry.rigid import transform
from fluoropose.io.pictures import save_drawing
from fluoropose.io.preparation import VIEWS
from fluoropose.objects.catalogue import OBJECTS


def objects(path: Path) -> None:
    """Draw each object in its base view and turned out of the plane."""
    angles = ((0, 0), (30, 0), (0, 30), (-20, -25))
    figure, axes = plt.subplots(len(OBJECTS), len(angles), figsize=(10, 7.8))
    for row, item in zip(axes, OBJECTS.values(), strict=True):
        volume = item.volume()
        view = canonical_view(volume, ViewChoice(item.base_rotation, item.range_mm, size_px=256))
        renderer = CpuRenderer(volume, default_step_mm(volume))
        for axis, (alpha, beta) in zip(row, angles, strict=True):
            lines = render_view(renderer, view, np.deg2rad(alpha), np.deg2rad(beta))
            axis.imshow(np.exp(-lines), cmap="gray", extent=(-view.field_mm / 2, view.field_mm / 2) * 2)
            axis.set_title(f"{item.name}, $t_α$ {alpha}°, $t_β$ {beta}°", fontsize=9)
            axis.tick_params(labelsize=7)
    figure.tight_layout()
    save_drawing(path, partial(figure.savefig, dpi=80))


def geometry(path: Path) -> None:
    """Draw the C-arm with its axes, and what each of the six parameters does to the picture of a letter F."""
    figure = plt.figure(figsize=(11, 6))
    _c_arm(figure.add_subplot(1, 2, 1))
    names = ("$t_x$ +20 mm", "$t_y$ +20 mm", "$t_z$ −250 mm", "$t_θ$ +25°", "$t_α$ +50°", "$t_β$ +50°")
    changes = np.diag([20.0, 20.0, -250.0, 25.0, 50.0, 50.0])
    for n, (name, change) in enumerate(zip(names, changes, strict=True)):
        axis = figure.add_subplot(3, 4, (3, 4, 7, 8, 11, 12)[n])
        _letter(axis, np.zeros(6), "0.75")
        _letter(axis, change, "tab:blue")
        axis.set_title(name, fontsize=9)
        axis.set_xlim(0, 200)
        axis.set_ylim(200, 0)
        axis.set_aspect("equal")
        axis.set_xlabel("column u", fontsize=7)
        axis.set_ylabel("row v", fontsize=7)
        axis.tick_params(labelsize=6)
    figure.tight_layout()
    save_drawing(path, partial(figure.savefig, dpi=80))


def _letter(axis: plt.Axes, change: np.ndarray, colour: str) -> None:
    """Draw a flat F, head up in the frontal base view, moved by `change`."""
    camera = camera_from_detector(201, 201, row_spacing_mm=1.0, column_spacing_mm=1.0, source_to_detector_mm=1200.0)
    frame = Pose6Frame(np.zeros(3), VIEWS["frontal"])
    pose = pose_from_six(np.array([0, 0, 900.0, 0, 0, 0]) + change, frame)
    strokes = (((-12, -30), (-12, 30)), ((-12, 30), (18, 30)), ((-12, 4), (10, 4)))
    for start, end in strokes:
        points = np.array([[start[0], 0.0, start[1]], [end[0], 0.0, end[1]]])
        uv = project(camera, transform(pose, points))
        axis.plot(uv[:, 0], uv[:, 1], color=colour, linewidth=2.5)


def _c_arm(axis: plt.Axes) -> None:
    """Side view: source left, detector right; axes of the camera (blue) and of the patient (orange)."""
    axis.plot([1200, 1200], [-150, 150], color="k", linewidth=3)
    for edge in (-150, 150):
        axis.plot([0, 1200], [0, edge], color="0.8")
    axis.plot([0, 1200], [0, 0], color="0.6", linestyle=":")
    axis.plot([0], [0], "ko")
    axis.add_patch(plt.matplotlib.patches.Ellipse((900, 0), 70, 130, facecolor="0.9", edgecolor="0.4"))
    arrows = (
        ((0, 0), (170, 0), "z", "tab:blue"),
        ((0, 0), (0, 120), "y: increasing row", "tab:blue"),
        ((900, 0), (130, 0), "P", "tab:orange"),
        ((900, 0), (0, -110), "S", "tab:orange"),
    )
    for start, way, name, colour in arrows:
        end = (start[0] + way[0], start[1] + way[1])
        axis.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 2})
        axis.annotate(name, end, xytext=(4, 4), textcoords="offset points", color=colour)
    notes = (
        (10, -25, "source = origin", "k"),
        (10, 160, "x: increasing column, out of the page", "tab:blue"),
        (760, 95, "object, centre at\n$(t_x, t_y, t_z)$ mm\nL out of the page", "tab:orange"),
        (1010, -165, "detector,\npixel (0, 0) on top", "k"),
    )
    for x, y, text, colour in notes:
        axis.text(x, y, text, color=colour, fontsize=9, va="center")
    axis.set_xlim(-60, 1290)
    axis.set_ylim(190, -200)
    axis.set_xlabel("camera z, mm")
    axis.set_ylabel("camera y, mm")
    axis.set_title(
        "camera_from_volume in the frontal base view\ncamera = R (LPS − centre) + t,  R = Rz(t_θ) Rx(t_α) Ry(t_β) B"
    )


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")
    target.mkdir(parents=True, exist_ok=True)
    geometry(target / "geometry.png")
    objects(target / "objects.webp")
