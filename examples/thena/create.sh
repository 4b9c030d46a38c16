#!/bin/sh
# Thena's own documentation creates a workflow so; but for the address and the key, word for word.
# What it creates is a draft: the answer's `problems` have everything that keeps it from running.
curl --request POST \
--url "${TURNOUT_URL:-http://127.0.0.1:8080}/thena/api/v1/workflows" \
--header 'Content-Type: application/json' \
--header "x-api-key: ${TURNOUT_TOKEN:-}" \
--data '{
"name": "<string>",
"type": "MANUAL",
"subType": "WORKFLOW",
"triggerEvent": "<string>",
"filters": {
"{{context.name}}": {
"~starts": "T"
}
},
"annotations": [
{
"entityType": "Ticket",
"requiredFields": {
"ticketId": "{{context.event.message.payload.ticketId}}"
},
"relations": [
"account",
"account.classification"
],
"pathToAnnotate": "context.event.message.payload.ticket"
}
],
"workflowDefinition": [
{
"stepIdentifier": 123,
"activity": {
"uniqueIdentifier": "<string>",
"autoUpgradeToLatestVersion": true,
"version": 123
},
"input": {},
"retryPolicy": {
"maximumAttempts": 123,
"initialInterval": 123,
"backoffCoefficient": 123
},
"onFailure": "ABORT",
"executionTimeout": 123,
"isSleepActivity": true,
"dependencies": [
"<string>"
],
"requireApproval": true,
"approver": {},
"filters": {},
"compensationActivity": {
"activity": {
"uniqueIdentifier": "<string>",
"autoUpgradeToLatestVersion": true,
"version": 123
},
"input": {}
}
}
],
"executingAgent": "<string>",
"teamId": "<string>",
"metadata": {}
}'
