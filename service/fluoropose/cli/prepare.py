"""`fluoropose prepare`: from a volume to a case."""

import time
from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import console, plain_errors, progress_bar
from fluoropose.cli.options import (
    Attenuation,
    AttenuationPerMm,
    Box,
    Hu,
    HuOffset,
    InAir,
    Label,
    LabelMap,
    Material,
    RangeMm,
    View,
)

__all__ = ["prepare"]


def prepare(
    volume: Annotated[
        Path,
        typer.Argument(
            help="DICOM folder, .zip, .dcm, .nii, .nii.gz, .nrrd, .mha; .stl, .ply, .obj; or knee, plate, probe."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="The case's folder; its name is the case's name.")],
    label_map: LabelMap = None,
    label: Label = None,
    hu: Hu = None,
    box: Box = None,
    view: View = "frontal",
    range_mm: RangeMm = 900.0,
    half_range_deg: Annotated[
        float, typer.Option("--half-range-deg", help="Out-of-plane angles covered, each way.")
    ] = 36.0,
    half_range_beta_deg: Annotated[
        float | None,
        typer.Option("--half-range-beta-deg", help="The same for turns about the image's column, if wider."),
    ] = None,
    step_deg: Annotated[float, typer.Option("--step-deg", help="Step of the atlas.")] = 2.0,
    attenuation: Attenuation = False,
    in_air: InAir = False,
    material: Material = None,
    attenuation_per_mm: AttenuationPerMm = None,
    hu_offset: HuOffset = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a case of that name.")] = False,
) -> None:
    """Turn a volume or a mesh into a case: attenuation and atlas.

    Example: fluoropose prepare ct.nii.gz --label-map labels.nii.gz --label 90 --out cases/hip
    """
    with plain_errors():
        from fluoropose.cli.parsing import parse_box
        from fluoropose.drr.atlas import AtlasGrid
        from fluoropose.io.cases import PICTURE_NAME, read_understanding
        from fluoropose.io.files import read_json
        from fluoropose.io.preparation import CaseRequest, choose_view, prepare_ct, prepare_shipped
        from fluoropose.objects.catalogue import OBJECTS

        began = time.perf_counter()
        with progress_bar("rendering atlas") as report:
            choice = choose_view(view, range_mm, AtlasGrid(half_range_deg, step_deg, half_range_beta_deg))
            if str(volume) in OBJECTS and not volume.exists():
                case = prepare_shipped(OBJECTS[str(volume)], out, grid=choice.grid, replace=force, progress=report)
            else:
                selection = (label_map, label, hu, parse_box(box), attenuation, in_air)
                request = CaseRequest(volume, choice, *selection, material, attenuation_per_mm, hu_offset)
                case = prepare_ct(request, out, replace=force, progress=report)
        seconds, around = time.perf_counter() - began, " and their surroundings" if case.atlas.has_surroundings else ""
        size_mb = case.atlas.pictures.nbytes / 1e6
        atlas = f"atlas of {case.atlas.grid.count} views{around}, {size_mb:.0f} MB, made in {seconds:.1f} s"
        console.print(f"case {case.name} in {out}: {atlas}")
        console.print(f"object: {read_understanding(out)}")
        console.print(f"picture: {out / PICTURE_NAME}")
        record = read_json(out / "case.json", "a case")
        for note in record.get("mended", []):
            console.print(f"mended in the mesh: {note}")
        for one in record.get("findings", []):
            console.print(f"{one['severity']}: {one['text']}", markup=False)
