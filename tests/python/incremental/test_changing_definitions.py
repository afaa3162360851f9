"""After any sequence of loads and changed definitions, under any selections, the marts equal a full refresh.

Each sequence starts from what the last one left. It changes rows of both CRMs and of the reference tables, vars, seeds,
macros and models, and runs dbt on a random selection, then on all. A failing sequence prints what it did.

    SALES_FUNNEL_NIGHTLY=1 make test                   plays 200 instead of 6
    SALES_FUNNEL_DEFINITION_SEQUENCES=3 make test      plays 3
"""

from __future__ import annotations

import os
import random

from support.definitions_lab import DEFINITIONS, MARTS, DefinitionsLab, World

IS_NIGHTLY = bool(os.environ.get("SALES_FUNNEL_NIGHTLY"))
SEQUENCES = int(os.environ.get("SALES_FUNNEL_DEFINITION_SEQUENCES", "200" if IS_NIGHTLY else "6"))


def change_definition(rng: random.Random, lab: DefinitionsLab, world: World) -> str:
    """Change one definition; one that is changed already goes back to what it was."""
    kind = rng.choice(list(DEFINITIONS))
    file, old, new = rng.choice(DEFINITIONS[kind])
    if new in (lab.project / file).read_text(encoding="utf-8") and new != "":
        lab.rewrite(file, new, old)
    elif old in (lab.project / file).read_text(encoding="utf-8"):
        lab.rewrite(file, old, new)
    else:
        lab.restore(file)
    world.count(kind)
    return f"{kind}: {file}: {old!r} → {new!r}"


def play(rng: random.Random, lab: DefinitionsLab, world: World) -> tuple[list[str], bool]:
    """Play one sequence. Returns its story, and whether a run was refused."""
    story = [change_definition(rng, lab, world)]
    if rng.random() < 0.7:
        world.change()
        lab.load(world.export(lab.folder / f"load-{lab.loads}"))
        story.append("load")
    refused = False
    if rng.random() < 0.5:
        mart = rng.choice(MARTS)
        # Seldom without what it reads, since that is what may be refused.
        selected = mart if rng.random() < 0.15 else f"+{mart}"
        world.count("selection")
        refused = lab.run(selected) is not None
        story.append(f"run {selected}: {'refused' if refused else 'done'}")
    assert lab.run() is None, story
    return story, refused


def test_marts_equal_a_full_refresh_after_every_sequence(databases, dbt, connect, load, tmp_path):
    rng = random.Random(14)
    world = World(rng)
    lab = DefinitionsLab(databases, dbt, connect, load, tmp_path)
    try:
        for _ in range(8):
            world.change()
        lab.load(world.export(lab.folder / "first"))
        refusals = 0
        for number in range(SEQUENCES):
            story, refused = play(rng, lab, world)
            refusals += refused
            differences = lab.differences()
            assert not differences, f"sequence {number}: {story}: {differences}"
    finally:
        lab.close()
    print(f"\nchanging definitions: {SEQUENCES} sequences, {refusals} refused, changes: {world.counts}")
    assert refusals <= max(1, SEQUENCES // 10)
    assert not IS_NIGHTLY or min(world.counts.values()) >= 10, world.counts
