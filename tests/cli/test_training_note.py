"""The lines below the bar of a training run: whole at 80 columns, with what is known."""

from posebench.cli.train import training_note
from posebench.training.run import Progress


def test_speed_and_waiting_stand_below_loss_and_rate() -> None:
    assert training_note(Progress(90, 3, 30, 2, loss=0.00123456, rate=2.5e-4, speed=3.25, waiting=0.125)) == (
        "epoch 2/3  loss 0.001235  rate 2.5e-04\n3.2 images/s  12 % waiting for data"
    )


def test_after_a_validation_its_score_and_the_best_one_are_shown() -> None:
    progress = Progress(
        9_000_000, 200, 30, 178, loss=12.5, rate=2.5e-4, speed=12345.6, waiting=1.0,
        metric="Elbow", score=61.234, best_score=62.5, best_epoch=123,
    )  # fmt: skip
    lines = training_note(progress).splitlines()
    assert lines[1] == "12,346 images/s  100 % waiting for data  Elbow 61.23 (best 62.50, epoch 123)"
    assert max(map(len, lines)) <= 80 - 2


def test_fractions_have_three_decimals_and_without_a_known_score_there_is_no_best_one() -> None:
    fraction = training_note(Progress(9, 3, metric="AP", score=0.6249, best_score=0.7, best_epoch=2))
    assert fraction.endswith("AP 0.625 (best 0.700, epoch 2)")
    assert training_note(Progress(9, 3, metric="AP")).endswith("AP nan")
