"""Translation as the command line and the Python interface do it: painted small, enlarged well."""

from ganedit.image import Image, resize
from ganedit.runtime import Runtime
from ganedit.tasks.translate.edit import TranslateEdit
from ganedit.tasks.translate.options import TranslateOptions
from ganedit.tasks.upscale.edit import UpscaleEdit
from ganedit.tasks.upscale.options import Target, UpscaleOptions

# Below this factor interpolation is as good, and quicker.
LEAST_FACTOR = 1.5


def translator(options: TranslateOptions, runtime: Runtime) -> TranslateEdit:
    """The loaded task, its results enlarged by the project's upscaler.

    Raises:
        UsageError: no generator leads to that domain.
        WeightsError: weights are missing, altered or of another task.
    """

    def enlarge(picture: Image, width: int, height: int) -> Image:
        if width / picture.width < LEAST_FACTOR:
            return resize(picture, width, height)
        edit = UpscaleEdit(UpscaleOptions(Target(width=width)), runtime)
        # The upscaler goes by the width alone; rounding may leave the height a pixel off.
        return resize(edit.apply(picture, lambda done: None), width, height)

    return TranslateEdit(options, runtime, enlarge)
