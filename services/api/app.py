"""The HTTP face, put together."""

from aiohttp import web

from services.api.auth import require_token
from services.api.dialects import truto
from services.api.observe import observe
from services.api.problems import show_problems
from services.api.resources import RESOURCES, SETTINGS, ApiResources
from services.api.routes import ROUTES
from services.api.settings import ApiSettings


def build_app(resources: ApiResources, settings: ApiSettings) -> web.Application:
    """The application; ``resources`` stay the caller's, to be closed after it."""
    app = web.Application(
        client_max_size=settings.body_bytes_max,
        middlewares=[
            observe(resources.registry, resources.clock, resources.new_id),
            show_problems({"/truto/": truto.render_fault}),
            require_token(resources.token),
        ],
    )
    app[RESOURCES] = resources
    app[SETTINGS] = settings
    for method, path, handler in ROUTES:
        app.router.add_route(method, path, handler)
    return app
