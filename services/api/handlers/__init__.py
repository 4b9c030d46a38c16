"""The routes, a module for each kind of thing: what is asked, and how it is answered."""
