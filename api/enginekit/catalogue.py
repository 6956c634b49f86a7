"""The catalogue of models: what each one is, what it needs and where its files are.

A catalogue may come from a mirror, so every name, path and text in it is hostile input.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from api.errors import Unusable

MANIFEST = "model.json"
MODEL_NAME = r"[a-z0-9][a-z0-9_.-]{0,63}"
SEGMENT = r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}"
Scale = Literal["-1..1", "0..1", "0..255"]
# A pixel p of 0..255 becomes p * factor + offset.
FACTOR_AND_OFFSET: Mapping[Scale, tuple[float, float]] = {
    "-1..1": (1 / 127.5, -1.0),
    "0..1": (1 / 255, 0.0),
    "0..255": (1.0, 0.0),
}


def _not_manifest(name: str) -> str:
    if name == MANIFEST:
        raise ValueError(f"{MANIFEST} is the name of the store's own file")
    return name


Line = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
ModelName = Annotated[str, StringConstraints(pattern=f"^{MODEL_NAME}$")]
TaskName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
FileName = Annotated[str, StringConstraints(pattern=f"^{SEGMENT}$"), AfterValidator(_not_manifest)]
MaybeFileName = Annotated[str, StringConstraints(pattern=f"^({SEGMENT})?$")]
RelativePath = Annotated[str, StringConstraints(pattern=f"^({SEGMENT}(/{SEGMENT})*)?$")]
PackageName = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,63})?$")]
Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^(https?://[!-~]+)?$")]
Hash = Annotated[str, StringConstraints(pattern="^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})?$")]
Side = Annotated[int, Field(ge=1, le=4096)]
Percent = Annotated[float, Field(ge=0, le=100)]


@dataclass(frozen=True)
class ModelFile:
    """One file of a model; `bytes` 0, `hash` "": unknown. `path` is its place in a mirror."""

    name: FileName
    bytes: Annotated[int, Field(ge=0)] = 0
    hash: Hash = ""
    url: Url = ""
    path: RelativePath = ""


@dataclass(frozen=True)
class Input:
    """The picture a network takes: short side to `resize`, centre crop of `size`, pixel scale.

    With `mirror` the answer is the mean over the picture and its mirror image.
    """

    size: Side
    resize: Side
    filter: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] = "bicubic"
    scale: Scale = "-1..1"
    mirror: bool = False

    @property
    def factor_and_offset(self) -> tuple[float, float]:
        """What turns a pixel of 0..255 into the number the network takes."""
        return FACTOR_AND_OFFSET[self.scale]


@dataclass(frozen=True)
class Accuracy:
    """Per cent of `dataset` that is right, and who says so."""

    top1: Percent
    dataset: Line
    source: Line
    top5: Percent | None = None


@dataclass(frozen=True)
class Entry:
    """A model. `engines`: the file or folder each engine loads. `rank` 0: never the default.

    An embedded model lies in the folder of its name beside the catalogue, or in the installed
    Python package `package`. `system` is a folder where the operating system may have it.
    """

    name: ModelName
    task: TaskName
    title: Line = ""
    languages: tuple[Line, ...] = ()
    licence: Line = ""
    accuracy: Accuracy | None = None
    rank: Annotated[int, Field(ge=0)] = 0
    embedded: bool = False
    package: PackageName = ""
    system: Line = ""
    architecture: Line = ""
    engines: dict[TaskName, FileName] = field(default_factory=dict)
    output: Literal["probabilities", "logits"] = "probabilities"
    labels: MaybeFileName = ""
    labels_es: MaybeFileName = ""
    input: Input | None = None
    files: tuple[ModelFile, ...] = ()


_ENTRY = TypeAdapter(Entry)
Tables = dict[str, dict[str, Any]]


def read_catalogue(builtin: str, mirror: str = "") -> dict[str, Entry]:
    """Entries by name from TOML texts; the mirror's fields win over the built-in ones.

    Raises:
        Unusable: `catalogue_broken`, naming the entry and the field.
    """
    known, over = _tables(builtin, "built-in"), _tables(mirror, "mirror's")
    names = known | over
    return {name: make_entry(name, known.get(name, {}) | over.get(name, {})) for name in names}


def make_entry(name: str, fields: Mapping[str, Any]) -> Entry:
    """The checked entry of these fields (as in a catalogue).

    Raises:
        Unusable: `catalogue_broken`, naming the field.
    """
    try:
        return _ENTRY.validate_python({**fields, "name": name})
    except ValidationError as error:
        raise Unusable(
            "The catalogue entry %(name)s is invalid: %(reason)s.",
            code="catalogue_broken",
            name=repr(name),
            reason=one_line(error),
        ) from None


def is_model_name(name: str) -> bool:
    """Whether this can name a model (and so a folder)."""
    return re.fullmatch(MODEL_NAME, name) is not None


def one_line(error: ValidationError) -> str:
    """The first thing wrong, with the place of it."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]


def _tables(text: str, whose: str) -> Tables:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _broken(f"the {whose} catalog.toml is not TOML: {error}") from None
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise _broken(f"{name!r} in the {whose} catalog.toml is not a table")
    return tables


def _broken(reason: str) -> Unusable:
    return Unusable(
        "The model catalogue is invalid: %(reason)s.",
        code="catalogue_broken",
        reason=reason,
    )
