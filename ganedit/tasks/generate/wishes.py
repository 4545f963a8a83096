"""From what was asked for to recipes: what is to be drawn, and by which generator."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ganedit import weights
from ganedit.errors import UsageError
from ganedit.options import check_seeds
from ganedit.tasks.generate.arithmetic import (
    code_as_text,
    directions_as_text,
    parse_code,
    parse_directions,
    parse_means,
)
from ganedit.tasks.generate.dials import Dial, dials_of
from ganedit.tasks.generate.latent_options import VaryOptions, WalkOptions
from ganedit.tasks.generate.models import (
    Model,
    direction_names,
    find_model,
    label_of,
    layers_of,
    nearest_name,
)
from ganedit.tasks.generate.options import MOST, GenerateOptions
from ganedit.tasks.generate.recipes import Recipe, model_that_drew, read_recipe

# Steps along a direction that a strip shows.
PLACES = range(-3, 4)


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
    directions = directions_as_text(parse_directions(options.direction))
    code = ""
    if options.code is not None:
        code = code_as_text(parse_code(options.code, parse_means(options.mean)))
    fine = "" if options.fine is None else f"{options.fine}@{split_of(model, options.split)}"

    def recipe_of(seed: int, kind: str) -> Recipe:
        recipe = Recipe.of(model, seed, options.truncation, kind, directions)
        return replace(recipe, size=options.size or recipe.size, code=code, fine=fine)

    wanted = {} if options.class_ is None else _wanted(options.class_, options.count)
    for kind in wanted:
        label_of(model, kind)
    check_seeds(options.seed, max(wanted.values(), default=options.count))
    if options.class_ is None:
        seeds = range(options.seed, options.seed + options.count)
        return {_name("", seed): recipe_of(seed, model.class_in_turn(seed)) for seed in seeds}
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
    return _model_of_picture(options.like, options.weights)


def walked_model(options: WalkOptions) -> Model:
    """The generator that is asked for, or the one that drew the first picture of a walk.

    Raises:
        UsageError: there is none of that name, or it is not here.
    """
    if options.model is None and options.weights is None and options.pictures:
        return _model_of_picture(options.pictures[0], None)
    return find_model(options.model, options.weights)


def _model_of_picture(picture: Path, own: str | None) -> Model:
    recipe, _ = read_recipe(picture)
    try:
        return model_that_drew(recipe, own)
    except UsageError as error:
        raise UsageError(f"{picture}: {error}") from error


def split_of(model: Model, asked: int | None) -> int:
    """The first of the fine layers where two codes are mixed: the middle one, or as asked for.

    Raises:
        UsageError: the generator has no layers to mix, or not so many.
    """
    layers = layers_of(model.network)
    if layers < 2:
        raise UsageError(
            f"{model.name} has one code for all layers, and cannot mix them; only "
            "--architecture stylegan can"
        )
    split = layers // 2 if asked is None else asked
    if not 1 <= split < layers:
        raise UsageError(
            f"--split {split}: {model.name} has {layers} layers; use 1 to {layers - 1}"
        )
    return split


def check_directions(options: VaryOptions) -> None:
    """Raise a UsageError for a direction that none of the generators in question has."""
    asked = dict.fromkeys(parse_directions(options.direction), "--direction")
    if options.strip is not None:
        asked[options.strip] = "--strip"
    own = options.weights
    names = [None] if own is not None else weights.labelled("generate", "model")
    models = [find_model(name, own) for name in names]
    known = list(dict.fromkeys(name for m in models for name in direction_names(m.network)))
    for name, flag in asked.items():
        if models and name not in known:
            whose = models[0].name if len(models) == 1 else "no generator"
            none = "has none of that name" if len(models) == 1 else "has it"
            raise UsageError(f"{flag} {name}: {whose} {none}{nearest_name(name, known)}")


def drawn_first(options: VaryOptions) -> Recipe:
    """The picture of a seed that is varied.

    Raises:
        UsageError: an unknown model or class.
    """
    assert options.seed is not None
    model = find_model(options.model, options.weights)
    kind = options.class_ or model.class_in_turn(options.seed)
    label_of(model, kind or None)
    return Recipe.of(model, options.seed, options.truncation, kind)


def strip_places(options: VaryOptions) -> tuple[str, ...]:
    """Names of the places on a strip, from -3 to 3; a single one without a name otherwise."""
    return ("",) if options.strip is None else tuple(f"{place:+d}" for place in PLACES)


def varied(recipe: Recipe, model: Model, options: VaryOptions, place: str) -> Recipe:
    """The recipe of a picture farther along directions, at a place of `strip_places`."""
    changed = farther(recipe, model, parse_directions(options.direction))
    if options.strip is None:
        return changed
    amounts = {**changed.amounts, options.strip: amount_at(model, options.strip, int(place))}
    return replace(changed, directions=directions_as_text(amounts))


def farther(recipe: Recipe, model: Model, directions: Mapping[str, float]) -> Recipe:
    """The recipe of a picture so much farther along directions, and with dials turned to there."""
    amounts, dials = recipe.amounts, [dial.name for dial in dials_of(model.network.codes)]
    for name, amount in directions.items():
        amounts[name] = amount + (0.0 if name in dials else amounts.get(name, 0.0))
    return replace(recipe.by(model), directions=directions_as_text(amounts))


def amount_at(model: Model, name: str, place: int) -> float:
    """How far to go along a direction, or where to turn a dial, at a place from -3 to 3."""
    for dial in dials_of(model.network.codes):
        if dial.name == name:
            return _turned(dial, place)
    return float(place)


def _turned(dial: Dial, place: int) -> float:
    """A continuous dial goes from end to end; of a categorical one, choices follow each other."""
    if dial.choices == 1:
        return round(place / PLACES[-1], 3)
    return float((place - PLACES[0]) % dial.choices)


def _name(kind: str, seed: int) -> str:
    return "_".join(filter(None, (kind, f"{seed:04d}")))


def _wanted(text: str, count: int) -> dict[str, int]:
    """How many of each class: `shoes,bags` or `shoes=3,bags=2`."""
    wanted = {}
    for part in text.split(","):
        kind, _, number = part.strip().partition("=")
        if not kind or (number and not (number.isdigit() and len(number) < 10 and int(number))):
            raise UsageError(f"--class {text}: write it like shoes, or shoes=3,bags=2")
        if kind in wanted:
            raise UsageError(f"--class {text}: {kind} is given twice")
        wanted[kind] = int(number or count)
    if sum(wanted.values()) > MOST:
        raise UsageError(
            f"--class {text}: {sum(wanted.values()):,} pictures; draw at most {MOST:,}"
        )
    return wanted
