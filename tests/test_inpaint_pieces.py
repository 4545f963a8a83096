"""Large pieces for a hole: where they come from, and that they do not show."""

from dataclasses import replace

import cv2
import numpy as np
import torch

from ganedit import weights
from ganedit.tasks.inpaint.aligning import aligned
from ganedit.tasks.inpaint.exemplar import synthesize
from ganedit.tasks.inpaint.joining import joined
from ganedit.tasks.inpaint.meaning import meaning_of
from ganedit.tasks.inpaint.network import Inpainter
from ganedit.tasks.inpaint.options import NetworkOptions
from ganedit.tasks.inpaint.pyramid import level_of
from ganedit.tasks.inpaint.repeating import repeating_shifts
from ganedit.tasks.inpaint.shifts import Scenery, coherent_sources


def scenery(picture: torch.Tensor, hole: torch.Tensor, guide: torch.Tensor) -> Scenery:
    rim = torch.nn.functional.max_pool2d(hole[None].float(), 7, 1, 3)[0] > 0
    return Scenery(picture, guide, torch.zeros_like(picture), hole, ~hole, rim.nonzero())


def test_a_lattice_goes_on_in_its_own_phase() -> None:
    y, x = torch.meshgrid(torch.arange(60), torch.arange(80), indexing="ij")
    lattice = ((y % 12 < 5) ^ (x % 15 < 6)).float().expand(3, -1, -1).clone()
    hole = torch.zeros(60, 80, dtype=torch.bool)
    hole[20:42, 28:55] = True
    scene = scenery(lattice, hole, torch.full_like(lattice, 0.5))
    sources = coherent_sources(scene)
    targets = scene.targets
    assert not hole[sources[:, 0], sources[:, 1]].any()
    copied = lattice[0, sources[:, 0], sources[:, 1]]
    assert (copied == lattice[0, targets[:, 0], targets[:, 1]]).float().mean() > 0.8


def test_what_stands_at_the_same_height_fits_first() -> None:
    noise = torch.Generator().manual_seed(0)
    bands = torch.linspace(0.2, 0.8, 60)[:, None].expand(60, 80)
    picture = (bands + 0.02 * torch.randn(60, 80, generator=noise)).expand(3, -1, -1).clone()
    hole = torch.zeros(60, 80, dtype=torch.bool)
    hole[15:45, 30:55] = True
    scene = scenery(picture, hole, bands.expand(3, -1, -1).clone())
    assert (coherent_sources(scene) - scene.targets)[:, 0].abs().float().mean() < 4


def test_what_is_of_one_kind_fits_first() -> None:
    """Two textures of one colour on either side; the hole is guessed to be of the right one."""
    picture = 0.5 + 0.05 * torch.randn(60, 80, generator=torch.Generator().manual_seed(0))
    kind = torch.full((1, 60, 80), -0.5)
    kind[:, :, 40:] = 0.5
    hole = torch.zeros(60, 80, dtype=torch.bool)
    hole[20:40, 30:50] = True
    kind[:, 20:40, 30:50] = 0.5
    scene = scenery(picture.expand(3, -1, -1).clone(), hole, torch.full((3, 60, 80), 0.5))
    sources = coherent_sources(replace(scene, meaning=kind))[hole[tuple(scene.targets.T)]]
    assert (sources[:, 1] >= 40).float().mean() > 0.9


def test_hole_without_any_fitting_shift_is_still_answered() -> None:
    picture, hole = torch.rand(3, 12, 12), torch.ones(12, 12, dtype=torch.bool)
    hole[0] = False
    assert coherent_sources(scenery(picture, hole, picture)).shape == (12 * 12, 2)


def test_windows_tell_by_which_shifts_they_repeat() -> None:
    y, x = torch.meshgrid(torch.arange(70), torch.arange(90), indexing="ij")
    windows = ((y % 11 < 5) & (x % 14 < 9)).float().expand(3, -1, -1)
    hole = torch.zeros(70, 90, dtype=torch.bool)
    hole[25:45, 30:60] = True
    valid = torch.nn.functional.max_pool2d(hole[None].float(), 3, 1, 1)[0] == 0
    found = repeating_shifts(windows * ~hole, hole, valid, count=12, apart=2)
    assert len(found)
    assert (found[:, 0] % 11 == 0).all()
    assert (found[:, 1] % 14 == 0).all()
    nothing = repeating_shifts(windows, hole, torch.zeros_like(hole), count=12, apart=2)
    assert nothing.shape == (0, 2)


def test_a_piece_moves_to_where_its_border_fits() -> None:
    """Two pieces, taken a pixel or two beside where they belong."""
    picture = torch.rand(3, 80, 120, generator=torch.Generator().manual_seed(0))
    picture[:, :, 60:] = picture[:, :, :60]  # what is in the hole stands 60 pixels left of it
    hole = torch.zeros(80, 120, dtype=torch.bool)
    hole[30:50, 75:105] = True
    level = level_of(torch.where(hole, torch.zeros(()), picture), hole, (80, 120))
    right = level.targets[:, 1] > 90
    wrong = torch.where(right[:, None], torch.tensor([-1, -59]), torch.tensor([2, -61]))
    found = aligned(level, level.targets + wrong)
    assert (found - level.targets == torch.tensor([0, -60])).all()


def test_shipped_filler_tells_kinds_of_one_colour_apart() -> None:
    """Fine grain left and broad strokes right, of the same colours: a hole is like its side."""
    rng = np.random.default_rng(0)
    photo = rng.normal(0.5, 0.15, (192, 256)).astype(np.float32)
    strokes = cv2.GaussianBlur(rng.normal(0, 1, (192, 256)).astype(np.float32), (0, 0), 6)
    photo[:, 128:] = (0.5 + 0.15 * strokes / strokes.std())[:, 128:]
    picture = torch.from_numpy(photo.clip(0, 1)).expand(1, 3, -1, -1)
    entry = weights.find("inpaint")
    contents = weights.read_shipped(entry)
    network = weights.rebuild(
        lambda **options: Inpainter(NetworkOptions(**options)),
        contents.options, contents.state, entry.path,
    )  # fmt: skip
    for left in (32, 176):
        hole = torch.zeros(192, 256, dtype=torch.bool)
        hole[72:120, left : left + 48] = True
        with torch.inference_mode():
            guess = network(picture * ~hole, hole[None, None].float()).clamp(0, 1)
            meaning = meaning_of(network.described(guess)[0], hole)
        inside = meaning[:, 10:14, left // 8 + 1 : left // 8 + 5].flatten(1).T
        known = meaning[:, :7].flatten(1).T  # rows above the hole
        nearest = torch.cdist(inside, known).argmin(1) % 32
        assert ((nearest < 16) == (left < 128)).float().mean() > 0.9


def test_light_of_two_pieces_becomes_one() -> None:
    """A ramp copied in two pieces has a step between them; their own slope has none."""
    ramp = torch.linspace(0.3, 0.5, 40).expand(3, 30, 40).clone()
    copied = ramp.clone()
    copied[:, :, 20:] += 0.06
    slope = torch.full_like(ramp, 0.2 / 39)
    inside = torch.ones(30, 40, dtype=torch.bool)
    added = joined(copied, (torch.zeros_like(ramp), slope), inside)
    steps = (copied + added).diff(dim=2)[:, 5:-5, 15:25]
    assert float((steps - 0.2 / 39).abs().max()) < 0.015


def test_edges_are_no_light() -> None:
    copied = torch.zeros(3, 30, 40)
    copied[:, :, 20:] = 0.6
    inside = torch.ones(30, 40, dtype=torch.bool)
    flat = torch.zeros_like(copied)
    assert float(joined(copied, (flat, flat), inside).abs().max()) < 1e-6


def test_coherent_fill_is_the_texture_without_a_rectangle() -> None:
    y, x = np.mgrid[:160, :200]
    waves = 0.5 + 0.2 * np.sin(x / 3) * np.sin(y / 4) + 0.001 * x
    picture = torch.from_numpy(np.stack([waves] * 3).astype(np.float32))
    hole = torch.zeros(160, 200, dtype=torch.bool)
    hole[50:110, 70:130] = True
    guide = torch.full_like(picture, 0.6)
    fills = [
        synthesize(torch.where(hole, under, picture), hole, guide,
                   torch.Generator().manual_seed(0), torch.zeros(3, 20, 25))
        for under in (torch.zeros(()), torch.ones(()))
    ]  # fmt: skip
    assert torch.equal(*fills), "what lies under the hole has no part in it"
    assert float((fills[0] - picture)[:, hole].abs().mean()) < 0.08
    assert torch.equal(fills[0][:, ~hole], picture[:, ~hole])
