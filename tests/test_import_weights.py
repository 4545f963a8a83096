"""`ganedit import-weights`: generators of other projects, written here in their layout."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tiny
import torch
import torch.nn.functional as F
from command_line import EXACT, Outcome, run
from torch import Tensor, nn

from ganedit import weights
from ganedit.errors import WeightsError
from ganedit.tasks.translate.edit import load_generator
from ganedit.tasks.translate.foreign import ResnetGenerator, read_foreign

WIDTH = 4


class Residual(nn.Module):
    """The reference's block; with dropout its second convolution is the seventh child."""

    def __init__(self, width: int, *, dropout: bool) -> None:
        super().__init__()
        between = [nn.Dropout(0.5)] if dropout else []
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width), nn.ReLU(),
            *between,
            nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.conv_block(x)
        return result


class Blur(nn.Module):
    """The reference's antialiased step down (`up` False) or up, with its buffer."""

    def __init__(self, width: int, *, up: bool) -> None:
        super().__init__()
        line = torch.tensor([1.0, 3, 3, 1] if up else [1.0, 2, 1])
        kernel = line[:, None] * line[None]
        kernel = kernel / kernel.sum() * (4 if up else 1)
        self.up, self.width = up, width
        self.register_buffer("filt", kernel[None, None].repeat(width, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        if not self.up:
            padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
            return F.conv2d(padded, self.filt, stride=2, groups=self.width)
        padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
        wide = F.conv_transpose2d(padded, self.filt, stride=2, padding=2, groups=self.width)
        return wide[:, :, 1:, 1:][:, :, :-1, :-1]


class Reference(nn.Module):
    """The wiring of those projects: one numbered sequence called `model`."""

    def __init__(self, *, cut: bool, dropout: bool, blocks: int = 6) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), *self._normed(nn.Conv2d(3, WIDTH, 7))]
        for width in (WIDTH, 2 * WIDTH):
            stride = 1 if cut else 2
            layers += self._normed(nn.Conv2d(width, 2 * width, 3, stride=stride, padding=1))
            layers += [Blur(2 * width, up=False)] if cut else []
        layers += [Residual(4 * WIDTH, dropout=dropout) for _ in range(blocks)]
        for width in (4 * WIDTH, 2 * WIDTH):
            layers += [Blur(width, up=True)] if cut else []
            layers += self._normed(
                nn.Conv2d(width, width // 2, 3, padding=1)
                if cut
                else nn.ConvTranspose2d(width, width // 2, 3, 2, padding=1, output_padding=1)
            )
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(WIDTH, 3, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def _normed(self, conv: nn.Module) -> list[nn.Module]:
        return [conv, nn.InstanceNorm2d(int(conv.bias.numel())), nn.ReLU()]

    def forward(self, pictures: Tensor) -> Tensor:
        result: Tensor = self.model(pictures * 2 - 1) / 2 + 0.5
        return result


def reference(**options: bool) -> Reference:
    torch.manual_seed(0)
    network = Reference(**options)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.2)
    return network.eval()


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANEDIT_WEIGHTS", str(tmp_path / "mine"))
    return tmp_path / "mine"


Import = Callable[..., Outcome]


@pytest.fixture
def take(mine: Path) -> Import:
    return lambda file, *more: run(
        "import-weights", file, "--as", "translate", "--to", "winter", *more
    )


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("dropout", [False, True])
def test_imported_generator_gives_what_the_reference_gives(
    take: Import, tmp_path: Path, cut: bool, dropout: bool
) -> None:
    network = reference(cut=cut, dropout=dropout)
    state = dict(network.state_dict())
    # Norms of old versions kept statistics that nothing uses.
    state["model.2.running_mean"] = torch.ones(WIDTH)
    torch.save(state, tmp_path / "latest_net_G_A.pth")
    assert take(tmp_path / "latest_net_G_A.pth").code == 0
    loaded, _ = load_generator("winter", None)
    picture = torch.rand(1, 3, 48, 64)
    torch.testing.assert_close(loaded(picture), network(picture), atol=1e-5, rtol=0)


class SkipBlock(nn.Module):
    """A block of pix2pix's U-Net, as it names and nests its layers."""

    def __init__(self, outer: int, inner: int, within: nn.Module | None, *, batch: bool, outermost:
                 bool = False) -> None:  # fmt: skip
        super().__init__()
        self.outermost = outermost

        def norm(width: int) -> nn.Module:
            return nn.BatchNorm2d(width) if batch else nn.InstanceNorm2d(width)

        down = nn.Conv2d(3 if outermost else outer, inner, 4, 2, 1, bias=not batch or outermost)
        wide = inner if within is None else 2 * inner
        up = nn.ConvTranspose2d(wide, 3 if outermost else outer, 4, 2, 1,
                                bias=not batch or outermost)  # fmt: skip
        first, last = nn.LeakyReLU(0.2, True), nn.ReLU(True)
        if outermost:
            assert within is not None
            layers = [down, within, last, up, nn.Tanh()]
        elif within is None:
            layers = [first, down, last, up, norm(outer)]
        else:
            layers = [first, down, norm(inner), within, last, up, norm(outer), nn.Dropout(0.0)]
        self.model = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.model(x)
        return made if self.outermost else torch.cat([x, made], 1)


def unet(levels: int, width: int, *, batch: bool) -> nn.Module:
    torch.manual_seed(1)
    widths = [width * 2 ** min(level, 3) for level in range(levels)]
    block: nn.Module | None = None
    for outer, inner in reversed(list(pairwise(widths))):
        block = SkipBlock(outer, inner, block, batch=batch)
    network = nn.Module()
    network.model = SkipBlock(3, width, block, batch=batch, outermost=True)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.3)
    return network


@pytest.mark.parametrize("batch", [False, True])
def test_imported_unet_gives_what_the_reference_gives(
    take: Import, tmp_path: Path, batch: bool
) -> None:
    network = unet(5, 4, batch=batch)
    torch.save(network.state_dict(), tmp_path / "latest_net_G.pth")
    assert take(tmp_path / "latest_net_G.pth").code == 0
    picture = torch.rand(1, 3, 32, 64)
    # As its authors do, with the statistics of the one picture.
    wanted = network.model(picture * 2 - 1) / 2 + 0.5
    loaded, _ = load_generator("winter", None)
    torch.testing.assert_close(loaded(picture), wanted, atol=1e-4, rtol=0)
    # Of any size: sides are brought to what it takes.
    PIL.Image.fromarray(tiny.photo(0, 41, 50)).save(tmp_path / "a.png")
    assert run("translate", tmp_path / "a.png", "--to", "winter", *EXACT).code == 0
    with PIL.Image.open(tmp_path / "a_as_winter.png") as picture_made:
        assert picture_made.size == (50, 41)


def test_damaged_unet_is_one_line(take: Import, tmp_path: Path) -> None:
    state = unet(5, 4, batch=True).state_dict()
    del state["model.model.3.weight"]
    torch.save(state, tmp_path / "g.pth")
    assert "a U-Net of pix2pix has 14 or 16" in take(tmp_path / "g.pth").complaint


@pytest.mark.parametrize("cut", [False, True])
def test_halo_covers_all_that_is_seen(tmp_path: Path, cut: bool) -> None:
    torch.save(reference(cut=cut, dropout=False).state_dict(), tmp_path / "g.pth")
    network, _ = read_foreign(tmp_path / "g.pth")
    assert isinstance(network, ResnetGenerator)
    network.norms = nn.ModuleList(nn.Identity() for _ in network.norms)
    picture = torch.rand(1, 3, 192, 192, dtype=torch.double)
    changed = picture.clone()
    changed[..., 96, 96] += 0.5
    network.double()
    # In the sum before tanh and after ReLUs, whatever is seen at all shows.
    seen = (network(changed) - network(picture)).abs().amax((0, 1)).nonzero()
    assert len(seen)
    assert int((seen - 96).abs().max()) <= network.halo


def test_imported_domain_is_listed_and_translates(take: Import, tmp_path: Path, mine: Path) -> None:
    torch.save(reference(cut=False, dropout=False).state_dict(), tmp_path / "g.pth")
    done = take(tmp_path / "g.pth", "--licence", "BSD")
    assert done.out.startswith(f"{mine / 'translate_winter.safetensors'}  ")
    listed = run("models").out
    (row,) = [line.split() for line in listed.splitlines() if line.startswith("translate_winter")]
    assert (row[1], row[-1]) == ("translate", "BSD")
    assert "    recipe: imported from g.pth\n" in run("models", "translate_winter").out
    assert "yours: translate_winter" not in listed
    photo = tmp_path / "a.png"
    PIL.Image.fromarray(tiny.photo(0, 41, 50)).save(photo)
    assert run("translate", photo, "--to", "winter", *EXACT).code == 0
    with PIL.Image.open(tmp_path / "a_as_winter.png") as picture:
        assert np.asarray(picture).shape == (41, 50, 3)
    assert "exists already" in take(tmp_path / "g.pth").complaint
    assert take(tmp_path / "g.pth", "--overwrite").code == 0
    assert len(weights.imported()) == 1


@pytest.mark.parametrize("name", ["v1.0", "all", "train", "a/b"])
def test_names_that_no_domain_can_have(mine: Path, tmp_path: Path, name: str) -> None:
    torch.save(reference(cut=False, dropout=False).state_dict(), tmp_path / "g.pth")
    done = run("import-weights", tmp_path / "g.pth", "--as", "translate", "--to", name)
    assert done.code == 2
    assert f"{name!r} cannot name a domain" in done.complaint
    assert not mine.exists()


def test_altered_import_is_to_be_imported_again(take: Import, tmp_path: Path, mine: Path) -> None:
    torch.save(reference(cut=False, dropout=False).state_dict(), tmp_path / "g.pth")
    assert take(tmp_path / "g.pth").code == 0
    with (mine / "translate_winter.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(WeightsError, match="import its weights again"):
        weights.read_shipped(weights.find("translate", to="winter"))


def test_files_that_are_no_generator(take: Import, tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("hello")
    assert "no checkpoint that can be read safely" in take(tmp_path / "text.pth").complaint
    torch.save(torch.zeros(3), tmp_path / "tensor.pth")
    assert "not a generator's parameters" in take(tmp_path / "tensor.pth").complaint
    (tmp_path / "empty.pth").touch()
    (tmp_path / "cut.pth").write_bytes((tmp_path / "tensor.pth").read_bytes()[:500])
    for name in ("empty.pth", "cut.pth"):
        assert "give a whole latest_net_G*.pth" in take(tmp_path / name).complaint
    torch.save({"epoch": 3}, tmp_path / "epoch.pth")
    assert "not a generator's parameters" in take(tmp_path / "epoch.pth").complaint
    torch.save(nn.Conv2d(3, 3, 3).state_dict(), tmp_path / "one.pth")
    assert "1 convolutions; a resnet generator" in take(tmp_path / "one.pth").complaint
    state = dict(reference(cut=False, dropout=False).state_dict())
    state["model.2.weight"] = torch.ones(WIDTH)
    torch.save(state, tmp_path / "batch.pth")
    assert "only instance norm is read" in take(tmp_path / "batch.pth").complaint
