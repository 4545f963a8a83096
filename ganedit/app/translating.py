"""Translation as the command line and the Python interface do it: painted small, enlarged well."""

from collections.abc import Sequence
from dataclasses import replace

from ganedit.image import Image, resize
from ganedit.runtime import Runtime
from ganedit.tasks.translate.edit import TranslateEdit
from ganedit.tasks.translate.options import TranslateOptions
from ganedit.tasks.upscale.edit import UpscaleEdit
from ganedit.tasks.upscale.options import UpscaleOptions

# Below this factor interpolation is as good, and quicker.
LEAST_FACTOR = 1.5


def translators(
    options: TranslateOptions, names: Sequence[str], runtime: Runtime
) -> list[TranslateEdit]:
    """The loaded task for each domain, results enlarged by the project's upscaler.

    Raises:
        UsageError: no generator leads to one of the domains.
        WeightsError: weights are missing, altered or of another task.
    """
    upscaler = UpscaleEdit(UpscaleOptions(), runtime)

    def enlarge(picture: Image, width: int, height: int) -> Image:
        if width / picture.width < LEAST_FACTOR:
            return resize(picture, width, height)
        return upscaler.enlarge(picture, width, height, lambda done: None)

    return [TranslateEdit(replace(options, to=name), runtime, enlarge) for name in names]
