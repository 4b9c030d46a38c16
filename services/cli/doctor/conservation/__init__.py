"""``turnout doctor conservation``: that nothing that came in was lost on the way out.

``walk.py`` takes the cursors first and then goes from stage to stage; ``shelf.py`` keeps, on disk,
what the topics must hold.
"""
