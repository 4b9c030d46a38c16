"""The HTTP face, put together."""

from collections.abc import AsyncIterator

from aiohttp import web

from services.api.dialects.faces import FACES
from services.api.handlers.documents import DOCUMENTS, Documents
from services.api.http.answer_headers import compress, set_headers
from services.api.http.idempotency import KEYED, keeps_answers, once
from services.api.http.limit_requests import limit_requests
from services.api.http.observe import observe
from services.api.http.problems import show_problems
from services.api.http.rates import Rates
from services.api.http.route import handler_of
from services.api.live.broadcast import LIVE, Live
from services.api.login.auth import FAILED_LOGINS, IDENTITIES, NEEDS, authorise
from services.api.login.identities import Identities
from services.api.login.jwt_tokens import Issuers
from services.api.resources import RESOURCES, SETTINGS, ApiResources
from services.api.routes import ROUTES
from services.api.settings import NO_LIMITS, ApiSettings, RateSettings
from services.api.workflows.given_ids import by_given_ids
from shared.bus.beside import beside
from shared.runtime.environment_names import EnvironmentCounter


def build_app(
    resources: ApiResources,
    settings: ApiSettings,
    issuers: Issuers | None = None,
    rates: RateSettings = NO_LIMITS,
) -> web.Application:
    """The application; ``resources`` and ``issuers`` stay the caller's, to be closed after it."""
    identities = Identities(resources, issuers)
    shown = show_problems({face.prefix: face.render_fault for face in FACES})
    requests, failed_logins = _rates(resources, rates)
    app = web.Application(
        client_max_size=settings.body_bytes_max,
        middlewares=[
            observe(resources),
            compress,
            shown,
            authorise(identities, failed_logins),
            limit_requests(requests),
            once(shown),
            by_given_ids(),
        ],
    )
    app[RESOURCES] = resources
    app[SETTINGS] = settings
    app[IDENTITIES] = identities
    app[FAILED_LOGINS] = failed_logins
    live = app[LIVE] = Live(resources, settings.live)
    app[DOCUMENTS] = Documents(ROUTES, resources.topics)
    _add_routes(app)
    app.on_response_prepare.append(set_headers)

    async def notes_uses(_app: web.Application) -> AsyncIterator[None]:
        async with beside(identities.write_uses()):
            yield

    app.cleanup_ctx.append(notes_uses)
    app.cleanup_ctx.append(live.running)
    app.on_shutdown.append(live.stop)
    return app


def _add_routes(app: web.Application) -> None:
    added = {app.router.add_route(r.method, r.path, handler_of(r)): r for r in ROUTES}
    app[NEEDS] = {at: route.needs for at, route in added.items()}
    app[KEYED] = {at: route for at, route in added.items() if keeps_answers(route)}


def _rates(resources: ApiResources, settings: RateSettings) -> tuple[Rates | None, Rates | None]:
    """How often each caller may ask, and each address may fail to log in; None: at will."""
    refused = EnvironmentCounter(
        "turnout_http_refused",
        "Requests refused because somebody asked too often",
        ("limit",),
        names=resources.environment_names,
        registry=resources.registry,
    )

    def rates(name: str, quota: int, window_s: float) -> Rates | None:
        if quota == 0:
            return None
        return Rates(name, resources.clock, quota=quota, window_s=window_s, refused=refused)

    return (
        rates("requests", settings.requests_per_s, 1),
        rates("failed_logins", settings.failed_logins_per_min, 60),
    )
