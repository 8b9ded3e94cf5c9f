import { load, serve } from './lanes.js';

// One durable handler of five steps that do nothing, called through Restate's ingress.
const restate = await load('@restatedev/restate-sdk');
const { PEER_INGRESS: ingress, PEER_ADMIN: admin, PEER_PORT: port } = process.env;
const updates = restate.service({
  name: 'updates',
  handlers: {
    async update(context) {
      for (const name of ['find-pass', 'convert-type', 'apply-data', 'recompute-metadata', 'notify-devices']) {
        await context.run(name, async () => null);
      }
    },
  },
});
await restate.endpoint().bind(updates).listen(Number(port));
const registered = await fetch(`${admin}/deployments`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ uri: `http://127.0.0.1:${port}` }),
});
if (!registered.ok) throw new Error(`Restate does not take the deployment: ${await registered.text()}`);
serve(async () => {
  const answer = await fetch(`${ingress}/updates/update`, { method: 'POST' });
  await answer.text();
  if (!answer.ok) throw new Error(`Restate answers ${answer.status}`);
});
