"""An agent that draws lines: DQN over line segments instead of cells.

A line costs a cell for each of its cells and gains at once, where a single cell gains nothing until a barrier closes:
the agent chooses among a few hundred `segments` for what it sees (`scene`, `states`), by the values of one `network`.

    labels and episodes   training_ground -> episodes (fires) -> explorer
    learning              learning -> training (keeping) -> training_run, in a run's folder; pretrain, to a file
    planning              agent: no fire burns;  search: the simulator decides among the network's best
"""
