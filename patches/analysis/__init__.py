"""Facts about a training script that several fixes need: receivers, dialect, episode loops, transitions."""
