"""How an upscaler is trained: fidelity first, then adversarial from there."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from ganedit import losses
from ganedit.data.augment import Augment, draw_augmentation, draw_look
from ganedit.data.seeding import generator_at
from ganedit.editing import to_samples, to_tensor
from ganedit.errors import UsageError
from ganedit.nets.critics import FeatureCritic, PatchCritic, UNetCritic
from ganedit.nets.vgg import CHANNELS, LAYERS, VGG19Features
from ganedit.task import Batch, Losses, Pair
from ganedit.tasks.upscale.data import Crops, UpscaleBatches
from ganedit.tasks.upscale.edit import load_upscaler
from ganedit.tasks.upscale.network import Upscaler
from ganedit.tasks.upscale.options import UpscaleTraining
from ganedit.tasks.upscale.teacher import SIDE as TEACHER_SIDE
from ganedit.tasks.upscale.teacher import TeacherPairs

# What a critic of features looks at: edges, texture, parts of things.
FEATURES = ("relu2_2", "relu3_4", "relu4_4")
# The teacher's crops are the same whatever the seed of a training.
TEACHER_SEED = 77
PIXEL_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": F.l1_loss,
    "l2": F.mse_loss,
    "psnr": losses.log_squared_error,
}


class UpscaleTask:
    """SRGAN's recipe (Ledig et al. 2017) with a relativistic critic that scores every pixel."""

    name = "upscale"
    pool = 0

    def __init__(self, training: UpscaleTraining) -> None:
        self.training = training
        self.adversarial_phase = training.phase == "adversarial"
        self.kind = cast(losses.Adversarial, training.adversarial)
        self.vgg = VGG19Features(training.vgg) if self.adversarial_phase else None
        self.teacher = None if training.teacher is None else load_teacher(training)
        # What VGG19 sees in the fakes and the truth of a step, from the generator's turn to the
        # critic's.
        self._seen: deque[tuple[list[Tensor], list[Tensor]]] = deque()

    @property
    def options(self) -> Mapping[str, Any]:
        return self.training.plain()

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.training.network)

    def to(self, device: torch.device) -> Self:
        for network in (self.vgg, self.teacher):
            if network is not None:
                network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self

    def build(self) -> Pair:
        critic: nn.Module | None = None
        if self.adversarial_phase and self.training.adversarial_weight:
            critic = _CRITICS[self.training.critic]()
        return Pair(Upscaler(self.training.network), critic)

    def batches(self, seed: int) -> UpscaleBatches:
        answered = None
        if self.teacher is not None and self.training.teacher_pairs:
            answered = answered_pairs(self.training, self.teacher)
        return UpscaleBatches(self.training, seed, answered)

    def generate(self, pair: Pair, batch: Batch) -> Tensor:
        fakes: Tensor = pair.generator(batch["low"])
        return fakes

    def generator_loss(self, pair: Pair, batch: Batch, fakes: Tensor) -> Losses:
        options, real = self.training, self._target(batch)
        if not self.adversarial_phase:
            pixel = PIXEL_LOSSES[options.pixel_loss]
            return {f"pixel_{options.pixel_loss}": pixel(fakes, real)}
        assert self.vgg is not None
        # The phases of the shuffle lie on a grid too, and their period is VGG's of two poolings.
        look = draw_look(real.shape[-1])
        with torch.no_grad():
            wanted = self.vgg(look(real))
        seen = self.vgg(look(fakes))
        drift = losses.phase_drift(fakes, real, options.network.scale)
        result = {
            "pixel": options.pixel_weight * F.l1_loss(fakes, real),
            "grid": options.grid_weight * drift,
            "perceptual": options.perceptual_weight * losses.perceptual(seen, wanted),
        }
        if pair.critic is None:
            return result
        ours: Any
        theirs: Any
        if isinstance(pair.critic, FeatureCritic):
            ours, theirs = _chosen(seen), _chosen(wanted)
            self._seen.append(([x.detach() for x in ours], theirs))
        else:
            augment = self._augmentation(real)
            ours, theirs = augment(fakes), augment(real)
        scores = pair.critic(ours)
        with torch.no_grad():
            real_scores = pair.critic(theirs) if self.kind == "relativistic" else None
        adversarial = losses.generator_loss(self.kind, scores, real_scores)
        return {**result, "adversarial": options.adversarial_weight * adversarial}

    def critic_loss(self, pair: Pair, batch: Batch, fakes: Tensor, step: int) -> Losses:
        assert pair.critic is not None
        options, critic = self.training, pair.critic
        if isinstance(critic, FeatureCritic):
            seen, wanted = self._seen.popleft()
            return {"critic": losses.critic_loss(self.kind, critic(wanted), critic(seen))}
        augment = self._augmentation(fakes)
        real, fakes = augment(self._target(batch)), augment(fakes)
        result = {"critic": losses.critic_loss(self.kind, critic(real), critic(fakes))}
        if options.penalty_weight and step % options.penalty_every == 0:
            if self.kind == "wasserstein":
                penalty = losses.gradient_penalty(critic, real, fakes)
            else:
                penalty = losses.gradient_norm_penalty(critic, real)
                penalty = penalty + losses.gradient_norm_penalty(critic, fakes)
            result["penalty"] = options.penalty_weight * options.penalty_every * penalty
        return result

    def _target(self, batch: Batch) -> Tensor:
        """The truth, or between it and what a teacher says now."""
        if self.teacher is None or self.training.teacher_pairs:
            return batch["high"]
        guess = guess_turned(self.teacher, batch["low"])
        return torch.lerp(batch["high"], guess, self.training.teacher_weight)

    def sample(self, pair: Pair, batch: Batch, fakes: Tensor) -> list[Tensor]:
        scale = self.training.network.scale
        before = F.interpolate(batch["low"].float(), scale_factor=scale, mode="nearest")
        return [before, fakes, batch["high"]]

    def _augmentation(self, pictures: Tensor) -> Augment:
        if not self.training.augment:
            return lambda unchanged: unchanged
        return draw_augmentation(pictures.shape[-1], pictures.device)


_CRITICS: dict[str, Callable[[], nn.Module]] = {
    "unet": UNetCritic,
    "patch": PatchCritic,
    "features": lambda: FeatureCritic([CHANNELS[name] for name in FEATURES]),
}


def _chosen(features: Sequence[Tensor]) -> list[Tensor]:
    """Of all of VGG19's layers those that critics look at."""
    return [x for name, x in zip(LAYERS, features, strict=True) if name in FEATURES]


def load_teacher(training: UpscaleTraining) -> nn.Module:
    """The network to learn from: any that `--weights` takes."""
    assert training.teacher is not None
    network = load_upscaler(training.teacher)
    if network.options.scale != training.network.scale:
        raise UsageError(
            f"--teacher {training.teacher}: enlarges x{network.options.scale}, the network to be "
            f"trained x{training.network.scale}; give one of the same --scale"
        )
    return network.requires_grad_(False)


def answered_pairs(training: UpscaleTraining, teacher: nn.Module) -> TeacherPairs:
    """Crops of the training's pictures with the teacher's answers, all of them there."""
    assert training.teacher_folder is not None
    folders = training.teacher_data or training.data
    origin = {
        "teacher": training.teacher,
        "data": list(folders),
        "model": training.model,
        "reduce": training.reduce,
    }
    scale = training.network.scale
    pairs = TeacherPairs(training.teacher_folder, training.teacher_pairs, scale, origin)
    if pairs.finished == pairs.count:
        return pairs
    crops = Crops(training, folders, TEACHER_SIDE)

    def ask(low: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            answer = teacher(to_tensor(low, torch.device("cpu"))).float()
            return to_samples(answer, low.dtype, 3)

    with tqdm(total=pairs.count, initial=pairs.finished, unit="crop", desc="teacher") as bar:
        pairs.make(
            lambda number: crops.pair(generator_at(TEACHER_SEED, number)),
            ask,
            lambda done, count: bar.update(done - bar.n),
        )
    return pairs


@torch.no_grad()
def guess_turned(network: Callable[[Tensor], Tensor], low: Tensor) -> Tensor:
    """What a network makes of square pictures turned and mirrored at random, turned back.

    The mean over the eight ways is nearer to the truth than any one of them (Timofte et al. 2016),
    and free of what no network can know, which is most of the noise in a target. A squared error
    to one way drawn anew each step has the gradient of that to the mean, without its cost.
    """
    turns, mirrored = int(torch.randint(4, ())), bool(torch.randint(2, ()))
    low = torch.rot90(low, turns, (2, 3))
    guess = network(low.flip(3)).flip(3) if mirrored else network(low)
    return torch.rot90(guess, -turns, (2, 3))
