"""Folding: wherever it changes nothing, and nowhere else."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from posebench.cost.latency import vary
from posebench.inference.folding import fold


class Net(nn.Module):
    """Two convolutions with a normalisation each, joined as `forward` says."""

    def __init__(self, join: Callable[["Net", Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.norm, self.other, self.join = nn.BatchNorm2d(4), nn.BatchNorm2d(4), join
        self.last = torch.zeros(1)
        torch.manual_seed(3)
        vary(self)
        for norm in (self.norm, self.other):
            nn.init.uniform_(norm.weight, 0.5, 2)
            nn.init.uniform_(norm.bias, -1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.join(self, x)


def in_place_addition(net: Net, x: Tensor) -> Tensor:
    y = net.first(x)
    z = net.norm(y)
    y += z  # rewrites what was convolved, after it was normalised
    return net.other(net.second(y))


def rewritten_before(net: Net, x: Tensor) -> Tensor:
    y = net.first(x)
    y += 1
    return net.other(net.second(net.norm(y)))


def read_twice(net: Net, x: Tensor) -> Tensor:
    y = net.first(x)
    return net.other(net.second(net.norm(y))) + y.relu()


def read_through_a_view(net: Net, x: Tensor) -> Tensor:
    y = net.first(x)
    seen = y[:, :1]
    return net.other(net.second(net.norm(y))) * seen


def put_out(net: Net, x: Tensor) -> Tensor:
    y = net.first(x)
    return torch.cat([net.other(net.second(net.norm(y))), y])


def kept_for_later(net: Net, x: Tensor) -> Tensor:
    net.last = net.first(x)
    return net.other(net.second(net.norm(net.last)))


def used_twice(net: Net, x: Tensor) -> Tensor:
    y = net.norm(net.first(x))
    return net.other(net.second(y)) + net.second(y)


def weights_read_elsewhere(net: Net, x: Tensor) -> Tensor:
    return net.other(net.second(net.norm(net.first(x)))) * net.first.weight.sum()


def normalised_before(net: Net, x: Tensor) -> Tensor:
    y = net.first(x)
    return y + net.second(torch.relu_(net.norm(y)))


def one_after_the_other(net: Net, x: Tensor) -> Tensor:
    y = torch.relu_(net.norm(net.first(x)))
    y += 1  # of the normalised values, which folding leaves where they were
    return net.other(net.second(y))


def depends_on_the_number_of_images(net: Net, x: Tensor) -> Tensor:
    y = net.norm(net.first(x)) if len(x) > 0 else x
    return net.other(net.second(y))


@pytest.mark.parametrize(
    "join, folded",
    [
        (one_after_the_other, 2), (depends_on_the_number_of_images, 2), (in_place_addition, 1), (rewritten_before, 1),
        (read_twice, 1), (read_through_a_view, 1), (put_out, 1), (kept_for_later, 1), (used_twice, 1),
        (weights_read_elsewhere, 1), (normalised_before, 0),
    ],
)  # fmt: skip
def test_what_is_folded_and_that_it_changes_nothing(join: Callable[[Net, Tensor], Tensor], folded: int) -> None:
    net, images = Net(join).eval(), torch.rand(2, 3, 5, 7)
    with torch.no_grad():
        before = net(images)
        assert fold(net, images) == (folded, folded + sum(isinstance(m, nn.BatchNorm2d) for m in net.modules()))
        after = net(images)
    assert ((after - before).abs().max() / before.abs().max()).item() < 1e-6
    assert sum(isinstance(module, nn.BatchNorm2d) for module in net.modules()) == 2 - folded


def test_used_twice_is_not_folded_where_only_one_use_is_normalised() -> None:
    net = Net(used_twice)
    fold(net, torch.rand(1, 3, 5, 7))
    assert isinstance(net.other, nn.BatchNorm2d)
    assert isinstance(net.norm, nn.Identity)


@pytest.mark.parametrize(
    "convolution",
    [
        nn.Conv2d(6, 4, 3, groups=2), nn.Conv2d(6, 4, (1, 3), stride=2, bias=False),
        nn.ConvTranspose2d(6, 4, 4, stride=2, padding=1, bias=False), nn.ConvTranspose2d(6, 4, (2, 3)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("affine", [True, False])
def test_any_convolution_folds_to_the_same_values(convolution: nn.Module, affine: bool) -> None:
    body = nn.Sequential(convolution, nn.BatchNorm2d(4, affine=affine), nn.ReLU(inplace=True)).eval()
    vary(body)
    images = torch.rand(2, 6, 5, 7)
    with torch.no_grad():
        before = body(images)
        assert fold(body, images) == (1, 1)
        assert torch.allclose(body(images), before, rtol=1e-5, atol=1e-6)


def test_a_transposed_convolution_in_groups_is_left_alone() -> None:
    body = nn.Sequential(nn.ConvTranspose2d(6, 4, (2, 3), groups=2), nn.BatchNorm2d(4)).eval()
    assert fold(body, torch.rand(2, 6, 5, 7)) == (0, 1)


def test_one_normalisation_under_two_names_is_replaced_under_both() -> None:
    body = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)).eval()
    body.alias = body[1]
    vary(body)
    images = torch.rand(1, 3, 2, 3)
    with torch.no_grad():
        # Sequential would call the alias too, so only the first two are run.
        run = nn.Sequential(body[0], body[1])
        whole = nn.ModuleDict({"run": run, "alias": body[1]})
        whole.forward = lambda x: run(x)  # type: ignore[method-assign]
        before = whole(images)
        assert fold(whole, images) == (1, 1)
        assert isinstance(whole["alias"], nn.Identity)
        assert torch.allclose(whole(images), before, atol=1e-6)


def test_statistics_of_the_batch_are_not_weights() -> None:
    body = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4, track_running_stats=False))
    assert fold(body, torch.rand(2, 3, 5, 7)) == (0, 1)


def test_a_module_that_somebody_listens_to_is_left_alone() -> None:
    body = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    body[0].register_forward_hook(lambda module, args, output: output * 2)
    assert fold(body, torch.rand(2, 3, 5, 7)) == (0, 1)
