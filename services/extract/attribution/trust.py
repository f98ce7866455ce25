"""How sure a source is that a rule of this package gives or takes away: the probability that it is right, given that the words are
reported. The tagger's own sources have its calibrated one."""

from __future__ import annotations

AGENT = 0.9  # “was told by engineers”
BEFORE_CUE = 0.85  # “Footage of Lee saying …”
BESIDE = 0.95  # “…,” said Lee
ACCORDING = 0.95  # “According to Lee, …”, also the other phrases that name whose words a sentence holds
PARTICIPLE = 0.85  # “Claiming that he won, Lee left”
RELATIVE = 0.9  # “Lee, who hoped …, said …”
LAYOUT = 0.97  # the name before a turn, the signature under a post
HEADLINE = 0.9  # “Lee: no meeting planned”
NOBODY = 0.6  # whom the reporting words are about does not speak: “Lee was asked …”
FLOATING = 0.7  # quoted speech with nobody beside it
