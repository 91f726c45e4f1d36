"""The block tables, driven call by call in any order, against a model that keeps the tokens themselves."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from demos_py.algorithms.paging import BlockTables, Pool, Request, begin

Token = tuple[str, int, int]


class Tables(RuleBasedStateMachine):
    """`texts` is the model: the tokens of each running request. What blocks they need, it counts from them alone."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[int, list[Token]] = {}
        self.tables: dict[int, tuple[int, ...]] = {}
        self.preempted: list[tuple[Request, list[Token]]] = []
        self.requests: dict[int, Request] = {}

    @initialize(
        layout=st.sampled_from(("paged", "shared")), blocks=st.integers(1, 14), block=st.integers(1, 5)
    )
    def empty(self, layout: str, blocks: int, block: int) -> None:
        self.pool = Pool(layout, (), blocks, block)
        self.real = BlockTables(self.pool, begin(self.pool))

    def pieces(self, number: int, text: list[Token]) -> list[object]:
        """What stands for each block of a text: its tokens, where requests may share them, or its owner."""
        size, out = self.pool.block, []
        for at in range(0, len(text), size):
            tokens = tuple(text[at : at + size])
            same = self.pool.layout == "shared" and len(tokens) == size
            same = same and all(kind == "prefix" for kind, _, _ in tokens)
            out.append(tokens if same else (number, at))
        return out

    def used(self) -> set[object]:
        """The blocks that the running requests need, those with equal tokens once."""
        return {piece for number, text in self.texts.items() for piece in self.pieces(number, text)}

    def admit(self, request: Request, text: list[Token]) -> bool:
        number = len(self.requests)
        fresh = set(self.pieces(number, text)) - self.used()
        before = list(self.real.counts)
        table = self.real.admit(request, len(text))
        assert (table is None) == (len(fresh) > before.count(0))
        if table is None:
            assert self.real.counts == before
            return False
        self.requests[number], self.texts[number], self.tables[number] = request, list(text), table
        return True

    @rule(prompt=st.integers(1, 20), group=st.integers(0, 2), part=st.integers(0, 4))
    def arrive(self, prompt: int, group: int, part: int) -> None:
        """A new request; prompts of a group begin alike, each as far as its own prefix goes."""
        prefix = prompt * part // 4 if group else 0
        name = len(self.requests)
        text = [("prefix", group, i) for i in range(prefix)] + [
            ("own", name, i) for i in range(prefix, prompt)
        ]
        self.admit(Request(0, prompt, 9, 9, group, prefix), text)

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def append(self, data: st.DataObject) -> None:
        """A running request writes a token."""
        number = data.draw(st.sampled_from(sorted(self.texts)))
        text, table = self.texts[number], self.tables[number]
        full = len(text) % self.pool.block == 0
        before = list(self.real.counts)
        grown = self.real.grow(table, len(text))
        assert (grown is None) == (full and 0 not in before)
        if grown is None:
            assert self.real.counts == before
            return
        assert grown[: len(table)] == table and len(grown) == len(table) + full
        self.tables[number] = grown
        text.append(("own", number, len(text)))

    def leave(self, data: st.DataObject) -> tuple[Request, list[Token]]:
        number = data.draw(st.sampled_from(sorted(self.texts)))
        self.real.free(self.tables.pop(number))
        return self.requests[number], self.texts.pop(number)

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        self.leave(data)

    @precondition(lambda self: self.texts)
    @rule(data=st.data())
    def preempt(self, data: st.DataObject) -> None:
        """A running request gives its blocks back, and keeps its tokens for later."""
        self.preempted.append(self.leave(data))

    @precondition(lambda self: self.preempted)
    @rule()
    def come_back(self) -> None:
        """The one preempted last has its tokens computed again, all at once."""
        if self.admit(*self.preempted[-1]):
            self.preempted.pop()

    @invariant()
    def counts_are_holders(self) -> None:
        if not hasattr(self, "real"):
            return
        holders = Counter(block for table in self.tables.values() for block in table)
        assert self.real.counts == [holders[block] for block in range(self.pool.blocks)]
        assert len(holders) == len(self.used())  # none leaked, none held twice that could be shared
        assert all(self.real.counts[block] for block in self.real.prefixes.values())

    @invariant()
    def blocks_hold_what_their_holders_wrote(self) -> None:
        if not hasattr(self, "real"):
            return
        size = self.pool.block
        contents: dict[int, list[Token]] = {}
        for number, table in self.tables.items():
            text = self.texts[number]
            assert len(set(table)) == len(table) == -(-len(text) // size)
            for i, block in enumerate(table):
                tokens = text[i * size : (i + 1) * size]
                assert contents.setdefault(block, tokens) == tokens

    def teardown(self) -> None:
        for table in self.tables.values():
            self.real.free(table)
        if hasattr(self, "real"):
            assert not any(self.real.counts) and not self.real.prefixes


Tables.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestBlockTables = Tables.TestCase
