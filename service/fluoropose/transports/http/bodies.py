"""Requests taken apart: media types, validated JSON, and limits on a body before anything decodes it."""

from collections.abc import Sequence
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fluoropose.errors import FrameError, InputError

__all__ = ["BodyLimit", "MAX_BODY_BYTES", "UnsupportedMediaError", "media_type", "validated", "validation_text"]

MAX_BODY_BYTES = 64 * 2**20
"""A 4096 x 4096 frame of 16 bits is 32 MiB; twice that for base64 and forms."""

MAX_VOLUME_BYTES = 2**30
"""A compressed CT; it is spooled to disk while it arrives."""

Model = TypeVar("Model", bound=BaseModel)


class UnsupportedMediaError(FrameError):
    """The body is of a kind that this route does not take."""

    code = "unsupported-media"


def media_type(request: Request) -> str:
    """Return the media type of a body without its parameters, lower case."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def validated(model: type[Model], text: str | bytes) -> Model:
    """Return JSON as a model, or raise InputError naming the fields."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InputError(validation_text(error.errors())) from error


def validation_text(errors: Sequence[Any]) -> str:
    """Return the first three complaints of pydantic on one line."""
    parts = []
    for item in errors[:3]:
        place = ".".join(str(part) for part in item["loc"] if part != "body")
        parts.append(f"{place or 'body'}: {item['msg']}")
    return "; ".join(parts)


class BodyLimit:
    """Refuses a body that is too long by its real length, before it is decoded."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counted body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            limit = MAX_VOLUME_BYTES if scope["path"] == "/v1/cases" else MAX_BODY_BYTES
            if taken > limit:
                raise HTTPException(413, f"expected a body of at most {limit} bytes, got more")
            return message

        await self.app(scope, limited, send)
