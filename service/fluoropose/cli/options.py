"""Options and arguments that several commands take, each described once."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Attenuation",
    "AttenuationPerMm",
    "Box",
    "CaseFolder",
    "CaseNames",
    "Cores",
    "CudaGraphs",
    "Device",
    "Distortions",
    "GrpcAddress",
    "Hu",
    "HuOffset",
    "InAir",
    "Inverted",
    "Json",
    "Label",
    "LabelMap",
    "Material",
    "Model",
    "ObjectName",
    "Out",
    "PixelMeaning",
    "Plots",
    "RangeMm",
    "Seed",
    "SidePx",
    "Threads",
    "View",
]

CaseFolder = Annotated[Path, typer.Argument(help="A prepared case's folder.")]
CaseNames = Annotated[list[str], typer.Argument(help="Prepared cases' folders; or knee, plate, probe.")]
Model = Annotated[
    Path | None, typer.Option("--model", help="The model's folder; that of the case's name if not given.")
]
ObjectName = Annotated[str, typer.Option("--object", help="knee, plate or probe.")]

LabelMap = Annotated[Path | None, typer.Option("--label-map", help="Label map on the CT's grid.")]
Label = Annotated[int | None, typer.Option("--label", help="The object's value in the label map.")]
Hu = Annotated[tuple[float, float] | None, typer.Option("--hu", help="The object's HU window: LOW HIGH.")]
HuOffset = Annotated[
    float | None,
    typer.Option("--hu-offset", help="Added to the CT's values: -1024 if they are HU + 1024; 0: they are HU."),
]
Box = Annotated[str | None, typer.Option("--box", help="Box in LPS mm: x0,y0,z0,x1,y1,z1.")]
Attenuation = Annotated[bool, typer.Option("--attenuation", help="Values are 1/mm, not HU.")]
Material = Annotated[
    str | None,
    typer.Option("--material", help="What a mesh is of: titanium, cobalt-chrome, steel, uhmwpe, peek or bone."),
]
AttenuationPerMm = Annotated[
    float | None, typer.Option("--attenuation-per-mm", help="Or its linear attenuation in 1/mm.")
]
InAir = Annotated[bool, typer.Option("--in-air", help="Nothing surrounds the object in the CT.")]
View = Annotated[str, typer.Option("--view", help="Expected view: frontal, back, lateral or a pose's JSON file.")]
RangeMm = Annotated[float, typer.Option("--range-mm", help="Expected distance from source to object.")]

PixelMeaning = Annotated[str, typer.Option("--pixel-meaning", help="intensity, line_integral or display.")]
Inverted = Annotated[bool, typer.Option("--inverted", help="Dense is bright.")]

Distortions = Annotated[
    list[Path] | None,
    typer.Option("--distortion", help="How its frames are bent: .npy map or .json coefficients; one per camera."),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda; as set if not given.")]
Threads = Annotated[int, typer.Option("--threads", min=0, help="ONNX Runtime's CPU threads; 0: as set, else 1.")]
Cores = Annotated[int, typer.Option("--cores", min=0, help="Cores to use; 0 takes those there are.")]
CudaGraphs = Annotated[bool, typer.Option("--cuda-graphs", help="Replay steps as CUDA graphs; not measured yet.")]
GrpcAddress = Annotated[str, typer.Option("--grpc-address", help="The service's gRPC address.")]

Seed = Annotated[int, typer.Option("--seed", help="Of everything that is drawn at random.")]
SidePx = Annotated[int, typer.Option("--side-px", min=64, help="Pixels along a side of the same detector.")]
Out = Annotated[Path | None, typer.Option("--out", help="Where every trial, figures and pictures go.")]
Plots = Annotated[bool, typer.Option("--plots", help="Draw plots (extra: evaluate).")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the figures here.")]
