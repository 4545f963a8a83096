"""What a picture was drawn from: it stands in the picture's metadata, and draws it again."""

import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from ganedit.errors import UsageError
from ganedit.image import decode
from ganedit.tasks.generate.arithmetic import parse_code, parse_directions
from ganedit.tasks.generate.models import Model, find_model
from ganedit.tasks.generate.options import GenerateOptions

_PACKET = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:ganedit="urn:ganedit:1" ganedit:recipe="{}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
# As an attribute, or as the element that some programs make of one.
_RECIPE = re.compile(rb"ganedit:recipe\s*(?:=\s*[\"']|>)\s*([^\"'<]+)")


@dataclass(frozen=True)
class Recipe:
    """What a picture is drawn from.

    Attributes:
        model: name of the generator.
        sha256: of its weights.
        fingerprint: see `Model`.
        seed: of the code and of the noise of the layers.
        truncation: how far from the mean code, in [0, 1].
        class_: name of the class, empty without classes.
        size: side in pixels.
        directions: how far along which, like `glasses=2,smile=-1`.
        code: a sum over means of seeds instead of the seed's own code, like `5,9 - 3 + 4`.
        fine: whose code the fine layers have, and from which layer on: a seed, like `5@4`.
        found: a code for each layer that was found for a photo, in half precision, in base 64.
    """

    model: str
    sha256: str
    fingerprint: str
    seed: int
    truncation: float
    class_: str
    size: int
    directions: str = ""
    code: str = ""
    fine: str = ""
    found: str = field(default="", repr=False)

    @property
    def amounts(self) -> dict[str, float]:
        """How far along which directions."""
        return parse_directions(filter(None, self.directions.split(",")))

    @property
    def mixed(self) -> tuple[int, int] | None:
        """The seed whose code the fine layers have, and the first of those."""
        seed, _, layer = self.fine.partition("@")
        return (int(seed), int(layer)) if self.fine else None

    @classmethod
    def of(
        cls, model: Model, seed: int, truncation: float, class_: str = "", directions: str = ""
    ) -> "Recipe":
        """One of a generator, of its own size."""
        return cls(
            model.name, model.sha256, model.fingerprint, seed, truncation, class_,
            model.network.size, directions,
        )  # fmt: skip

    def by(self, model: Model) -> "Recipe":
        """The same of a generator that draws the same codes alike."""
        return replace(self, model=model.name, sha256=model.sha256, fingerprint=model.fingerprint)

    def as_xmp(self, precision: str) -> bytes:
        """An XMP packet that says so, and in which arithmetic it was drawn.

        Every format that ganedit writes holds one.
        """
        known = {name.strip("_"): value for name, value in asdict(self).items()}
        text = urlencode({**known, "precision": precision}).replace("&", ";")
        return _PACKET.format(text).encode()


def read_recipe(path: Path) -> tuple[Recipe, str]:
    """The recipe in a picture's file, and the arithmetic that it was drawn in.

    Raises:
        UsageError: there is none.
        ImageError: it cannot be read.
    """
    try:
        return recipe_in(decode(path).metadata.xmp)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def recipe_in(xmp: bytes | None) -> tuple[Recipe, str]:
    """The recipe in an XMP packet, and the arithmetic that the picture was drawn in.

    Raises:
        UsageError: there is none.
    """
    found = _RECIPE.search(xmp or b"")
    try:
        text = found[1].decode() if found else ""
        known = dict(parse_qsl(text, keep_blank_values=True, separator=";"))
        recipe = Recipe(
            known["model"], known["sha256"], known["fingerprint"], int(known["seed"]),
            float(known["truncation"]), known["class"], int(known["size"]), known["directions"],
            known.get("code", ""), known.get("fine", ""), known.get("found", ""),
        )  # fmt: skip
        # It may come from anywhere: nobody is to draw a picture of a million pixels a side.
        GenerateOptions(seed=recipe.seed, truncation=recipe.truncation, size=recipe.size)
        if recipe.code:
            parse_code(recipe.code, {})
        _ = recipe.mixed
    except (KeyError, ValueError, UsageError) as error:
        raise UsageError(
            "does not say what it was drawn from; take a picture that ganedit generate made"
        ) from error
    return recipe, known.get("precision", "")


def model_that_drew(recipe: Recipe, own: str | None) -> Model:
    """The generator that drew a picture, or one that has other named directions only.

    Raises:
        UsageError: it is not here.
    """
    try:
        model = find_model(recipe.model, own)
    except UsageError as error:
        raise UsageError(
            f"drawn by {recipe.model}, which is not here; give its weights with --weights"
        ) from error
    named = set(recipe.amounts) & set(model.network.directions)
    if model.sha256 != recipe.sha256 and (named or model.fingerprint != recipe.fingerprint):
        raise UsageError(
            f"drawn by other weights of {recipe.model} ({recipe.sha256[:8]}, not "
            f"{model.sha256[:8]}); give them with --weights"
        )
    return model
