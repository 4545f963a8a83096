"""Style transfer: the network's promises, codes, masks, and what is refused."""

import json
from pathlib import Path
from unittest import mock

import numpy as np
import PIL.Image
import pytest
import torch
from command_line import EXACT, Outcome, listing, run, run_process
from tiny import photo, runtime
from torch import Tensor, nn

import ganedit
from ganedit import weights
from ganedit.editing import predict_samples
from ganedit.errors import ImageError, UsageError
from ganedit.image import Image, Metadata
from ganedit.runs import picture
from ganedit.tasks.stylize import codes
from ganedit.tasks.stylize.data import StylizeBatches
from ganedit.tasks.stylize.edit import StylizeEdit, StylizePredictor
from ganedit.tasks.stylize.evaluation import pairs_of
from ganedit.tasks.stylize.masking import mask_of
from ganedit.tasks.stylize.network import Stylizer
from ganedit.tasks.stylize.options import (
    NetworkOptions,
    StylizeOptions,
    StylizeTraining,
    parse_mix,
)
from ganedit.tasks.stylize.seen import Memory, Style, content_distance, content_of
from ganedit.tasks.stylize.training import light_correlation

SMALL = NetworkOptions(widths=(4, 6, 8), blocks=(1, 2), hidden=8)


def stylizer(options: NetworkOptions = SMALL, seed: int = 0) -> Stylizer:
    """An untrained network whose every layer shows in the result."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        result = Stylizer(options)
        torch.nn.init.normal_(result.tail.weight, std=0.005)
        torch.nn.init.normal_(result.modulation[-1].weight, std=0.02)
    return result


@pytest.fixture
def trained(tmp_path: Path) -> str:
    """A weight file of such a network."""
    path = tmp_path / "weights" / "generator.safetensors"
    path.parent.mkdir()
    weights.save(stylizer(), path, task="stylize", options={
        "widths": SMALL.widths, "blocks": SMALL.blocks, "hidden": SMALL.hidden})  # fmt: skip
    return str(path)


def pictures(seed: int, side: int = 64) -> Tensor:
    return torch.from_numpy(photo(seed, side, side)).permute(2, 0, 1)[None] / 255


@pytest.mark.parametrize("options", [SMALL, NetworkOptions(widths=(8, 8, 8, 8), blocks=(2, 1, 1))])
def test_the_halo_is_as_far_as_the_network_sees_and_no_farther(options: NetworkOptions) -> None:
    network = stylizer(options)
    side = 2 * network.halo // 8 * 8 + 48
    seen = torch.rand(1, 3, side, side, requires_grad=True)
    own, style = network.encode(seen.detach()), torch.rand(1, network.code_size)
    reach = 0
    for place in range(side // 2 - 8, side // 2):
        result = network(seen, style, own)[0, :, side // 2, place].sum()
        (gradient,) = torch.autograd.grad(result, seen)
        columns = gradient.abs().sum((0, 1, 2)).nonzero().flatten()
        reach = max(reach, place - int(columns.min()), int(columns.max()) - place)
    assert reach == network.halo


def test_tiles_of_a_picture_are_what_the_whole_gives() -> None:
    predictor = StylizePredictor(stylizer(), runtime())
    samples = photo(1, 600, 640)
    predictor.own, predictor.style = predictor.code(samples), predictor.code(photo(2, 64, 64))
    tiled = predict_samples(samples, predictor, runtime(memory=8 << 20), lambda done: None)
    whole = predict_samples(samples[:504], predictor, runtime(), lambda done: None)
    assert np.abs(tiled[:440].astype(int) - whole[:440]).max() <= 1


def test_a_picture_in_one_piece_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    levels = Stylizer.levels
    monkeypatch.setattr(
        Stylizer, "levels", lambda self, x: looks.append(x.shape) or levels(self, x)
    )
    predictor, samples = StylizePredictor(stylizer(), runtime()), photo(1, 96, 128)
    predictor.style = predictor.code(photo(2, 64, 64))
    predictor.own = predictor.code(samples)
    once = predict_samples(samples, predictor, runtime(), lambda done: None)
    assert len(looks) == 2
    again = predict_samples(samples, predictor, runtime(), lambda done: None)
    assert len(looks) == 3  # nothing is kept for a second time
    assert np.array_equal(once, again)
    predictor.code(photo(3, 96, 128))  # and what was seen of another picture is not taken for it
    assert np.array_equal(predict_samples(samples, predictor, runtime(), lambda done: None), again)


def bare() -> Stylizer:
    """A network that adds nothing to what the codes make of the pixels."""
    result = Stylizer(SMALL)
    nn.init.zeros_(result.tail.weight)
    return result


def test_a_picture_takes_the_colours_of_the_style_and_keeps_its_own_in_its_own() -> None:
    network, content, style = bare(), pictures(1), pictures(2)
    code = network.encode(style)
    result = network(content, code)
    assert torch.allclose(result.mean((2, 3)), style.mean((2, 3)), atol=1e-3)
    assert torch.allclose(result.std((2, 3)), style.std((2, 3)), rtol=0.1)
    assert torch.allclose(network(content, network.encode(content)), content, atol=1e-5)


def test_a_flat_picture_is_no_noise() -> None:
    flat = torch.full((1, 3, 64, 64), 0.5)
    flat[:, :, ::2, ::2] += 1 / 255
    network = bare()
    result = network(flat, network.encode(pictures(3)))
    assert result.std() < 0.1


def test_style_files_give_their_code_back(tmp_path: Path) -> None:
    code, path = torch.randn(1, 486), tmp_path / "mine.style"
    codes.write(path, code, "a" * 64, Image(photo(1, 300, 200)))
    assert path.stat().st_size < 20_000
    style = Image(photo(1))
    assert codes.read(style, "a" * 64) is None
    from ganedit.image import decode

    read = codes.read(decode(path), "a" * 64)
    assert read is not None
    assert torch.allclose(read, code, rtol=1e-3, atol=1e-3)
    with pytest.raises(ImageError, match="other weights"):
        codes.read(decode(path), "b" * 64)
    codes.write(path, code, "a" * 64, style)  # another style file may be replaced
    for kept in (tmp_path / "photo.png", tmp_path / "notes.txt"):
        Image(photo(2)).save(kept, format="PNG")
        with pytest.raises(Exception, match="is no style file"):
            codes.write(kept, code, "a" * 64, style)


@pytest.mark.parametrize("text", ["{", '{"network": "x"}', '{"network": "x", "code": "?"}', "[]"])
def test_damaged_style_files_are_told(text: str) -> None:
    style = Image(photo(1), metadata=Metadata(texts=((codes.KEYWORD, text),)))
    with pytest.raises(ImageError, match="damaged"):
        codes.read(style, "x")


def test_what_is_made_of_a_style_file_is_none(trained: str) -> None:
    text = json.dumps({"network": "x", "code": ""})
    picture = Image(photo(1), metadata=Metadata(texts=((codes.KEYWORD, text), ("Title", "dune"))))
    edit = StylizeEdit(StylizeOptions(weights=trained), runtime())
    result = edit.apply(picture, [Image(photo(2))], lambda done: None)
    assert result.metadata.texts == (("Title", "dune"),)


@pytest.mark.parametrize("text", ["", "a", "1,,2", "-1,2", "0,0", "nan,1", "inf,1"])
def test_shares_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="--mix"):
        parse_mix(text)


def test_a_mix_is_the_mean_of_codes(trained: str) -> None:
    content, (one, other) = Image(photo(1)), (Image(photo(2)), Image(photo(3)))

    def painted(*styles: Image, **options: object) -> np.ndarray:
        edit = StylizeEdit(StylizeOptions(weights=trained, **options), runtime())
        return edit.apply(content, styles, lambda done: None).samples

    first, second = painted(one), painted(other)
    assert np.array_equal(painted(one, other, mix="1,0"), first)
    assert np.array_equal(painted(one, other, mix="0,5"), second)
    equal = painted(one, other)
    assert np.array_equal(equal, painted(one, other, mix="2,2"))
    assert not np.array_equal(equal, first)
    assert not np.array_equal(equal, second)


def test_strength(trained: str) -> None:
    content, style = Image(photo(1)), Image(photo(2))

    def painted(strength: float) -> np.ndarray:
        edit = StylizeEdit(StylizeOptions(strength=strength, weights=trained), runtime())
        return edit.apply(content, [style], lambda done: None).samples.astype(int)

    none, some, all_of_it = painted(0), painted(0.3), painted(1)
    assert np.array_equal(none, content.samples)
    before, after = (np.abs(each - content.samples).mean() for each in (some, all_of_it))
    assert 0 < before < after
    # And it begins at the picture itself, not at what painting it in its own style makes of it.
    assert np.abs(painted(1e-6) - content.samples).max() <= 1


def test_a_picture_in_its_own_style_is_left_as_it_is(trained: str) -> None:
    edit = StylizeEdit(StylizeOptions(weights=trained, stroke_size=96), runtime())
    for side in (96, 200):  # the second is painted reduced, and loses nothing by that
        content = Image(photo(1, side, side))
        result = edit.apply(content, [content], lambda done: None)
        change = np.abs(result.samples.astype(int) - content.samples)
        assert change.mean() < 0.5
        assert change.max() < 8
    other = edit.apply(content, [Image(photo(2))], lambda done: None)
    assert np.abs(other.samples.astype(int) - content.samples).mean() > 5


def test_bad_styles_are_told(trained: str) -> None:
    edit, content = StylizeEdit(StylizeOptions(weights=trained), runtime()), Image(photo(1))
    for style, told in [
        (np.zeros((31, 200, 3), np.uint8), "200×31 pixels"),
        (np.full((64, 64, 3), 90, np.uint8), "one colour"),
    ]:
        with pytest.raises(ImageError, match=told):
            edit.apply(content, [Image(style)], lambda done: None)


def test_outside_of_a_mask_nothing_changes(trained: str) -> None:
    content, white = Image(photo(1)), np.zeros((96, 96, 1), np.uint8)
    white[20:40, 30:60] = 255
    white[40, 30:60] = 128
    edit = StylizeEdit(StylizeOptions(weights=trained), runtime())
    given = {"photo": (content,), "style": (Image(photo(2)),), "mask": (Image(white),)}
    result = edit(given, "", lambda done: None)
    whole = edit({**given, "mask": ()}, "", lambda done: None)
    outside, inside = white[..., 0] == 0, white[..., 0] == 255
    assert np.array_equal(result.samples[outside], content.samples[outside])
    assert np.array_equal(result.samples[inside], whole.samples[inside])

    both = {**given, "style": (Image(photo(2)), Image(photo(3)))}
    result = edit(both, "", lambda done: None)
    other = edit({**given, "style": both["style"][1:], "mask": ()}, "", lambda done: None)
    assert np.array_equal(result.samples[inside], whole.samples[inside])
    assert np.array_equal(result.samples[outside], other.samples[outside])

    black = Image(np.zeros((96, 96, 1), np.uint8))
    result = edit({**both, "mask": (black,)}, "", lambda done: None)
    assert np.array_equal(result.samples, other.samples), "all of it is outside"
    with pytest.raises(ImageError, match="the mask marks nothing"):
        edit({**given, "mask": (black,)}, "", lambda done: None)


def test_masks_fit_their_photo() -> None:
    photo_ = Image(photo(1, 96, 64))
    half = np.zeros((48, 32, 1), np.uint8)
    half[:24] = 255
    mask = mask_of([Image(half)], photo_)
    assert mask is not None
    assert mask.shares.shape == (96, 64)
    assert "resized" in mask.notes[0]
    assert (mask.shares[:40] == 1).all()
    assert (mask.shares[56:] == 0).all()
    clear = Image(photo(2, 96, 64), alpha=np.repeat(half[:, :, 0], 2, 0).repeat(2, 1))
    mask = mask_of([clear], photo_)
    assert mask is not None
    assert (mask.shares[:48] == 0).all()
    assert (mask.shares[48:] == 1).all()
    with pytest.raises(ImageError, match="marks nothing"):
        mask_of([Image(np.zeros((96, 64, 1), np.uint8))], photo_)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_depth_alpha_and_size_stay(trained: str, dtype: type, channels: int) -> None:
    samples = photo(1, 70, 51)[..., :channels].astype(dtype)
    samples = samples * 257 if dtype is np.uint16 else samples
    alpha = np.full((70, 51), np.iinfo(dtype).max, dtype)
    alpha[:10] = 0
    edit = StylizeEdit(StylizeOptions(weights=trained, keep_color=True), runtime())
    result = edit.apply(Image(samples, alpha), [Image(photo(2))], lambda done: None)
    assert result.samples.shape == samples.shape
    assert result.samples.dtype == dtype
    assert np.array_equal(result.alpha, alpha)


def test_large_pictures_are_painted_at_the_stroke_size(trained: str) -> None:
    sizes = []

    def enlarge(picture: Image, width: int, height: int) -> Image:
        from ganedit.image import resize

        sizes.append((picture.width, picture.height, width, height))
        return resize(picture, width, height)

    edit = StylizeEdit(StylizeOptions(weights=trained, stroke_size=64), runtime(), enlarge)
    result = edit.apply(Image(photo(1, 128, 160)), [Image(photo(2))], lambda done: None)
    assert sizes == [(80, 64, 160, 128)]
    assert (result.width, result.height) == (160, 128)


def test_pairs_are_each_content_with_styles_in_turn() -> None:
    pairs = pairs_of(["a", "b", "c"], ["x", "y"], 5)
    assert pairs == [("a", "x"), ("b", "y"), ("c", "x"), ("a", "y"), ("b", "x")]
    assert len(set(pairs_of(["a", "b", "c"], ["x", "y"], 99))) == 6


def features(seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(2, 4 * n, 8, 8, generator=generator) for n in range(1, 5)]


def test_distances() -> None:
    one, other = features(1), features(2)
    ours, theirs = Style.of(one), Style.of(other)
    assert torch.equal(ours.distance(ours), torch.zeros(2))
    assert torch.equal(ours.covariance_distance(ours), torch.zeros(2))
    expected = []
    for a, b in zip(one, other, strict=True):
        change = (a.mean((2, 3)) - b.mean((2, 3))).square().sum(1)
        change += (a.std((2, 3), correction=0) - b.std((2, 3), correction=0)).square().sum(1)
        norm = b.mean((2, 3)).square().sum(1) + b.var((2, 3), correction=0).sum(1)
        expected.append(change / norm)
    assert torch.allclose(ours.distance(theirs), torch.stack(expected).mean(0), rtol=1e-3)
    # The same places in another order: another content, the same style.
    moved = [each.flip(3) for each in one]
    assert torch.allclose(Style.of(moved).distance(ours), torch.zeros(2), atol=1e-6)
    assert content_distance(content_of(moved), content_of(one)).min() > 0.05
    again = Style.joined(ours.parts)
    assert torch.equal(again.covariance_distance(theirs), ours.covariance_distance(theirs))


def test_a_memory_looks_once() -> None:
    looked: list[int] = []

    def look(pictures: Tensor, views: list[int]) -> list[Tensor]:
        looked.extend(views)
        return [pictures.mean((1, 2, 3))]

    memory, seen = Memory(look), torch.rand(3, 3, 4, 4)
    first = memory(seen, torch.tensor([5, 7, 9]))[0]
    assert torch.equal(memory(seen[[2, 0]], torch.tensor([9, 5]))[0], first[[2, 0]])
    assert looked == [5, 7, 9]


def test_what_is_remembered_in_fp16_serves_a_training_in_bf16() -> None:
    memory = Memory(lambda pictures, views: [pictures.half()])
    seen = torch.rand(2, 3, 4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        (known,) = memory(seen, torch.tensor([1, 2]))
    assert torch.equal(known, seen.half())


def test_batches_come_again_and_some_styles_are_the_content(tmp_path: Path) -> None:
    for name in ("content", "style"):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image(photo(number, 120, 150)).save(tmp_path / name / f"{number}.png")
    options = StylizeTraining(
        content=(str(tmp_path / "content"),), style=(str(tmp_path / "style"),),
        network=SMALL, crop=64, batch=16, itself=0.5,
    )  # fmt: skip
    batches = StylizeBatches(options, seed=3)
    first, again = batches[7], StylizeBatches(options, seed=3)[7]
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert first["content"].shape == (16, 3, 64, 64)
    itself = first["content_view"] == first["style_view"]
    assert 2 < int(itself.sum()) < 14
    assert torch.equal(first["content"][itself], first["style"][itself])
    # A view is the same crop wherever it comes.
    known: dict[int, Tensor] = {}
    for step in range(4):
        batch = batches[step]
        for view, crop in zip(batch["style_view"].tolist(), batch["style"], strict=True):
            assert torch.equal(known.setdefault(view, crop), crop)


def test_light_correlation_sees_light_and_dark_trade_places() -> None:
    content = torch.from_numpy(photo(3, 64, 64)).permute(2, 0, 1)[None] / 255
    colored = content * torch.tensor([0.5, 0.8, 0.3]).view(1, 3, 1, 1) + 0.1
    both = torch.cat([content, 1 - content])
    same, inverted = light_correlation(both, content.expand(2, -1, -1, -1))
    assert same > 0.999
    assert inverted < -0.9
    assert light_correlation(colored, content) > 0.9
    plain = torch.full((1, 3, 64, 64), 0.5)
    assert light_correlation(plain + 0.001 * torch.randn(1, 3, 64, 64), plain) > 0.99


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two photos and two styles in it."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for number, name in enumerate(("a", "b", "warm", "cold")):
        Image(photo(number, 40, 48)).save(folder / f"{name}.png")
    return folder


def command(trained: str, *arguments: object) -> Outcome:
    return run("stylize", *arguments, "--weights", trained, *EXACT)


def test_several_styles_are_mixed_in_every_frame_of_a_video(home: Path, trained: str) -> None:
    frames = [PIL.Image.fromarray(photo(number, 40, 48)) for number in (5, 6)]
    frames[0].save("two.webp", save_all=True, append_images=frames[1:], lossless=True)
    both = ("--style", "warm.png", "--style", "cold.png")
    for mix in ("0,1", "0.5,0.5"):
        done = command(trained, "two.webp", *both, "--mix", mix, "-o", f"{mix}.webp")
        assert (done.code, done.err) == (0, "")
    assert command(trained, "two.webp", "--style", "cold.png", "-o", "cold.webp").code == 0
    with PIL.Image.open("0.5,0.5.webp") as mixed:
        assert mixed.n_frames == 2
    assert Path("0,1.webp").read_bytes() == Path("cold.webp").read_bytes()
    assert Path("0.5,0.5.webp").read_bytes() != Path("cold.webp").read_bytes()


def test_styles_that_ship_are_mixed_by_their_names(home: Path, trained: str) -> None:
    by_name = {name: home / f"{name}.png" for name in ("warm", "cold")}
    named = ("--style", "@warm", "--style", "@cold")
    with mock.patch("ganedit.tasks.stylize.styles.shipped_styles", return_value=by_name):
        done = command(trained, "a.png", *named, "--mix", "0.7,0.3", "-o", "named.png")
        assert (done.code, done.err) == (0, "")
        done = command(trained, "a.png", *named, "--mix", "1,1,1,1", "-o", "no.png")
        assert (done.code, done.complaint) == (
            2, "--mix 1,1,1,1: has 4 shares; give one for each style"
        )  # fmt: skip
    files = ("--style", "warm.png", "--style", "cold.png")
    assert command(trained, "a.png", *files, "--mix", "0.7,0.3", "-o", "files.png").code == 0
    assert Path("named.png").read_bytes() == Path("files.png").read_bytes()


def test_styles_of_a_folder_run_are_read_once(home: Path, trained: str) -> None:
    styles = [f"style{number}.png" for number in range(8)]
    names = [f"{place}/{number}.png" for place in ("in", "masks") for number in range(3)]
    for name in ("in", "masks"):
        (home / name).mkdir()
    for number, name in enumerate((*styles, *names)):
        Image(photo(number, 40, 48)).save(name)
    given = [word for name in styles for word in ("--style", name)]
    with (
        mock.patch.object(picture, "decode", wraps=picture.decode) as decode,
        mock.patch.object(
            StylizeEdit, "_read_code", autospec=True, side_effect=StylizeEdit._read_code
        ) as read,
    ):
        done = command(trained, "in", *given, "--masks", "masks", "-o", "out", "--jobs", "1")
    assert done.code == 0, done.err
    decoded = [str(call.args[0]) for call in decode.mock_calls]
    assert sorted(decoded) == sorted((*styles, *names))
    assert read.call_count == len(styles)


def test_of_an_animated_style_the_first_frame_is_for_all_frames(home: Path, trained: str) -> None:
    for name, numbers in (("two", (5, 6)), ("styles", (7, 8, 9))):
        first, *others = (PIL.Image.fromarray(photo(number, 40, 48)) for number in numbers)
        first.save(f"{name}.webp", save_all=True, append_images=others, lossless=True)
        first.save(f"{name}.png")
    for more in (("--dry-run",), ("-o", "moving.webp")):
        done = command(trained, "two.webp", "--style", "styles.webp", *more)
        assert (done.code, done.err) == (0, "")
    assert command(trained, "two.webp", "--style", "styles.png", "-o", "still.webp").code == 0
    assert Path("moving.webp").read_bytes() == Path("still.webp").read_bytes()


def test_a_frame_that_fails_ends_the_process_in_order(home: Path, trained: str) -> None:
    """Others are in work in threads of their own, from under which nothing may be pulled."""
    frames = [PIL.Image.fromarray(photo(number, 200, 200)) for number in range(8)]
    frames[0].save("many.webp", save_all=True, append_images=frames[1:], lossless=True)
    (home / "masks").mkdir()
    for number in range(8):
        mask = np.full((200, 200), 0 if number == 2 else 255, np.uint8)
        PIL.Image.fromarray(mask).save(f"masks/{number}.png")
    done = run_process(
        "stylize", "many.webp", "--style", "warm.png", "--masks", "masks", "--no-steady",
        "--weights", trained, *EXACT, folder=home,
    )  # fmt: skip
    assert (done.code, done.complaint) == (1, "many.webp: the mask marks nothing: no pixel is "
                                              "white (or transparent)")  # fmt: skip
    assert not (home / "many_stylized.webp").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--style", "gone.png"), "--style gone.png: does not exist; check the name"),
        (("--styles", "warm.png"), "--styles warm.png: is a file; give --style"),
        (("--style", "warm.png", "--mix", "1,2"), "--mix 1,2: has 2 shares; give one for each"),
        (("--style", "warm.png", "--save-style", "a.jpg"), "a style file is a PNG"),
        (
            ("--style", "warm.png", "--save-style", "c.png", "-o", "c.png"),
            "c.png: would be written twice, of a.png too; choose another name",
        ),
        (
            ("--style", "warm.png", "--save-style", "warm.png"),
            "warm.png: is an input, and would be replaced; choose another name",
        ),
        (("--styles", ".", "-o", "out", "--save-style", "c.png"), "--save-style is of one style"),
    ],
)
def test_what_cannot_be_meant_is_told_before_anything_is_done(
    home: Path, trained: str, arguments: tuple[str, ...], told: str
) -> None:
    before = listing(home)
    done = command(trained, "a.png", *arguments)
    assert (done.code, told in done.complaint) == (2, True), done.err
    assert listing(home) == before


def test_a_bad_style_is_told_once_and_by_name(home: Path, trained: str) -> None:
    Image(np.full((64, 64, 3), 90, np.uint8)).save("flat.png")
    (home / "photos").mkdir()
    for name in ("a.png", "b.png"):
        (home / name).rename(home / "photos" / name)
    done = command(trained, "photos", "--style", "flat.png", "-o", "out")
    assert done.code == 1
    assert done.complaint == (
        "flat.png: the style is one colour; take a picture with something in it"
    )
    (home / "styles").mkdir()
    for name in ("flat.png", "warm.png"):
        (home / name).rename(home / "styles" / name)
    done = command(trained, "photos/a.png", "--styles", "styles", "-o", "each")
    assert done.code == 1
    assert done.err.startswith("ganedit: styles/flat.png: the style is one colour")
    assert "a_warm.png" in listing(home / "each")


def test_a_dry_run_writes_no_style(home: Path, trained: str) -> None:
    before = listing(home)
    done = command(trained, "a.png", "--style", "warm.png", "--save-style", "c.png", "--dry-run")
    assert (done.code, listing(home)) == (0, before)


def test_a_style_is_saved_though_the_pictures_are_finished(home: Path, trained: str) -> None:
    (home / "photos").mkdir()
    for name in ("a.png", "b.png"):
        (home / name).rename(home / "photos" / name)
    words = ("photos", "--style", "warm.png", "-o", "out")
    assert command(trained, *words).code == 0
    before = [Path(f"out/{name}.png").read_bytes() for name in "ab"]
    for finished in (1, 2):  # and not again once it is there
        done = command(trained, *words, "--save-style", "c.png")
        assert done.code == 0, done.err
        assert f"{finished} finished before" in done.out
        assert Path("c.png").exists()
    assert [Path(f"out/{name}.png").read_bytes() for name in "ab"] == before


def test_python_takes_shares_as_numbers(home: Path, trained: str) -> None:
    styles = ["warm.png", "cold.png"]
    results = [
        ganedit.stylize("a.png", styles, mix=mix, weights=trained, device="cpu").samples
        for mix in ([1, 3], "0.25,0.75")
    ]
    assert np.array_equal(*results)
    with pytest.raises(TypeError, match="give the style"):
        ganedit.stylize("a.png", [], weights=trained)
