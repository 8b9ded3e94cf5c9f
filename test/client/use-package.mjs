/* eslint-disable no-restricted-properties, no-console -- a program of somebody else */
// Run by Node, Deno and Bun in an empty folder where the packed client is installed; prints what it saw as one line of JSON.
import { createPassrelayClient, PassrelayError, verifyWebhook } from 'passrelay-client';

const { baseUrl, tenantId, apiKey, passTemplate, webhook } = JSON.parse(process.env.PASSRELAY_PROGRAM);
const passrelay = createPassrelayClient({ baseUrl, tenantId, apiKey });
const order = { passTemplate, pass: { points: 5 }, recipient: { email: webhook.email } };
const issued = await passrelay.issuePass(order);
const { correlationId } = await passrelay.pushUpdate({
  identifiers: { serialNumber: issued.serialNumber },
  additionalData: { points: 6 },
});
const { kind } = await passrelay.getOperation(correlationId);
const listed = [];
for await (const { serialNumber } of passrelay.listPasses({ email: webhook.email })) listed.push(serialNumber);
const refused = await passrelay
  .updatePass('nobody', {})
  .catch((error) => error instanceof PassrelayError && error.code);
const event = await verifyWebhook(webhook.body, new Headers(webhook.headers), webhook.secret);
const forged = await verifyWebhook(`${webhook.body} `, webhook.headers, webhook.secret).catch((error) => error.name);
console.log(
  JSON.stringify({
    listed: listed.length,
    same: listed[0] === issued.serialNumber,
    kind,
    refused,
    event: event.type,
    forged,
  }),
);
