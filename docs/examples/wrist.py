"""The radius in real biplane X-ray video of a wrist: a slow search for a reference, then the fast method against it.

The data are the wrist sample of Autoscoper (Akhbari et al. 2019, J Biomech 92:120; licence beside the data). They are
not part of this project: give their folder. Everything is written below --out.

    python docs/examples/wrist.py search  --data WRIST --out wrist      (minutes: the reference pose per frame)
    python docs/examples/wrist.py prepare --out wrist                   (a case and a quick training per camera)
    python docs/examples/wrist.py measure --out wrist --starts 25       (starts of the paper, overlays, figures)
    python docs/examples/wrist.py pairs   --out wrist --starts 100      (both views together, overlays, figures)
    python docs/examples/wrist.py careful --out wrist --starts 3        (where slow searches end that start at ours)

`measure --methods ours,powell-mi-gc,features` compares them; it needs the extra `evaluate`. Starts are added to those
that --out has: `--spread 1,2,3 --slow-starts 20` adds wider ones to a hundred of the paper's.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.optimize import minimize

from fluoropose.cli.inputs import read_camera, read_pose, view_choice
from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.evaluation.baselines.evolution import cma_es
from fluoropose.evaluation.baselines.intensity import Search, Stage, likeness_of
from fluoropose.evaluation.baselines.intensity import search as best_pose
from fluoropose.evaluation.baselines.powell import GC, powell
from fluoropose.evaluation.baselines.scene import Target
from fluoropose.evaluation.methods import METHODS, Bench, chosen_methods, entry_of
from fluoropose.evaluation.metrics.pose_error import (
    capture_range_mm,
    pose_error,
    strict_capture_range_mm,
    success_groups,
)
from fluoropose.evaluation.metrics.report import method_facts
from fluoropose.evaluation.metrics.summary import machine_name
from fluoropose.evaluation.metrics.two_views import PairRecord, PairSetting, pair_facts
from fluoropose.evaluation.trained_bundle import train_bundle
from fluoropose.evaluation.trial_files import RunFolder
from fluoropose.evaluation.trials import Record, Registrar, StartPlan, TrialKey, Truth, run_job
from fluoropose.geometry.camera import Camera, camera_from_intrinsics, project
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rig import PlacedCamera, angle_between_views_deg, triangulate, viewing_ray
from fluoropose.geometry.rigid import exp, inverse, rigid, transform
from fluoropose.imaging.attenuation import WATER_PER_MM
from fluoropose.imaging.volume import Volume, bounding_corners
from fluoropose.imaging.xray import PixelMeaning, line_integral_image
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle
from fluoropose.io.cases import load_case
from fluoropose.io.frames import read_frame_file
from fluoropose.io.nifti import read_nifti, write_nifti
from fluoropose.io.pictures import outline, overlay_panels, save_picture
from fluoropose.io.preparation import CaseRequest, prepare_ct
from fluoropose.registration.plan import Plan
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView
from fluoropose.similarity.gradient import gradient_correlation, gradients
from fluoropose.transports.http.schemas import camera_json

CAMERAS, FRAMES = ("cam01", "cam02"), ("0002", "0099")
SPACING_MM = (0.39625, 0.39625, 0.625)
TISSUE = 1074.0
"""The values look like HU + 1024; what attenuates more than muscle (50 HU) is what frames show of the bone."""

FADE_PAGES = (70, 105)
"""The CT ends in a cut through the shaft, which no X-ray shows: attenuation fades out before it."""

CLICKS = {"0002": ((875.0, 1347.0), (597.0, 1414.0)), "0099": ((885.0, 1320.0), (640.0, 1320.0))}
"""The middle of the radius as one would click it, in pixels of the two cameras: where the search begins."""

GUESSES = 6000
"""Random poses that are looked at once before the best are climbed from."""

SETTLED_CLIMBS, SETTLED_RIM_PX, SETTLED_MM = 6, 8, 0.01
"""The reference is climbed to again and again, in windows with so wide a rim, until it moves by less than so much."""

SEED = 7
SHOWN = ("mtre_proj_mm", "in_plane_mm", "depth_mm", "rotation_deg", "mtre_mm")

CEILINGS = {
    "fine": (Stage("gc", 1 / 128, 1500, 0.15, 1e-4), Stage("gc", 1 / 200, 1500, 0.1, 1e-4)),
    "larger pixels": (Stage("gc", 1 / 100, 1500, 0.15, 1e-4), Stage("gc", 1 / 150, 1500, 0.1, 1e-4)),
    "coarse to fine": (Stage("gc", 1 / 64, 1500, 0.2, 1e-4), Stage("gc", 1 / 128, 1500, 0.1, 1e-4)),
}
"""Single-view searches from the reference: on finer pictures than the biplane search's, on those, by way of coarser."""

CEILING_MARGIN = 0.05
"""Rim of their window: narrow, for the neighbouring bones are in it."""

AS_GOOD = 0.0002
"""Ends of careful searches whose correlations differ by less than this are equally good."""

DRAWN_BINNED, DRAWN_PX = 2, 300
"""Pictures of single views show every second pixel, so many about the object each way."""

GREEN, RED, BLUE = (60, 255, 90), (255, 70, 60), (90, 160, 255)


def read_radius(data: Path) -> Volume:
    """Return the radius as attenuation (1/mm): columns, rows, pages are x, y, z; the shaft fades out."""
    with Image.open(data / "radius.tif") as stack:
        pages = []
        for n in range(stack.n_frames):
            stack.seek(n)
            pages.append(np.array(stack).T)
    values = np.maximum(np.stack(pages, axis=-1).astype(np.float32) - TISSUE, 0.0) / 1000.0 * WATER_PER_MM
    start, end = FADE_PAGES
    values *= np.clip((end - np.arange(values.shape[2])) / (end - start), 0.0, 1.0).astype(np.float32)
    return Volume(values, np.diag([*SPACING_MM, 1.0]))


def read_mayacam(path: Path) -> tuple[Camera, np.ndarray]:
    """Return the camera and camera_from_world of a MayaCam 2.0 file."""
    blocks = [block.splitlines() for block in path.read_text().strip().split("\n\n")]
    numbers = [np.array([[float(x) for x in line.split(",")] for line in block[1:]]) for block in blocks]
    columns, rows = (int(x) for x in numbers[0][0])
    return camera_from_intrinsics(rows, columns, numbers[1]), rigid(numbers[2], numbers[3].ravel())


class View:
    """One camera's frame, binned, with its edges."""

    def __init__(self, data: Path, camera: str, frame: str, factor: int) -> None:
        """Read frame and calibration."""
        full, self.camera_from_world = read_mayacam(data / f"xr_calib_wrist_{camera}.txt")
        self.camera = full.scale_pixels(factor)
        pixels = read_frame_file(data / "frames" / f"{camera}_{frame}.tif")
        self.edges = gradients(line_integral_image(pixels, PixelMeaning.DISPLAY, factor))

    def window(self, corners: np.ndarray, world_from_volume: np.ndarray, rim_px: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the first and the last but one column and row of where the object is, with a rim."""
        pixels = project(self.camera, transform(self.camera_from_world @ world_from_volume, corners))
        last = np.array([self.camera.columns, self.camera.rows])
        low = np.clip(np.floor(pixels.min(axis=0)).astype(int) - rim_px, 0, last - 9)
        return low, np.clip(np.ceil(pixels.max(axis=0)).astype(int) + rim_px + 1, low + 8, last)

    def likeness(
        self,
        renderer: CpuRenderer,
        world_from_volume: np.ndarray,
        window: tuple[np.ndarray, np.ndarray],
    ) -> float:
        """Return the gradient correlation in a window."""
        low, high = window
        part = self.camera.crop(low, high)
        inside = (slice(low[1], high[1]), slice(low[0], high[0]))
        seen = (self.edges[0][inside], self.edges[1][inside])
        pose = self.camera_from_world @ world_from_volume
        return gradient_correlation(seen, gradients(renderer.render(part, pose)))


class Climb:
    """Powell's method over the six parameters of an object, in several views together."""

    def __init__(self, corners: np.ndarray) -> None:
        """Keep the corners of the object's box; it turns about their middle."""
        self.corners, self.about = corners, corners.mean(axis=0)

    def likeness(self, views: list[View], renderer: CpuRenderer, pose: np.ndarray) -> float:
        """Return the mean gradient correlation where the object is."""
        return float(np.mean([view.likeness(renderer, pose, view.window(self.corners, pose, 3)) for view in views]))

    def __call__(
        self, views: list[View], renderer: CpuRenderer, start: np.ndarray, evaluations: int
    ) -> tuple[float, np.ndarray]:
        """Return likeness and pose of the end of a climb; the windows go with the object."""
        found = minimize(
            lambda x: -self.likeness(views, renderer, self._moved(start, x)),
            np.zeros(6),
            method="Powell",
            options={"maxfev": evaluations, "xtol": 1e-2, "ftol": 1e-5},
        )
        return -float(found.fun), self._moved(start, found.x)

    def windows(self, views: list[View], pose: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return where the object is in each view, with a rim for it to move in."""
        return [view.window(self.corners, pose, SETTLED_RIM_PX) for view in views]

    def settled(
        self,
        views: list[View],
        renderer: CpuRenderer,
        start: np.ndarray,
        windows: list[tuple[np.ndarray, np.ndarray]],
    ) -> tuple[float, np.ndarray]:
        """Return likeness and pose after climbs in windows that stay where they are, until one moves it no more.

        A window that goes with the object gains or loses a row of pixels now and then, and its likeness jumps by as
        much as the last half millimetre is worth: a climb gets stuck between two jumps.
        """
        pose = start
        for _ in range(SETTLED_CLIMBS):
            before = pose
            found = minimize(
                lambda x, before=before: (
                    -np.mean(
                        [
                            view.likeness(renderer, self._moved(before, x), window)
                            for view, window in zip(views, windows, strict=True)
                        ]
                    )
                ),
                np.zeros(6),
                method="Powell",
                options={"maxfev": 500, "xtol": 1e-3, "ftol": 1e-8, "direc": np.diag([0.5] * 3 + [0.2] * 3)},
            )
            pose = self._moved(before, found.x)
            if pose_error(pose, before, self.corners).mtre_mm < SETTLED_MM:
                break
        return -float(found.fun), pose

    def _moved(self, start: np.ndarray, x: np.ndarray) -> np.ndarray:
        turned = exp(np.r_[np.deg2rad(x[:3]), 0.0, 0.0, 0.0])
        centre = transform(start, self.about) + x[3:]
        rotation = turned[:3, :3] @ start[:3, :3]
        return rigid(rotation, centre - rotation @ self.about)


def search(data: Path, out: Path) -> None:
    """Find world_from_volume of each frame from many starts in both views together.

    `*_pose.json` is where the search ends, about which the case is prepared and starts are drawn; `*_reference.json` is
    what poses are measured against: the best end once settled.
    """
    out.mkdir(parents=True, exist_ok=True)
    volume = read_radius(data)
    write_nifti(out / "radius.nii.gz", volume)
    climb = Climb(bounding_corners(volume))
    fast, careful, finest = (CpuRenderer(volume, step_mm) for step_mm in (1.2, 0.5, 0.4))
    summary = {}
    for frame in FRAMES:
        coarse = [View(data, camera, frame, 12) for camera in CAMERAS]
        middle = [View(data, camera, frame, 6) for camera in CAMERAS]
        fine = [View(data, camera, frame, 3) for camera in CAMERAS]
        rng = np.random.default_rng(int(frame))
        centre = clicked_point(data, CLICKS[frame])
        guesses = [_upright(rng, centre, climb.about, coarse[0].camera_from_world) for _ in range(GUESSES)]
        likely = sorted(guesses, key=lambda pose: -climb.likeness(coarse, fast, pose))
        first = sorted((climb(coarse, fast, start, 350) for start in likely[:40]), key=lambda item: -item[0])
        second = sorted((climb(middle, fast, pose, 500) for _, pose in first[:8]), key=lambda item: -item[0])
        ends = sorted((climb(fine, careful, pose, 700) for _, pose in second[:3]), key=lambda item: -item[0])
        windows = climb.windows(fine, ends[0][1])
        settled = [climb.settled(fine, finest, pose, windows) for _, pose in ends]
        reference = max(settled, key=lambda item: item[0])[1]
        half = [View(data, camera, frame, 2) for camera in CAMERAS]
        finer = climb.settled(half, finest, reference, climb.windows(half, reference))[1]
        summary[frame] = {
            "correlation": ends[0][0],
            "others_mm": _apart_mm([pose for _, pose in ends[1:]], ends[0][1], climb.corners),
            "settled_correlations": [likeness for likeness, _ in settled],
            "settled_mm": _apart_mm([pose for _, pose in settled], reference, climb.corners),
            "settled_from_best_mm": _apart_mm([ends[0][1]], reference, climb.corners),
            "half_resolution_mm": _apart_mm([finer], reference, climb.corners),
            "world_from_volume": reference.tolist(),
        }
        print(frame, summary[frame])
        for camera, view in zip(CAMERAS, fine, strict=True):
            full, _ = read_mayacam(data / f"xr_calib_wrist_{camera}.txt")
            (out / f"{camera}.json").write_text(json.dumps(camera_json(full)))
            pose = view.camera_from_world @ reference
            (out / f"{camera}_{frame}_pose.json").write_text(json.dumps((view.camera_from_world @ ends[0][1]).tolist()))
            (out / f"{camera}_{frame}_reference.json").write_text(json.dumps(pose.tolist()))
            pixels = read_frame_file(data / "frames" / f"{camera}_{frame}.tif")
            np.save(out / f"{camera}_{frame}.npy", pixels)
            mark = outline(careful.render(full.scale_pixels(3), pose))
            small = pixels[: 3 * (full.rows // 3) : 3, : 3 * (full.columns // 3) : 3]
            save_picture(
                out / f"{camera}_{frame}_reference.png",
                overlay_panels(small, [(f"{camera} {frame}", []), ("biplane reference", [(mark, BLUE)])]),
            )
    (out / "reference.json").write_text(json.dumps(summary, indent=1))


def _apart_mm(poses: list[np.ndarray], from_pose: np.ndarray, corners: np.ndarray) -> list[float]:
    return [pose_error(pose, from_pose, corners).mtre_mm for pose in poses]


def clicked_point(data: Path, pixels: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Return the world point nearest to the rays through one pixel of each camera, mm."""
    placed = [PlacedCamera(*read_mayacam(data / f"xr_calib_wrist_{name}.txt")) for name in CAMERAS]
    return triangulate([viewing_ray(camera, np.array(pixel)) for camera, pixel in zip(placed, pixels, strict=True)])


def _upright(
    rng: np.random.Generator, centre_mm: np.ndarray, about: np.ndarray, camera_from_world: np.ndarray
) -> np.ndarray:
    """Return a random world_from_volume with the joint end about up in the first camera, near a centre."""
    angle = rng.uniform(0.0, 2 * np.pi)
    x, z = np.array([np.cos(angle), 0.0, np.sin(angle)]), np.array([0.0, 1.0, 0.0])
    upright = np.stack([x, np.cross(z, x), z], axis=1)
    tilt = exp(np.r_[np.deg2rad(rng.normal(0.0, 12.0, 3)), 0.0, 0.0, 0.0])[:3, :3]
    rotation = inverse(camera_from_world)[:3, :3] @ tilt @ upright
    return rigid(rotation, centre_mm + rng.normal(0.0, 8.0, 3) - rotation @ about)


def prepare(out: Path, profile: str, threads: int) -> None:
    """Prepare and train a case per camera, its base view that of the first frame."""
    volume = read_nifti(out / "radius.nii.gz")
    about = bounding_corners(volume).mean(axis=0)
    for camera in CAMERAS:
        start = out / f"{camera}_{FRAMES[0]}_pose.json"
        distance = float(np.linalg.norm(transform(read_pose(start), about)))
        choice = view_choice(str(start), distance, 36.0, 2.0)
        folder = out / "cases" / camera
        case = prepare_ct(CaseRequest(out / "radius.nii.gz", choice, attenuation=True), folder, replace=True)
        train_bundle(case, out / "models" / camera, profile, seed=0, cores=threads)


def measure(
    out: Path, methods: tuple[str, ...], spreads: tuple[float, ...], starts: int, slow_starts: int, threads: int
) -> None:
    """Register every frame from perturbed starts by each method; compare with the reference; draw one start of each.

    Starts are drawn about where the search ended; errors are counted from the settled reference.
    Trials and ceilings are kept in --out, so that a measurement cut short goes on where it was; the figures are those
    of all trials there.
    """
    figures: dict[str, dict[str, dict]] = {}
    pictures: list[np.ndarray] = []
    for camera_name in CAMERAS:
        case = load_case(out / "cases" / camera_name)
        camera = read_camera(out / f"{camera_name}.json")
        bench = Bench(case, out / "models" / camera_name, "cpu", threads, PixelMeaning.DISPLAY)
        registrars: dict[str, Registrar] = {}
        for frame in FRAMES:
            name = f"{camera_name}_{frame}"
            truth = Truth(np.load(out / f"{name}.npy"), read_pose(out / f"{name}_reference.json"))
            about = Truth(truth.pixels, read_pose(out / f"{name}_pose.json"))
            identity = {"case": case.digest, "reference": np.round(about.camera_from_volume, 9).tolist(), "seed": SEED}
            folder = RunFolder(out / "trials" / name, identity)
            figures[name] = ceilings(folder.folder / "ceilings.json", bench, truth, camera)
            print(name, *figures[name].items())
            for method in methods:
                entry = entry_of(method)
                done = {(r.job.spread, r.job.index) for r in folder.begin(method, entry.settings(bench), None)}
                count = slow_starts if entry.slow else starts
                for job in (TrialKey(method, spread, n) for spread in spreads for n in range(count)):
                    if (job.spread, job.index) in done:
                        continue
                    if method not in registrars:
                        registrars[method] = entry.make(bench)
                    plan, register = StartPlan(SEED), registrars[method]
                    folder.append(run_job(job, [about], camera, case.pose_frame, case.corners_mm, plan, register))
            trials = {
                method: [_against(truth, record, case, about) for record in folder.records(method)]
                for method in METHODS
                if folder.records(method)
            }
            for method, records in trials.items():
                facts = figures[name][method] = real_facts(records, case, truth) | _on_the_same_starts(method, trials)
                print(
                    name,
                    method,
                    {key: facts[key] for key in ("trials", "within_1_mm_by_spread", "capture_range_mm")},
                    {key: round(facts[key]["p50"], 2) for key in SHOWN},
                )
                if method == "ours":
                    pictures.append(draw(out, name, case, camera, truth, about, records[0]))
            (out / "figures.json").write_text(json.dumps(figures, indent=1))
    if pictures:
        save_picture(out / "found.png", np.concatenate(pictures))


def _against(truth: Truth, record: Record, case: Case, about: Truth) -> Record:
    """Return a trial that started about one pose, with its errors against another."""
    start = StartPlan(SEED).start(record.job, about.camera_from_volume, case.pose_frame)
    began, ended = (
        pose_error(pose, truth.camera_from_volume, case.corners_mm)
        for pose in (start, pose_from_six(record.found_six, case.pose_frame))
    )
    return replace(record, trial=replace(record.trial, start=began, end=ended))


def real_facts(records: list[Record], case: Case, truth: Truth) -> dict:
    """Return a method's figures on one frame; its capture range is that of ends within 1 mm in-plane."""
    facts = method_facts(case.name, case.size_mm, records, [truth], case.pose_frame, case.corners_mm, machine_name())
    starts, good = _starts_and_ends(records)
    spreads = np.array([record.job.spread for record in records])
    return facts | {
        "within_1_mm_in_plane": float(np.mean(good[spreads == 1.0])),
        "within_1_mm_by_spread": {
            f"{spread:g}": float(np.mean(good[spreads == spread])) for spread in sorted(set(spreads))
        },
        "capture_range_mm": capture_range_mm(starts, good),
        "strict_capture_range_mm": strict_capture_range_mm(starts, good),
        "success_by_start_error": [asdict(group) for group in success_groups(starts, good)],
        "confidence": float(np.median([record.trial.confidence for record in records])),
    }


def _starts_and_ends(records: list[Record]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mTREproj of the starts, mm, and which trials ended within 1 mm in-plane."""
    good = [not record.reason and record.trial.end.in_plane_mm < 1.0 for record in records]
    return np.array([record.trial.start.mtre_proj_mm for record in records]), np.array(good)


def _on_the_same_starts(method: str, trials: dict[str, list[Record]]) -> dict[str, float | None]:
    """Return a method's capture range on the starts that all those have which wider ones were run of, if it is one."""
    starts = {name: {(r.job.spread, r.job.index) for r in records} for name, records in trials.items()}
    wide = [jobs for jobs in starts.values() if any(spread > 1.0 for spread, _ in jobs)]
    if starts[method] not in wide:
        return {}
    shared = set.intersection(*wide)
    records = [record for record in trials[method] if (record.job.spread, record.job.index) in shared]
    return {"capture_range_same_starts_mm": capture_range_mm(*_starts_and_ends(records))}


def ceilings(kept: Path, bench: Bench, truth: Truth, camera: Camera) -> dict[str, dict]:
    """Return every `ceiling` of a frame, measured once and kept in a file."""
    if not kept.exists():
        found = {f"ceiling, {kind}": ceiling(bench, truth, camera, kind) for kind in CEILINGS}
        kept.write_text(json.dumps(found, indent=1))
    return json.loads(kept.read_text())


def ceiling(bench: Bench, truth: Truth, camera: Camera, kind: str) -> dict[str, float]:
    """Return how far from the biplane reference the best single-view gradient correlation lies.

    Powell's method and CMA-ES start at the reference itself, with budgets far beyond those of the compared methods; the
    end of larger correlation on the finest pictures counts. More than this no likeness of edges can tell from one view.
    """
    reference = truth.camera_from_volume
    likeness, ends = careful_ends(bench, truth, camera, kind, [reference])
    best = max(ends, key=likeness)
    error = pose_error(best, reference, bench.case.corners_mm)
    return {
        **{key: round(value, 3) for key, value in asdict(error).items()},
        "correlation": round(likeness(best), 4),
        "correlation_at_reference": round(likeness(reference), 4),
    }


def careful_ends(
    bench: Bench, truth: Truth, camera: Camera, kind: str, starts: list[np.ndarray]
) -> tuple[Callable[[np.ndarray], float], list[np.ndarray]]:
    """Return the likeness on the finest pictures, and where Powell's method and CMA-ES end from each start."""
    target, stages = Target(bench.case), CEILINGS[kind]
    settings = Search(stages, floor=GC.floor, margin=CEILING_MARGIN)
    exposure = bench.exposure(truth.pixels, camera)
    ends = [best_pose(target, exposure, start, settings, optimise) for start in starts for optimise in (powell, cma_es)]
    level = target.level(exposure, stages[-1].pixel_share)
    return likeness_of(level, target, truth.camera_from_volume, settings, "gc"), ends


def careful(out: Path, starts: int, threads: int) -> None:
    """Search each view carefully from the reference and from where ours ended; tell the spread of equally good ends."""
    figures = {}
    for camera_name in CAMERAS:
        case = load_case(out / "cases" / camera_name)
        camera = read_camera(out / f"{camera_name}.json")
        bench = Bench(case, out / "models" / camera_name, "cpu", threads, PixelMeaning.DISPLAY)
        for frame in FRAMES:
            name = f"{camera_name}_{frame}"
            truth = Truth(np.load(out / f"{name}.npy"), read_pose(out / f"{name}_reference.json"))
            folder = out / "trials" / name
            records = RunFolder(folder, json.loads((folder / "run.json").read_text())).records("ours")
            ours = [pose_from_six(r.found_six, case.pose_frame) for r in records if r.job.spread == 1.0]
            begun = [truth.camera_from_volume, *ours[:: max(1, len(ours) // max(starts, 1))][:starts]]
            likeness, ends = careful_ends(bench, truth, camera, "fine", begun)
            values = [likeness(pose) for pose in ends]
            errors = [
                pose_error(pose, truth.camera_from_volume, case.corners_mm)
                for pose, value in zip(ends, values, strict=True)
                if value > max(values) - AS_GOOD
            ]
            figures[name] = {"searches": len(ends), "as_good": len(errors)} | {
                key: [round(f(getattr(error, key) for error in errors), 3) for f in (min, max)] for key in SHOWN
            }
            print(name, figures[name], flush=True)
            (out / "careful.json").write_text(json.dumps(figures, indent=1))


def draw(out: Path, name: str, case: Case, camera: Camera, truth: Truth, about: Truth, record: Record) -> np.ndarray:
    """Write a picture of a start, where ours ended from it, and the reference, and return it."""
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    frame = case.pose_frame
    start = StartPlan(SEED).start(record.job, about.camera_from_volume, frame)
    small = camera.scale_pixels(DRAWN_BINNED)
    poses = (start, pose_from_six(record.found_six, frame), truth.camera_from_volume)
    middle = project(small, transform(truth.camera_from_volume, case.corners_mm)).mean(axis=0)
    left, top = np.clip(middle.astype(int) - DRAWN_PX // 2, 0, np.array([small.columns, small.rows]) - DRAWN_PX)
    part = (slice(top, top + DRAWN_PX), slice(left, left + DRAWN_PX))
    marks = [outline(renderer.render(small, pose))[part] for pose in poses]
    layers = [
        (f"{name.replace('_', ' ')}: a start", [(marks[0], RED)]),
        (f"found: in-plane {record.trial.end.in_plane_mm:.2f} mm off", [(marks[1], GREEN)]),
        ("biplane reference", [(marks[2], BLUE)]),
    ]
    picture = overlay_panels(truth.pixels[::DRAWN_BINNED, ::DRAWN_BINNED][part], layers)
    save_picture(out / f"{name}_found.png", picture)
    return picture


def pairs(out: Path, starts: int, threads: int) -> None:
    """Register both views of each instant together, and the first one alone, from the same starts; draw both views."""
    residents = [
        ResidentCase(load_case(out / "cases" / name), load_bundle(out / "models" / name), open_device("cpu", threads))
        for name in CAMERAS
    ]
    figures: dict[str, dict] = {}
    for frame in FRAMES:
        poses = [read_pose(out / f"{name}_{frame}_reference.json") for name in CAMERAS]
        places = [pose @ inverse(poses[0]) for pose in poses]
        views = [
            FrameView(
                np.load(out / f"{name}_{frame}.npy"),
                PlacedCamera(read_camera(out / f"{name}.json"), place),
                name,
                resident,
            )
            for name, place, resident in zip(CAMERAS, places, residents, strict=True)
        ]
        records = [_pair_trial(views, residents[0], poses[0], n) for n in range(starts)]
        figures[frame] = pair_facts([record for record, _ in records]) | {
            "within_2_mm": float(np.mean([record.together.mtre_mm < 2.0 for record, _ in records]))
        }
        both, one = figures[frame]["together"], figures[frame]["alone"]
        print(
            frame,
            {key: figures[frame][key] for key in ("trials", "within_2_mm", "both_used", "depth_ratio")},
            {key: (round(both[key]["p50"], 2), round(one[key]["p50"], 2)) for key in SHOWN},
            figures[frame]["time_ms"],
        )
        save_picture(out / f"pair_{frame}.png", np.concatenate([_pair_row(views, n, records[0]) for n in range(2)]))
        (out / "pairs.json").write_text(json.dumps(figures, indent=1))


def _pair_trial(
    views: list[FrameView], resident: ResidentCase, truth: np.ndarray, index: int
) -> tuple[PairRecord, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return one start's record, and start, found and reference pose in the world, which is the first camera."""
    case = resident.case
    start = StartPlan(SEED).start(TrialKey("pairs", 1.0, index), truth, case.pose_frame)
    both, one = (
        resident.register_views(given, PixelMeaning.DISPLAY, False, Plan(start, nearby=False))
        for given in (views, views[:1])
    )
    errors = (
        pose_error(pose, truth, case.corners_mm) for pose in (start, both.world_from_volume, one.world_from_volume)
    )
    why = "; ".join(report.why for report in both.views if report.why)
    angle = angle_between_views_deg(views[0].placed, views[1].placed)
    record = PairRecord(
        PairSetting(angle, 0.0), index, 0, *errors, both.assessment.status.value, both.assessment.confidence,
        tuple(report.used for report in both.views), why, both.timing_ms["total"], one.timing_ms["total"],
    )  # fmt: skip
    return record, (start, both.world_from_volume, truth)


def _pair_row(
    views: list[FrameView], number: int, trial: tuple[PairRecord, tuple[np.ndarray, np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Return one view of a trial: a start, where both views together ended, and the reference."""
    record, poses = trial
    view = views[number]
    case = view.resident.case
    renderer = CpuRenderer(case.volume, default_step_mm(case.volume))
    small = view.placed.camera.scale_pixels(3)
    marks = [outline(renderer.render(small, view.placed.camera_from_world @ pose)) for pose in poses]
    layers = [
        (f"{view.name}: a start", [(marks[0], RED)]),
        (f"both views: {record.together.mtre_mm:.2f} mm off in space", [(marks[1], GREEN)]),
        ("biplane reference", [(marks[2], BLUE)]),
    ]
    return overlay_panels(view.pixels[: 3 * small.rows : 3, : 3 * small.columns : 3], layers)


def main() -> None:
    """Run one of the steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("search", "prepare", "measure", "pairs", "careful"))
    parser.add_argument("--data", type=Path, help="folder of the wrist data (search)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--methods", default="ours", help="as of `fluoropose evaluate`")
    parser.add_argument("--spread", default="1", help="multiples of the paper's start errors (measure)")
    parser.add_argument("--starts", type=int, default=25)
    parser.add_argument("--slow-starts", type=int, default=25, help="the same for methods of seconds")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    if given.step == "search":
        if given.data is None:
            parser.error("search needs --data")
        search(given.data, given.out)
    elif given.step == "prepare":
        prepare(given.out, given.profile, given.threads)
    elif given.step == "careful":
        careful(given.out, given.starts, given.threads)
    elif given.step == "pairs":
        pairs(given.out, given.starts, given.threads)
    else:
        methods, spreads = chosen_methods(given.methods, ""), tuple(float(x) for x in given.spread.split(","))
        measure(given.out, methods, spreads, given.starts, given.slow_starts, given.threads)


if __name__ == "__main__":
    main()
