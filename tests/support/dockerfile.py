"""The Dockerfile, read."""

import json
import re
import shlex
from dataclasses import dataclass

from api.config import ROOT


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile, its lines joined."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)


def instructions() -> list[Instruction]:
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return [Instruction(name, " ".join(rest.split())) for name, rest in pairs]


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, beginning with its FROM."""
    found: list[list[Instruction]] = []
    for instruction in instructions():
        if instruction.name == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def those(stage: list[Instruction], name: str) -> list[Instruction]:
    return [i for i in stage if i.name == name]


def environment_of(stage: list[Instruction]) -> dict[str, str]:
    """What its commands find in the environment: ARG, with the defaults, and ENV."""
    set_by = [i for name in ("ARG", "ENV") for i in those(stage, name)]
    pairs = (word.partition("=") for i in set_by for word in i.words)
    return {name: value for name, _, value in pairs}


def health_command() -> list[str]:
    (check,) = those(stages()[-1], "HEALTHCHECK")
    return json.loads(check.text.partition("CMD ")[2])
