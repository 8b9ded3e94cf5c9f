import { load, serve } from './lanes.js';

// What a queue does to accept a job: one row, committed.
const { PgBoss } = await load('pg-boss');
const boss = new PgBoss({ connectionString: process.env.PEER_DATABASE_URL, max: 16 });
boss.on('error', (error) => console.error(error.message));
await boss.start();
await boss.createQueue('updates');
let number = 0;
serve(async () => {
  const points = ++number;
  await boss.send('updates', {
    identifiers: { email: `c${points}@example.com` },
    additionalData: { points, tier: 'gold' },
  });
});
