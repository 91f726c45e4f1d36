"""Training compute, and the loss that it buys: the parametric fit of Hoffmann et al. 2022 ("Chinchilla")."""

from __future__ import annotations

from dataclasses import dataclass

YEAR = 365.25 * 24 * 3600  # seconds
H100 = 989.4e12  # FLOP/s, dense bfloat16, SXM (NVIDIA's data sheet)


@dataclass(frozen=True)
class Fit:
    """L(N, D) = floor + a / N^alpha + b / D^beta, in nat a token; N parameters, D training tokens."""

    floor: float
    a: float
    b: float
    alpha: float
    beta: float

    def loss(self, parameters: float, tokens: float) -> float:
        """The fitted loss, in nat a token. Hoffmann et al. 2022, eq. 2; both arguments above 0."""
        return self.floor + self.a / parameters**self.alpha + self.b / tokens**self.beta

    def optimum(self, compute: float) -> tuple[float, float]:
        """Parameters and tokens of least loss at 6ND = compute. Hoffmann et al. 2022, eq. 4."""
        scale = (self.alpha * self.a / (self.beta * self.b)) ** (1 / (self.alpha + self.beta))
        parameters = scale * (compute / 6) ** (self.beta / (self.alpha + self.beta))
        return parameters, compute / 6 / parameters

    def tokens_for(self, loss: float, parameters: float) -> float:
        """Tokens that bring a model of so many parameters to this loss; infinite where none do."""
        left = loss - self.floor - self.a / parameters**self.alpha
        return (self.b / left) ** (1 / self.beta) if left > 0 else float("inf")


FITS = {
    "hoffmann": Fit(1.69, 406.4, 410.7, 0.34, 0.28),  # Hoffmann et al. 2022, section D.3
    "besiroglu": Fit(1.8172, 482.01, 2085.43, 0.3478, 0.3658),  # Besiroglu et al. 2024, a replication
}


def training_compute(parameters: float, tokens: float) -> float:
    """6ND FLOP: two a parameter and token forward, four backward. Kaplan et al. 2020, section 2.1."""
    return 6 * parameters * tokens


def inference_compute(parameters: float, tokens: float) -> float:
    """2ND FLOP: forward only."""
    return 2 * parameters * tokens


def gpu_years(compute: float, utilisation: float, peak: float = H100) -> float:
    """Years of one GPU at this share of its peak, 0 to 1."""
    return compute / (peak * utilisation) / YEAR


def cheapest(fit: Fit, loss: float, served: float) -> tuple[float, float, float]:
    """The model of this loss that needs least compute in training and serving `served` tokens together.

    Gives its parameters, its training tokens, and that compute. Sardana et al. 2023 ("Beyond
    Chinchilla-Optimal"), eq. 2, by search along a grid of 2,000 sizes.
    """
    least = (fit.a / (loss - fit.floor)) ** (1 / fit.alpha)  # below this no number of tokens suffices
    best = (float("inf"), least, float("inf"))
    for step in range(1, 2001):
        parameters = least * 10 ** (step / 500)
        tokens = fit.tokens_for(loss, parameters)
        best = min(
            best,
            (
                training_compute(parameters, tokens) + inference_compute(parameters, served),
                parameters,
                tokens,
            ),
        )
    return best[1], best[2], best[0]
