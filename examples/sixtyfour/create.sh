#!/bin/sh
# Sixtyfour's own documentation creates a workflow so; but for the address and the key, word for word.
# What it creates is a draft: the answer's `problems` have everything that keeps it from running.
curl --request POST \
--url "${TURNOUT_URL:-http://127.0.0.1:8080}/sixtyfour/workflows/create_workflow" \
--header 'Content-Type: application/json' \
--header "x-api-key: ${TURNOUT_TOKEN:-}" \
--data '
{
"workflow_name": "<string>",
"workflow_description": "<string>",
"workflow_definition": {
"blocks": [
{
"sequence_number": 123,
"block_type": "<string>",
"block_name": "<string>",
"specs": {},
"block_id": "<string>"
}
],
"edges": [
{
"from_block_id": "<string>",
"to_block_id": "<string>",
"condition": "<string>"
}
]
},
"id": "<string>"
}
'
