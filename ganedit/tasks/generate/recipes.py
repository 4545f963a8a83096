"""What a picture was drawn from: it stands in the picture's metadata, and draws it again."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from ganedit.errors import UsageError
from ganedit.image import decode
from ganedit.tasks.generate.latent_options import VaryOptions
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


# Steps along a direction that a strip shows.
PLACES = range(-3, 4)


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
    """

    model: str
    sha256: str
    fingerprint: str
    seed: int
    truncation: float
    class_: str
    size: int
    directions: str = ""

    @property
    def amounts(self) -> dict[str, float]:
        """How far along which directions."""
        return parse_directions(filter(None, self.directions.split(",")))

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
    directions = _as_text(parse_directions(options.direction))

    def recipe_of(seed: int, kind: str) -> Recipe:
        recipe = Recipe.of(model, seed, options.truncation, kind, directions)
        return replace(recipe, size=options.size or recipe.size)

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
        return model_that_drew(recipe, options.weights)
    except UsageError as error:
        raise UsageError(f"{options.like}: {error}") from error


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
        )  # fmt: skip
        # It may come from anywhere: nobody is to draw a picture of a million pixels a side.
        GenerateOptions(seed=recipe.seed, truncation=recipe.truncation, size=recipe.size)
    except (KeyError, ValueError, UsageError) as error:
        raise UsageError(
            "does not say what it was drawn from; take a picture that ganedit generate made"
        ) from error
    return recipe, known.get("precision", "")


def strip_places(options: VaryOptions) -> tuple[str, ...]:
    """Names of the places on a strip, from -3 to 3; a single one without a name otherwise."""
    return ("",) if options.strip is None else tuple(f"{place:+d}" for place in PLACES)


def varied(recipe: Recipe, model: Model, options: VaryOptions, place: str) -> Recipe:
    """The recipe of a picture farther along directions, at a place of `strip_places`."""
    amounts = recipe.amounts
    for name, amount in parse_directions(options.direction).items():
        amounts[name] = amounts.get(name, 0.0) + amount
    if options.strip is not None:
        amounts[options.strip] = float(place)
    return replace(recipe.by(model), directions=_as_text(amounts))


def parse_directions(wishes: Iterable[str]) -> dict[str, float]:
    """How far to go along which directions: `glasses=2`, from -3 to 3.

    Raises:
        UsageError: not such a wish.
    """
    found: dict[str, float] = {}
    for wish in wishes:
        name, _, amount = wish.partition("=")
        try:
            found[name.strip()] = float(amount)
            if not math.isfinite(found[name.strip()]):
                raise ValueError
        except ValueError:
            raise UsageError(f"--direction {wish}: write it like glasses=2 or 3=-1.5") from None
    return found


def _as_text(amounts: Mapping[str, float]) -> str:
    return ",".join(f"{name}={amount:g}" for name, amount in amounts.items())


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
