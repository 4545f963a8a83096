"""The loaded upscaler: sizes, the passes it chooses, and the networks it mixes."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import command_line
import cv2
import numpy as np
import pytest
import tiny
import torch
import torch.nn.functional as F

from ganedit import weights
from ganedit.editing import to_samples, to_tensor
from ganedit.errors import ImageTooLargeError, UsageError, WeightsError
from ganedit.image import Image, Metadata, resize
from ganedit.tasks.upscale import edit as upscale_edit
from ganedit.tasks.upscale.color import hold_color
from ganedit.tasks.upscale.edit import UpscaleEdit, enlarged_alpha
from ganedit.tasks.upscale.network import Upscaler
from ganedit.tasks.upscale.options import NetworkOptions, Target, UpscaleOptions
from ganedit.tiling import Rows
from ganedit.weights import RUN_WEIGHTS

WIDTH, HEIGHT = 13, 7
SCALES = (1, 1.01, 1.5, 2, 2.5, 3, 3.999, 4, 4.001, 5, 7.3, 8, 9, 12, 15.96, 16)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Tiny weights in the place of those that ship."""
    with command_line.shipping(tmp_path_factory.mktemp("shipped")) as folder:
        yield folder


def edit_for(**options: object) -> UpscaleEdit:
    return UpscaleEdit(UpscaleOptions(**options), tiny.runtime())


def apply(edit: UpscaleEdit, image: Image) -> Image:
    return edit.apply(image, lambda done: None)


def photo(width: int = WIDTH, height: int = HEIGHT) -> Image:
    return Image(tiny.photo(3, height, width))


def passes(factor: float, **options: object) -> list[int]:
    """The scales of the networks that a factor is reached with."""
    return [p.scale for p in edit_for(**options)._passes(factor)]


# --- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("model", ["photo", "clean"])
def test_any_scale_gives_its_rounded_size(shipped: Path, scale: float, model: str) -> None:
    result = apply(edit_for(target=Target(scale=scale), model=model), photo())
    assert (result.width, result.height) == (round(WIDTH * scale), round(HEIGHT * scale))


@pytest.mark.parametrize(
    ("target", "size"),
    [
        (Target(width=40), (40, 22)),
        (Target(width=13), (13, 7)),
        (Target(height=20), (37, 20)),
        (Target(height=112), (208, 112)),
        (Target(long_side=50), (50, 27)),
    ],
)
def test_a_side_is_met_and_the_other_follows(
    shipped: Path, target: Target, size: tuple[int, int]
) -> None:
    result = apply(edit_for(target=target), photo())
    assert (result.width, result.height) == size


def test_long_side_is_the_height_of_an_upright_picture(shipped: Path) -> None:
    result = apply(edit_for(target=Target(long_side=50)), photo(HEIGHT, WIDTH))
    assert (result.width, result.height) == (27, 50)


def test_sides_beyond_sixteen_times_are_refused(shipped: Path) -> None:
    with pytest.raises(UsageError, match=r"13×7 pixels would be scaled by 16.1; upscale enlarges"):
        apply(edit_for(target=Target(height=113)), photo())


@pytest.mark.parametrize("target", [{"width": 12}, {"height": 7}, {"long_side": 13}])
def test_pictures_as_large_as_asked_are_left_as_they_are(target: dict[str, int]) -> None:
    image = replace(photo(), notes=("a note",))
    result = apply(edit_for(target=Target(**target)), image)
    assert np.array_equal(result.samples, image.samples)
    assert result.notes == ("a note", "as large as asked already: left as it was")
    assert Target(**target).size_for(WIDTH, HEIGHT) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 9), (9, 1), (2, 1)])
@pytest.mark.parametrize("scale", [1, 2.5, 4, 16])
def test_narrowest_pictures(shipped: Path, width: int, height: int, scale: float) -> None:
    colour = Image(np.full((height, width, 3), (200, 90, 30), np.uint8))
    result = apply(edit_for(target=Target(scale=scale)), colour)
    assert (result.width, result.height) == (round(width * scale), round(height * scale))
    # The small untrained networks add noise, but orange does not become something else.
    assert np.abs(result.samples.mean((0, 1)) - (200, 90, 30)).max() < 25


def test_too_large_a_result_is_refused_before_work(tmp_path: Path) -> None:
    # No weights are shipped there: had work begun, it would have failed on them.
    edit = edit_for(target=Target(scale=4), max_output_pixels=WIDTH * HEIGHT * 16 - 1)
    with pytest.raises(ImageTooLargeError, match="52×28 pixels, over the limit of 1,455"):
        apply(edit, photo())


@pytest.mark.parametrize(
    "target",
    [{"scale": 2, "width": 9}, {"scale": 0}, {"scale": 16.1}, {"scale": float("nan")},
     {"width": 0}, {"height": -4}],
)  # fmt: skip
def test_targets_that_cannot_be_meant(target: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=r"^(give one of --scale|--(scale|width|height) )"):
        Target(**target)


# --- passes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factor", "photo_passes", "clean_passes"),
    [
        (1, [1], [4]),
        (1.1, [2], [4]),
        (2, [2], [4]),
        (2.1, [4], [4]),
        (4, [4], [4]),
        (4.1, [4, 2], [4, 4]),
        (8, [4, 2], [4, 4]),
        (8.1, [4, 4], [4, 4]),
        (16, [4, 4], [4, 4]),
    ],
)
def test_passes_are_the_fewest(
    shipped: Path, factor: float, photo_passes: list[int], clean_passes: list[int]
) -> None:
    assert passes(factor, model="photo") == photo_passes
    assert passes(factor, model="clean") == clean_passes


def test_last_network_lands_on_the_target(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit, seen = edit_for(target=Target(scale=5), model="clean"), []
    predict = upscale_edit.predict_rows

    def observed(rows: Rows, *rest: object) -> Rows:
        seen.append(rows.shape[:2])
        return predict(rows, *rest)

    monkeypatch.setattr(upscale_edit, "predict_rows", observed)
    result = apply(edit, photo(20, 12))
    assert (result.width, result.height) == (100, 60)
    assert seen == [(12, 20), (15, 25)], "not 16 times the pixels and then down again"


def test_infinite_output_is_found_before_colour_is_held() -> None:
    network = tiny.network(tail=0)
    predictor = upscale_edit.UpscalePredictor(network, tiny.runtime())
    low = torch.full((1, 3, 16, 16), 0.7)
    assert predictor.predict(low).isfinite().all()
    network.tail.bias.data.fill_(torch.inf)
    assert not predictor.predict(low).isfinite().any()


def test_enlarged_alpha_has_no_outline() -> None:
    disc = np.hypot(*(np.mgrid[:40, :40] - 20)) < 12
    alpha = enlarged_alpha((disc * 255).astype(np.uint8), 160, 160)
    large = disc.repeat(4, 0).repeat(4, 1)
    outside = ~cv2.dilate(large.astype(np.uint8), np.ones((13, 13))).astype(bool)
    assert (alpha[outside] == 0).all()
    inside = cv2.erode(large.astype(np.uint8), np.ones((19, 19))).astype(bool)
    assert (alpha[inside] == 255).all()


def test_no_side_is_enlarged_further_than_by_networks(shipped: Path) -> None:
    """Rounded, the width of this picture is 4 times itself, the height a little more."""
    edit = edit_for(target=Target(scale=4.1))
    result = apply(edit, photo(3, 10))
    assert (result.width, result.height) == (12, 41)
    assert sorted(edit._predictors) == [2, 4]


@pytest.mark.parametrize(
    ("scale", "expected"), [(2, {1: 1, 2: 1, 3: 2, 8: 3, 16: 4}), (4, {1: 1, 4: 1, 5: 2, 16: 2})]
)
def test_own_network_is_repeated(tmp_path: Path, scale: int, expected: dict[int, int]) -> None:
    own = command_line.save_network(tmp_path / "own.safetensors", scale=scale)
    for factor, times in expected.items():
        assert passes(factor, weights=str(own)) == [scale] * times


def test_progress_rises_to_the_end(shipped: Path) -> None:
    told: list[float] = []
    small = replace(tiny.runtime(), memory=1)  # the smallest windows: several per pass
    edit = UpscaleEdit(UpscaleOptions(Target(scale=8)), small)
    edit.apply(photo(80, 40), told.append)
    assert len(told) > 4
    assert told == sorted(told)
    assert 0 < told[0] < 0.5
    assert told[-1] == pytest.approx(1)


# --- weights --------------------------------------------------------------------------------------


@pytest.mark.parametrize("detail", [0, 0.5, 1])
@pytest.mark.parametrize(("model", "scale"), command_line.SHIPPED)
def test_detail_mixes_the_two_ends(shipped: Path, model: str, scale: int, detail: float) -> None:
    ends = [
        weights.read(shipped / command_line.shipped_name(model, scale, end)).state
        for end in command_line.ENDS
    ]
    mixed = Upscaler(NetworkOptions(scale=scale, width=8, blocks=1))
    mixed.load_state_dict(
        {n: (1 - detail) * ends[0][n].float() + detail * ends[1][n].float() for n in ends[0]}
    )
    edit = edit_for(target=Target(scale=scale), model=model, detail=detail)
    (predictor,) = edit._passes(scale)
    for name, value in mixed.state_dict().items():
        assert torch.allclose(predictor.network.state_dict()[name], value, atol=1e-6), name


def test_detail_changes_the_picture(shipped: Path) -> None:
    pictures = [apply(edit_for(detail=detail), photo()).samples for detail in (0, 0.5, 1)]
    distances = [
        np.abs(a.astype(int) - b.astype(int)).mean()
        for a, b in ((pictures[0], pictures[1]), (pictures[0], pictures[2]))
    ]
    assert 0 < distances[0] < distances[1]


def test_faithful_end_alone_is_read_for_detail_0(shipped: Path) -> None:
    other = shipped / command_line.shipped_name("photo", 4, "adversarial")
    kept = other.read_bytes()
    other.unlink()
    try:
        assert apply(edit_for(detail=0), photo()).width == 4 * WIDTH
        with pytest.raises(WeightsError, match="weights are missing"):
            apply(edit_for(detail=0.1), photo())
    finally:
        other.write_bytes(kept)


def test_weights_are_loaded_once(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit = edit_for(target=Target(scale=16))
    first = apply(edit, photo()).samples
    monkeypatch.setattr(weights, "read_shipped", None)
    assert np.array_equal(apply(edit, photo()).samples, first)


def test_threads_load_a_network_once(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[object] = []
    read = weights.read_shipped
    monkeypatch.setattr(weights, "read_shipped", lambda entry: reads.append(entry) or read(entry))
    edit = edit_for()
    threads = [threading.Thread(target=lambda: apply(edit, photo())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == 2, "each end once"


def test_own_weights_from_file_run_and_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    command_line.save_network(tmp_path / "run" / RUN_WEIGHTS, tail=3)
    command_line.save_network(tmp_path / "mine.safetensors", tail=3)
    monkeypatch.setenv("GANEDIT_WEIGHTS", str(tmp_path))
    names = [str(tmp_path / "run"), str(tmp_path / "run" / RUN_WEIGHTS), "mine"]
    results = [apply(edit_for(weights=name), photo()).samples for name in names]
    assert all(np.array_equal(result, results[0]) for result in results)
    torch.save({"weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"other.pth: of no architecture that is known"):
        edit_for(weights="other.pth")


def test_own_weights_that_do_not_suit(tmp_path: Path) -> None:
    network = tiny.network()
    for task, options, message in (
        ("inpaint", {"scale": 4}, "weights of inpaint, not of upscale"),
        ("upscale", {"scale": 4, "depth": 3}, "made by another version of ganedit"),
        ("upscale", {"scale": 4, "width": 9}, "does not fit this network"),
    ):
        path = tmp_path / "other.safetensors"
        weights.save(network, path, task=task, options=options)
        with pytest.raises(WeightsError, match=message):
            edit_for(weights=str(path))


@pytest.mark.parametrize("options", [{"detail": -0.1}, {"detail": 2}, {"model": "anime"}])
def test_looks_that_cannot_be_meant(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"^--(detail|model) "):
        UpscaleOptions(**options)


# --- pixels ---------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> str:
    """Weights whose residual can be seen, but does not drown the picture."""
    return str(command_line.save_network(tmp_path / "own.safetensors"))


def test_pixels_are_the_network_s_with_colour_held(own: str) -> None:
    network = Upscaler(tiny.NETWORK)
    weights.load(network, weights.read(Path(own)).state, Path(own))
    image = photo(24, 20)
    low = to_tensor(image.samples, tiny.CPU)
    with torch.inference_mode():
        high = F.pixel_shuffle(hold_color(network.phases(low), low, network.base), 4)
        expected = to_samples(high, image.samples.dtype, 3).astype(int)
    result = apply(edit_for(weights=own), image).samples
    assert np.abs(result - expected).max() <= 1  # another order of sums may round otherwise


def test_second_pass_goes_on_from_the_first(own: str) -> None:
    first = apply(edit_for(weights=own), photo())
    twice = apply(edit_for(weights=own), first)
    result = apply(edit_for(weights=own, target=Target(scale=16)), photo())
    assert np.array_equal(result.samples, twice.samples)


def test_scale_between_is_reduced_from_the_next(own: str) -> None:
    whole = apply(edit_for(weights=own), photo())
    result = apply(edit_for(weights=own, target=Target(scale=2.5)), photo())
    assert np.array_equal(result.samples, resize(whole, 32, 18).samples)


def test_grey_stays_grey(own: str) -> None:
    grey = tiny.photo(3)[:, :, :1]
    edit = edit_for(weights=own)
    one = apply(edit, Image(grey)).samples
    three = apply(edit, Image(np.repeat(grey, 3, axis=2))).samples
    assert one.shape == (384, 384, 1)
    assert three.shape == (384, 384, 3)
    assert np.array_equal(three, np.repeat(one, 3, axis=2))


def test_sixteen_bits_are_finer_than_eight(own: str) -> None:
    eight = tiny.photo(3, 20, 20)
    deep = eight.astype(np.uint16) * 257
    edit = edit_for(weights=own)
    result = apply(edit, Image(deep)).samples
    assert result.dtype == np.uint16
    assert len(np.unique(result)) > 2000
    difference = result.astype(int) / 257 - apply(edit, Image(eight)).samples
    assert np.abs(difference).max() <= 0.51


def test_alpha_and_metadata_are_carried(own: str) -> None:
    alpha = np.zeros((20, 20), np.uint8)
    alpha[:, 10:] = 255
    image = Image(tiny.photo(3, 20, 20), alpha, Metadata(dpi=(300, 300)), "PNG", ("a note",))
    result = apply(edit_for(weights=own), image)
    assert result.alpha is not None
    assert result.alpha.shape == (80, 80)
    assert (result.alpha[:, :24] == 0).all()
    assert (result.alpha[:, 56:] == 255).all()
    assert result.metadata.dpi == (300, 300)
    assert result.format == "PNG"


def test_hidden_colour_does_not_bleed(own: str) -> None:
    """What lies under full transparency must not show at the visible edge."""
    alpha = np.full((20, 20), 255, np.uint8)
    alpha[:, :10] = 0
    visible = []
    for hidden in (0, 255):
        samples = np.full((20, 20, 3), 120, np.uint8)
        samples[:, :10] = hidden
        result = apply(edit_for(weights=own), Image(samples, alpha))
        visible.append(result.samples[:, 40:])
    assert np.array_equal(*visible)
