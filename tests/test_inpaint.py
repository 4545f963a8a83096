"""Filling: the canvas, texture from elsewhere, and pixels outside the hole that never change."""

import threading
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tiny
import torch

from ganedit import weights
from ganedit.editing import to_tensor
from ganedit.image import Image, decode
from ganedit.metrics import lattice_share, luma
from ganedit.tasks.inpaint import training
from ganedit.tasks.inpaint.edit import InpaintEdit, find_regions
from ganedit.tasks.inpaint.exemplar import synthesize
from ganedit.tasks.inpaint.network import Inpainter, canvas, without_lattice
from ganedit.tasks.inpaint.options import InpaintOptions, InpaintTraining, NetworkOptions
from ganedit.tasks.inpaint.training import InpaintTask
from ganedit.training.distributed import Ranks
from ganedit.training.state import State, to_device
from ganedit.training.step import training_step
from ganedit.training.task import Step

NETWORK = NetworkOptions(width=8, deep_width=32, blocks=2)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Weights of an untrained filler."""
    path = tmp_path_factory.mktemp("weights") / "filler.safetensors"
    torch.manual_seed(0)
    weights.save(Inpainter(NETWORK), path, task="inpaint", options=asdict(NETWORK))
    return str(path)


def edit(own: str, **options: object) -> InpaintEdit:
    return InpaintEdit(InpaintOptions(weights=own, **options), tiny.runtime())


def apply(edit: InpaintEdit, image: Image, hole: np.ndarray) -> Image:
    return edit.apply(image, hole, lambda done: None)


def square_hole(height: int = 96, width: int = 120) -> np.ndarray:
    hole = np.zeros((height, width), bool)
    hole[30:60, 40:80] = True
    return hole


def picture(channels: int = 3, depth: int = 8, seed: int = 0) -> np.ndarray:
    samples = tiny.photo(seed, 96, 120)[..., :channels]
    return samples if depth == 8 else samples.astype(np.uint16) * 257 + 7


# --- the canvas ---------------------------------------------------------------------------------


def test_canvas_of_one_colour_is_that_colour() -> None:
    flat = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1).expand(1, 3, 40, 56)
    hole = torch.zeros(1, 1, 40, 56)
    hole[..., 8:32, 16:48] = 1
    torch.testing.assert_close(canvas(flat, hole), flat.contiguous())


def test_canvas_keeps_what_is_known_and_ignores_what_is_not() -> None:
    photo = torch.from_numpy(picture()).permute(2, 0, 1)[None].float() / 255
    hole = torch.from_numpy(square_hole())[None, None].float()
    filled, other = canvas(photo, hole), canvas(photo * (1 - hole) + 0.3 * hole, hole)
    assert torch.equal(filled, other)
    torch.testing.assert_close(filled * (1 - hole), photo * (1 - hole))
    assert 0 <= filled.min() <= filled.max() <= 1


def test_canvas_needs_something_known() -> None:
    with pytest.raises(ValueError, match="without a known pixel"):
        canvas(torch.zeros(1, 3, 8, 8), torch.ones(1, 1, 8, 8))


# --- texture ------------------------------------------------------------------------------------


def stripes() -> torch.Tensor:
    wave = 0.5 + 0.4 * torch.sin(torch.arange(120) * 2 * torch.pi / 8)
    return wave.expand(3, 96, 120).contiguous()


def test_texture_goes_on_through_the_hole() -> None:
    hole = torch.from_numpy(square_hole())
    blurred = torch.full((3, 96, 120), 0.5)
    filled = synthesize(stripes(), hole, blurred, torch.Generator().manual_seed(0))
    error = (filled - stripes())[:, hole].abs().mean()
    assert error < 0.1, "the guide alone is 0.25 off"
    assert torch.equal(filled[:, ~hole], stripes()[:, ~hole])


def test_texture_is_sharp() -> None:
    noise = torch.rand(1, 96, 120, generator=torch.Generator().manual_seed(1)).expand(3, -1, -1)
    hole = torch.from_numpy(square_hole())
    guide = torch.full((3, 96, 120), 0.5)
    filled = synthesize(noise.contiguous(), hole, guide, torch.Generator().manual_seed(0))
    assert filled[:, hole].std() > 0.5 * noise.std()


def test_seed_decides_and_repeats() -> None:
    photo = torch.from_numpy(picture()).permute(2, 0, 1).float().contiguous() / 255
    hole, guide = torch.from_numpy(square_hole()), torch.full((3, 96, 120), 0.5)
    one, same, other = (
        synthesize(photo, hole, guide, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_nothing_to_copy_leaves_the_guide() -> None:
    hole = torch.ones(20, 20, dtype=torch.bool)
    hole[:2] = False
    guide = torch.full((3, 20, 20), 0.4)
    filled = synthesize(torch.rand(3, 20, 20), hole, guide, torch.Generator())
    assert torch.equal(filled[:, hole], guide[:, hole])


# --- the lattice --------------------------------------------------------------------------------


def test_lattice_is_taken_out_and_detail_left() -> None:
    generator = torch.Generator().manual_seed(0)
    detail = torch.randn(1, 3, 96, 96, generator=generator)
    lattice = torch.randn(1, 3, 8, 8, generator=generator).repeat(1, 1, 12, 12)
    hole = torch.zeros(1, 1, 96, 96)
    hole[..., 16:80, 20:84] = 1
    cleaned = without_lattice(detail + lattice, hole)
    assert torch.equal(cleaned * (1 - hole), (detail + lattice) * (1 - hole))
    left = (cleaned - detail)[..., 24:72, 28:76]
    assert left.square().mean() < 0.3


@pytest.mark.parametrize("place", [np.s_[..., 40:48, 40:48], np.s_[..., 40:44, :]])
def test_one_block_and_thin_holes_keep_their_detail(place: tuple[slice, ...]) -> None:
    detail = torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    hole = torch.zeros(1, 1, 96, 96)
    hole[place] = 1
    torch.testing.assert_close(without_lattice(detail, hole), detail)


@pytest.mark.parametrize(
    ("name", "top", "left"),
    [("dune", 0, 0), ("lake", 200, 500), ("otter", 0, 0), ("otter", 400, 0), ("pourville", 0, 0)],
)
def test_shipped_filler_leaves_no_lattice(name: str, top: int, left: int) -> None:
    whole = decode(Path(__file__).parent.parent / "examples" / f"{name}.jpg").samples
    crop = np.ascontiguousarray(whole[top : top + 256, left : left + 256])
    hole = np.zeros((256, 256), bool)
    hole[96:160, 96:160] = True
    loaded = InpaintEdit(InpaintOptions(dilate=0), tiny.runtime())
    filled = apply(loaded, Image(crop), hole).samples[96:160, 96:160]
    assert lattice_share(luma(to_tensor(filled, tiny.CPU))) < 0.04


# --- regions ------------------------------------------------------------------------------------


def test_far_holes_are_regions_of_their_own_and_near_ones_one() -> None:
    hole = np.zeros((600, 800), bool)
    hole[50:70, 50:70] = hole[50:70, 74:90] = True
    hole[500:560, 600:700] = True
    regions = find_regions(hole)
    assert [int(region.own.sum()) for region in regions] == [20 * 20 + 20 * 16, 60 * 100]
    for region in regions:
        rows, columns = region.window
        assert rows.stop - rows.start < 300
        assert columns.stop - columns.start < 300
        assert not (region.own & ~hole[region.window]).any()


def test_long_shallow_hole_is_taken_in_cells_seen_at_full_size() -> None:
    hole = np.zeros((700, 900), np.uint8)
    cv2.line(hole, (10, 20), (880, 690), 1, 9)
    hole = hole.astype(bool)
    regions = find_regions(hole)
    taken = np.zeros(hole.shape, int)
    for region in regions:
        assert max(region.own.shape) <= 256
        taken[region.window] += region.own
    assert len(regions) > 4
    assert np.array_equal(taken, hole)
    # A deep one is seen as a whole, reduced.
    (deep,) = find_regions(cv2.dilate(hole.astype(np.uint8), np.ones((41, 41))) > 0)
    assert deep.own.shape == hole.shape


# --- editing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["auto", "gan", "telea", "ns"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("depth", [8, 16])
def test_nothing_changes_outside_the_hole(own: str, method: str, channels: int, depth: int) -> None:
    samples = picture(channels, depth)
    alpha = np.linspace(0, np.iinfo(samples.dtype).max, 96 * 120).reshape(96, 120)
    image = Image(samples, alpha.astype(samples.dtype))
    before = samples.copy()
    hole = square_hole()
    result = apply(edit(own, method=method, dilate=0), image, hole)
    assert np.array_equal(samples, before), "the input is not written to"
    assert result.samples.dtype == samples.dtype
    assert np.array_equal(result.samples[~hole], samples[~hole])
    assert np.array_equal(result.alpha, image.alpha)
    assert (result.samples[hole] != samples[hole]).mean() > 0.5


def test_dilation_and_feather_reach_no_farther_than_said(own: str) -> None:
    samples, hole = picture(), square_hole()
    result = apply(edit(own, dilate=5, feather=3), Image(samples), hole)
    changed = (result.samples != samples).any(axis=2)
    y, x = np.nonzero(changed)
    assert (y.min(), y.max(), x.min(), x.max()) == (25, 64, 35, 84)


@pytest.mark.parametrize("method", ["gan", "telea", "ns"])
@pytest.mark.parametrize("depth", [8, 16])
def test_fill_never_depends_on_what_lies_under(own: str, method: str, depth: int) -> None:
    samples, hole = picture(depth=depth), square_hole()
    noisy = samples.copy()
    top = np.iinfo(samples.dtype).max
    noisy[hole] = np.random.default_rng(0).integers(0, top, noisy[hole].shape)
    loaded = edit(own, method=method)
    one, other = (apply(loaded, Image(s), hole).samples for s in (samples, noisy))
    assert np.array_equal(one, other)


def test_hidden_colour_has_no_part_in_a_fill(own: str) -> None:
    alpha = np.full((96, 120), 255, np.uint8)
    alpha[:, :30] = 0
    filled = []
    for hidden in (0, 255):
        samples = picture()
        samples[:, :30] = hidden
        result = apply(edit(own), Image(samples, alpha), square_hole()).samples
        assert (result[:20, :30] == hidden).all(), "outside the hole nothing changes"
        filled.append(result[:, 30:])
    assert np.array_equal(*filled)


@pytest.mark.parametrize("method", ["auto", "telea"])
def test_shipped_filler_does_not_see_hidden_colour(method: str) -> None:
    cutout = np.zeros((72, 96, 4), np.uint8)
    cutout[:, 30:] = 230, 200, 60, 255
    hole = np.zeros((72, 96), bool)
    hole[28:44, 30:50] = True
    loaded = InpaintEdit(InpaintOptions(method=method), tiny.runtime())
    filled = []
    for hidden in (0, 255):
        cutout[:, :30, :3] = hidden
        result = apply(loaded, Image.from_array(cutout), hole)
        filled.append(result.samples[:, 30:])
    assert np.array_equal(*filled)
    assert np.abs(filled[0] - np.array([230.0, 200, 60])).max() < 12


def test_threads_load_the_network_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[object] = []
    read = weights.read_shipped
    monkeypatch.setattr(weights, "read_shipped", lambda entry: reads.append(entry) or read(entry))
    loaded = InpaintEdit(InpaintOptions(), tiny.runtime())
    threads = [threading.Thread(target=lambda: loaded.network) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == 1


def test_holes_at_the_border_and_in_a_corner(own: str) -> None:
    samples = picture()
    for place in (np.s_[:30, :30], np.s_[:, :25], np.s_[70:, 40:]):
        hole = np.zeros((96, 120), bool)
        hole[place] = True
        result = apply(edit(own, dilate=0), Image(samples), hole).samples
        assert np.array_equal(result[~hole], samples[~hole])
        assert (result[hole] != samples[hole]).mean() > 0.5


def test_auto_says_what_it_used(own: str) -> None:
    hole = np.zeros((96, 120), bool)
    hole[10, 5:100] = True
    notes = apply(edit(own, dilate=0), Image(picture()), hole).notes
    assert notes == ("holes filled: 1 by diffusion (ns)",)
    notes = apply(edit(own, dilate=0), Image(picture()), square_hole()).notes
    assert notes == ("holes filled: 1 by the network",)


def test_grey_stays_grey_and_empty_holes_change_nothing(own: str) -> None:
    image = Image(picture(1).repeat(3, axis=2))
    result = apply(edit(own), image, square_hole()).samples
    assert (result[..., 0] == result[..., 1]).all()
    assert apply(edit(own), image, np.zeros((96, 120), bool)) is image


# --- training -----------------------------------------------------------------------------------


@pytest.fixture
def task(photo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> InpaintTask:
    monkeypatch.setattr("ganedit.training.sight.VGG19Features", tiny.Features)
    monkeypatch.setattr(training, "JUDGED", ("second",))
    options = InpaintTraining((str(photo_folder),), network=NETWORK, crop=64, batch=2)
    return InpaintTask(replace(options, phase="adversarial", penalty_every=2))


def test_network_begins_as_the_canvas_and_keeps_what_is_known() -> None:
    torch.manual_seed(0)
    network = Inpainter(NETWORK)
    photo, hole = torch.rand(2, 3, 64, 48), torch.zeros(2, 1, 64, 48)
    hole[:, :, 20:40, 10:30] = 1
    filled = network(photo, hole)
    assert torch.equal(filled * (1 - hole), photo * (1 - hole))
    assert ((filled - canvas(photo, hole)) * hole).abs().max() < 0.2


def test_steps_of_the_adversarial_phase(task: InpaintTask, tmp_path: Path) -> None:
    config = tiny.config(tmp_path, warmup=0)
    torch.manual_seed(0)
    state = State.fresh(task.build(), config)
    before = tiny.state_of(tiny.parameters(state.networks))
    rows = []
    for number in range(2):
        batch = to_device(task.batches(0, 0)[number], tiny.CPU)
        rows.append(training_step(task, state, [batch], config, torch.float32, Ranks()))
    patches = {"adversarial", "matching", "critic"}
    assert {"pixel", "perceptual", "features", "critic_features"} | patches <= rows[0].keys()
    assert [("penalty" in row) for row in rows] == [True, False]
    assert all(value.isfinite() for row in rows for value in row.values())
    changed = {
        n
        for n, p in tiny.parameters(state.networks).named_parameters()
        if not torch.equal(before[n], p)
    }
    assert changed == before.keys()


def test_feature_critics_judge_the_hole_alone(task: InpaintTask) -> None:
    networks = task.build()
    networks.critics["features"].eval()  # spectral norm estimates go on otherwise
    photo = to_device(task.batches(0, 0)[0], tiny.CPU)["picture"]
    hole = torch.zeros_like(photo[:, :1])
    hole[..., :16, :16] = 1
    far = photo.clone()
    far[..., 40:, 40:] = 1 - far[..., 40:, 40:]
    scores = []
    for picture in (photo, far):
        torch.manual_seed(0)  # the same look
        step = Step(networks, {"picture": picture, "hole": hole}, 0, 0, task.generate)
        scores.append(task._scores_of_features(step, "real"))
    assert len(scores[0]) > 0
    assert torch.equal(*scores)


def test_weights_of_zero_leave_critics_out(task: InpaintTask) -> None:
    for without, left in (("feature_weight", {"critic"}), ("adversarial_weight", {"features"})):
        options = replace(task.training, **{without: 0.0})
        assert InpaintTask(options).build().critics.keys() == left
    options = replace(task.training, feature_weight=0.0, adversarial_weight=0.0)
    alone = InpaintTask(options)
    assert len(alone.phases(alone.build())) == 1


def test_one_batch_can_be_overfitted(photo_folder: Path, tmp_path: Path) -> None:
    options = InpaintTraining((str(photo_folder),), network=NETWORK, crop=64, batch=1)
    task, config = (
        InpaintTask(options),
        tiny.config(tmp_path, warmup=5, learning_rate=1e-3, steps=100),
    )
    torch.manual_seed(0)
    state = State.fresh(task.build(), config)
    batch = to_device(task.batches(0, 0)[1], tiny.CPU)
    losses = [
        float(training_step(task, state, [batch], config, torch.float32, Ranks())["pixel"])
        for _ in range(80)
    ]
    assert losses[-1] < 0.5 * losses[0]
