"""The recipe of each editing command: how its task is loaded, and what its results depend on."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from ganedit import weights
from ganedit.app.filling import filler
from ganedit.app.jobs import Job
from ganedit.app.masks import Marking
from ganedit.app.recipe import Apply, Recipe
from ganedit.app.translating import translators
from ganedit.runtime import Runtime
from ganedit.tasks.inpaint.edit import InpaintEdit
from ganedit.tasks.inpaint.options import InpaintOptions
from ganedit.tasks.translate.edit import check_domains
from ganedit.tasks.translate.options import TranslateOptions
from ganedit.tasks.upscale.edit import UpscaleEdit
from ganedit.tasks.upscale.options import UpscaleOptions
from ganedit.training.config import plain


def upscale_recipe(options: UpscaleOptions) -> Recipe:
    """Enlarging.

    Raises:
        WeightsError: weights of the user's own that are missing.
    """
    return Recipe(
        task="upscale",
        load=partial(_load_upscale, options),
        size_for=options.target.size_for,
        settings={
            **asdict(options.target),
            "model": options.model,
            "detail": options.detail,
        },
        weights=weights.checksums("upscale", options.weights, model=options.model),
    )


def _load_upscale(options: UpscaleOptions, runtime: Runtime) -> Apply:
    edit = UpscaleEdit(options, runtime)
    return lambda job, image, progress: edit.apply(image, progress)


def inpaint_recipe(options: InpaintOptions, marking: Marking) -> Recipe:
    """Filling what is marked.

    Raises:
        WeightsError: weights of the user's own that are missing.
    """
    settings = {**plain(options), **plain(marking)}
    # Masks are compared by their content, weights by their checksums, wherever they are.
    for name in ("mask", "folder", "weights"):
        del settings[name]
    return Recipe(
        task="inpaint",
        load=partial(_load_inpaint, options, marking),
        size_for=_same_size,
        settings=settings,
        weights=weights.checksums("inpaint", options.weights),
        companions=partial(_masks, marking),
    )


def _load_inpaint(options: InpaintOptions, marking: Marking, runtime: Runtime) -> Apply:
    return filler(InpaintEdit(options, runtime), marking)


def translate_recipe(options: TranslateOptions, names: Sequence[str]) -> Recipe:
    """Translating, into the domain of a job's variant.

    Raises:
        UsageError: no generator leads to one of the domains.
        WeightsError: weights of the user's own that are missing.
    """
    settings = plain(options)
    del settings["weights"]
    check_domains(names, options.weights)
    return Recipe(
        task="translate",
        load=partial(_load_translate, options, tuple(names)),
        size_for=_same_size,
        settings=settings,
        # Enlarging what was painted small takes the upscaler's.
        weights={
            **weights.checksums("translate", options.weights),
            **weights.checksums("upscale", None, model="photo"),
        },
    )


def _load_translate(options: TranslateOptions, names: Sequence[str], runtime: Runtime) -> Apply:
    edits = translators(options, names, runtime)
    return lambda job, image, progress: edits[job.variant].apply(image, progress)


def _same_size(width: int, height: int) -> tuple[int, int]:
    return width, height


def _masks(marking: Marking, job: Job) -> list[Path]:
    return marking.masks_of(job.source, job.place)
