"""``turnout demo``: the main job once, end to end, checked."""
