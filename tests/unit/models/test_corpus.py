"""What is held out is never generated, and the truth that the tests ask for is the world's."""

import json
import random
import re

from wasm.models import corpus, facts


def test_what_is_held_out_is_never_trained_on() -> None:
    chance = random.Random(5)
    names = list(corpus.KINDS)
    text = "\n".join(corpus.KINDS[chance.choice(names)][1](chance) for _ in range(6000))
    assert len(facts.FACTS_HELD_OUT) > 200 and len(facts.TWO_STEP_HELD_OUT) > 10
    for key in facts.FACTS_HELD_OUT:
        assert facts.fact(*key) not in text
    assert facts.fact(*facts.FACTS_TRAINED[0]) in text
    for person in facts.TWO_STEP_HELD_OUT:
        assert facts.two_step(person, 0) not in text and facts.two_step(person, 1) not in text
    sums = re.findall(r"Sum: (\d\d) \+ (\d\d)\.", text)
    assert len(sums) > 500
    assert not any(facts.held_out("sum", int(a), int(b)) for a, b in sums)
    gifts = re.findall(r"(?:When|After) (\w+) and (\w+) (?:went|met)", text)
    assert len(gifts) > 200
    assert not any(facts.held_out("pair", *sorted(pair)) for pair in gifts)
    assert not any(paragraph in text for paragraph in corpus.paragraphs(True))


def test_answers_are_true() -> None:
    chance = random.Random(6)
    for _ in range(200):
        a, b = chance.randrange(1000), chance.randrange(1000)
        asked, answer = corpus.total(a, b)
        assert asked == f"Sum: {a} + {b}." and answer.endswith(f" Answer: {a + b}.")
        text, said = corpus.record(chance)
        fields = json.loads(said)
        assert all(str(value) in text for value in fields.values())
        question, number = corpus.needle(chance, 5, chance.random())
        assert number.strip(" .") in question
    for country, capital in facts.WORLD.capital.items():
        assert facts.WORLD.country[capital] == country
