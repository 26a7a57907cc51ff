"""The patch tool: upgrades a training script so that one hung environment cannot stop it.

    syntax <- analysis <- fixes <- rewrite <- run <- report <- commands <- cli

Each room imports only from those on its left. A script is text to it: nothing of the script is imported or run, but for
the trial run that the user asks for.
"""
