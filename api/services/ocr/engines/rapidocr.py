"""RapidOCR: PP-OCR's networks on onnxruntime; strong on photographs, noise and low contrast."""

import itertools
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from onnxruntime import InferenceSession, RunOptions
from rapidocr import RapidOCR
from rapidocr.main import RapidOCRError
from rapidocr.utils.process_img import map_boxes_to_original

from api.enginekit.catalogue import Entry
from api.services.ocr.engines import Picture, Reading
from api.services.ocr.engines.blanks import blanks_in
from api.services.ocr.engines.crops import Crop, mostly_tall, parts, ways
from api.services.ocr.engines.directions import Directions, reading_of
from api.services.ocr.engines.fineprint import unseen
from api.services.ocr.engines.geometry import Frame, Points, framed
from api.services.ocr.engines.lines import Part, Piece

DETECTOR, RECOGNISER = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
# The detector looks at a page of so many pixels; of long strips it sees their shorter side so.
LONGEST_SIDE, DETECTOR_SIDE = 1280, 736
# Half the time and memory of the library's own; docs/decisions/017-ocr-engines.md has figures.
SETTINGS = {
    "Global.use_cls": False,
    "Global.max_side_len": LONGEST_SIDE,
    "Global.return_word_box": True,
    "Global.log_level": "error",
    "Rec.rec_batch_num": 1,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
}
# If more of the page than this has edges that are not in a box, there may be print so fine that
# the detector must look at a page of more pixels: it takes 1.9 seconds and 250 MB more.
MOST_UNSEEN, FINER_SIDE = 0.06, 1920
# The lines of an upright page score more than this on average, upside down they score less.
UPRIGHT_SCORE = 0.85
# No letter is lower than this.
LEAST_SIDE = 8
# A picture that is no higher or no wider holds one line, even if the detector does not see it.
ONE_LINE = 64
# So many lines are tried upside down before the whole page is.
SAMPLE = 5
LOWEST_SCORE = 0.5


class _Found(NamedTuple):
    """A line as the library gives it: `info` has each letter's confidence and column."""

    crop: Crop
    text: str
    score: float
    info: Any


class _Frugal:
    """A network that keeps no memory between two runs, which the library has no setting for.

    Without an arena it would ask the system for every tensor: a quarter slower.
    """

    def __init__(self, network: InferenceSession):
        self._network = network
        self._options = RunOptions()
        self._options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def run(self, outputs: list[str], inputs: dict[str, Any]) -> Any:
        """As the network itself runs."""
        return self._network.run(outputs, inputs, self._options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)


class RapidReader:
    """One detector and one recogniser of lines, for one thread at a time."""

    def __init__(self, folder: Path, entry: Entry):
        models = folder / entry.engines["rapidocr"]
        files = {"Det.model_path": models / DETECTOR, "Rec.model_path": models / RECOGNISER}
        # With its files named, the library looks for nothing on the network.
        params = SETTINGS | {name: str(file) for name, file in files.items()}
        self._ocr = RapidOCR(params=params)
        self._lock = threading.Lock()
        self.languages = entry.languages

    def warm_up(self) -> None:
        """Load both networks, and run them."""
        self._ocr.recognize_txt([np.zeros((48, 320, 3), np.uint8)])
        self.read(np.full((64, 64, 3), 255, np.uint8))
        for part in (self._ocr.text_det, self._ocr.text_rec):
            place: Any = part and part.session
            place.session = _Frugal(place.session)

    def read(self, picture: Picture, language: str | None = None) -> Reading:  # noqa: ARG002  # one network for all
        """Find lines, turn the page if they do not run to the right, and read them."""
        if min(picture.shape[:2]) < LEAST_SIDE:
            return Reading(0, ())
        image, frame = framed(np.ascontiguousarray(picture[:, :, ::-1]))
        with self._lock:
            frame, found = self._upright(image, frame)
        pieces: Directions = defaultdict(list)
        for one in found:
            if one.score >= LOWEST_SCORE and one.text.strip():
                quarters = (frame.quarters + one.crop.quarters) % 4
                pieces[quarters].append(_piece(one))
        return reading_of(pieces, frame, image)

    def _upright(self, image: Picture, frame: Frame) -> tuple[Frame, list[_Found]]:
        boxes = self._boxes(image)
        if not len(boxes) and min(frame.width, frame.height) <= ONE_LINE:
            boxes = frame.whole()
        if mostly_tall(boxes):
            image, frame = np.rot90(image), replace(frame, quarters=1)
            boxes = self._boxes(image)
        found = self._recognised(image, boxes)
        if self._upside_down(found):
            image, frame = np.rot90(image, 2), replace(frame, quarters=frame.quarters + 2)
            found = self._recognised(image, self._boxes(image))
        return frame, found

    def _boxes(self, image: Picture) -> Points:
        """The corners of lines of text: (n, 4, 2)."""
        boxes = self._detected(image, LONGEST_SIDE)
        if max(image.shape[:2]) > LONGEST_SIDE and unseen(image, boxes) > MOST_UNSEEN:
            return max(boxes, self._detected(image, FINER_SIDE), key=len)
        return boxes

    def _detected(self, image: Picture, longest: int) -> Points:
        height, width = image.shape[:2]
        shorter, longer = sorted((width, height))
        self._ocr.max_side_len = max(longest, DETECTOR_SIDE * longer // shorter)
        small, record = self._ocr.preprocess_img(image)
        try:
            _, found = self._ocr.detect_and_crop(small, record)
        except RapidOCRError:  # it has found nothing
            return np.empty((0, 4, 2), np.float32)
        return map_boxes_to_original(np.asarray(found.boxes), record, height, width)

    def _recognised(self, image: Picture, boxes: Points) -> list[_Found]:
        if not len(boxes):
            return []
        crops = self._ocr.crop_text_regions(np.ascontiguousarray(image), boxes.astype(np.float32))
        height, width = image.shape[:2]
        found: list[_Found] = []
        for one in ways(boxes, crops, Frame(width, height)):
            readings = [self._read(line) for line in map(parts, one) if line]
            found += max(readings, key=_score, default=[])
        return found

    def _read(self, crops: list[Crop]) -> list[_Found]:
        read: Any = self._ocr.recognize_txt([crop.pixels for crop in crops])
        columns = crops, read.txts, read.scores, read.word_results
        return [_Found(*one) for one in zip(*columns, strict=True)]

    def _upside_down(self, found: list[_Found]) -> bool:
        """Whether the longest lines make more sense upside down, where the page makes little."""
        along = sorted((one for one in found if not one.crop.quarters), key=_width, reverse=True)
        if not along or _score(along) >= UPRIGHT_SCORE:
            return False
        flipped = [np.rot90(one.crop.pixels, 2) for one in along[:SAMPLE]]
        scores = self._ocr.recognize_txt(flipped).scores
        return bool(np.mean(scores) > np.mean([one.score for one in along[:SAMPLE]]))


def _score(found: Iterable[_Found]) -> float:
    """The mean score of lines, the longer ones counting for more."""
    scores, widths = zip(*((one.score, _width(one)) for one in found), strict=True)
    return float(np.average(scores, weights=widths))


def _width(found: _Found) -> int:
    return int(found.crop.pixels.shape[1])


def _piece(found: _Found) -> Piece:
    return Piece(found.crop.corners, tuple(_parts(found)), blanks_in(found.crop.pixels))


def _parts(found: _Found) -> Iterator[Part]:
    """The words of a line; the library's own have other letters' confidences."""
    columns = iter([column for word in found.info.word_cols for column in word])
    letters = [
        (letter, confidence, next(columns))
        for letter, confidence in zip(found.text, found.info.confs, strict=True)
        if not letter.isspace()
    ]
    places = [column for _, _, column in letters]
    half = (places[-1] - places[0]) / (2 * len(found.text) - 2) if len(found.text) > 1 else 1.0
    count, rest = found.info.line_txt_len, iter(letters)
    for text in found.text.split():
        word = list(itertools.islice(rest, len(text)))
        begin, end = (
            (place + 0.5 + side) / count
            for place, side in ((word[0][2], -half), (word[-1][2], half))
        )
        confidence = float(np.mean([sure for _, sure, _ in word]))
        yield Part(text, confidence, max(0.0, begin), min(1.0, end))
