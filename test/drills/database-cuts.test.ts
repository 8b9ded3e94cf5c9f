import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDatabaseCuts, inspectDatabase } from '../../bench/chaos/database-cuts.js';

const frame = (type: string, body: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(4 + Buffer.byteLength(body));
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)]);
};
const answer = (tag: string, state: 'I' | 'T'): Buffer =>
  Buffer.concat([frame('D', 'a row'), frame('C', `${tag}\0`), frame('Z', state)]);
const pieces = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const out: Buffer[] = [];
  let from = 0;
  for (const size of [...sizes, bytes.length]) {
    out.push(bytes.subarray(from, from + size));
    from += size;
  }
  return out.filter(({ length }) => length > 0);
};
const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 20 });

test('without cuts every byte of the server arrives, however the network cuts it', () => {
  const stream = Buffer.concat([
    answer('BEGIN', 'T'),
    answer('INSERT 0 1', 'T'),
    frame('A', 'told'),
    answer('COMMIT', 'I'),
  ]);
  fc.assert(
    fc.property(sizes, (cut) => {
      const { toClient } = inspectDatabase(createDatabaseCuts(), () => 0.5);
      assert.deepEqual(Buffer.concat(pieces(stream, cut).map((chunk) => toClient(chunk)!)), stream);
    }),
  );
});

test('an answer is lost after the commit only, or within the transaction only, as asked', () => {
  const stream = [answer('BEGIN', 'T'), answer('COMMIT', 'I')];
  const arrive = (change: object): number => {
    const { toClient } = inspectDatabase(Object.assign(createDatabaseCuts(), change), () => 0.5);
    const lost = stream.findIndex((chunk) => toClient(chunk) === null);
    return lost === -1 ? stream.length : lost;
  };
  assert.equal(arrive({}), 2);
  assert.equal(arrive({ afterCommit: 1 }), 1);
  assert.equal(arrive({ inTransaction: 1 }), 0);
});

test('a watched statement is seen by its text, also where only its name goes over the wire', async () => {
  const startup = Buffer.from([0, 0, 0, 8, 0, 3, 0, 0]);
  const parse = frame('P', 'p1\0insert into pass_revisions\0\0\0');
  const bind = frame('B', '\0p1\0\0\0');
  for (const cut of [[], [3], [9, 4], [12, 30]]) {
    const cuts = createDatabaseCuts();
    const { toServer } = inspectDatabase(cuts, () => 0.5);
    let hits = 0;
    for (const chunk of pieces(Buffer.concat([startup, parse]), cut)) toServer(chunk);
    const watch = { text: /pass_revisions/, hit: () => void hits++ };
    cuts.watch = watch;
    for (const chunk of pieces(Buffer.concat([frame('B', '\0p2\0'), bind, bind]), cut)) toServer(chunk);
    await turn();
    assert.deepEqual([hits, cuts.watch], [1, null]);
  }
});
