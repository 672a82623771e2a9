"""A small client for consoles and scripts: open a session, send frames, read poses. HTTP only so far."""

import json
from types import TracebackType
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from fluoropose.errors import FluoroposeError

__all__ = ["Client", "ProblemError", "Tracker"]


class ProblemError(FluoroposeError):
    """The service refused; `code` and `status` are those of the problem it answered with."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{body.get('title', 'refused')}: {body.get('detail', '')}")
        self.status = status
        self.code = str(body.get("code", "internal"))


class Client:
    """Talks to one service."""

    def __init__(self, address: str, timeout_s: float = 30.0) -> None:
        """Connect lazily to `address`, for example http://127.0.0.1:8000."""
        self._http = httpx.Client(base_url=address, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> "Client":
        """Return self."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._http.close()

    def cases(self) -> list[dict[str, Any]]:
        """Return the service's cases."""
        answer: list[dict[str, Any]] = _json(self._http.get("/v1/cases"))
        return answer

    def track(self, case: str, camera: dict[str, Any], **options: Any) -> "Tracker":
        """Open a session; options are those of POST /v1/sessions (initial_pose, pixel_meaning, ...)."""
        body = {"case": case, "camera": camera, **{key: _plain(value) for key, value in options.items()}}
        opened = _json(self._http.post("/v1/sessions", json=body))
        return Tracker(self._http, opened["session"])

    def render(self, case: str, camera: dict[str, Any], camera_from_volume: Any) -> NDArray[np.float32]:
        """Return a DRR as line integrals."""
        body = {"case": case, "camera": camera, "camera_from_volume": _plain(camera_from_volume), "format": "npy"}
        answer = self._http.post("/v1/render", json=body)
        if answer.status_code != 200:
            _json(answer)
        from fluoropose.io.frames import decode_frame

        return decode_frame(answer.content, "application/x-npy")


class Tracker:
    """One session."""

    def __init__(self, http: httpx.Client, session: str) -> None:
        """Use an open session."""
        self._http = http
        self.session = session
        self._seq = 0

    def send(self, pixels: NDArray[Any], captured_at: float | None = None) -> dict[str, Any]:
        """Send a frame (rows, columns) and return the result."""
        meta: dict[str, Any] = {"dtype": pixels.dtype.name, "seq": self._seq}
        if captured_at is not None:
            meta["captured_at"] = captured_at
        self._seq += 1
        headers = {"Content-Type": "application/octet-stream", "X-Frame-Meta": json.dumps(meta)}
        body = np.ascontiguousarray(pixels).astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
        answer: dict[str, Any] = _json(
            self._http.post(f"/v1/sessions/{self.session}/frames", content=body, headers=headers)
        )
        return answer

    def restart(self, initial_pose: Any) -> None:
        """Give the session a new start."""
        _json(self._http.patch(f"/v1/sessions/{self.session}", json={"initial_pose": _plain(initial_pose)}))

    def close(self) -> None:
        """Close the session."""
        self._http.delete(f"/v1/sessions/{self.session}")


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _json(answer: httpx.Response) -> Any:
    try:
        body = answer.json()
    except ValueError:
        body = {"detail": answer.text[:200]}
    if answer.status_code >= 400:
        raise ProblemError(answer.status_code, body)
    return body
