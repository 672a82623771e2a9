"""Why an answer is not sure: stable codes, and what each says in a sentence."""

__all__ = [
    "DOUBTFUL_MATCH",
    "LOOKS_INVERTED",
    "LOOKS_LIKE_LINE_INTEGRALS",
    "LOOKS_MIRRORED",
    "NOT_IN_FRAME",
    "NOT_SEEN",
    "OUTSIDE_FIELD",
    "REASON_TEXTS",
    "RIVAL_POSE",
    "SATURATED",
    "UNLIKELY_GEOMETRY",
    "VIEWS_CONTRADICT",
    "VIEW_LEFT_OUT",
    "VIEW_NOT_CACHED",
]

DOUBTFUL_MATCH = "doubtful-match"
LOOKS_INVERTED = "looks-inverted"
LOOKS_LIKE_LINE_INTEGRALS = "looks-like-line-integrals"
LOOKS_MIRRORED = "looks-mirrored"
NOT_IN_FRAME = "not-in-frame"
NOT_SEEN = "not-seen"
OUTSIDE_FIELD = "outside-field"
RIVAL_POSE = "rival-pose"
SATURATED = "saturated"
UNLIKELY_GEOMETRY = "unlikely-geometry"
VIEWS_CONTRADICT = "views-contradict"
VIEW_LEFT_OUT = "view-left-out"
VIEW_NOT_CACHED = "view-not-cached"

REASON_TEXTS = {
    DOUBTFUL_MATCH: "the pose that fits best does not look much like the frame",
    LOOKS_INVERTED: "the frame looks inverted: the object is found where dark and bright change places",
    LOOKS_LIKE_LINE_INTEGRALS: "the image's values look like line integrals, and intensities were told",
    LOOKS_MIRRORED: "the frame looks mirrored: the object is found where left and right change places",
    NOT_IN_FRAME: "the frame shows next to nothing",
    NOT_SEEN: "the object's edges are not in the frame",
    OUTSIDE_FIELD: "the object would lie outside the field, or at a distance that it cannot have",
    RIVAL_POSE: "another pose looks as much like the frame",
    SATURATED: "too much of the frame is saturated",
    UNLIKELY_GEOMETRY: "the camera's geometry is unlikely",
    VIEWS_CONTRADICT: "the views contradict one another",
    VIEW_LEFT_OUT: "a view has no part in the answer",
    VIEW_NOT_CACHED: "the frame had to wait for pictures from its direction",
}
"""What a code says where nothing more is known of the frame at hand."""
