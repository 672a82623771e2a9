"""Recordings made by hand, and sessions that are recorded as the service does it."""

import asyncio
from dataclasses import replace

import numpy as np

from fluoropose.geometry.camera import camera_from_detector
from fluoropose.geometry.pose6 import pose_from_six
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.io.frames import npy_bytes
from fluoropose.io.recordings import FORMAT, RecordedJob, RecordedObject, RecordedView, open_recording
from fluoropose.serving.messages import EncodedFrame
from fluoropose.serving.session_recorder import record_sessions
from fluoropose.serving.wiring import wire_serving
from fluoropose.tracking.session_settings import SessionSettings
from support.views import taken

__all__ = [
    "CAMERAS",
    "HEADER",
    "LARGE",
    "LARGE_HEADER",
    "large_job",
    "made_job",
    "read_all",
    "recorded_session",
    "same",
    "small_scene",
]

CAMERAS = {"a": (4, 6), "b": (5, 3)}
HEADER = {"format": FORMAT, "settings": {"cameras": {"a": {}, "b": {}}}, "cases": {"one": {}, "two": {}}, "machine": {}}

LARGE = {"a": (256, 256)}
LARGE_HEADER = HEADER | {"settings": {"cameras": {"a": {}}}}


def large_job(rng, number):
    """Return a job with one frame of 128 KiB."""
    pixels = rng.integers(0, 60000, LARGE["a"]).astype(np.uint16)
    return made_job(rng, number, views=(RecordedView("a", pixels, number, 0.0, np.eye(4)),))


def made_job(rng, number, dtypes=("uint16", "float32"), **change):
    """Return a job of a frame of each camera and of both objects; the second is searched for."""
    views = tuple(
        RecordedView(name, (100.0 * rng.random(sides)).astype(dtype), number, rng.random(), rng.random((4, 4)), bool(n))
        for n, ((name, sides), dtype) in enumerate(zip(CAMERAS.items(), dtypes, strict=True))
    )
    objects = tuple(
        RecordedObject(
            case,
            start,
            start is not None,
            rng.random((4, 4)),
            "TRACKING",
            "",
            rng.random(),
            rng.random((6, 6)),
            {"total": 1.5},
        )
        for case, start in (("one", rng.random((4, 4))), ("two", None))
    )
    job = RecordedJob(views, objects, float(number), 1e9 + number, False, False, {"total": 2.5})
    return replace(job, **change)


def small_scene(case):
    """Return a camera, a pose of the small case and the frame that is taken of it: for fixtures of a whole module."""
    camera = camera_from_detector(96, 128, row_spacing_mm=1.6, column_spacing_mm=1.5, source_to_detector_mm=1100.0)
    pose = pose_from_six(np.array([2.0, -3.0, 890.0, 4.0, 3.0, -5.0]), case.pose_frame)
    return camera, pose, taken(case, camera, pose)


def read_all(path):
    with open_recording(path) as (header, jobs):
        return header, list(jobs)


def same(one, other):
    """Whether two jobs are the same to the last bit."""

    def bits(job):
        return [
            *((v.camera, v.pixels.dtype, v.pixels.tobytes(), v.seq, v.moment_s, v.kept) for v in job.views),
            *(v.camera_from_world.tobytes() for v in job.views),
            *((o.case, o.start is None, o.nearby, o.status, o.reason, o.confidence, o.timing_ms) for o in job.objects),
            *(b"" if o.start is None else o.start.tobytes() for o in job.objects),
            *((o.world_from_volume.tobytes(), o.covariance.tobytes()) for o in job.objects),
            (job.moment_s, job.at_s, job.again, job.is_search, job.missed, job.timing_ms),
        ]

    return bits(one) == bits(other)


def recorded_session(service, folder, camera, frames, **settings):
    """Record a session of some frames in a service; return its file and the results."""
    recorder = record_sessions(service, folder)
    parts = wire_serving(service, recorder=recorder)
    fields = {"case": "small", "camera": camera, "meaning": PixelMeaning.INTENSITY}
    session = service.open_session(SessionSettings.from_camera(**(fields | settings)))

    async def run():
        async with parts.run():
            encoded = [EncodedFrame(npy_bytes(one), "application/x-npy", seq=n) for n, one in enumerate(frames)]
            return [await parts.broker.answer(session, one, "http") for one in encoded]

    try:
        results = asyncio.run(asyncio.wait_for(run(), 60))
    finally:
        service.draining = False
        service.sessions.close(session.name)
        recorder.close()
    (path,) = folder.glob("*.h5")
    return path, results
