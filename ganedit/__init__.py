"""Image editing with generative adversarial networks.

::

    import ganedit

    ganedit.upscale("photo.jpg", scale=4).save("photo_x4.png")
    ganedit.inpaint("photo.jpg", "mask.png").save("photo_inpaint.png")
    ganedit.translate("photo.jpg", to="monet").save("photo_as_monet.png")

Names are imported when first used, so that `import ganedit` itself is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganedit.app.api import Editor as Editor
    from ganedit.app.api import Filler as Filler
    from ganedit.app.api import inpaint as inpaint
    from ganedit.app.api import translate as translate
    from ganedit.app.api import upscale as upscale
    from ganedit.errors import GaneditError as GaneditError
    from ganedit.image import Image as Image

__version__ = "0.1.0"

_HOMES = {
    "Editor": "ganedit.app.api",
    "Filler": "ganedit.app.api",
    "inpaint": "ganedit.app.api",
    "translate": "ganedit.app.api",
    "upscale": "ganedit.app.api",
    "GaneditError": "ganedit.errors",
    "Image": "ganedit.image",
}
__all__ = [
    "Editor", "Filler", "GaneditError", "Image", "__version__", "inpaint", "translate", "upscale",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ganedit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
