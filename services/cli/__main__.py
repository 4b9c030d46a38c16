"""The table of commands."""

import io
import sys
from typing import Any, Final

import click

from services.cli.exits import Exit, exit_code, first_of_ours, show_error
from services.cli.lazy import Lazy, LazyGroup
from shared.domain.errors import Rejected, TurnoutError

_SHOWN_MAX: Final = 80

DB: Final = LazyGroup(
    "db",
    summary="The schema of the database.",
    lazy={
        "migrate": Lazy("services.cli.db.migrate:migrate", "Bring the database up to date."),
        "status": Lazy("services.cli.db.status:status", "Tell whether it is."),
    },
)
WORKFLOW: Final = LazyGroup(
    "workflow",
    summary="Workflows: as files, as they are registered, and what they would do.",
    lazy={
        "apply": Lazy("services.cli.workflow.apply:apply", "Register workflows from files."),
        "diff": Lazy("services.cli.workflow.diff:diff", "Show what applying would change."),
        "export": Lazy("services.cli.workflow.export:export", "Write workflows into files."),
        "validate": Lazy("services.cli.workflow.validate:validate", "Check a file; keep nothing."),
        "lint": Lazy("services.cli.workflow.lint:lint", "Say what is odd in files."),
        "dry-run": Lazy("services.cli.workflow.dry_run:dry_run", "Say what an event would do."),
        "schema": Lazy("services.cli.workflow.schema:schema", "Print what files look like."),
        "list": Lazy("services.cli.workflow.list:list_", "List workflows."),
        "get": Lazy("services.cli.workflow.get:get", "Show one workflow."),
        "versions": Lazy("services.cli.workflow.versions:versions", "List versions of one."),
        "run": Lazy("services.cli.workflow.run:run", "Start a workflow by hand."),
        "activate": Lazy("services.cli.workflow.activate:activate", "Let events start it."),
        "deactivate": Lazy("services.cli.workflow.activate:deactivate", "Keep events from it."),
        "archive": Lazy("services.cli.workflow.archive:archive", "Put it out of sight."),
        "unarchive": Lazy("services.cli.workflow.archive:unarchive", "Take it back, inactive."),
        "rotate": Lazy("services.cli.workflow.rotate:rotate", "Give a webhook a new address."),
        "delete": Lazy("services.cli.workflow.delete:delete", "Delete a workflow."),
    },
)
ACTION: Final = LazyGroup(
    "action",
    summary="Actions: what steps can do; put, list, delete, show versions.",
    lazy={
        "put": Lazy("services.cli.action.put:put", "Register an action."),
        "list": Lazy("services.cli.action.list:list_", "List actions."),
        "versions": Lazy("services.cli.action.versions:versions", "List versions of an action."),
        "delete": Lazy("services.cli.action.delete:delete", "Delete an action."),
    },
)
EVENT: Final = LazyGroup(
    "event",
    summary="Events: send some, list, get one, replay them, watch them come.",
    lazy={
        "send": Lazy("services.cli.event.send:send", "Send events."),
        "list": Lazy("services.cli.event.list:list_", "List events."),
        "get": Lazy("services.cli.event.get:get", "Show an event, and why it started what."),
        "replay": Lazy("services.cli.event.replay:replay", "Decide on past events anew."),
        "tail": Lazy("services.cli.event.tail:tail", "Show events as they are accepted."),
    },
)
EVENT_TYPE: Final = LazyGroup(
    "event-type",
    summary="Types of events: what there is to start workflows; put, list, delete, versions.",
    lazy={
        "put": Lazy("services.cli.event_type.put:put", "Register a type of events."),
        "list": Lazy("services.cli.event_type.list:list_", "List the types of events."),
        "versions": Lazy("services.cli.event_type.versions:versions", "List a type's versions."),
        "delete": Lazy("services.cli.event_type.delete:delete", "Forget a type of events."),
    },
)
EXECUTION: Final = LazyGroup(
    "execution",
    summary="Executions: list, get, watch, stop, repeat, one or many.",
    lazy={
        "list": Lazy("services.cli.execution.list:list_", "List executions."),
        "get": Lazy("services.cli.execution.get:get", "Show one with its attempts."),
        "watch": Lazy("services.cli.execution.watch:watch", "Follow one to its end."),
        "result": Lazy("services.cli.execution.result:result", "Print what one came to."),
        "cancel": Lazy("services.cli.execution.cancel:cancel", "Cancel one."),
        "suspend": Lazy("services.cli.execution.suspend:suspend", "Start no further step of one."),
        "resume": Lazy("services.cli.execution.resume:resume", "Let a suspended one go on."),
        "rerun": Lazy("services.cli.execution.rerun:rerun", "Do again what one did."),
        "retry": Lazy("services.cli.execution.retry:retry", "Go on where one failed."),
        "resume-from": Lazy(
            "services.cli.execution.resume_from:resume_from", "Do one again from a step on."
        ),
        "bulk": Lazy("services.cli.execution.bulk:bulk", "Cancel, retry and so on many at once."),
    },
)
SCHEDULE: Final = LazyGroup(
    "schedule",
    summary="Schedules of workflows and steps: list them, pause them, make up for missed times.",
    lazy={
        "list": Lazy("services.cli.schedule.list:list_", "List schedules."),
        "get": Lazy("services.cli.schedule.get:get", "Show one."),
        "next": Lazy("services.cli.schedule.next:next_", "Show when one is due next."),
        "pause": Lazy("services.cli.schedule.pause:pause", "Let one start nothing for a while."),
        "resume": Lazy("services.cli.schedule.pause:resume", "Let a paused one go on."),
        "backfill": Lazy(
            "services.cli.schedule.backfill:backfill", "Start what one missed in a span of time."
        ),
        "delete": Lazy("services.cli.schedule.delete:delete", "End the schedule of a step."),
    },
)
WEBHOOK: Final = LazyGroup(
    "webhook",
    summary="Webhooks: list them, give them new addresses.",
    lazy={
        "list": Lazy("services.cli.webhook.list:list_", "List webhooks, without addresses."),
        "rotate": Lazy("services.cli.webhook.rotate:rotate", "Give one a new address."),
    },
)
WEBHOOK_ENDPOINT: Final = LazyGroup(
    "webhook-endpoint",
    summary="Addresses that make events of what others send; create, put, list, rotate, delete.",
    lazy={
        "create": Lazy("services.cli.webhook_endpoint.create:create", "Make one; print its URL."),
        "put": Lazy("services.cli.webhook_endpoint.put:put", "Change one; its address stays."),
        "list": Lazy("services.cli.webhook_endpoint.list:list_", "List them, without addresses."),
        "get": Lazy("services.cli.webhook_endpoint.get:get", "Show one, without its address."),
        "rotate": Lazy("services.cli.webhook_endpoint.rotate:rotate", "Give one a new address."),
        "delete": Lazy("services.cli.webhook_endpoint.delete:delete", "Delete one."),
    },
)
SUBSCRIPTION: Final = LazyGroup(
    "subscription",
    summary="Outgoing webhooks: who is told of results, what was delivered, deliver again.",
    lazy={
        "create": Lazy("services.cli.subscription.create:create", "Tell a receiver what happens."),
        "list": Lazy("services.cli.subscription.list:list_", "List subscriptions."),
        "get": Lazy("services.cli.subscription.list:get", "Show one."),
        "update": Lazy("services.cli.subscription.change:update", "Change one."),
        "rotate": Lazy("services.cli.subscription.change:rotate", "Give one a new secret."),
        "delete": Lazy("services.cli.subscription.change:delete", "Delete one."),
        "test": Lazy("services.cli.subscription.deliveries:test", "Send one a test."),
        "deliveries": Lazy(
            "services.cli.subscription.deliveries:deliveries", "List what one was sent."
        ),
        "delivery": Lazy(
            "services.cli.subscription.deliveries:delivery", "Show a delivery's attempts."
        ),
        "replay": Lazy("services.cli.subscription.deliveries:replay", "Deliver again."),
    },
)
WAIT: Final = LazyGroup(
    "wait",
    summary="Steps that wait: list them, approve, reject, fill in forms.",
    lazy={
        "list": Lazy("services.cli.wait.list:list_", "List the steps that wait."),
        "approve": Lazy("services.cli.wait.approve:approve", "Say yes."),
        "reject": Lazy("services.cli.wait.reject:reject", "Say no."),
        "submit": Lazy("services.cli.wait.submit:submit", "Fill in a form."),
    },
)

KEY: Final = LazyGroup(
    "key",
    summary="Keys of the API: create, list, rotate, revoke.",
    lazy={
        "create": Lazy("services.cli.key.create:create", "Make a key; print its secret once."),
        "list": Lazy("services.cli.key.list:list_", "List keys."),
        "rotate": Lazy("services.cli.key.rotate:rotate", "Give a key a new secret."),
        "revoke": Lazy("services.cli.key.revoke:revoke", "End a key."),
    },
)
DEAD_LETTER: Final = LazyGroup(
    "dead-letter",
    summary="Records that could not be used: list, get, retry, discard.",
    lazy={
        "list": Lazy("services.cli.dead_letter.list:list_", "List them."),
        "get": Lazy("services.cli.dead_letter.get:get", "Show one with what it held."),
        "retry": Lazy("services.cli.dead_letter.deal:retry", "Publish records again."),
        "discard": Lazy("services.cli.dead_letter.deal:discard", "Let them go."),
    },
)
SECRET: Final = LazyGroup(
    "secret",
    summary="Secrets: set, list, delete; keys to encrypt them by.",
    lazy={
        "set": Lazy("services.cli.secret.set:set_", "Give a secret a value."),
        "list": Lazy("services.cli.secret.list:list_", "List secrets, without their values."),
        "delete": Lazy("services.cli.secret.delete:delete", "Delete a secret."),
        "new-key": Lazy("services.cli.secret.new_key:new_key", "Print a key for the key ring."),
        "rewrap": Lazy("services.cli.secret.rewrap:rewrap", "Encrypt all by the ring's first key."),
    },
)
ENVIRONMENT: Final = LazyGroup(
    "environment",
    summary="Environments: create, list.",
    lazy={
        "create": Lazy("services.cli.environment.create:create", "Make an environment."),
        "list": Lazy("services.cli.environment.list:list_", "List environments."),
    },
)


class Root(LazyGroup):
    """``turnout``; here our errors become sentences and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TurnoutError as error:
            ours = error
        except BaseExceptionGroup as group:
            found = first_of_ours(group)
            if found is None:
                raise
            ours = found
        except UnicodeEncodeError as fault:  # an argument may be any bytes, and names of files are
            ours = Rejected(f"'{str(fault.object)[:_SHOWN_MAX]}' is no text in UTF-8.")
        except KeyboardInterrupt:
            raise click.exceptions.Exit(Exit.INTERRUPTED) from None
        show_error(ours)
        raise click.exceptions.Exit(exit_code(ours))


TURNOUT: Final = Root(
    "turnout",
    epilog=f"Exit codes: {', '.join(f'{code.value} {code.label}' for code in Exit)}.",
    summary="Turnout: events start workflows, and you can see why.",
    lazy={
        "dev": Lazy("services.cli.dev:dev", "Run everything here, on one port."),
        "demo": Lazy("services.cli.demo.command:demo", "Do the main job once, and check it."),
        "serve": Lazy("services.cli.serve:serve", "Run one role, or all, in production."),
        "db": DB,
        "workflow": WORKFLOW,
        "test": Lazy("services.cli.test.command:test", "Say if events start what they should."),
        "action": ACTION,
        "event": EVENT,
        "event-type": EVENT_TYPE,
        "execution": EXECUTION,
        "wait": WAIT,
        "schedule": SCHEDULE,
        "webhook": WEBHOOK,
        "subscription": SUBSCRIPTION,
        "webhook-endpoint": WEBHOOK_ENDPOINT,
        "key": KEY,
        "secret": SECRET,
        "environment": ENVIRONMENT,
        "dead-letter": DEAD_LETTER,
        "explain": Lazy(
            "services.cli.explain:explain", "Say why an event did, or did not, start workflows."
        ),
        "live": Lazy("services.cli.live:live", "Show what happens, as it happens."),
        "audit": Lazy("services.cli.audit:audit", "Show who changed what."),
        "stats": Lazy("services.cli.stats:stats", "Show what happened, in numbers."),
        "doctor": Lazy(
            "services.cli.doctor.command:doctor", "Check the surroundings; say what to mend."
        ),
        "bench": Lazy(
            "tests.benchmarks.cli:bench",
            "Measure speed and memory (from a source checkout).",
            absent="The benchmarks are not installed; run this from a checkout of the source.",
        ),
    },
)

click.version_option(package_name="turnout")(TURNOUT)


def main() -> None:
    """Run the command line and end the process."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # tables have signs that not all terminals have
    TURNOUT.main(prog_name="turnout")


if __name__ == "__main__":
    main()
