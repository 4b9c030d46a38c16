"""What the native API answers with, field by field.

The handlers write these documents, ``/openapi.json`` describes them, and the client reads them: one
place says what they hold.
"""
