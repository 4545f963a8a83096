"""How unlike drawn pictures are to real ones as a set."""

import torch

from ganedit.tasks.generate.matching import LEAST, Matching, summary


def features(count: int, mean: float, spread: float) -> dict[str, torch.Tensor]:
    """Of pictures that differ in their first channel by a normal draw."""
    maps = 0.1 * torch.randn(count, 3, 4, 4)
    maps[:, 0] += mean + spread * torch.randn(count, 1, 1)
    return {"a": maps}


def slopes(mean: float, spread: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Drawn pictures' first channel, beside real ones of mean 0 and spread 1, and its slope."""
    torch.manual_seed(0)
    matching = Matching()
    for _ in range(40):
        matching(features(16, 0, 1), features(16, mean, spread))
    drawn = features(64, mean, spread)
    drawn["a"].requires_grad_()
    matching(features(16, 0, 1), drawn).backward()
    slope = drawn["a"].grad
    assert slope is not None
    return drawn["a"].detach()[:, 0].mean((1, 2)), slope[:, 0].mean((1, 2))


def test_what_is_alike_is_left_in_peace() -> None:
    _, alike = slopes(0, 1)
    _, off = slopes(2, 1)
    assert alike.abs().mean() < 0.3 * off.abs().mean()


def test_what_is_off_is_drawn_near() -> None:
    _, slope = slopes(2, 1)
    assert (slope > 0).all(), "down, all of them"


def test_what_is_too_much_alike_is_driven_apart() -> None:
    where, slope = slopes(0, 0.1)
    assert torch.corrcoef(torch.stack([where, slope]))[0, 1] < -0.8


def test_what_is_too_various_is_brought_together() -> None:
    where, slope = slopes(0, 3)
    assert (slope.sign() == where.sign()).float().mean() > 0.9


def test_classes_are_matched_each_by_itself() -> None:
    def told(swapped: bool) -> float:
        torch.manual_seed(0)
        matching, labels = Matching(), torch.arange(16) % 2
        for _ in range(40):
            each = [features(16, 0, 1)["a"] + 4 * labels.view(-1, 1, 1, 1) for _ in range(2)]
            real, drawn = each[0], each[1].flip(0) if swapped else each[1]
            result = matching({"a": real}, {"a": drawn}, labels)
        return float(result)

    assert abs(told(swapped=False)) < 0.5 < told(swapped=True)


def test_of_few_nothing_is_said() -> None:
    torch.manual_seed(0)
    matching = Matching()
    told = [float(matching(features(16, 0, 1), features(16, 5, 1))) for _ in range(LEAST // 16 + 1)]
    assert not any(told[:-1])
    assert told[-1] > 0.1


def test_a_summary_says_what_is_where() -> None:
    left = torch.zeros(1, 3, 16, 16)
    left[:, 0, :, :8] = 1
    small = summary(left).view(3, 8, 8)
    assert torch.equal(small[0, :, :4], torch.ones(8, 4))
    assert small.sum() == 32
    torch.manual_seed(0)
    for name in ("thumbnail", "features"):  # a picture and its mirror image are not the same
        matching = Matching()
        for _ in range(LEAST // 16):
            matching({name: left.repeat(16, 1, 1, 1)}, {name: left.flip(3).repeat(16, 1, 1, 1)})
        drawn = left.flip(3).repeat(4, 1, 1, 1) + 0.01 * torch.randn(4, 3, 16, 16)
        real = left.repeat(4, 1, 1, 1) + 0.01 * torch.randn(4, 3, 16, 16)
        assert float(matching({name: real}, {name: drawn})) > 1
