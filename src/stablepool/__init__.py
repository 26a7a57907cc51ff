"""A vector environment that cannot hang: worker processes with deadlines, truthful faults and clean ends."""
