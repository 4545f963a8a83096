"""The critics of a generator: which there are, what they see of pictures, what they say."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses
from ganedit.data.augment import augmented, draw_zoom
from ganedit.nets.backbone import Backbone, Scale
from ganedit.nets.critics import PatchCritic, ResidualCritic, WholeCritic
from ganedit.tasks.generate.growth import Stage
from ganedit.tasks.generate.matching import DETAIL, detail
from ganedit.tasks.generate.regularizers import Adaptive
from ganedit.tasks.generate.training_options import GenerateTraining
from ganedit.training.task import Losses, Step

PIXELS, BACKBONE, PROJECTIONS = "pixels", "backbone", "projections"
# Pictures as they are, which no critic sees.
UNCHANGED = "unchanged"
ADAPTIVE = "augmentation"
# Channels that each scale's features are mixed to.
PROJECTED = 128
# Backbones were trained on things that fill some hundred pixels. Where --zoom is not given,
# smaller pictures are enlarged to so many.
LARGE = 96


class Projections(nn.Module):
    """Fixed random mixtures of each scale's channels (Projected GANs, Sauer et al. 2021).

    A critic that may choose among features soon looks at a few that give generated pictures away;
    of mixtures it has to look at all. The same in every run.
    """

    def __init__(self, scales: Sequence[Scale]) -> None:
        super().__init__()
        source = torch.Generator().manual_seed(0)
        self.names = [scale.name for scale in scales]
        for scale in scales:
            mixture = torch.randn(PROJECTED, scale.channels, 1, 1, generator=source)
            self.register_buffer(scale.name, mixture / scale.channels**0.5)

    def forward(self, features: Sequence[Tensor]) -> dict[str, Tensor]:
        mixed = zip(self.names, features, strict=True)
        return {name: F.conv2d(seen, self.get_buffer(name)) for name, seen in mixed}


class Jury:
    """All critics of a run.

    Args:
        options: of the training.
        classes: how many they are told of.
        backbone: what feature critics see with; None without them.
    """

    def __init__(self, options: GenerateTraining, classes: int, backbone: Backbone | None) -> None:
        self.options, self.classes, self.backbone = options, classes, backbone
        self.scales = () if backbone is None else backbone.scales
        features = [scale.name for scale in self.scales]
        self.names = [*([PIXELS] if options.pixel_weight else []), *features]
        self.matched = [*features, UNCHANGED, *DETAIL]
        self.judges = options.adversarial != "none"
        size = options.network.size
        self.seen_side = max(size, LARGE) if options.zoom is None else round(size * options.zoom)

    def build(self) -> dict[str, nn.Module]:
        """New critics by their names, and what has to be remembered of them."""
        options, size = self.options, self.options.network.size
        critics: dict[str, nn.Module] = {}
        if not self.judges:
            return critics
        if options.augmentation == "adaptive":
            critics[ADAPTIVE] = Adaptive()
        if options.pixel_weight:
            critics[PIXELS] = (
                ResidualCritic(size, classes=self.classes)
                if options.critic == "residual"
                # Each score is of most of the picture.
                else PatchCritic(width=32, layers=3 if size >= 32 else 2, classes=self.classes)
            )
        for scale in self.scales:
            side = self.seen_side // scale.reduction
            critics[scale.name] = WholeCritic(PROJECTED * options.pack, side, classes=self.classes)
        return critics

    def frozen(self) -> dict[str, nn.Module]:
        """What feature critics see with."""
        if self.backbone is None:
            return {}
        return {BACKBONE: self.backbone.network, PROJECTIONS: Projections(self.scales)}

    def seen(self, step: Step, pictures: Tensor, last: int | None = None) -> dict[str, Tensor]:
        """Pictures as each critic sees them: augmented, and the backbone's features of that.

        And pictures as they are: recolouring hides a lack of contrast, or too much of it.
        In one step all go through the same draw: of pictures drawn again it can be told how like
        they are, and critics learn of less chance. With `last` only so many are looked at, the
        last ones, as they are augmented in their places.
        """
        adaptive = self.options.augmentation == "adaptive"
        kept = slice(None) if last is None else slice(-last, None)
        seen = {UNCHANGED: pictures[kept]}
        if self.options.matching_weight:
            seen |= detail(pictures[kept])
        with torch.random.fork_rng(devices=cuda_of(pictures)):
            torch.manual_seed(torch.initial_seed() + 1)
            if self.options.augmentation != "never" and self.judges:
                pictures = augmented(pictures, self._adaptive(step).share if adaptive else None)
            pictures = pictures[kept]
            zoomed = draw_zoom(pictures.shape[-1], self.seen_side)
        if PIXELS in self.names:
            seen[PIXELS] = pictures
        if self.scales:
            seen |= step.networks[PROJECTIONS](step.networks[BACKBONE](zoomed(pictures)))
        return seen

    def verdicts(self, step: Step, seen: Mapping[str, Tensor], stage: Stage) -> dict[str, Tensor]:
        """Scores by the name of the critic."""
        together = {name: 1 if name == PIXELS else self.options.pack for name in self.names}
        return {
            name: self._critic(step, name, stage, each)(packed(seen[name], each)).repeat_interleave(
                each, dim=0
            )
            for name, each in together.items()
        }

    def weigh(self, name: str) -> float:
        """How much a critic's judgement counts."""
        options = self.options
        return options.pixel_weight if name == PIXELS else options.feature_weight

    def loss(
        self, step: Step, real: Mapping[str, Tensor], fake: Mapping[str, Tensor], stage: Stage
    ) -> Losses:
        """What the critics learn by, of what they see of real and drawn pictures."""
        options = self.options
        kind = options.adversarial
        assert kind != "none"
        of_real, of_fake = (self.verdicts(step, seen, stage) for seen in (real, fake))
        result = {
            f"critic_{name}": losses.critic_loss(kind, of_real[name], of_fake[name])
            for name in self.names
        }
        if options.augmentation == "adaptive":
            scores = torch.cat([each.flatten(1) for each in of_real.values()], dim=1)
            self._adaptive(step).follow(scores, 0.5 if kind == "least-squares" else 0.0)
        # Without its penalty a Wasserstein critic is none: it has it in every step.
        every = 1 if kind == "wasserstein" else options.penalty_every
        if options.penalty_weight and PIXELS in self.names and step.due(every):
            penalty = self._penalty(step, real[PIXELS], fake[PIXELS], stage)
            result["penalty"] = options.penalty_weight * every * penalty
        return result

    def _penalty(self, step: Step, real: Tensor, fake: Tensor, stage: Stage) -> Tensor:
        critic = self._critic(step, PIXELS, stage)
        match self.options.adversarial:
            case "wasserstein":
                return losses.gradient_penalty(critic, real, fake)
            case "relativistic":
                at_fake = losses.gradient_norm_penalty(critic, fake)
                return losses.gradient_norm_penalty(critic, real) + at_fake
        return losses.gradient_norm_penalty(critic, real)

    def _critic(
        self, step: Step, name: str, stage: Stage, together: int = 1
    ) -> Callable[..., Tensor]:
        critic = step.networks[name]
        labels = step.batch["label"][::together] if self.classes else None
        if isinstance(critic, ResidualCritic):
            return partial(critic, labels=labels, fade=stage.fade)
        return partial(critic, labels=labels)

    def _adaptive(self, step: Step) -> Adaptive:
        adaptive = step.networks[ADAPTIVE]
        assert isinstance(adaptive, Adaptive)
        return adaptive


def packed(seen: Tensor, together: int) -> Tensor:
    """Features `(N, C, H, W)` of pictures as critics see several at once: `(N/P, P x C, H, W)`.

    That all pictures have the same at some place, no single one of them shows (PacGAN, Lin et al.
    2018).
    """
    return seen.reshape(-1, together * seen.shape[1], *seen.shape[2:])


def cuda_of(tensor: Tensor) -> list[torch.device]:
    """The CUDA device that a tensor is on, if it is on one."""
    return [tensor.device] if tensor.device.type == "cuda" else []
