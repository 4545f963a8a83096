"""What a picture was drawn from: it stands in the picture's metadata, and draws it again."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from ganedit.errors import UsageError
from ganedit.image import decode
from ganedit.tasks.generate.models import Model, find_model, label_of
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
        seed: of the code and of the noise of the layers.
        truncation: how far from the mean code, in [0, 1].
        class_: name of the class, empty without classes.
        size: side in pixels.
    """

    model: str
    sha256: str
    seed: int
    truncation: float
    class_: str
    size: int

    def as_xmp(self, precision: str) -> bytes:
        """An XMP packet that says so, and in which arithmetic it was drawn.

        Every format that ganedit writes holds one.
        """
        known = {name.strip("_"): value for name, value in asdict(self).items()}
        text = urlencode({**known, "precision": precision}).replace("&", ";")
        return _PACKET.format(text).encode()


def recipes(options: GenerateOptions) -> Mapping[str, Recipe]:
    """What is to be drawn, by the name of the variant.

    Raises:
        UsageError: an unknown model or class, or a picture that ganedit did not draw.
        WeightsError: weights are missing, altered or of another task.
    """
    if options.like is not None:
        recipe, _ = read_recipe(options.like)
        return {_name(recipe.class_, recipe.seed): recipe}
    model = find_model(options.model, options.weights)

    def recipe_of(seed: int, kind: str) -> Recipe:
        size = options.size or model.network.size
        return Recipe(model.name, model.sha256, seed, options.truncation, kind, size)

    seeds = range(options.seed, options.seed + options.count)
    if options.class_ is None:
        kinds = model.network.classes or ("",)
        return {_name("", seed): recipe_of(seed, kinds[seed % len(kinds)]) for seed in seeds}
    wanted = _wanted(options.class_, options.count)
    for kind in wanted:
        label_of(model, kind)
    return {
        _name(kind, seed): recipe_of(seed, kind)
        for kind, count in wanted.items()
        for seed in range(options.seed, options.seed + count)
    }


def model_of(options: GenerateOptions) -> Model:
    """The generator that draws what is asked for.

    Raises:
        UsageError: there is none of that name, or it is not the one that drew `--like`.
    """
    if options.like is None:
        return find_model(options.model, options.weights)
    recipe, _ = read_recipe(options.like)
    try:
        model = find_model(recipe.model, options.weights)
    except UsageError as error:
        raise UsageError(
            f"{options.like}: drawn by {recipe.model}, which is not here; give its weights with "
            "--weights"
        ) from error
    if model.sha256 != recipe.sha256:
        raise UsageError(
            f"{options.like}: drawn by other weights of {recipe.model} "
            f"({recipe.sha256[:8]}, not {model.sha256[:8]}); give them with --weights"
        )
    return model


def read_recipe(path: Path) -> tuple[Recipe, str]:
    """The recipe in a picture's metadata, and the arithmetic that it was drawn in.

    Raises:
        UsageError: there is none.
        ImageError: it cannot be read.
    """
    found = _RECIPE.search(decode(path).metadata.xmp or b"")
    try:
        known = dict(parse_qsl(found[1].decode(), keep_blank_values=True, separator=";"))  # type: ignore[index]
        recipe = Recipe(
            known["model"], known["sha256"], int(known["seed"]), float(known["truncation"]),
            known["class"], int(known["size"]),
        )  # fmt: skip
    except (TypeError, KeyError, ValueError) as error:
        raise UsageError(
            f"{path}: does not say what it was drawn from; --like takes pictures that ganedit "
            "generate made"
        ) from error
    return recipe, known.get("precision", "")


def _name(kind: str, seed: int) -> str:
    return "_".join(filter(None, (kind, f"{seed:04d}")))


def _wanted(text: str, count: int) -> dict[str, int]:
    """How many of each class: `shoes,bags` or `shoes=3,bags=2`."""
    wanted = {}
    for part in text.split(","):
        kind, _, number = part.strip().partition("=")
        if not kind or (number and not (number.isdigit() and int(number))):
            raise UsageError(f"--class {text}: write it like shoes, or shoes=3,bags=2")
        wanted[kind] = int(number or count)
    return wanted
