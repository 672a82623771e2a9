"""The gate of every move of code: poses, information and statuses of a fixed set of frames, to the last bit.

    python tests/tools/pose_digest.py            compare with tests/tools/pose_digest.json
    python tests/tools/pose_digest.py --record   write that file anew, after a deliberate change of arithmetic

On a machine like the one that wrote the file (processor features, ONNX Runtime, NumPy, Numba) every bit must agree. On
another one, whose kernels round differently, poses must agree within `TOLERANCE_MM` and `TOLERANCE_DEG`. Frames and
cases are made once into `--work` and kept there. Exit code 0: all agree; 1: something differs; 2: nothing to compare.
"""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numba
import numpy as np
import onnxruntime
from scipy.ndimage import gaussian_filter

from fluoropose.drr.atlas import AtlasGrid
from fluoropose.drr.case import Case
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.prepare import ViewChoice
from fluoropose.evaluation.published.comparison import comparison_named
from fluoropose.evaluation.published.hierarchy import PublishedRegression, ZoneRegressors, register_sweeps
from fluoropose.evaluation.published.picture import picture_camera
from fluoropose.evaluation.published.plan import PAPER_GROUPS, Zone
from fluoropose.evaluation.start_errors import PAPER_SIGMAS, perturb
from fluoropose.evaluation.two_views import PairPlan, simulate_rig
from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.geometry.rig import PlacedCamera
from fluoropose.geometry.rigid import inverse
from fluoropose.geometry.rotation import about_x, angle_between
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.io.cases import load_case, store_case
from fluoropose.io.preparation import prepare_shipped
from fluoropose.objects.catalogue import OBJECTS
from fluoropose.registration.multi_object import register_objects
from fluoropose.registration.pipeline import register as register_views
from fluoropose.registration.plan import Plan
from fluoropose.registration.regression.bundle import Bundle
from fluoropose.registration.resident_case import ResidentCase
from fluoropose.registration.result import FrameView
from fluoropose.simulate.placed_frames import simulate_placed_run
from fluoropose.simulate.run import simulate_run
from fluoropose.simulate.scenarios import overlapping_scene, shipped_body
from fluoropose.simulate.scenes import case_scene
from fluoropose.tracking.tracker import Tracker
from support.cases import small_case_folder, small_volume, surrounding_volume

TOLERANCE_MM, TOLERANCE_DEG = 0.05, 0.05
"""How far the object's centre and its rotation may differ on another kind of machine."""

HERE = Path(__file__).resolve().parent
RECORD = HERE / "pose_digest.json"
FRAMES_PER_OBJECT = 3
CROWD = ("knee", "plate", "probe", "plate")
CLUTTER = {"knee": 1.0, "plate": 3.0, "probe": 3.0}
"""Deviation of the clutter over that of the object's own picture: so much that most of the window is not the object."""

SEED = 2026

Results = dict[str, dict[str, Any]]


class Workshop:
    """Cases, resident cases and frames, made once and kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.frames = hashlib.sha256()
        self.device = open_device("cpu", 1)
        self._residents: dict[str, ResidentCase] = {}

    def shipped(self, name: str) -> ResidentCase:
        """Return a shipped object, resident."""
        if name not in self._residents:
            case = self._case(name, lambda folder: prepare_shipped(OBJECTS[name], folder, progress=lambda *_: None))
            self._residents[name] = load_resident_case(case, universal_bundle(in_body=False), self.device)
        return self._residents[name]

    def surrounded(self) -> ResidentCase:
        """Return a drawn object in a drawn body, resident."""
        choice = ViewChoice(about_x(np.pi / 2), 900.0, AtlasGrid(16.0, 2.0))
        volume, rest = small_volume(0.6), surrounding_volume()
        case = self._case("body", lambda folder: store_case(folder, "digest:body", volume, choice, rest=rest))
        return load_resident_case(case, universal_bundle(in_body=True), self.device)

    def small(self) -> Case:
        """Return the tests' small case."""
        return self._case("small", small_case_folder)

    def pictures(self, name: str, make: Callable[[], list[np.ndarray]]) -> list[np.ndarray]:
        """Return the frames of that name, and add them to the digest of all frames."""
        path = self.folder / f"{name}.npz"
        if not path.exists():
            np.savez_compressed(path, *make())
        with np.load(path) as kept:
            frames = [kept[key] for key in kept.files]
        for frame in frames:
            self.frames.update(np.ascontiguousarray(frame).tobytes())
        return frames

    def _case(self, name: str, make: Callable[[Path], Case]) -> Case:
        folder = self.folder / "cases" / name
        return load_case(folder) if folder.is_dir() else make(folder)


def universal_bundle(*, in_body: bool) -> Bundle:
    """Return the networks that serve every case."""
    return load_bundle(universal_bundle_folder(shipped_models_root(), in_body=in_body))


def alone(shop: Workshop) -> Iterator[tuple[str, Any]]:
    """One object in one view: from rough and tracked starts, and searched for."""
    for name in OBJECTS:
        resident = shop.shipped(name)
        scene, motion, anatomy_motion = case_scene(resident.case, SEED)
        poses = [pose_from_six(motion.evaluate(float(n)), resident.case.pose_frame) for n in range(FRAMES_PER_OBJECT)]

        def make(scene=scene, motion=motion, anatomy_motion=anatomy_motion) -> list[np.ndarray]:
            return [frame.pixels for frame in simulate_run(scene, motion, anatomy_motion, FRAMES_PER_OBJECT, 1.0, SEED)]

        frames = shop.pictures(f"alone-{name}", make)
        for n, (pixels, truth) in enumerate(zip(frames, poses, strict=True)):
            rng = np.random.default_rng([SEED, n])
            rough = perturb(truth, resident.case.pose_frame, rng)
            near = perturb(truth, resident.case.pose_frame, rng, 0.15 * PAPER_SIGMAS)
            for kind, plan in (("rough", Plan(rough, False)), ("tracked", Plan(near, True))):
                yield f"alone/{name}/{kind}/{n}", register(resident, pixels, scene.camera, plan)
        yield f"alone/{name}/lost", register(resident, frames[0][:, ::-1].copy(), scene.camera, Plan(poses[0], True))
    yield "alone/probe/searched", register(resident, frames[0], scene.camera, Plan(None, False))


def in_a_body(shop: Workshop) -> Iterator[tuple[str, Any]]:
    """One object with the rest of its CT around it."""
    resident = shop.surrounded()
    case = resident.case
    camera = camera_from_detector(256, 256, row_spacing_mm=0.4, column_spacing_mm=0.4, source_to_detector_mm=1200.0)
    rest = CpuRenderer(case.rest, 1.0)
    for n, six in enumerate(([2.0, -3.0, 890.0, 4.0, 3.0, -5.0], [-4.0, 2.0, 905.0, -6.0, -7.0, 4.0])):
        truth = pose_from_six(np.array(six), case.pose_frame)
        behind = pose_from_six(np.array(six) + [0.6, -0.4, 2.0, 0.3, 0.4, -0.3], case.pose_frame)

        def make(truth=truth, behind=behind) -> list[np.ndarray]:
            lines = CpuRenderer(case.volume, 0.5).render(camera, truth) + rest.render(camera, behind)
            return [np.round(50000.0 * np.exp(-lines) + 300.0).astype(np.uint16)]

        (pixels,) = shop.pictures(f"body-{n}", make)
        start = perturb(truth, case.pose_frame, np.random.default_rng([SEED, 10, n]), 0.3 * PAPER_SIGMAS)
        for kind, nearby in (("rough", False), ("tracked", True)):
            yield f"body/{kind}/{n}", register(resident, pixels, camera, Plan(start, nearby))


def in_clutter(shop: Workshop) -> Iterator[tuple[str, Any]]:
    """One object among much else of about its own strength, where gradient correlation goes on after the edges."""
    for name, item in OBJECTS.items():
        resident = shop.shipped(name)
        camera = item.camera()
        truth = pose_from_six(np.array([3.0, -2.0, item.range_mm + 6.0, 3.0, 4.0, -5.0]), resident.case.pose_frame)

        def make(resident=resident, camera=camera, truth=truth, share=CLUTTER[name]) -> list[np.ndarray]:
            rng = np.random.default_rng([SEED, 20])
            lines = CpuRenderer(resident.case.volume, 0.4).render(camera, truth)
            shown = -np.log(np.exp(-1.16 * lines / np.sqrt(1.0 + 0.3 * lines)) + 0.1)
            other = gaussian_filter(rng.standard_normal(lines.shape), 3.0)
            return [(shown + share * shown.std() / other.std() * other).astype(np.float32)]

        (frame,) = shop.pictures(f"clutter-{name}", make)
        start = perturb(truth, resident.case.pose_frame, np.random.default_rng([SEED, 21]), 0.15 * PAPER_SIGMAS)
        for kind, nearby in (("rough", False), ("tracked", True)):
            found = register(resident, frame, camera, Plan(start, nearby), PixelMeaning.LINE_INTEGRAL)
            yield f"clutter/{name}/{kind}", found


def two_views(shop: Workshop) -> Iterator[tuple[str, Any]]:
    """Two views of one instant: rough, tracked, one or both of them empty, and contradicting each other."""
    for name in ("plate", "probe"):
        resident = shop.shipped(name)
        frame_of = resident.case.pose_frame
        made: list[Any] = []

        def make(resident=resident, made=made) -> list[np.ndarray]:
            rig = simulate_rig(resident.case, 60.0, PairPlan((60.0,), (0.0,), (), 2, 2, SEED))
            made.append(rig)
            parts = [np.stack([*pair.pixels, *pair.empty]) for pair in rig.pairs]
            places = [np.stack([*rig.places, *(pair.world_from_volume for pair in rig.pairs)])]
            return parts + places + [np.asarray(rig.camera.intrinsic_matrix)]

        *parts, places, intrinsic = shop.pictures(f"pairs-{name}", make)
        camera = replaced_intrinsic(OBJECTS[name].camera(), intrinsic, parts[0].shape[1:])
        rig_places, truths = places[:2], places[2:]
        for n, (pictures, truth) in enumerate(zip(parts, truths, strict=True)):
            views = [
                FrameView(pixels, PlacedCamera(camera, place), view_name)
                for pixels, place, view_name in zip(pictures, [*rig_places] * 2, ("a", "b", "a", "b"), strict=True)
            ]
            rng = np.random.default_rng([SEED, 30, n])
            rough = inverse(rig_places[0]) @ perturb(rig_places[0] @ truth, frame_of, rng)
            kinds = {
                "rough": (views[:2], Plan(rough, False)),
                "tracked": (views[:2], Plan(truth, True)),
                "one-empty": ([views[0], views[3]], Plan(rough, False)),
                "both-empty": (views[2:], Plan(truth, True)),
            }
            other = FrameView(parts[1 - n][1], PlacedCamera(camera, rig_places[1]), "b")
            kinds["contradicting"] = ([views[0], other], Plan(truth, True))
            if name == "probe" and n == 0:
                kinds["searched"] = (views[:2], Plan(None, False))
            for kind, (given, plan) in kinds.items():
                yield f"views/{name}/{kind}/{n}", register_views(resident, given, plan)


def replaced_intrinsic(camera: Any, intrinsic: np.ndarray, shape: tuple[int, ...]) -> Any:
    return type(camera)(shape[0], shape[1], intrinsic)


def several_objects(shop: Workshop) -> Iterator[tuple[str, Any]]:
    """Several objects that overlap in one frame, from rough and tracked starts."""
    residents = [shop.shipped(name) for name in CROWD]
    rng = np.random.default_rng([SEED, 40])
    items, cases = [OBJECTS[name] for name in CROWD], [one.case for one in residents]
    bodies, sizes = [shipped_body(item) for item in items], [case.size_mm for case in cases]
    world, at = overlapping_scene(items, bodies, [case.pose_frame for case in cases], sizes, rng)
    truths = [at.camera_from_volume(n) for n in range(len(CROWD))]
    (pixels,) = shop.pictures("crowd", lambda: simulate_placed_run(world, [at], SEED))
    view = FrameView(pixels, PlacedCamera(world.camera))
    for kind, share in (("rough", 1.0), ("tracked", 0.15)):
        plans = []
        for n, (truth, one) in enumerate(zip(truths, residents, strict=True)):
            start = perturb(truth, one.case.pose_frame, np.random.default_rng([SEED, 41, n]), share * PAPER_SIGMAS)
            plans.append(Plan(start, kind == "tracked"))
        found = register_objects(residents, [view], plans)
        for n, one in enumerate(found):
            yield f"objects/{kind}/{n}-{CROWD[n]}", one


def tracking_run(shop: Workshop) -> Iterator[tuple[str, Any]]:
    """A run of one object, each frame planned from the ones before it."""
    resident = shop.shipped("plate")
    scene, motion, anatomy_motion = case_scene(resident.case, SEED)
    count, fps = 12, 15.0
    frames = shop.pictures(
        "run", lambda: [one.pixels for one in simulate_run(scene, motion, anatomy_motion, count, fps, SEED + 1)]
    )
    start = pose_from_six(motion.evaluate(0.0), resident.case.pose_frame)
    tracker = Tracker(start, resident.case.atlas.view.centre_mm)
    for n, pixels in enumerate(frames):
        plan = tracker.plan(n / fps)
        found = register(resident, pixels, scene.camera, plan)
        tracker.receive(found.camera_from_volume, found.assessment.status, n / fps, plan)
        yield f"run/{n:02d}", found


def published(shop: Workshop) -> Iterator[tuple[str, Any]]:
    """PEHL as published, with regressors that are drawn, not taught."""
    case = shop.small()
    start = np.array([2.0, -1.0, 880.0, 20.0, 3.0, -4.0])
    camera = picture_camera(case, start)
    truth = pose_from_six(start + [0.5, -0.3, 4.0, 1.0, 2.0, -2.0], case.pose_frame)
    image = CpuRenderer(case.volume, 1.0).render(camera, truth)
    points = case.corners_mm * 0.5 + case.corners_mm.mean(axis=0) * 0.5
    rng = np.random.default_rng([SEED, 50])
    regressors = {}
    for group in PAPER_GROUPS:
        weights = rng.normal(size=(len(group.parameters), len(points) * 144)) * 0.02
        regressors[group.name] = lambda residual, weights=weights: weights @ residual.astype(np.float64).ravel()
    zone = ZoneRegressors(points, 10.0, 12, regressors)
    for kind in ("exact", "atlas"):
        shown = comparison_named(kind, case)
        regression = PublishedRegression(case.pose_frame, shown, [(Zone(0, 0), zone)], PAPER_GROUPS)
        yield f"published/{kind}", register_sweeps(image, camera, start, regression, 2)


PARTS = (alone, in_a_body, in_clutter, two_views, several_objects, tracking_run, published)


def register(
    resident: ResidentCase, pixels: np.ndarray, camera: Any, plan: Plan, meaning: PixelMeaning = PixelMeaning.INTENSITY
) -> Any:
    return register_views(resident, [FrameView(pixels, PlacedCamera(camera), meaning=meaning)], plan)


def described(found: Any) -> dict[str, Any]:
    """Return all that a registration says but its times, as JSON; numbers round-trip to the last bit."""
    if isinstance(found, np.ndarray):
        return {"six": found.tolist()}
    assessment, estimate = found.assessment, found.assessment.error_estimate
    return {
        "camera_from_volume": found.camera_from_volume[:3].tolist(),
        "world_from_volume": found.world_from_volume[:3].tolist(),
        "information": found.information[np.triu_indices(6)].tolist(),
        "status": assessment.status.value,
        "confidence": assessment.confidence,
        "errors": [estimate.in_plane_mm, estimate.depth_mm, estimate.rotation_deg],
        "likeness": found.likeness,
        "views": [[one.name, one.presence, one.likeness, one.used, one.why] for one in found.views],
    }


def machine() -> dict[str, Any]:
    """Return what decides how numbers are rounded."""
    flags = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        flags = next((line.split(":", 1)[1] for line in lines if line.startswith("flags")), "")
        model = [line for line in lines if line.startswith(("vendor_id", "cpu family", "model\t"))][:3]
        flags += "".join(model)
    return {
        "processor": hashlib.sha256(flags.encode()).hexdigest()[:16],
        "numba": numba.__version__,
        "numpy": np.__version__,
        "onnxruntime": onnxruntime.__version__,
    }


def collect(shop: Workshop, wanted: str) -> Results:
    results: Results = {}
    for part in PARTS:
        if wanted and part.__name__ not in wanted.split(","):
            continue
        for name, found in part(shop):
            results[name] = described(found)
            told = results[name].get("status", "")
            print(f"{name:36s} {told}", flush=True)
    return results


def differences(known: Results, now: Results, exact: bool) -> list[str]:
    """Return a line for each result that differs."""
    lines = [f"{name}: expected, but not run" for name in known if name not in now]
    lines += [f"{name}: run, but not expected" for name in now if name not in known]
    for name in known.keys() & now.keys():
        if exact and known[name] != now[name]:
            parts = ", ".join(key for key in known[name] if known[name][key] != now[name].get(key))
            lines.append(f"{name}: {parts}; {apart(known[name], now[name])}")
        elif not exact and not near(known[name], now[name]):
            lines.append(f"{name}: {apart(known[name], now[name])}")
    return sorted(lines)


def near(known: dict[str, Any], now: dict[str, Any]) -> bool:
    if "six" in known:
        return bool(np.abs(np.array(known["six"]) - now["six"]).max() < 1e-3)
    mm, deg = moved(known, now)
    return known["status"] == now["status"] and mm < TOLERANCE_MM and deg < TOLERANCE_DEG


def apart(known: dict[str, Any], now: dict[str, Any]) -> str:
    if "six" in known:
        return f"parameters differ by {np.abs(np.array(known['six']) - now['six']).max():.3g}"
    mm, deg = moved(known, now)
    return f"{mm:.3g} mm, {deg:.3g} degrees, {known['status']} -> {now['status']}"


def moved(known: dict[str, Any], now: dict[str, Any]) -> tuple[float, float]:
    first, second = (np.array(one["world_from_volume"]) for one in (known, now))
    turned = angle_between(first[:, :3], second[:, :3])
    return float(np.linalg.norm(first[:, 3] - second[:, 3])), float(np.rad2deg(turned))


def main() -> int:
    """Run the set and compare it, or record it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=HERE.parents[1] / ".pose_digest")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--only", default="", help="Parts with commas: " + ", ".join(one.__name__ for one in PARTS))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    shop = Workshop(options.work)
    results = collect(shop, options.only)
    record = {"machine": machine(), "frames": shop.frames.hexdigest(), "results": results}
    if options.record:
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in results.items())
        head = json.dumps({"machine": record["machine"], "frames": record["frames"]})[:-1]
        RECORD.write_text(f'{head}, "results": {{\n{lines}\n}}}}\n', encoding="utf-8")
        print(f"{len(results)} results written to {RECORD}")
        return 0
    if not RECORD.exists():
        print(f"expected {RECORD}, got none: run with --record first")
        return 2
    known = json.loads(RECORD.read_text(encoding="utf-8"))
    exact = known["machine"] == record["machine"]
    if options.only:
        known["results"] = {name: value for name, value in known["results"].items() if name in results}
    elif known["frames"] != record["frames"]:
        print("the frames themselves differ from those that were recorded")
    found = differences(known["results"], json.loads(json.dumps(results)), exact)
    print("\n".join(found) if found else f"{len(results)} results agree{' to the last bit' if exact else ''}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
