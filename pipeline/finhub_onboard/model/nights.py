"""How the bad rows of a run compare with those of the run before."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceLastRun:
    """Rows that need somebody, compared with the last run of the same inputs, ``run_id``; empty: there was none.

    ``new`` rows did not then, or for another cause; ``known`` did for the same cause; ``solved`` do no more.
    """

    run_id: str
    new: int
    known: int
    solved: int

    @property
    def words(self) -> str:
        """The comparison in a few words; empty if there is nothing to tell."""
        if not (self.run_id or self.new):
            return ""
        words = [f"{self.new:,} new", f"{self.known:,} known"] + ([f"{self.solved:,} solved"] if self.solved else [])
        return ", ".join(words)
