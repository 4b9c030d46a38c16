"""Where nobody needs to log in: this machine's own programs and pages may ask, and no others.

A browser on this machine asks for any page that it shows: such a page may post here, and may have
this machine's address under its own name, by which it could read the answers.
"""

from aiohttp import web
from yarl import URL

from services.api.http.problems import Forbidden
from services.api.settings import is_here


def demand_here(request: web.Request) -> None:
    """Raises Forbidden for what a page of another origin asks."""
    host, origin = request.headers.get("Host"), request.headers.get("Origin")
    if host is not None and not is_here(_host_of(f"http://{host}")):
        raise Forbidden("Nobody logs in here, so ask by localhost or 127.0.0.1.")
    if origin is not None and not is_here(_host_of(origin)):
        raise Forbidden("Nobody logs in here, so no page from elsewhere may ask.")


def _host_of(url: str) -> str:
    try:
        return URL(url).host or ""
    except ValueError:
        return ""
