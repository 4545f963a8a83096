"""What frozen networks see of a step's pictures, for perceptual losses and critics of features."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from ganedit.data.augment import Augment
from ganedit.nets.backbone import Backbone, other_than_vgg19
from ganedit.nets.critics import FeatureCritic
from ganedit.nets.vgg import VGG19Features
from ganedit.training.task import Fakes, by_layer

# How the features of a step's pictures are called among its fakes (see `by_layer`): those for the
# perceptual loss, and those that critics see.
SEEN, WANTED, FAKE, REAL = "seen", "wanted", "fake", "real"


class Looking(Protocol):
    """The options of a training that looks at its pictures."""

    @property
    def vgg(self) -> Path | None: ...
    @property
    def looks(self) -> int | None: ...
    @property
    def backbone(self) -> str: ...
    @property
    def backbone_file(self) -> Path | None: ...


class Sight:
    """VGG19 for the perceptual loss, and what critics of features see with.

    Critics see with VGG19 too, which then has looked already, or with a quicker backbone. Pictures
    are looked at once a step, for the generator and the critics after it.

    Args:
        vgg: with all of its layers.
        looks: pictures of a batch that VGG19 looks at, the first ones, since it takes most of the
            time; None for all.
        judged: layers of it that critics see; none without such critics, or with a backbone.
        backbone: what they see all pictures with instead.
    """

    def __init__(
        self,
        vgg: VGG19Features,
        looks: int | None,
        judged: Sequence[str] = (),
        backbone: Backbone | None = None,
    ) -> None:
        self.vgg, self.looks, self.judged, self.backbone = vgg, looks, judged, backbone

    @classmethod
    def of(cls, training: Looking, judged: Sequence[str]) -> "Sight":
        """As a training's options ask for; without `judged` there are no critics of features."""
        # A name that is none is told before VGG19 is fetched.
        other = other_than_vgg19(training.backbone, training.backbone_file) if judged else None
        return cls(VGG19Features(training.vgg), training.looks, () if other else judged, other)

    @property
    def frozen(self) -> dict[str, nn.Module]:
        """The networks, by their names in a run."""
        networks: dict[str, nn.Module] = {"vgg": self.vgg}
        if self.backbone is not None:
            networks["backbone"] = self.backbone.network
        return networks

    def critic(self) -> FeatureCritic:
        """A new critic of what is seen."""
        if self.backbone is None:
            return FeatureCritic([self.vgg.channels[name] for name in self.judged])
        return FeatureCritic([scale.channels for scale in self.backbone.scales])

    def see(self, fake: Tensor, real: Tensor, look: Augment) -> Fakes:
        """Features of generated pictures and of real ones, `(N, 3, H, W)`, through one look.

        `SEEN` and `WANTED`: by VGG19, of the first pictures. `FAKE` and `REAL`: what critics
        see, of as many, or of all by a backbone. Gradients flow to `fake` alone.
        """
        some = slice(self.looks)
        seen = self.vgg(look(fake[some]))
        with torch.no_grad():
            wanted = self.vgg(look(real[some]))
        if self.backbone is not None:
            of_fake = self.backbone.network(look(fake))
            with torch.no_grad():
                of_real = self.backbone.network(look(real))
        else:
            of_fake, of_real = self._judged(seen), self._judged(wanted)
        return {
            **by_layer(SEEN, seen), **by_layer(WANTED, wanted),
            **by_layer(FAKE, of_fake), **by_layer(REAL, of_real),
        }  # fmt: skip

    def _judged(self, features: Sequence[Tensor]) -> list[Tensor]:
        names = self.vgg.channels
        return [x for name, x in zip(names, features, strict=True) if name in self.judged]
