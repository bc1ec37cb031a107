"""How the walk stops: at the first record that is not as it was written."""


class Tampered(Exception):
    def __init__(self, stream: str, seq: int | None, problem: str) -> None:
        super().__init__(problem)
        self.stream, self.seq, self.problem = stream, seq, problem
