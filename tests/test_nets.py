"""Networks: shapes, receptive fields, spectral norm, the optimizer that trains them."""

from dataclasses import replace
from pathlib import Path

import pytest
import tiny
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from ganedit.errors import UsageError, WeightsError
from ganedit.nets import fused
from ganedit.nets.critics import FeatureCritic, PatchCritic, UNetCritic
from ganedit.nets.equalized import Conv
from ganedit.nets.fused import conv_add, conv_leaky_relu
from ganedit.nets.vgg import LAYERS, VGG19Features
from ganedit.nets.winograd import FrozenConv
from ganedit.tasks.upscale.network import BicubicPhases, Upscaler
from ganedit.tasks.upscale.options import NetworkOptions
from ganedit.training.optimizer import hidden_kernels, optimizers_for, orthogonalise

CRITICS = {
    "patch": lambda: PatchCritic(width=8),
    "patch of one channel": lambda: PatchCritic(1, width=8, layers=2),
    "unet": lambda: UNetCritic(width=8),
}


def seeded(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("size", [(16, 20), (1, 1), (7, 33)])
def test_fused_convolutions_are_the_plain_ones(
    size: tuple[int, int], layout: torch.memory_format, dtype: torch.dtype
) -> None:
    conv = nn.Conv2d(8, 8, 3, padding=1).requires_grad_(False).to(dtype, memory_format=layout)
    x = (seeded(2, 8, *size) - 0.5).to(dtype).contiguous(memory_format=layout)
    plain = conv(x)
    with torch.inference_mode():
        activated, added = conv_leaky_relu(conv, x, 0.1), conv_add(conv, x, x.clone())
    tolerance = 1e-5 if dtype == torch.float32 else 0.02
    torch.testing.assert_close(activated, F.leaky_relu(plain, 0.1), atol=tolerance, rtol=tolerance)
    torch.testing.assert_close(added, plain + x, atol=tolerance, rtol=tolerance)


def test_bf16_is_fused_only_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False, raising=False)
    fused._operators.cache_clear()
    try:
        assert fused._operators(torch.bfloat16) is None
    finally:
        fused._operators.cache_clear()


def test_without_fused_operators_the_plain_ones_run(monkeypatch: pytest.MonkeyPatch) -> None:
    conv, x = nn.Conv2d(4, 4, 3, padding=1), seeded(1, 4, 8, 8)
    x = x.contiguous(memory_format=torch.channels_last)
    monkeypatch.setattr(fused, "_operators", lambda dtype: None)
    with torch.inference_mode():
        assert torch.equal(conv_leaky_relu(conv, x, 0.1), F.leaky_relu(conv(x), 0.1))
        assert torch.equal(conv_add(conv, x, x.clone()), conv(x) + x)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_patch_critic_scores_a_map(layers: int) -> None:
    scores = PatchCritic(width=8, layers=layers)(seeded(2, 3, 64, 64))
    assert scores.shape[:2] == (2, 1)
    assert abs(scores.shape[2] - 64 / 2**layers) <= 2
    assert scores.shape[2] == scores.shape[3]


@pytest.mark.parametrize(("layers", "patch"), [(1, 16), (2, 34), (3, 70)])
def test_patch_critic_sees_the_patch_it_says(layers: int, patch: int) -> None:
    pictures = seeded(1, 3, 160, 160).requires_grad_()
    scores = PatchCritic(width=8, layers=layers)(pictures)
    middle = scores.shape[2] // 2
    (gradient,) = torch.autograd.grad(scores[0, 0, middle, middle], pictures)
    rows = gradient.abs().sum((0, 1, 3)).nonzero()
    assert int(rows.max() - rows.min()) + 1 == patch


@pytest.mark.parametrize("size", [(32, 32), (8, 40)])
def test_unet_critic_scores_every_pixel(size: tuple[int, int]) -> None:
    assert UNetCritic(width=8)(seeded(2, 3, *size)).shape == (2, 1, *size)


@pytest.mark.parametrize("name", CRITICS)
def test_every_weight_of_a_critic_learns(name: str) -> None:
    critic = CRITICS[name]()
    critic(seeded(2, 1 if "one" in name else 3, 64, 64)).square().mean().backward()
    still = [n for n, p in critic.named_parameters() if p.grad is None or not p.grad.any()]
    assert not still


@pytest.mark.parametrize("name", CRITICS)
def test_spectral_norm_bounds_every_kernel(name: str) -> None:
    critic = CRITICS[name]()
    for parameter in critic.parameters():
        parameter.data.mul_(10)
    for _ in range(15):
        critic(seeded(1, 1 if "one" in name else 3, 32, 32))
    kernels = [m.weight.detach() for m in critic.modules() if isinstance(m, nn.Conv2d)]
    largest = [float(torch.linalg.matrix_norm(k.flatten(1), 2)) for k in kernels]
    assert len(largest) >= 4
    assert largest == pytest.approx([1.0] * len(largest), abs=0.1)


def test_upscaler_shapes_and_gradients() -> None:
    network = tiny.network()
    output = network(seeded(2, 3, 5, 9))
    assert output.shape == (2, 3, 20, 36)
    assert output.dtype == torch.float32
    output.square().mean().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (9, 6)])
def test_bicubic_phases_are_bicubic_interpolation(scale: int, size: tuple[int, int]) -> None:
    pictures = seeded(2, 3, *size)
    phases = F.pixel_shuffle(BicubicPhases(scale)(pictures), scale)
    expected = F.interpolate(pictures, scale_factor=scale, mode="bicubic")
    torch.testing.assert_close(phases, expected, atol=1e-5, rtol=0)


TRUNK = NetworkOptions(scale=2, width=8, blocks=2, trunk_width=8, trunk_blocks=1)


def grown(options: NetworkOptions = TRUNK) -> Upscaler:
    """A network whose trunk adds something, as training leaves it."""
    network = tiny.network(options=options)
    assert network.trunk is not None
    generator = torch.Generator().manual_seed(7)
    nn.init.normal_(network.trunk.up.weight, std=0.3, generator=generator)
    return network


@pytest.mark.parametrize("size", [(8, 12), (7, 9), (1, 1)])
def test_a_new_trunk_changes_nothing(size: tuple[int, int]) -> None:
    plain = tiny.network(3, replace(TRUNK, trunk_blocks=0))
    network = tiny.network(4, TRUNK)
    missing = network.load_state_dict(plain.state_dict(), strict=False).missing_keys
    assert missing
    assert all(name.startswith("trunk.") for name in missing)
    pictures = seeded(2, 3, *size)
    assert torch.equal(network(pictures), plain(pictures))
    # All of it learns from the second step on: its last layer has to be something first.
    network(pictures).square().mean().backward()
    assert network.trunk.up.weight.grad.any()


def test_stored_options_without_a_trunk_build_what_they_did() -> None:
    stored = {"scale": 4, "width": 8, "blocks": 1}
    assert NetworkOptions(**stored) == tiny.NETWORK
    assert not any("trunk" in name for name in Upscaler(NetworkOptions(**stored)).state_dict())
    with pytest.raises(UsageError, match="--trunk-width 0"):
        NetworkOptions(trunk_width=0)


def test_tiles_of_a_network_with_a_trunk_are_exact() -> None:
    network = grown()
    assert network.multiple == 2
    assert tiny.network().multiple == 1
    pictures = seeded(1, 3, 65, 71)
    whole = network(pictures)
    halo, scale = network.halo, network.options.scale
    for start in (halo + 2, halo + 3):  # cores may begin anywhere, windows at even pixels
        outer = (start - halo) // 2 * 2
        window = network(pictures[..., outer:, outer:])
        core = window[..., (start - outer) * scale :, (start - outer) * scale :]
        expected = whole[..., start * scale :, start * scale :]
        torch.testing.assert_close(core, expected, atol=1e-5, rtol=0)


def test_halo_of_a_trunk_holds_what_reaches() -> None:
    network, side = grown(), 61
    pictures = seeded(1, 3, side, side)
    reached = 0
    for place in (side // 2, side // 2 + 1):
        changed = pictures.clone()
        changed[..., place, place] += 1
        difference = (network(changed) - network(pictures)).abs()
        rows = F.max_pool2d(difference, network.options.scale).amax((0, 1, 3)).nonzero()
        reached = max(reached, int(rows.max()) - place, place - int(rows.min()))
    assert reached == network.halo


@pytest.mark.parametrize("shape", [(1, 64, 9, 14), (2, 96, 4, 4), (1, 128, 1, 3)])
def test_quick_convolution_is_the_usual_one(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(shape[1], 72, 3, padding=1)
    assert FrozenConv.pays(conv)
    quick, pictures = FrozenConv(conv), seeded(*shape)
    for x in (pictures, pictures.contiguous(memory_format=torch.channels_last)):
        first, second = x.clone().requires_grad_(), x.clone().requires_grad_()
        ours, usual = quick(first), conv(second)
        torch.testing.assert_close(ours, usual, atol=1e-4, rtol=1e-4)
        (ours**2).sum().backward()
        (usual**2).sum().backward()
        torch.testing.assert_close(first.grad, second.grad, atol=1e-3, rtol=1e-3)


def test_quick_convolution_is_for_large_plain_ones() -> None:
    for conv in (nn.Conv2d(3, 64, 3, padding=1), nn.Conv2d(64, 64, 3, padding=1),
                 nn.Conv2d(128, 128, 1), nn.ReLU()):  # fmt: skip
        assert not FrozenConv.pays(conv)


@pytest.mark.parametrize("options", [tiny.NETWORK, NetworkOptions(scale=2, width=8, blocks=3)])
def test_halo_is_how_far_a_pixel_reaches(options: NetworkOptions) -> None:
    network, side = tiny.network(options=options), 41
    pictures = seeded(1, 3, side, side)
    changed = pictures.clone()
    changed[..., side // 2, side // 2] += 1
    difference = (network(changed) - network(pictures)).abs()
    # Deep in the halo the influence is tiny: the reach is of any change at all.
    rows = F.max_pool2d(difference, options.scale).amax((0, 1, 3)).nonzero()
    assert int(rows.max()) - side // 2 == network.halo
    assert side // 2 - int(rows.min()) == network.halo


@pytest.fixture(scope="module")
def vgg_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random network in torchvision's layout, half precision."""
    plan = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), *[(256, 256)] * 3]
    plan += [(256, 512), *[(512, 512)] * 7]
    indices = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
    generator = torch.Generator().manual_seed(0)
    state = {}
    for index, (inputs, outputs) in zip(indices, plan, strict=True):
        kernel = torch.randn(outputs, inputs, 3, 3, generator=generator)
        state[f"{index}.weight"] = (kernel * (2 / (9 * inputs)) ** 0.5).half()
        state[f"{index}.bias"] = torch.zeros(outputs).half()
    path = tmp_path_factory.mktemp("vgg") / "vgg19.safetensors"
    save_file(state, path)
    return path


def test_vgg_gives_five_layers_and_gradients_to_pictures_only(vgg_file: Path) -> None:
    vgg = VGG19Features(vgg_file)
    pictures = seeded(1, 3, 32, 48).requires_grad_()
    outputs = vgg(pictures)
    shapes = [(64, 32, 48), (128, 16, 24), (256, 8, 12), (512, 4, 6), (512, 2, 3)]
    assert [tuple(output.shape[1:]) for output in outputs] == shapes
    assert all((output >= 0).all() for output in outputs), "the outputs are those of ReLUs"
    assert len(vgg.sha256) == 64
    sum(output.mean() for output in outputs).backward()
    assert pictures.grad is not None
    assert pictures.grad.any()
    assert all(p.grad is None and not p.requires_grad for p in vgg.parameters())


def test_vgg_normalises_as_it_was_trained(vgg_file: Path) -> None:
    vgg = VGG19Features(vgg_file, layers=("relu1_2",))
    assert len(vgg.features) == LAYERS["relu1_2"] + 1
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    (output,) = vgg(mean)
    assert not output.any(), "the mean of ImageNet is zero to a network without biases"


def test_file_that_is_not_vgg_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"0.weight": torch.zeros(2, 2)}, path)
    with pytest.raises(WeightsError, match="not VGG19 features"):
        VGG19Features(path)
    path.write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="no weights of VGG19"):
        VGG19Features(path)


@pytest.mark.parametrize("shape", [(32, 32), (16, 144), (144, 16), (64, 90)])
def test_orthogonalised_singular_values_are_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    matrix[:, 0] *= 20  # far from orthogonal before
    reach = max(1.0, shape[0] / shape[1]) ** 0.5
    values = torch.linalg.svdvals(orthogonalise(matrix * 1e-4)) / reach
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_orthogonalise_keeps_directions() -> None:
    generator = torch.Generator().manual_seed(0)
    left, _ = torch.linalg.qr(torch.randn(24, 24, generator=generator))
    right, _ = torch.linalg.qr(torch.randn(24, 24, generator=generator))
    stretched = left @ torch.diag(torch.linspace(0.3, 3, 24)) @ right
    result = left.T @ orthogonalise(stretched) @ right.T
    assert result.diagonal().min() > 0.5
    assert (result - torch.diag(result.diagonal())).abs().max() < 0.1


def names_of_hidden_kernels(module: nn.Module) -> set[str]:
    kernels = {id(parameter) for parameter in hidden_kernels(module)}
    return {name for name, parameter in module.named_parameters() if id(parameter) in kernels}


def test_hidden_kernels_are_those_between_feature_maps() -> None:
    network = tiny.network(options=NetworkOptions(scale=2, width=16, blocks=1))
    wanted = {"body.0.first.weight", "body.0.second.weight", "gather.weight"}
    assert names_of_hidden_kernels(network) == wanted
    # The shape decides, not the place: the output of x4 has 48 channels.
    larger = tiny.network(options=NetworkOptions(scale=4, width=16, blocks=1))
    assert names_of_hidden_kernels(larger) == wanted | {"tail.weight"}
    # Spectrally normalised ones are among them: critics learn little by Adam.
    names = names_of_hidden_kernels(UNetCritic(width=16))
    assert "down.0.parametrizations.weight.original" in names
    assert not {"stem.parametrizations.weight.original", "stem.bias"} & names


@pytest.mark.parametrize("width", [8, 16], ids=["Adam alone", "Muon and Adam"])
def test_optimizer_fits_a_convolution(width: int) -> None:
    torch.manual_seed(0)
    student = nn.Sequential(nn.Conv2d(3, width, 3), nn.Conv2d(width, width, 3))
    teacher = nn.Sequential(nn.Conv2d(3, width, 3), nn.Conv2d(width, width, 3))
    assert len(hidden_kernels(student)) == (1 if width == 16 else 0)
    optimizers = optimizers_for(student, lr=5e-3 if width == 8 else 1e-3, betas=(0.9, 0.99))
    assert len(optimizers) == (2 if width == 16 else 1)
    before, losses = tiny.state_of(student), []
    for _ in range(60):
        pictures = torch.rand(4, 3, 12, 12)
        loss = F.mse_loss(student(pictures), teacher(pictures).detach())
        losses.append(loss.item())
        student.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    assert losses[-1] < losses[0] / 10
    assert all(not torch.equal(before[n], p) for n, p in student.named_parameters())


def test_muon_is_blind_to_the_gradients_size() -> None:
    moved = []
    for size in (1e-3, 1e3):
        module = nn.Conv2d(16, 16, 3, bias=False)
        before = module.weight.detach().clone()
        generator = torch.Generator().manual_seed(1)
        module.weight.grad = size * torch.randn(module.weight.shape, generator=generator)
        (muon,) = optimizers_for(module, lr=1e-3, betas=(0.9, 0.99))
        muon.step()
        moved.append(module.weight.detach() - before)
    torch.testing.assert_close(moved[0], moved[1], atol=1e-3, rtol=0.05)
    assert float((moved[0] * module.weight.grad).sum()) < 0, "against the gradient"


def test_muon_moves_equalised_kernels_as_far_as_others() -> None:
    moved = []
    for module in (nn.Conv2d(16, 16, 3, bias=False), Conv(16, 16, 3)):
        scale = module.scale if isinstance(module, Conv) else 1.0
        before = module.weight.detach().clone()
        generator = torch.Generator().manual_seed(1)
        module.weight.grad = torch.randn(module.weight.shape, generator=generator)
        optimizers_for(module, lr=1e-3, betas=(0.9, 0.99))[0].step()
        moved.append((module.weight.detach() - before) * scale)
    torch.testing.assert_close(moved[0], moved[1])


def test_feature_critic_scores_every_place_of_every_layer_by_direction() -> None:
    torch.manual_seed(0)
    critic = FeatureCritic((8, 16))
    seen = [torch.randn(2, 8, 12, 10), torch.randn(2, 16, 6, 5)]
    scores = critic(seen)
    assert scores.shape == (2, 1, 12 * 10 + 6 * 5)
    assert 0.05 < scores.std() < 5
    critic.eval()
    torch.testing.assert_close(critic([3 * seen[0], seen[1]]), critic(seen))


def test_feature_critic_holds_what_it_sees_against_the_class() -> None:
    torch.manual_seed(0)
    critic, seen = FeatureCritic([6], classes=2), [torch.randn(1, 6, 4, 4)]
    one, other = (critic(seen, torch.tensor([label])) for label in range(2))
    assert one.shape == (1, 1, 16)
    assert not torch.allclose(one, other)
