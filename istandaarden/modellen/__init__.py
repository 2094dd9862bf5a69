"""The model files, one per release; how they are written stands at the top of each."""
