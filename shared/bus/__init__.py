"""The bus between the roles: a protocol, over Apache Kafka and over Postgres."""
