"""How the OpenAPI document describes bodies that come in more than one form."""

from typing import Any

from pydantic import BaseModel

__all__ = ["json_or_form"]

_FILE = {"type": "string", "format": "binary"}


def json_or_form(model: type[BaseModel], most_frames: int = 1) -> dict[str, Any]:
    """Return what a route passes as `openapi_extra` whose body is JSON of a model, or a form.

    The form has the text `request`, the same JSON, and the file `frame`, up to `most_frames` of them.
    """
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    several = {"oneOf": [_FILE, {"type": "array", "items": _FILE, "maxItems": most_frames}]}
    form = {
        "type": "object",
        "required": ["request", "frame"],
        "properties": {"request": {"type": "string"}, "frame": several if most_frames > 1 else _FILE},
    }
    content = {
        "application/json": {"schema": {key: value for key, value in schema.items() if key != "$defs"}},
        "multipart/form-data": {"schema": form},
    }
    return {"requestBody": {"required": True, "content": content}}
