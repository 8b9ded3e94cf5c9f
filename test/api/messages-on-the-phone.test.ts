import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Iphone, PassUpdate } from '../../src/simulators/iphone/iphone.js';
import { startAppleService, type AppleService } from '../support/apple-service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
let service: AppleService;
let phone: Iphone;

before(async () => {
  db = await createTestDatabase();
  service = await startAppleService(db);
  phone = service.phone();
  await phone.install(await service.download());
});
after(async () => {
  await service.close();
  await db.drop();
});

/** The one update that a push brings. */
async function fetched(): Promise<PassUpdate> {
  const known = phone.updates.length;
  await service.push(phone);
  assert.equal(phone.updates.length, known + 1, `one update; ${phone.complaints.join('; ')}`);
  return phone.updates.at(-1)!;
}
const said = ({ lockScreen }: PassUpdate): string | null => (lockScreen.kind === 'silent' ? null : lockScreen.text);
const back = (): unknown => {
  const [pass] = phone.passes();
  return pass!.bundle.content.fields.filter(({ key }) => key.startsWith('passrelay-')).map(({ value }) => value);
};

test('the first message speaks on a phone that has the pass already, stays on the back, and collides with nothing', async () => {
  await service.message({ text: 'Your table is ready', title: 'Tonight', link: 'https://shop.example/tonight' });
  assert.equal(said(await fetched()), 'Your table is ready');
  await service.update({ points: 4321 });
  assert.equal(said(await fetched()), 'You now have 4,321 beans.', 'later changes speak for themselves');
  assert.deepEqual(back(), ['Your table is ready']);
  assert.deepEqual(phone.complaints, []);
});

test('a second message speaks, also with the same text; the ones before stay below', async () => {
  await service.message({ text: 'Your table is ready' });
  assert.match(said(await fetched())!, /^Your table is ready/);
  await service.message({ text: { en: 'Fresh beans', de: 'Frische Bohnen' } });
  assert.equal(said(await fetched()), 'Fresh beans');
  assert.deepEqual(back(), ['Fresh beans', 'Your table is ready\n\nTonight: Your table is ready']);
});

test('a message that a phone fetches only with a later silent change speaks then, once', async () => {
  await service.message({ text: 'Last orders' });
  await service.update({ offer: 'Two for one' });
  assert.equal(said(await fetched()), 'Last orders');
  await service.update({ offer: 'Three for two' });
  assert.equal(said(await fetched()), null);
});

test('the end of a message is silent, whichever it is, and what others changed stays', async () => {
  const first = await service.message({ text: 'One' });
  const second = await service.message({ text: 'Two' });
  assert.equal(said(await fetched()), 'Two', 'two at once: the newest speaks');
  await service.update({ points: 99 });
  assert.equal(said(await fetched()), 'You now have 99 beans.');
  await service.endMessage(second);
  assert.equal(said(await fetched()), null);
  assert.equal((back() as string[])[0], 'One');
  await service.update({ offer: 'Free cake' });
  assert.equal(said(await fetched()), null, 'nor does the one that is left speak later');
  await service.endMessage(first);
  assert.equal(said(await fetched()), null);
  const [row] = await db.owner<{ points: number }>(
    `select (data -> 'points')::int as points from passes where tenant_id = 'demo'`,
  );
  assert.equal(row!.points, 99);
  assert.deepEqual(phone.complaints, []);
});

test('each message that a phone fetched is received once, and one that ended before is not', async () => {
  const rows = await db.owner<{ text: string; n: number }>(`
    select m.content ->> 'text' as text,
           (select count(*)::int from operations o where o.kind = 'device-event' and o.input ->> 'messageId' = m.message_id::text) as n
      from messages m order by m.claimed_at`);
  assert.deepEqual([...new Set(rows.map(({ n }) => n))], [1], JSON.stringify(rows));
});
