"""Four stages of post-training, run on a policy that is small enough to be seen whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from demos_py.algorithms.post_training import (
    Reasoning,
    accuracy,
    best_policy,
    compared,
    divergence,
    fine_tuned,
    reasoned,
    reinforced,
    reward_weights,
    softmax,
)
from demos_py.core import charts
from demos_py.core.demo import Event, Table, View
from demos_py.core.params import choice, number, slider
from demos_py.models.pieces import signed

TITLE = "From a text continuer to an assistant, in four stages"
PROMPT = "How many legs has a spider?"


@dataclass(frozen=True)
class Response:
    """A continuation of the prompt; how good it is, and the one thing that this reward model can see of it."""

    text: str
    base: float  # how often text like this follows such a line, before any training
    shown: int  # how often people wrote it when asked for demonstrations
    quality: float  # what people would say if they checked, in nat of preference
    words: int


# Invented for this figure: a base model that goes on in the style of a web page, twenty demonstrations, and
# judges who prefer right answers to wrong ones.
RESPONSES = (
    Response("How many has an ant? How many has a crab?", 0.40, 0, -1.0, 10),
    Response("Ten pictures of spiders that you must see", 0.25, 0, -1.2, 8),
    Response("No idea.", 0.06, 1, -0.2, 2),
    Response("Six.", 0.05, 0, -1.5, 1),
    Response("Eight.", 0.05, 5, 0.8, 1),
    Response("A spider has eight legs, four on each side.", 0.08, 14, 2.0, 9),
    Response("A spider has six legs, as all insects have.", 0.10, 0, -1.3, 9),
    Response(
        "What a lovely question! There is so much to say about legs, and I am glad that you ask, so let me begin with the egg …",
        0.01,
        0,
        -1.6,
        26,
    ),
)
LONGEST, NEEDED = 8, 5  # steps that can be written, and that the task needs
STAGES = {
    "sft": "1. Fine-tuning",
    "reward": "2. Reward model",
    "rl": "3. Reinforcement",
    "reason": "4. Reasoning",
}


class Given(NamedTuple):
    """What is the same for all parameters; row i or entry i is the answer i."""

    base: np.ndarray  # logits before training
    quality: np.ndarray  # true, in nats
    shown: np.ndarray  # how often among the demonstrations
    features: np.ndarray  # tens of words, all that the reward model sees
    betas: np.ndarray
    right: np.ndarray  # the chance of a right result, by steps written


@cache
def given() -> Given:
    """Made when first asked for: a module must not need NumPy to be imported."""
    return Given(
        np.log([r.base for r in RESPONSES]),
        np.array([r.quality for r in RESPONSES]),
        np.array([r.shown for r in RESPONSES]),
        np.array([[r.words / 10] for r in RESPONSES]),
        np.geomspace(0.03, 10, 60),
        accuracy(LONGEST, NEEDED, slip=0.03, guess=0.5),
    )


@dataclass(frozen=True)
class Params:
    stage: str = choice("rl", label="Stage", options=STAGES)
    steps: int = slider(60, low=0, high=200, step=5, label="Fine-tuning steps", ticks=8)
    pairs: int = slider(200, low=10, high=1000, step=10, label="Compared pairs", ticks=10)
    beta: float = slider(
        0.3, low=0.05, high=3.0, step=0.05, label="Price of drifting, β", unit="reward a nat", ticks=6
    )
    updates: int = slider(200, low=0, high=400, step=10, label="Reasoning updates", ticks=8)
    seed: int = number(1, low=0, high=999_999, label="Seed")


@dataclass(frozen=True)
class State:
    """Everything that the four stages computed."""

    tuned: tuple[tuple[float, ...], ...]  # policy after each fine-tuning step
    weights: tuple[float, ...]  # of the reward model: for ten words more
    agrees: float  # share of pairs that the reward model orders as the judges did
    policy: tuple[float, ...]  # after reinforcement
    lengths: tuple[float, ...]  # of the reasoning run, after each update
    right: tuple[float, ...]
    spread: tuple[float, ...]  # its last policy over lengths


def init(params: Params) -> State:
    """Run all four stages, each from what the one before it left."""
    tuned = softmax(fine_tuned(given().base, given().shown, params.steps, rate=0.3))
    pairs = compared(tuned[-1], given().quality, params.pairs, params.seed)
    weights = reward_weights(given().features, pairs, ridge=0.1)
    reward = given().features @ weights
    differences = reward[pairs[:, 0]] - reward[pairs[:, 1]]
    told_apart = pairs[:, 0] != pairs[:, 1]
    policy = reinforced(tuned[-1], reward, params.beta, steps=300, rate=0.4)[-1]
    # before training, the policy answers after a step or two
    run: Reasoning = reasoned(
        -0.5 * np.arange(LONGEST + 1), given().right, params.updates, 16, 0.3, params.seed
    )
    return State(
        tuned=tuple(map(tuple, tuned.tolist())),
        weights=tuple(weights.tolist()),
        agrees=float((differences[told_apart] > 0).mean()) if told_apart.any() else 0.0,
        policy=tuple(policy.tolist()),
        lengths=tuple(run.length.tolist()),
        right=tuple(run.accuracy.tolist()),
        spread=tuple(run.policy[-1].tolist()),
    )


def update(params: Params, state: State, event: Event) -> tuple[Params, State]:
    """A stage's button opens it."""
    if event.name == "stage" and event.value in STAGES:
        params = replace(params, stage=event.value)
    return params, state


def view(params: Params, state: State) -> View:
    base, tuned, policy = softmax(given().base), np.array(state.tuned[-1]), np.array(state.policy)
    reward = given().features @ np.array(state.weights)
    drift = divergence(policy, tuned)
    curve = [best_policy(tuned, reward, beta) for beta in given().betas]
    qualities = [float(p @ given().quality) for p in curve]
    best = int(np.argmax(qualities))
    favourite = int(np.argmax(policy))
    after = {"sft": tuned, "reward": tuned, "rl": policy, "reason": policy}[params.stage]
    before = {"sft": base, "reward": base, "rl": tuned, "reason": tuned}[params.stage]
    if params.stage == "sft":
        reading = (
            f"After {params.steps} steps on twenty demonstrations, a full right answer has **{tuned[5]:.0%}** instead of "
            f"{base[5]:.0%}, and going on with questions {tuned[0]:.0%} instead of {base[0]:.0%}."
        )
    elif params.stage == "reward":
        reading = (
            f"From {params.pairs} compared pairs the reward model, which sees a response’s length only, learned "
            f"**{signed(state.weights[0])} nat** for ten words more. It orders {state.agrees:.0%} of the pairs as the judges did."
        )
    elif params.stage == "rl":
        reading = (
            f"With β of {params.beta:.2f} the policy drifts **{drift:.2f} nat** from where it began. Learned reward goes from "
            f"{signed(float(tuned @ reward))} to {signed(float(policy @ reward))}, true quality from "
            f"**{signed(float(tuned @ given().quality))}** to **{signed(float(policy @ given().quality))}**."
        )
    else:
        reading = (
            f"After {params.updates} updates with nothing but right or wrong, the policy writes **{state.lengths[-1]:.1f}** "
            f"steps before it answers instead of {state.lengths[0]:.1f}, and is right **{state.right[-1]:.0%}** of the time "
            f"instead of {state.right[0]:.0%}."
        )
    table = Table(
        caption=f"Responses to “{PROMPT}” and their probability after each stage; quality and reward in nat of preference",
        columns=("Response", "Base", "Fine-tuned", "Reinforced", "True quality", "Learned reward"),
        rows=tuple(
            (
                r.text,
                f"{base[i]:.3f}",
                f"{tuned[i]:.3f}",
                f"{policy[i]:.3f}",
                signed(r.quality, 1),
                signed(float(reward[i])),
            )
            for i, r in enumerate(RESPONSES)
        ),
    )
    drawing: dict[str, Any] = {
        "stages": [(key, name, key == params.stage) for key, name in STAGES.items()],
        "prompt": PROMPT,
        "responses": [
            {
                "text": r.text,
                "before": f"{100 * before[i]:.1f}",
                "after": f"{100 * after[i]:.1f}",
                "p": f"{after[i]:.2f}",
                "quality": signed(r.quality, 1),
                "reward": signed(float(reward[i]), 1),
            }
            for i, r in enumerate(RESPONSES)
        ],
        "reasons": params.stage == "reason",
        "lengths": [
            {"steps": i, "p": f"{100 * p:.1f}", "share": f"{p:.2f}", "right": f"{given().right[i]:.2f}"}
            for i, p in enumerate(state.spread)
        ],
        "before_name": "base" if params.stage in ("sft", "reward") else "fine-tuned",
        "numbers": [
            ("1. right answers", f"{base[4] + base[5]:.0%}, then {tuned[4] + tuned[5]:.0%}"),
            ("2. pairs in the judges’ order", f"{state.agrees:.1%}"),
            ("3. drift, true quality", f"{drift:.2f} nat, {signed(float(policy @ given().quality))} nat"),
            ("4. right, with steps written", f"{state.right[-1]:.1%}, {state.lengths[-1]:.2f}"),
        ],
        "label": {
            "sft": "Probability of a right answer over fine-tuning steps",
            "reward": "Learned reward and true quality over drift",
            "rl": "Learned reward and true quality over drift",
            "reason": "Mean steps written, and accuracy, over updates",
        }[params.stage],
    }
    facts = {
        "base right": f"{base[4] + base[5]:.0%}",
        "tuned right": f"{tuned[4] + tuned[5]:.0%}",
        "tuned wrong": f"{tuned[3] + tuned[6]:.0%}",
        "policy right": f"{policy[4] + policy[5]:.0%}",
        "base questions": f"{base[0]:.0%}",
        "tuned questions": f"{tuned[0]:.0%}",
        "word weight": signed(state.weights[0]),
        "agrees": f"{state.agrees:.0%}",
        "drift": f"{drift:.2f}",
        "tuned quality": signed(float(tuned @ given().quality)),
        "policy quality": signed(float(policy @ given().quality)),
        "tuned reward": signed(float(tuned @ reward)),
        "policy reward": signed(float(policy @ reward)),
        "flattery": f"{policy[7]:.0%}",
        "favourite": RESPONSES[favourite].text,
        "best beta": f"{given().betas[best]:.2f}",
        "best quality": signed(qualities[best]),
        "first length": f"{state.lengths[0]:.1f}",
        "last length": f"{state.lengths[-1]:.1f}",
        "first accuracy": f"{state.right[0]:.0%}",
        "last accuracy": f"{state.right[-1]:.0%}",
        "needed": str(NEEDED),
    }
    return View(
        reading=reading,
        table=table,
        drawing=drawing,
        charts={"stage": chart(params, state, tuned, policy, reward, curve)},
        facts=facts,
    )


def chart(
    params: Params,
    state: State,
    tuned: np.ndarray,
    policy: np.ndarray,
    reward: np.ndarray,
    curve: list[np.ndarray],
) -> dict[str, Any]:
    """What the open stage moves: a learning curve, or reward and quality against drift."""
    rounded = lambda values: [round(float(v), 4) for v in values]
    if params.stage == "sft":
        right = [p[4] + p[5] for p in state.tuned]
        return charts.chart(
            [charts.line(list(range(len(right))), rounded(right), "right answers", "var(--cw-c1)", width=2)],
            charts.axis("fine-tuning steps", 0, 200, (0, 50, 100, 150, 200)),
            charts.axis("probability of a right answer", 0, 1, (0, 0.5, 1)),
            height=190,
        )
    if params.stage == "reason":
        at = list(range(len(state.right)))
        return charts.chart(
            [
                charts.line(at, rounded(state.right), "right", "var(--cw-c1)", width=2),
                charts.line(
                    at, rounded(np.array(state.lengths) / LONGEST), "length", "var(--cw-c2)", dash="dash"
                ),
            ],
            charts.axis(
                f"updates; full: share right, dashed: steps written, of {LONGEST}",
                0,
                400,
                (0, 100, 200, 300, 400),
            ),
            charts.axis("share", 0, 1, (0, 0.5, 1)),
            height=190,
        )
    drift = [divergence(p, tuned) for p in curve]
    far = max(1, int(np.ceil(max(drift))))
    rewards = [p @ reward - tuned @ reward for p in curve]
    top = float(max(1.0, np.ceil(max(rewards))))
    return charts.chart(
        [
            charts.line(rounded(drift), rounded(rewards), "learned reward", "var(--cw-c2)", dash="dash"),
            charts.line(
                rounded(drift),
                rounded([p @ given().quality - tuned @ given().quality for p in curve]),
                "true quality",
                "var(--cw-c1)",
                width=2,
            ),
            charts.dots(
                rounded([divergence(policy, tuned)]),
                rounded([policy @ given().quality - tuned @ given().quality]),
                "now",
                "var(--cw-c1)",
            ),
        ],
        charts.axis("drift from the fine-tuned policy, nat", 0, far, range(far + 1)),
        charts.axis("gain; full: true, dashed: learned", -4, top, [*range(-4, int(top) + 1, 2)]),
        height=200,
    )
