"""Sessions without I/O, and a device that answers as told."""

import numpy as np

from fluoropose.errors import FrameError
from fluoropose.geometry.camera import Camera
from fluoropose.geometry.rigid import rigid
from fluoropose.geometry.rotation import about_y
from fluoropose.imaging.xray import PixelMeaning
from fluoropose.registration.assessment import Status
from fluoropose.tracking.jobs import JobAnswers
from fluoropose.tracking.session import Session
from fluoropose.tracking.session_settings import ObjectStart, SessionCamera, SessionSettings
from fluoropose.tracking.tracked_object import Observation

CAMERA = Camera(64, 64, np.diag([1000.0, 1000.0, 1.0]))
MS = 1_000_000


def session(policy="latest", max_age_ms=None):
    settings = SessionSettings.from_camera("case", CAMERA, PixelMeaning.INTENSITY, False, np.eye(4), max_age_ms, policy)
    return Session.open("s", settings, {"case": np.zeros(3)})


def take(one, now_ns=0):
    """Return the one frame or job that is taken, or the one that has grown too old."""
    job, dropped = one.take(now_ns)
    return job if not dropped else dropped[0]


def frame_of(job):
    (frame,) = job.frames
    return frame


def finish(one, status=Status.TRACKING, pose=None, spoilt=0):
    """Answer what runs, but for the first `spoilt` frames, which turn out not to be usable."""
    job = one.running
    seen = {task.tracked_object.case: Observation(np.eye(4) if pose is None else pose, status) for task in job.tasks}
    good = {frame.ticket: "answer" for frame in job.frames[spoilt:]}
    bad = {frame.ticket: FrameError("expected pixels, got none") for frame in job.frames[:spoilt]}
    return one.complete(JobAnswers(seen if good else {}, good, dict.fromkeys(good, "decoded"), bad))


def seen_from(degrees):
    """A camera 900 mm from the world's origin, turned about its y axis."""
    turned = rigid(about_y(np.deg2rad(degrees)), np.zeros(3))
    return SessionCamera(CAMERA, rigid(np.eye(3), np.array([0.0, 0.0, 900.0])) @ turned)


def pair(max_age_ms=None, policy="latest", tolerance_ms=20.0, cameras=(("a", 0), ("b", 90)), cases=("case",)):
    settings = SessionSettings(
        tuple(ObjectStart(case, np.eye(4)) for case in cases),
        {name: seen_from(degrees) for name, degrees in cameras},
        PixelMeaning.INTENSITY,
        max_frame_age_ms=max_age_ms,
        policy=policy,
        tolerance_ms=tolerance_ms,
    )
    return Session.open("s", settings, {case: np.zeros(3) for case in cases})


def offer_frame(one, camera, captured_s, seq=None, **more):
    return one.offer(f"{camera} at {captured_s}", seq, 0, 0, captured_s, camera, **more)


def cameras_of(job):
    """Which cameras' frames are new in a job, which are kept."""
    return [
        [camera_frame.frame.camera for camera_frame in job.camera_frames if not camera_frame.kept],
        [camera_frame.frame.camera for camera_frame in job.camera_frames if camera_frame.kept],
    ]


def hand_over_all(one):
    given = []
    while (ready := one.hand_over(0)) is not None:
        given.append((ready.frame.camera, ready.frame.seq))
    return given


def session_of_two(initial=("x", "y")):
    one = pair(cases=initial)
    offer_frame(one, "a", 1.0)
    return one
