"""Fire behaviour and spread: weather, Rothermel's model, crown fire, minimum travel time."""
