"""A console in two dozen lines: frames from anywhere, poses over gRPC, the session kept over a restart of the service.

python docs/examples/console.py            (beside a running `fluoropose serve`)
"""

import time

from fluoropose.client import Client, ProblemError
from fluoropose.objects.catalogue import OBJECTS

plate = OBJECTS["plate"]
camera = {
    "rows": 512, "columns": 512, "row_spacing_mm": plate.pixel_mm, "column_spacing_mm": plate.pixel_mm,
    "source_to_detector_mm": plate.source_to_detector_mm,
}  # fmt: skip


def frames(client: Client):
    """Stand in for the console's detector: a DRR of the plate drifting across the frame."""
    for n in range(20):
        pose = [[1, 0, 0, 0.5 * n], [0, 0, -1, 0], [0, 1, 0, plate.range_mm], [0, 0, 0, 1]]
        yield client.render("plate", camera, pose)


with Client("http://127.0.0.1:8000", "grpc", grpc="127.0.0.1:8001") as client:
    tracker = client.track("plate", camera, pixel_meaning="line_integral", max_frame_age_ms=500)
    for pixels in frames(client):
        try:
            result = tracker.send(pixels, captured_at=time.time())
        except ProblemError as problem:  # this frame has no pose; the next one may
            print(problem.code, problem.detail)
            continue
        print(result["seq"], result["status"], f"{result['confidence']:.2f}", f"{result['age_ms']:.1f} ms")
    tracker.close()
