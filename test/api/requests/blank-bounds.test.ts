import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { newCampaign } from '../../../src/api/requests/campaign.js';
import type { RequestDeclaration, RequestField } from '../../../src/api/requests/declare-request.js';
import { parsePushUpdate, parseUpdatePass, sendMessageParser } from '../../../src/api/requests/index.js';
import { OFFER, offerParser } from '../../../src/api/requests/offer-terms.js';
import { PUSH_UPDATE } from '../../../src/api/requests/push-update.js';
import { SEND_MESSAGE } from '../../../src/api/requests/send-message.js';
import { UPDATE_PASS } from '../../../src/api/requests/update-pass.js';
import { parseDelivery } from '../../../src/api/requests/tolerant-json.js';
import type { JsonValue } from '../../../src/common/json.js';

type Body = Record<string, JsonValue>;
type Options = { holes?: ReadonlySet<string> };
type Refusal = { ok: true } | { ok: false; problems: { pointer: string; message: string; cure: string }[] };

const clock = { zone: 'UTC', now: new Date('2026-06-10T12:00:00Z') };
const identifiers = { email: 'ann@example.com' };
const offered = { identifiers, additionalData: { tier: 'gold' }, until: '2 days', from: '2026-06-11' };

/** Every call whose body is declared, a body that it takes, and how it is read. */
const CALLS: Record<string, [RequestDeclaration<never>, Body, (body: Body, options?: Options) => Refusal]> = {
  pushUpdate: [
    PUSH_UPDATE as unknown as RequestDeclaration<never>,
    offered,
    (body, options) => parsePushUpdate(body, options, clock),
  ],
  offer: [
    OFFER as unknown as RequestDeclaration<never>,
    { fields: { tier: 'gold' }, until: '2 days' },
    (body, options) => offerParser(clock)(body, options),
  ],
  message: [
    SEND_MESSAGE as unknown as RequestDeclaration<never>,
    { identifiers, message: 'Hello' },
    (body, options) => sendMessageParser({ ...clock, named: false })(body, options),
  ],
  updatePass: [
    UPDATE_PASS as unknown as RequestDeclaration<never>,
    { pass: { tier: 'gold' } },
    (body) => parseUpdatePass(body),
  ],
};

/** Keys under which a blank is harmless: nothing changes, or the safe default counts. */
const HARMLESS: Record<string, string> = {
  additionalData: 'no field changes',
  fields: 'no field is covered',
  pass: 'no field changes',
  passType: 'the type stays',
  passTemplate: 'the type stays',
  updateMetadata: 'false',
  priority: '0, as for every other offer',
  notifyAtEnd: 'false: quiet',
  title: 'the label of the design',
  link: 'none',
  class: 'marketing, which cap, consent and quiet hours hold back',
  idempotency_key: 'a warning says that it is none',
  version: 'no guard of the order, as documented',
};
/** Without these a request is refused anyhow. */
const NEEDED: readonly string[] = ['identifiers', 'message'];

const BLANKS = ['', ' ', '\u200b', 'None', 'null', 'N/A', '-'];

test('a key that bounds what happens is not blank: no offer and no message lasts for ever by accident', () => {
  for (const [name, [declared, body, parse]] of Object.entries(CALLS)) {
    const whole = parse(body);
    assert.ok(whole.ok, `${name}: ${JSON.stringify(whole)}`);
    for (const [key, field] of Object.entries<RequestField>(declared.fields)) {
      if (NEEDED.includes(key)) continue;
      const isHarmless = Object.hasOwn(HARMLESS, key);
      assert.notEqual(
        isHarmless,
        field.bound !== undefined,
        `${name}.${key} either bounds what happens, or a blank under it is harmless: say which`,
      );
      if (isHarmless) continue;
      for (const blank of BLANKS) {
        const read = parse({ ...body, [key]: blank });
        const place = `${name}.${key} = ${JSON.stringify(blank)}`;
        assert.ok(!read.ok, `${place} was accepted`);
        const [only, ...more] = read.problems;
        assert.deepEqual([only?.pointer, more], [`/${key}`, []], place);
        assert.match(only!.message, new RegExp(`^${key} is empty, and `), place);
        assert.match(only!.cure, /^give .+ or leave \w+ out$/, place);
      }
      const { [key]: _, ...rest } = body;
      for (const hole of [',', 'None,', 'undefined,']) {
        const text = `{"${key}": ${hole} ${JSON.stringify(rest).slice(1)}`;
        const delivery = parseDelivery(Buffer.from(text));
        assert.ok(delivery.ok, text);
        const read = parse(delivery.value, { holes: new Set(delivery.holes) });
        assert.ok(!read.ok && read.problems.some(({ pointer }) => pointer === `/${key}`), text);
      }
    }
  }
  const inside = { identifiers, message: 'Hello', notBefore: { quietHours: '' } };
  const read = sendMessageParser({ ...clock, named: false })(inside);
  assert.ok(!read.ok && read.problems.some(({ pointer }) => pointer === '/notBefore/quietHours'));
});

interface Node {
  type?: string;
  properties?: Record<string, Node>;
  anyOf?: Node[];
  oneOf?: Node[];
}

/** Every key of a schema that holds no object, by its path. */
function leavesOf(node: Node, path: string[] = []): string[][] {
  const branches = [...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  if (branches.length > 0) return branches.flatMap((branch) => leavesOf(branch, path));
  const entries = Object.entries(node.properties ?? {});
  return entries.length > 0 ? entries.flatMap(([key, inner]) => leavesOf(inner, [...path, key])) : [path];
}

test('no blank passes for a time, a pace, a share or a filter of a campaign', () => {
  const schema = z.toJSONSchema(newCampaign, { io: 'input', unrepresentable: 'any' }) as Node;
  const paths = new Map(leavesOf(schema).map((path) => [path.join('.'), path]));
  assert.ok(paths.has('schedule.atLocal') && paths.has('audience.filter.updatedBefore'), [...paths.keys()].join());
  const sent: string[] = [];
  for (const [place, path] of paths) {
    const body: Body = { name: 'A', audience: { filter: {} }, action: { type: 'void' } };
    let at = body;
    for (const key of path.slice(0, -1)) at = (at[key] = { ...(at[key] as Body | undefined) }) as Body;
    at[path.at(-1)!] = '';
    if (newCampaign.safeParse(body).success) sent.push(place);
  }
  assert.deepEqual(sent, []);
});
