"""Large pieces for a hole: where they come from, and that they do not show."""

from dataclasses import replace

import numpy as np
import torch

from ganedit.tasks.inpaint.exemplar import synthesize
from ganedit.tasks.inpaint.joining import joined
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
