"""What every aiokafka client here needs: how to connect, and what its errors mean to us."""

from collections.abc import Iterator
from contextlib import contextmanager
from ssl import SSLContext, create_default_context
from typing import Final, TypedDict

from aiokafka import errors as kafka

from shared.bus.protocol import TooLarge
from shared.domain.errors import Rejected, Unavailable
from shared.runtime.settings import KafkaSettings

_TOO_LARGE: Final = (
    kafka.MessageSizeTooLargeError,
    kafka.RecordListTooLargeError,
    kafka.RecordTooLargeError,
)
_REJECTED: Final = (
    kafka.UnknownTopicOrPartitionError,
    kafka.InvalidTopicError,
)
_NOT_ALLOWED: Final = (
    kafka.TopicAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.ClusterAuthorizationFailedError,
)

# What uvloop says, in a bare RuntimeError, of a write to a connection that was just lost.
_LOST: Final = "the handler is closed"


class ClientOptions(TypedDict):
    """The arguments that aiokafka's producer, consumer and admin client share."""

    bootstrap_servers: str
    client_id: str
    security_protocol: str
    ssl_context: SSLContext | None
    sasl_mechanism: str
    sasl_plain_username: str | None
    sasl_plain_password: str | None


def client_options(settings: KafkaSettings) -> ClientOptions:
    """``settings`` as aiokafka takes them; reads the certificate files."""
    password = settings.sasl_password
    return ClientOptions(
        bootstrap_servers=settings.bootstrap_servers,
        client_id=settings.client_id,
        security_protocol=settings.security_protocol,
        ssl_context=_ssl_context(settings) if "SSL" in settings.security_protocol[-3:] else None,
        sasl_mechanism=settings.sasl_mechanism or "PLAIN",
        sasl_plain_username=settings.sasl_username,
        sasl_plain_password=password.get_secret_value() if password else None,
    )


def _ssl_context(settings: KafkaSettings) -> SSLContext:
    context = create_default_context(cafile=settings.ssl_cafile)
    if settings.ssl_certfile:
        context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile)
    return context


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn Kafka's errors into Rejected (asking again cannot help) or Unavailable (it may).

    What somebody has forbidden may be allowed again: until then it is unavailable.
    """
    try:
        yield
    except _TOO_LARGE as error:
        raise TooLarge(f"Kafka refuses {doing}: {error!r}") from error
    except _REJECTED as error:
        raise Rejected(f"Kafka refuses {doing}: {error!r}") from error
    except _NOT_ALLOWED as error:
        raise Unavailable(f"Kafka does not allow {doing}: {error!r}. See its ACLs.") from error
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"Kafka fails at {doing}: {error!r}") from error
    except RuntimeError as error:
        if _LOST not in str(error):
            raise
        raise Unavailable(f"Kafka fails at {doing}: {error!r}") from error
