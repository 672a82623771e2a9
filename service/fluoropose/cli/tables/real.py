"""The tables of `evaluate real knee`; the numbers are those of the JSON."""

from typing import Any

from rich.table import Table

from fluoropose.cli.tables.dense import dense_table

__all__ = ["answers_table", "reference_table"]


def reference_table(figures: dict[str, Any]) -> Table:
    """Return a row per component: how far the reference repeats, and where raw edges lie beside it."""
    heads = ("component", "frames", "repeats to", "largest", "from published", "edges outside, px")
    table = dense_table("biplane reference; medians", heads)
    for name, facts in figures.items():
        mm, deg = facts["repeats_mm"], facts["repeats_deg"]
        outside = ", ".join(f"{camera} {value:+.2f}" for camera, value in facts["edges_outside_px"].items())
        table.add_row(
            name, str(facts["frames"]),
            f"{mm['p50']:.3f} mm, {deg['p50']:.3f}°" if mm else "not tried",
            f"{mm['most']:.2f} mm, {deg['most']:.2f}°" if mm else "",
            f"{facts['from_start_mm']['p50']:.2f} mm, {facts['from_start_deg']['p50']:.2f}°", outside,
        )  # fmt: skip
    return table


def answers_table(title: str, figures: dict[str, Any]) -> Table:
    """Return a row per kind of answer and component."""
    heads = ("what", "n", "TRACKING", "in-plane", "p90", "depth", "deeper", "rotation", "3-D", "sure, > 2 mm")
    table = dense_table(f"{title}; medians, mm and degrees; sure and off by more in-plane | in space", heads)
    for name, facts in figures.items():
        middle = {key: facts[key]["p50"] for key in ("in_plane_mm", "depth_mm", "deeper_mm", "rotation_deg", "mtre_mm")}
        table.add_row(
            name, str(facts["answers"]), f"{100 * facts['tracking']:.0f} %",
            f"{middle['in_plane_mm']:.2f}", f"{facts['in_plane_mm']['p90']:.2f}", f"{middle['depth_mm']:.1f}",
            f"{middle['deeper_mm']:+.1f}", f"{middle['rotation_deg']:.2f}", f"{middle['mtre_mm']:.2f}",
            f"{facts['sure_and_wrong_in_plane']} | {facts['sure_and_wrong']}",
        )  # fmt: skip
    return table
