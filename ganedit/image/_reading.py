"""What every reader of a format hands on."""

from dataclasses import dataclass, field

from ganedit.image._metadata import Metadata
from ganedit.image._samples import Samples


@dataclass(frozen=True, slots=True)
class Reading:
    """A decoded picture that is not turned yet.

    Attributes:
        samples: (H, W, 1 or 3), uint8 or uint16, straight.
        alpha: (H, W) of the same dtype, or None.
        metadata: as it stands in the file, not yet made true of the upright picture.
        orientation: EXIF's, still to be applied; 1 where the decoder has applied it. Values
            other than 1..8 mean upright.
        format: in Pillow's spelling.
        notes: what was converted or left out.
        lossless: as in `Raster`.
    """

    samples: Samples
    alpha: Samples | None = None
    metadata: Metadata = field(default_factory=Metadata)
    orientation: int = 1
    format: str | None = None
    notes: tuple[str, ...] = ()
    lossless: bool = False
