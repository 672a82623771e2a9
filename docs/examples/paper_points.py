"""Draw where PEHL as published looks: the 18 regions of the zone around the expected view. Needs matplotlib.

python docs/examples/paper_points.py docs/pictures/paper-points.webp
"""

import sys
from functools import partial
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.prepare import ViewChoice, prepare_case
from fluoropose.evaluation.published.patches import PATCH_PX, patch_rays
from fluoropose.evaluation.published.plan import Zone
from fluoropose.evaluation.published.points import choose_points
from fluoropose.io.pictures import save_drawing
from fluoropose.objects.catalogue import OBJECTS, ShippedObject

CORNERS = (PATCH_PX - 1) * np.array([[0, 1, 1, 0, 0], [0, 0, 1, 1, 0]])


def regions(axis: plt.Axes, item: ShippedObject) -> None:
    """Draw one object's expected view with its regions."""
    choice = ViewChoice(item.base_rotation, item.range_mm, AtlasGrid(2.0, 2.0))
    case = prepare_case(item.name, item.source, item.volume(), choice)
    chosen = choose_points(case, Zone(0, 0), np.random.default_rng([0, 100, 100]))
    six = np.array([0.0, 0.0, item.range_mm, 0.0, 0.0, 0.0])
    rays = patch_rays(six, chosen.points_mm, case.pose_frame, chosen.side_mm, PATCH_PX)
    outlines = case.atlas.view.camera.intrinsic_matrix @ rays @ np.vstack([CORNERS, np.ones(5)])
    axis.imshow(np.exp(-np.asarray(case.atlas.views[4], np.float32)), cmap="gray")
    for x, y, _ in outlines:
        axis.plot(x, y, color="tab:orange", linewidth=1)
    asked = f"{chosen.side_mm:.1f} mm, share {chosen.explained_share:g}"
    axis.set_title(f"{item.name}: {len(chosen.points_mm)} regions of {asked}", fontsize=9)
    axis.set_axis_off()


if __name__ == "__main__":
    figure, axes = plt.subplots(1, len(OBJECTS), figsize=(10, 3.6))
    for axis, item in zip(axes, OBJECTS.values(), strict=True):
        regions(axis, item)
    figure.tight_layout()
    save_drawing(Path(sys.argv[1]), partial(figure.savefig, dpi=80))
