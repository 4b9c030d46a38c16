"""A typed client of the API, for publishers, authors, operators and workers.

::

    from shared.client.api import events, executions
    from shared.client.blocking import Turnout

    with Turnout("http://127.0.0.1:8080", token="tot_…") as turnout:
        turnout.ask(events.send({"event": "order:paid", "payload": {"id": 7}}))
        for execution in turnout.all(executions.list_(status="FAILED")):
            print(execution["id"], execution["error"])

What can be asked is in ``api``, a module for each group of routes and a function for each route,
made from the routes themselves. ``AsyncTurnout`` (``turnout.py``) asks from async code, ``Turnout``
(``blocking.py``) from any other; ``Worker`` (``worker.py``) does the tasks of actions.
"""
