"""The HTTP face, put together."""

from collections.abc import AsyncIterator

from aiohttp import web

from services.api.auth import NEEDS, authorise
from services.api.dialects import truto
from services.api.identities import Identities
from services.api.jwt_tokens import Issuers
from services.api.observe import observe
from services.api.problems import show_problems
from services.api.resources import RESOURCES, SETTINGS, ApiResources
from services.api.route import handler_of
from services.api.routes import ROUTES
from services.api.settings import ApiSettings
from shared.bus.beside import beside


def build_app(
    resources: ApiResources, settings: ApiSettings, issuers: Issuers | None = None
) -> web.Application:
    """The application; ``resources`` and ``issuers`` stay the caller's, to be closed after it."""
    identities = Identities(resources, issuers)
    app = web.Application(
        client_max_size=settings.body_bytes_max,
        middlewares=[
            observe(resources.registry, resources.clock, resources.new_id),
            show_problems({"/truto/": truto.render_fault}),
            authorise(identities),
        ],
    )
    app[RESOURCES] = resources
    app[SETTINGS] = settings
    app[NEEDS] = {
        app.router.add_route(route.method, route.path, handler_of(route)): route.needs
        for route in ROUTES
    }

    async def notes_uses(_app: web.Application) -> AsyncIterator[None]:
        async with beside(identities.write_uses()):
            yield

    app.cleanup_ctx.append(notes_uses)
    return app
