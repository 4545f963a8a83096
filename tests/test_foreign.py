"""Networks of others: read from every kind of file, refused where they are not safe or of use."""

import pickle
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from spandrel.architectures.SPAN import SPAN
from spandrel.architectures.SwinIR import SwinIR
from torch import nn

from ganedit import editing, weights
from ganedit.errors import WeightsError
from ganedit.image import Image
from ganedit.tasks.upscale import foreign, ncnn
from ganedit.tasks.upscale.edit import UpscaleEdit
from ganedit.tasks.upscale.options import Target, UpscaleOptions


class Compact(nn.Module):
    """Real-ESRGAN's compact network: a chain, and the input's pixels repeated."""

    def __init__(self, channels: int = 3, width: int = 8) -> None:
        super().__init__()
        sizes = [channels, width, width, width]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.PReLU(outputs)]
        self.body = nn.ModuleList([*layers, nn.Conv2d(width, channels * 16, 3, padding=1)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        base = F.interpolate(x, scale_factor=4, mode="nearest")
        for layer in self.body:
            x = layer(x)
        return F.pixel_shuffle(x, 4) + base


class Dense(nn.Module):
    """ESRGAN's dense block of five convolutions."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        for number in range(5):
            outputs = width if number == 4 else growth
            conv = nn.Conv2d(width + number * growth, outputs, 3, padding=1)
            self.add_module(f"conv{number + 1}", conv)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = x
        for number in range(4):
            conv = self.get_submodule(f"conv{number + 1}")
            seen = torch.cat([seen, F.leaky_relu(conv(seen), 0.2)], dim=1)
        result: torch.Tensor = x + 0.2 * self.get_submodule("conv5")(seen)
        return result


class Esrgan(nn.Module):
    """ESRGAN with one block, under the names of its newer implementation."""

    def __init__(self, width: int = 8, growth: int = 32) -> None:
        super().__init__()
        self.conv_first = nn.Conv2d(3, width, 3, padding=1)
        block = nn.ModuleDict({f"rdb{n}": Dense(width, growth) for n in (1, 2, 3)})
        self.body = nn.ModuleList([block])
        for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
            self.add_module(name, nn.Conv2d(width, width, 3, padding=1))
        self.conv_last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = first = self.conv_first(x)
        for dense in self.body[0].values():
            x = dense(x)
        # The block's own residual is weighed like those inside it.
        x = first + self.get_submodule("conv_body")(0.2 * x + first)
        for name in ("conv_up1", "conv_up2"):
            x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = F.leaky_relu(self.get_submodule(name)(x), 0.2)
        x = F.leaky_relu(self.get_submodule("conv_hr")(x), 0.2)
        result: torch.Tensor = self.conv_last(x)
        return result


@pytest.fixture
def compact() -> nn.Module:
    torch.manual_seed(0)
    return Compact().eval()


@pytest.fixture
def esrgan() -> nn.Module:
    torch.manual_seed(0)
    return Esrgan().eval()


def picture(height: int = 13, width: int = 10) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))


def write_ncnn(path: Path, network: nn.Module, *, half: bool) -> None:
    """ncnn's two files of a network whose layers are declared in the order they run in."""
    lines, data = [], b""
    for count, module in enumerate(network.modules()):
        if isinstance(module, nn.Conv2d):
            size, side = module.weight.numel(), module.kernel_size[0]
            settings = f"0={module.out_channels} 1={side} 4=1 5=1 6={size}"
            lines.append(f"Convolution conv{count} 1 1 a b {settings} -23310=1,2.0e-01")
            values = module.weight.detach().numpy().ravel().astype("<f2" if half else "<f4")
            data += (0x01306B47 if half else 0).to_bytes(4, "little")
            data += values.tobytes() + b"\0" * (-values.nbytes % 4)
            data += module.bias.detach().numpy().astype("<f4").tobytes()
        elif isinstance(module, nn.PReLU):
            lines.append(f"PReLU prelu{count} 1 1 a b 0={module.num_parameters}")
            data += module.weight.detach().numpy().astype("<f4").tobytes()
    text = ["7767517", f"{len(lines)} {len(lines)}", "Input in 0 1 data", *lines]
    path.write_text("\n".join(text) + "\n")
    path.with_suffix(".bin").write_bytes(data)


def write_span(path: Path, network: SPAN) -> None:
    """ncnn's two files of a SPAN network: in its body one convolution for four."""
    blocks = [network.get_submodule(f"block_{number}") for number in range(1, 7)]
    inside = [block.get_submodule(f"c{number}_r") for block in blocks for number in (1, 2, 3)]
    body = [network.conv_1, *inside, network.conv_2]
    merged = [conv.eval_conv for conv in body]
    write_ncnn(path, nn.Sequential(*merged, network.conv_cat, network.upsampler), half=False)
    before, mean = ["Input in 0 1 data"], b""
    if network.is_norm:
        before += ["MemoryData mean 0 1 m 0=1 1=1 2=3", "BinaryOp less 2 1 data m a 0=1"]
        mean = network.mean.numpy().astype("<f4").tobytes()
        if network.img_range != 1:
            before += [f"BinaryOp times 1 1 a b 0=2 1=1 2={network.img_range:e}"]
    path.write_text(path.read_text().replace(before[0], "\n".join(before)))
    path.with_suffix(".bin").write_bytes(mean + path.with_suffix(".bin").read_bytes())


def small_span(**options: Any) -> SPAN:
    torch.manual_seed(0)
    network = SPAN(num_in_ch=3, num_out_ch=3, feature_channels=8, upscale=2, **options).eval()
    expected(network, picture())  # which merges its convolutions
    return network


@pytest.mark.parametrize(
    "options", [{}, {"img_range": 1.0}, {"norm": False}], ids=["usual", "no-range", "no-mean"]
)
def test_span_of_ncnn_is_the_same(tmp_path: Path, options: dict[str, Any]) -> None:
    network = small_span(**options)
    write_span(tmp_path / "span.param", network)
    loaded = foreign.load(tmp_path / "span.param")
    assert (loaded.scale, loaded.architecture) == (2, "SPAN")
    low = picture()
    wanted = expected(network, low)
    torch.testing.assert_close(loaded(low), wanted, atol=1e-4 * float(wanted.abs().max()), rtol=0)


def test_span_with_another_mean_is_refused(tmp_path: Path) -> None:
    network = small_span(rgb_mean=(0.5, 0.5, 0.5))
    write_span(tmp_path / "span.param", network)
    with pytest.raises(WeightsError, match=r"span\.param: .*mean") as caught:
        foreign.load(tmp_path / "span.param")
    assert "\n" not in str(caught.value)


def expected(network: nn.Module, low: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        result: torch.Tensor = network(low)
    return result


@pytest.mark.parametrize("kind", ["compact", "esrgan"])
@pytest.mark.parametrize("form", ["safetensors", "pth", "nested", "ncnn", "ncnn-half"])
def test_a_network_is_the_same_from_every_file(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, form: str
) -> None:
    network: nn.Module = request.getfixturevalue(kind)
    path = tmp_path / f"net.{form}"
    if form == "safetensors":
        path = tmp_path / "net.SAFETENSORS"
        save_file(network.state_dict(), path)
    elif form.startswith("ncnn"):
        path = tmp_path / "NET.PARAM"
        write_ncnn(path, network, half=form == "ncnn-half")
    else:
        path = tmp_path / "net.pth"
        state = network.state_dict()
        torch.save({"params_ema": state} if form == "nested" else state, path)
    loaded = foreign.load(path)
    assert loaded.scale == 4
    low = picture()
    tolerance = 2e-3 if form == "ncnn-half" else 1e-5
    torch.testing.assert_close(loaded(low), expected(network, low), atol=tolerance, rtol=0)
    phases = F.pixel_shuffle(loaded.phases(low), 4)
    torch.testing.assert_close(phases, loaded(low))
    assert not any(p.requires_grad for p in loaded.parameters())


def test_halo_is_that_of_the_layers(tmp_path: Path, compact: nn.Module) -> None:
    for parameter in compact.parameters():
        parameter.data.abs_().clamp_(min=0.05)  # every weight is felt
    save_file(compact.state_dict(), tmp_path / "net.safetensors")
    loaded = foreign.load(tmp_path / "net.safetensors")
    # Four convolutions reach a pixel each; one more is added, for what rounding hides.
    assert loaded.halo == 4 + 1
    assert loaded.multiple == 1
    assert loaded.bytes_per_pixel >= 4 * 48


@pytest.mark.filterwarnings("ignore:torch.meshgrid")
def test_sizes_a_network_cannot_take_are_padded(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = SwinIR(
        img_size=16, depths=[2], embed_dim=12, num_heads=[2], window_size=8, mlp_ratio=2,
        upscale=2, upsampler="pixelshuffledirect",
    ).eval()  # fmt: skip
    torch.save(network.state_dict(), tmp_path / "swin.pth")
    loaded = foreign.load(tmp_path / "swin.pth")
    assert loaded(picture(13, 18)).shape == (1, 3, 26, 36)
    assert loaded.halo % loaded.multiple == 0


class Trap:
    """What a malicious pickle does when it is read."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("sprung"),)


def test_a_pickle_with_more_than_tensors_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"params": Trap()}, tmp_path / "trap.pth")
    (tmp_path / "raw.pth").write_bytes(pickle.dumps(Trap()))
    for name in ("trap.pth", "raw.pth"):
        with pytest.raises(WeightsError, match="more than tensors") as caught:
            foreign.load(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "sprung").exists()


def test_what_is_no_network_is_told_in_one_line(tmp_path: Path, compact: nn.Module) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors")
    torch.save({"weight": 3}, tmp_path / "number.pth")
    (tmp_path / "text.pth").write_text("<html>Not found</html>")
    (tmp_path / "lone.param").write_text("7767517\n")
    write_ncnn(tmp_path / "cut.param", compact, half=False)
    whole = (tmp_path / "cut.bin").read_bytes()
    (tmp_path / "cut.bin").write_bytes(whole[:-8])
    write_ncnn(tmp_path / "long.param", compact, half=False)
    (tmp_path / "long.bin").write_bytes(whole + b"1234")
    grey = Compact(channels=1)
    save_file(grey.state_dict(), tmp_path / "grey.safetensors")
    for name in ("other.safetensors", "number.pth", "text.pth", "missing.pth", "lone.param",
                 "cut.param", "long.param", "grey.safetensors"):  # fmt: skip
        with pytest.raises(WeightsError, match=name) as caught:
            foreign.load(tmp_path / name)
        assert "\n" not in str(caught.value), name
    with pytest.raises(WeightsError, match=r"text.pth: is no file of weights; get it again"):
        foreign.load(tmp_path / "text.pth")


def test_weights_of_an_odd_number_of_halves_are_followed_by_padding(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.PReLU(3), nn.Conv2d(3, 1, 1))
    network[2].bias.data.fill_(7)
    write_ncnn(tmp_path / "odd.param", network, half=True)
    state = ncnn.read(tmp_path / "odd.param")
    assert np.allclose(state["body.2.weight"], network[2].weight.detach(), atol=1e-3)
    assert float(state["body.2.bias"]) == 7


def enlarged(path: Path, samples: np.ndarray, scale: float) -> np.ndarray:
    options = UpscaleOptions(target=Target(scale=scale), weights=str(path))
    return UpscaleEdit(options, tiny.runtime()).apply(Image(samples), lambda done: None).samples


def test_pictures_go_through_a_foreign_network(tmp_path: Path, compact: nn.Module) -> None:
    write_ncnn(tmp_path / "net.param", compact, half=False)
    samples = tiny.photo(4, 24, 30)
    result = enlarged(tmp_path / "net.param", samples, 4)
    assert result.shape == (96, 120, 3)
    save_file(compact.state_dict(), tmp_path / "net.safetensors")
    again = enlarged(tmp_path / "net.safetensors", samples, 4)
    assert np.abs(result.astype(int) - again).max() <= 1
    # Colours of areas stay the picture's, whatever the network does to them.
    reduced = result.reshape(24, 4, 30, 4, 3).mean((1, 3))
    assert np.abs(reduced.mean((0, 1)) - samples.mean((0, 1))).max() < 3


def test_tiles_of_a_foreign_network_fit_together(
    tmp_path: Path, compact: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_file(compact.state_dict(), tmp_path / "net.safetensors")
    samples = tiny.photo(4, 101, 75)
    whole = enlarged(tmp_path / "net.safetensors", samples, 4)
    monkeypatch.setitem(editing.LARGEST_WINDOW, "cpu", 64)
    monkeypatch.setattr(editing, "HALOS", 0)
    tiled = enlarged(tmp_path / "net.safetensors", samples, 4)
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def test_a_network_that_restores_keeps_the_size(tmp_path: Path) -> None:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3, padding=1), nn.PReLU(8), nn.Conv2d(8, 3, 3, padding=1)]
    network = nn.Module()
    network.body = nn.ModuleList(layers)
    save_file(network.state_dict(), tmp_path / "restore.safetensors")
    samples = tiny.photo(4, 20, 22)
    assert enlarged(tmp_path / "restore.safetensors", samples, 1).shape == (20, 22, 3)
    assert enlarged(tmp_path / "restore.safetensors", samples, 3).shape == (60, 66, 3)


def test_our_own_files_are_not_foreign(tmp_path: Path, compact: nn.Module) -> None:
    own = tmp_path / "own.safetensors"
    weights.save(tiny.network(), own, task="upscale", options=asdict(tiny.NETWORK))
    assert not foreign.is_foreign(own)
    assert not foreign.is_foreign(tmp_path / "missing.pth")
    save_file(compact.state_dict(), tmp_path / "net.safetensors")
    assert foreign.is_foreign(tmp_path / "net.safetensors")


def test_a_halo_is_measured_once(
    tmp_path: Path, compact: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANEDIT_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "compact.safetensors"
    save_file(compact.state_dict(), path)
    halo = foreign.load(path).halo
    monkeypatch.setattr(foreign, "measure", lambda network: (99, 1))
    assert foreign.load(path).halo == halo
    # Other weights are another network.
    save_file({name: value * 2 for name, value in compact.state_dict().items()}, path)
    assert foreign.load(path).halo == 99


def test_both_files_of_an_ncnn_network_count(tmp_path: Path) -> None:
    param, numbers = tmp_path / "net.param", tmp_path / "net.bin"
    param.write_text("7767517\n")
    numbers.write_bytes(b"1")
    before = weights.checksums("upscale", str(param))
    numbers.write_bytes(b"2")
    after = weights.checksums("upscale", str(param))
    assert set(before) == {"net.param", "net.bin"}
    assert before["net.param"] == after["net.param"]
    assert before["net.bin"] != after["net.bin"]
