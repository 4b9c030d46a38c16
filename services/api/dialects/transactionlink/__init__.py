"""TransactionLink: ``/transactionlink`` (docs/dialects/transactionlink.md)."""
