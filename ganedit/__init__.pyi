# Written by `python -m ganedit.app.stubs` from the tasks' descriptions; not to be edited.
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ganedit.app.api import Picture
from ganedit.app.generator import Generator as Generator
from ganedit.app.videos import edit_video as edit_video
from ganedit.errors import GaneditError as GaneditError
from ganedit.image import Image as Image
from ganedit.task import Progress, Task

__version__: str
__all__: list[str]

class Editor:
    """A task loaded once, to be called for any number of pictures.

    `Editor.upscale`, `Editor.inpaint` and so on, one for each task, take the options of the
    functions of those names.

    Example::

        editor = ganedit.Editor.upscale(scale=2)
        for path in folder.glob("*.jpg"):
            editor(path).save(out / path.name)
    """

    task: Task[Any]
    variants: tuple[str, ...]
    def __init__(self, task: Task[Any], **options: Any) -> None: ...
    def __call__(
        self,
        *pictures: Picture | Sequence[Picture] | None,
        variant: str | None = None,
        progress: Progress = ...,
        **named: Picture | Sequence[Picture] | None,
    ) -> Image: ...
    @classmethod
    def upscale(
        cls,
        scale: float | None = None,
        *,
        width: int | None = None,
        height: int | None = None,
        long_side: int | None = None,
        model: Literal["photo", "clean"] = "photo",
        detail: float = 0.8,
        weights: str | Path | None = None,
        max_output_pixels: int = 1000000000,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
        memory: int | str | None = None,
    ) -> Editor: ...
    @classmethod
    def inpaint(
        cls,
        *,
        mask_color: str | None = None,
        box: str | None = None,
        invert_mask: bool = False,
        expand: str | None = None,
        restore_scan: bool = False,
        remove_text: bool = False,
        mask_out: str | Path | None = None,
        strict: bool = False,
        allow_empty: bool = False,
        method: Literal["auto", "gan", "telea", "ns"] = "auto",
        dilate: int | None = None,
        feather: int | None = None,
        weights: str | Path | None = None,
        seed: int = 0,
        candidates: int = 1,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
        memory: int | str | None = None,
    ) -> Editor: ...
    @classmethod
    def translate(
        cls,
        to: str,
        *,
        strength: float = 1.0,
        keep_color: bool = False,
        working_size: int | None = None,
        seed: int = 0,
        candidates: int = 1,
        color: str | None = None,
        weights: str | Path | None = None,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
        memory: int | str | None = None,
    ) -> Editor: ...
    @classmethod
    def sketch(
        cls,
        lines: Literal["canny", "dog", "threshold", "outline", "zero", "pencil"] = "pencil",
        *,
        detail: float = 0.5,
        thickness: float = 1.0,
        inverted: bool = False,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
        memory: int | str | None = None,
    ) -> Editor: ...
    @classmethod
    def stylize(
        cls,
        *,
        strength: float = 1.0,
        mix: str | None = None,
        keep_color: bool = False,
        stroke_size: int | None = None,
        save_style: str | Path | None = None,
        weights: str | Path | None = None,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
        memory: int | str | None = None,
    ) -> Editor: ...
    @classmethod
    def generate(
        cls,
        model: str | None = None,
        *,
        count: int = 1,
        seed: int = 0,
        truncation: float = 0.7,
        class_: str | None = None,
        size: int | None = None,
        direction: Sequence[str] = (),
        code: str | None = None,
        mean: Sequence[str] = (),
        fine: int | None = None,
        split: int | None = None,
        like: str | Path | None = None,
        sheet: bool = False,
        weights: str | Path | None = None,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
        memory: int | str | None = None,
    ) -> Editor: ...
    @classmethod
    def directions(
        cls,
        model: str | None = None,
        *,
        seed: int = 0,
        count: int = 4,
        truncation: float = 0.7,
        kind: Literal["all", "named", "dials", "sefa", "ganspace"] = "all",
        sheet: bool = False,
        weights: str | Path | None = None,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
        memory: int | str | None = None,
    ) -> Editor: ...
    @classmethod
    def vary(
        cls,
        *,
        direction: Sequence[str] = (),
        strip: str | None = None,
        seed: int | None = None,
        model: str | None = None,
        truncation: float = 0.7,
        class_: str | None = None,
        weights: str | Path | None = None,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
        memory: int | str | None = None,
    ) -> Editor: ...
    @classmethod
    def walk(
        cls,
        seeds: str,
        model: str | None = None,
        *,
        seconds: float = 10.0,
        rate: int = 30,
        loop: bool = False,
        through: Literal["z", "w"] | None = None,
        coarse: int | None = None,
        fine: int | None = None,
        split: int | None = None,
        truncation: float = 0.7,
        class_: str | None = None,
        size: int | None = None,
        weights: str | Path | None = None,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
        memory: int | str | None = None,
    ) -> Editor: ...
    @classmethod
    def invert(
        cls,
        model: str | None = None,
        *,
        crop: str | None = None,
        steps: int = 200,
        keep: float = 0.1,
        vgg: str | Path | None = None,
        tune: int = 0,
        tuned: str | Path | None = None,
        force: bool = False,
        encoder: str | None = None,
        weights: str | Path | None = None,
        device: str = "auto",
        precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
        memory: int | str | None = None,
    ) -> Editor: ...

def upscale(
    photo: Picture,
    scale: float | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
    long_side: int | None = None,
    model: Literal["photo", "clean"] = "photo",
    detail: float = 0.8,
    weights: str | Path | None = None,
    max_output_pixels: int = 1000000000,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    memory: int | str | None = None,
) -> Image:
    """Enlarge photos; folders are enlarged whole.

    Args:
        photo: what is edited.
        scale: Factor per side, 1 to 16, 2.5 included; 1 restores. (1 to 16) None: 4.
        width: Width of the result in pixels, instead of --scale.
        height: Height of the result in pixels, instead of --scale.
        long_side: Longer side of the result in pixels, instead of --scale.
        model: photo copes with JPEG marks, noise and soft focus, clean expects none.
        detail: 0: faithful, softer. 1: crisper, with invented texture. (0 to 1)
        weights: Weights of your own: a file or a training run.
        max_output_pixels: Refuse larger results.
        device: auto, cpu, mps or cuda[:N], several as cuda:0,1.
        precision: Arithmetic of the network.
        memory: Budget for working memory, like 2G.

    A picture is a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,
    uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.

    Returns:
        A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha
        kept.

    Raises:
        GaneditError: in one line, what is wrong with a picture or the options.
    """

def inpaint(
    photo: Picture,
    mask: Picture | Sequence[Picture] | None = None,
    *,
    mask_color: str | None = None,
    box: str | None = None,
    invert_mask: bool = False,
    expand: str | None = None,
    restore_scan: bool = False,
    remove_text: bool = False,
    mask_out: str | Path | None = None,
    strict: bool = False,
    allow_empty: bool = False,
    method: Literal["auto", "gan", "telea", "ns"] = "auto",
    dilate: int | None = None,
    feather: int | None = None,
    weights: str | Path | None = None,
    seed: int = 0,
    candidates: int = 1,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    memory: int | str | None = None,
) -> Image:
    """Fill what a mask marks; nothing else changes.

    Args:
        photo: what is edited.
        mask: Picture that marks the hole: white, or transparent where it has alpha.
        mask_color: The hole is what has this colour, in the mask or on the photo: '#ff00ff',
            magenta.
        box: The hole is the rectangle 'x,y,width,height', in pixels.
        invert_mask: Black is the hole, not white.
        expand: The canvas grows by so many pixels on these sides, like 'left=200,top=100', and what
            is new is filled.
        restore_scan: The hole is the dust and the scratches that are found on a scan; look at them
            with --mask-out.
        remove_text: The hole is the lettering that is found: a date stamp, a caption. What was
            taken is told.
        mask_out: Write what is marked or found as a mask: a file, or a folder for NAME_mask.png.
            What was found has grown already: give it back with --mask and --dilate 0.
        strict: Refuse a mask of another size than the photo.
        allow_empty: Leave photos as they are whose mask marks nothing, instead of refusing them.
        method: auto: diffusion for hairlines, the network and the photo's own texture for the rest.
            telea, ns: diffusion only.
        dilate: Pixels by which the hole grows first, so that halos go too. None: by the photo's
            size.
        feather: Pixels over which fill and photo mix, in the grown ring. None: all of it.
        weights: Weights of your own: a file or a training run.
        seed: Another seed gives another fill, where texture is found in the photo. (0 to
            4294967295)
        candidates: Write so many different fills, and a contact sheet of them; how well each goes
            with what is around it is told. (1 to 16)
        device: auto, cpu, mps or cuda[:N], several as cuda:0,1.
        precision: Arithmetic of the network.
        memory: Budget for working memory, like 2G.

    A picture is a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,
    uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.

    Returns:
        A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha
        kept.

    Raises:
        GaneditError: in one line, what is wrong with a picture or the options.
    """

def translate(
    photo: Picture,
    to: str,
    like: Picture | None = None,
    *,
    strength: float = 1.0,
    keep_color: bool = False,
    working_size: int | None = None,
    seed: int = 0,
    candidates: int = 1,
    color: str | None = None,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    memory: int | str | None = None,
) -> Image:
    """Turn photos into paintings, drawings into photos; folders too.

    Args:
        photo: what is edited.
        like: Photo whose colours and material those of a drawing are to have.
        to: What the pictures become, like monet; all makes one of each, and a contact sheet.
            `ganedit models` lists what there is.
        strength: 0 leaves the picture as it is, 1 translates it whole. (0 to 1)
        keep_color: Light and texture from the translation, colour from the picture.
        working_size: Short side at which larger pictures are painted: the smaller, the broader the
            strokes. None: 512.
        seed: Of a drawing, another one is another photo. (0 to 4294967295)
        candidates: So many photos of a drawing, each of the next seed, and a contact sheet. (1 to
            64)
        color: What is drawn has this colour; strokes of colour on the drawing say it place by
            place.
        weights: Weights of your own: a file or a training run.
        device: auto, cpu, mps or cuda[:N], several as cuda:0,1.
        precision: Arithmetic of the network.
        memory: Budget for working memory, like 2G.

    A picture is a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,
    uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.

    Returns:
        A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha
        kept.

    Raises:
        GaneditError: in one line, what is wrong with a picture or the options.
    """

def sketch(
    photo: Picture,
    lines: Literal["canny", "dog", "threshold", "outline", "zero", "pencil"] = "pencil",
    *,
    detail: float = 0.5,
    thickness: float = 1.0,
    inverted: bool = False,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    memory: int | str | None = None,
) -> Image:
    """Draw photos in lines, in several kinds; folders too.

    Args:
        photo: what is edited.
        lines: canny, outline, zero: thin lines by different detectors. dog: the dark sides of
            edges, soft. threshold: what is darker than its surroundings, black. pencil: soft
            shading.
        detail: 0 draws the strongest lines only, 1 all there are. (0 to 1)
        thickness: Of thin lines, as a factor. (0.2 to 8)
        inverted: White lines on black.
        device: auto, cpu, mps or cuda[:N], several as cuda:0,1.
        precision: Arithmetic of the network.
        memory: Budget for working memory, like 2G.

    A picture is a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,
    uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.

    Returns:
        A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha
        kept.

    Raises:
        GaneditError: in one line, what is wrong with a picture or the options.
    """

def stylize(
    photo: Picture,
    style: Picture | Sequence[Picture],
    mask: Picture | None = None,
    *,
    strength: float = 1.0,
    mix: str | None = None,
    keep_color: bool = False,
    stroke_size: int | None = None,
    save_style: str | Path | None = None,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    memory: int | str | None = None,
) -> Image:
    """Paint photos in the style of any picture; folders too.

    Args:
        photo: what is edited.
        style: Picture in whose style to paint, a file of --save-style, or @NAME of ganedit models.
        mask: Picture that marks where: white, or transparent where it has alpha. Of two styles
            without --mix the second is painted outside of it.
        strength: 0 leaves the picture as it is, 1 paints it in the style. (0 to 1)
        mix: Shares of several styles, in their order, like 0.7,0.3. None: equal shares.
        keep_color: Light and texture in the style, colour from the picture.
        stroke_size: Short side at which larger pictures are painted: the smaller, the broader the
            strokes. None: 768.
        save_style: Write the style to a small file too, which --style takes.
        weights: Weights of your own: a file or a training run.
        device: auto, cpu, mps or cuda[:N], several as cuda:0,1.
        precision: Arithmetic of the network.
        memory: Budget for working memory, like 2G.

    A picture is a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,
    uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.

    Returns:
        A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha
        kept.

    Raises:
        GaneditError: in one line, what is wrong with a picture or the options.
    """

def generate(
    model: str | None = None,
    *,
    count: int = 1,
    seed: int = 0,
    truncation: float = 0.7,
    class_: str | None = None,
    size: int | None = None,
    direction: Sequence[str] = (),
    code: str | None = None,
    mean: Sequence[str] = (),
    fine: int | None = None,
    split: int | None = None,
    like: str | Path | None = None,
    sheet: bool = False,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    memory: int | str | None = None,
) -> Image:
    """Draw new pictures of what a network has learned, from noise.

    Args:
        model: What the pictures are of, like faces. `ganedit models` lists what there is.
        count: How many pictures; of each class that --class names. (1 to 100000)
        seed: Of the first picture; each next one has the next. (0 to 4294967295)
        truncation: 1 draws all that was learned, the strange too; the nearer to 0, the more usual
            and the better drawn. (0 to 1)
        class_: Of which class; several as shoes,bags, with numbers of their own as shoes=3,bags=2.
            None: each class in turn.
        size: Side of the pictures: the upscaler brings them there. (16 to 4096) None: the
            generator's own.
        direction: Go along a direction, like smile=2 or, of those found without labels, 3=-1.5; may
            be repeated.
        code: Instead of a seed's own code a sum over means: 'man+glasses - man + woman', of names
            that --mean gives, or of seeds as '5,9 - 3,8 + 1,4'. The seed decides the rest.
        mean: Name the mean over the codes of seeds, like man=3,8,21; may be repeated.
        fine: The fine layers, which decide colours and textures, from this seed. (0 to 4294967295)
        split: The first of the fine layers. None: the middle one.
        like: Draw this picture again, which ganedit drew.
        sheet: All of them on a contact sheet too.
        weights: Weights of your own: a file or a training run.
        device: auto, cpu, mps or cuda[:N], several as cuda:0,1.
        precision: Arithmetic of the network.
        memory: Budget for working memory, like 2G.

    A picture is a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,
    uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.

    Returns:
        A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha
        kept.

    Raises:
        GaneditError: in one line, what is wrong with a picture or the options.
    """

def directions(
    model: str | None = None,
    *,
    seed: int = 0,
    count: int = 4,
    truncation: float = 0.7,
    kind: Literal["all", "named", "dials", "sefa", "ganspace"] = "all",
    sheet: bool = False,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    memory: int | str | None = None,
) -> Image:
    """Show what changes along the directions of a generator, or train named ones.

    Args:
        model: Which generator.
        seed: Of the first picture that is varied. (0 to 4294967295)
        count: How many pictures, one below the other.
        truncation: As of ganedit generate: the nearer to 0, the more usual. (0 to 1)
        kind: Only those that were given names, the dials of --codes, or those that one of the
            methods finds without labels: factorised weights, principal components.
        sheet: All of them on a contact sheet too.
        weights: Weights of your own: a file or a training run.
        device: auto, cpu, mps or cuda[:N], several as cuda:0,1.
        precision: Arithmetic of the network.
        memory: Budget for working memory, like 2G.

    A picture is a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,
    uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.

    Returns:
        A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha
        kept.

    Raises:
        GaneditError: in one line, what is wrong with a picture or the options.
    """

def vary(
    picture: Picture | None = None,
    *,
    direction: Sequence[str] = (),
    strip: str | None = None,
    seed: int | None = None,
    model: str | None = None,
    truncation: float = 0.7,
    class_: str | None = None,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    memory: int | str | None = None,
) -> Image:
    """Change one trait of pictures that ganedit generate drew.

    Args:
        picture: what is edited.
        direction: Go along a direction, like smile=2 or, of those found without labels, 3=-1.5,
            beside where the picture is already; may be repeated.
        strip: One from each place along this direction, from -3 to 3.
        seed: Vary what ganedit generate draws of this seed, instead of a picture. (0 to 4294967295)
        model: Which generator draws that. `ganedit models` lists what there is.
        truncation: Of a seed, as of ganedit generate: the nearer to 0, the more usual. (0 to 1)
        class_: Of a seed: of which class. None: that of its turn.
        weights: Weights of your own: a file or a training run.
        device: auto, cpu, mps or cuda[:N], several as cuda:0,1.
        precision: Arithmetic of the network.
        memory: Budget for working memory, like 2G.

    A picture is a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,
    uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.

    Returns:
        A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha
        kept.

    Raises:
        GaneditError: in one line, what is wrong with a picture or the options.
    """

def walk(
    seeds: str,
    model: str | None = None,
    *,
    seconds: float = 10.0,
    rate: int = 30,
    loop: bool = False,
    through: Literal["z", "w"] | None = None,
    coarse: int | None = None,
    fine: int | None = None,
    split: int | None = None,
    truncation: float = 0.7,
    class_: str | None = None,
    size: int | None = None,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    memory: int | str | None = None,
) -> Image:
    """Draw a film on the way from one drawn picture to others.

    Args:
        seeds: From the picture of one to those of the others: 3,8,21. Pictures that ganedit drew or
            inverted may be among them: 3,me.png.
        model: What the pictures are of, like faces. `ganedit models` lists what there is. None:
            that of the first picture among the seeds.
        seconds: How long the walk is.
        rate: Frames a second. (1 to 120)
        loop: Back to the first picture in the end.
        through: z: along arcs of the noise, at even speed. w: straight on between the codes, the
            smoother. None: z between seeds, w where there are pictures.
        coarse: The coarse layers, which decide pose and shape, stay those of this seed. (0 to
            4294967295)
        fine: The fine layers, which decide colours and textures, stay those of this seed. (0 to
            4294967295)
        split: The first of the fine layers. None: the middle one.
        truncation: As of ganedit generate: the nearer to 0, the more usual. (0 to 1)
        class_: Of which class. None: that of the first seed.
        size: Side of the frames: the upscaler brings them there. (16 to 4096) None: the generator's
            own.
        weights: Weights of your own: a file or a training run.
        device: auto, cpu, mps or cuda[:N], several as cuda:0,1.
        precision: Arithmetic of the network.
        memory: Budget for working memory, like 2G.

    A picture is a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,
    uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.

    Returns:
        A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha
        kept.

    Raises:
        GaneditError: in one line, what is wrong with a picture or the options.
    """

def invert(
    photo: Picture,
    model: str | None = None,
    *,
    crop: str | None = None,
    steps: int = 200,
    keep: float = 0.1,
    vgg: str | Path | None = None,
    tune: int = 0,
    tuned: str | Path | None = None,
    force: bool = False,
    encoder: str | None = None,
    weights: str | Path | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto",
    memory: int | str | None = None,
) -> Image:
    """Find the code of a photo of your own, to vary it and to walk from it.

    Args:
        photo: what is edited.
        model: The generator that is to draw the photo. `ganedit models` lists what there is.
        crop: The square of the photo that is taken, in pixels. None: the one that is most like the
            model's pictures, or without an encoder the middle.
        steps: Steps of optimisation, after what the encoder says.
        keep: How much codes are kept near the usual ones: the higher, the better vary works on
            them, and the less a photo is like itself.
        vgg: File of VGG19's features: likeness is what it sees, and PD is told. None: likeness of
            pixels.
        tune: Steps in which the generator learns this one photo too (pivotal tuning); a new
            generator is written to --tuned.
        tuned: Where the generator of --tune is written.
        force: Take pictures that are none of the model's kind.
        encoder: Encoder of your own, from ganedit train invert.
        weights: Weights of your own: a file or a training run.
        device: auto, cpu, mps or cuda[:N], several as cuda:0,1.
        precision: Arithmetic of the network.
        memory: Budget for working memory, like 2G.

    A picture is a path, the bytes of a file, an array `(H, W)` or `(H, W, 1…4)` of uint8,
    uint16 or float in [0, 1], a PIL picture, or a `ganedit.Image`.

    Returns:
        A `ganedit.Image` with `save(path)`, `to_pil()` and `to_array()`, metadata and alpha
        kept.

    Raises:
        GaneditError: in one line, what is wrong with a picture or the options.
    """
