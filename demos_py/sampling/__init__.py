"""Chapter 8, sampling parameters, and the distribution that its figures share."""

CHAPTER = 8
PROMPT = "The capital of France is"
# Ten candidates and a made-up logit for each, in nats: what a model might give after the prompt.
TOKENS = (" Paris", " the", " a", " located", " in", " not", " Lyon", " France", " probably", " arguably")
LOGITS = (5.2, 3.3, 2.7, 2.2, 1.9, 1.2, 0.9, 0.6, 0.3, 0.0)
