#!/bin/sh
# A start of the definition $DEFINITION_ID, as TransactionLink's documentation has it: the token without 'Bearer'.
set -eu
: "${DEFINITION_ID:?set it to the id of a definition, such as one that turnout workflow apply names}"

curl --silent --show-error --fail-with-body -X POST "${TURNOUT_URL:-http://127.0.0.1:8080}/transactionlink/workflows" \
  -H "Authorization: ${TURNOUT_TOKEN:-}" \
  -H 'Content-Type: application/json;charset=UTF-8' \
  -d '{
  "workflowDefinitionId": "'"$DEFINITION_ID"'",
  "locale": "en",
  "parameters": {"company": "Acme"},
  "expiresAt": null,
  "recordId": "5d3c0b2e-7f0a-4b1e-9a57-3f6b1f0b8a11"
}'
