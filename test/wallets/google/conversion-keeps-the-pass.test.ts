import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { GoogleDesign } from '../../../src/passes/pass-type.js';
import { startGoogleWalletSimulator, type GoogleWalletSimulator } from '../../../src/simulators/google/wallet.js';
import { convertGoogleObject } from '../../../src/wallets/google/convert-object.js';
import { planGoogleConversion } from '../../../src/wallets/google/conversion.js';
import { googleClassId, googleObjectId } from '../../../src/wallets/google/resource-ids.js';
import { googleClass, googleObject } from '../../../src/wallets/google/wallet-object.js';
import { clientOf, generic, ISSUER, loyalty, view } from './fixtures.js';

const silver: GoogleDesign = { ...loyalty, classSuffix: 'silver', object: { accountId: '{{memberId}}' } };
const fields = view({ memberId: 'm1', firstName: 'Zoë', points: 7, note: 'n' });

describe('a pass that changes its type stays in the holder’s Google Wallet', () => {
  let simulator: GoogleWalletSimulator;
  before(async () => {
    simulator = await startGoogleWalletSimulator({ settings: { requestsPerSecond: null } });
  });
  after(() => simulator.stop());

  async function convert(tenant: string, to: GoogleDesign, times = 1) {
    const { client } = clientOf(simulator);
    const classOf = (design: GoogleDesign) => googleClassId(ISSUER, tenant, design.classSuffix);
    const objectId = googleObjectId(ISSUER, tenant, 'pass');
    const body = (id: string, design: GoogleDesign) =>
      googleObject({ design, classId: classOf(design), objectId: id, view: fields, state: 'ACTIVE', notify: false });
    for (const design of new Set([loyalty, to])) {
      await client.ensure(`${design.type}Class`, googleClass({ design, issuerId: ISSUER, classId: classOf(design) }));
    }
    await client.ensure('loyaltyObject', body(objectId, loyalty));
    await simulator.save(objectId);
    const plan = planGoogleConversion({
      from: { type: 'loyalty', classId: classOf(loyalty), objectId },
      to: { type: to.type, classId: classOf(to) },
      newObjectId: googleObjectId(ISSUER, tenant, 'pass', classOf(to)),
    });
    const ownedFields = [...Object.keys(loyalty.object), ...Object.keys(to.object)];
    let result;
    for (let i = 0; i < times; i++) {
      result = await convertGoogleObject({
        client,
        steps: plan.steps,
        objectId,
        body: (id) => body(id, to),
        ownedFields,
      });
    }
    return { plan, old: objectId, ...result!, classId: classOf(to) };
  }

  test('the same class needs nothing', async () => {
    const { plan } = await convert('same', loyalty);
    assert.deepEqual(plan, { kind: 'nothing', steps: [] });
  });

  test('within a type the object moves to the other class and sheds what the new design lacks', async () => {
    const { plan, old, objectId, classId } = await convert('within', silver);
    assert.equal(plan.kind, 'change-class');
    assert.equal(objectId, old);
    const stored = simulator.object(old)!;
    assert.equal(stored['classId'], classId);
    assert.equal('loyaltyPoints' in stored, false);
  });

  test('where Google refuses the other class a linked new object takes over, also when the steps are repeated', async () => {
    simulator.settings.classIdChange = 'refuse';
    const { old, objectId, replaced, classId } = await convert('refused', silver, 2);
    simulator.settings.classIdChange = 'accept';
    assert.equal(replaced, true);
    assert.deepEqual(simulator.object(old)!['linkedObjectIds'], [objectId]);
    assert.equal(simulator.object(old)!['state'], 'COMPLETED');
    assert.equal(simulator.object(objectId)!['classId'], classId);
    assert.equal(simulator.object(objectId)!['hasUsers'], true);
  });

  test('across types a linked new object takes over', async () => {
    const { plan, old, objectId } = await convert('across', generic, 2);
    assert.equal(plan.kind, 'new-object');
    assert.deepEqual(simulator.object(old)!['linkedObjectIds'], [objectId]);
    assert.equal(simulator.object(objectId)!['hasUsers'], true);
  });

  test('links that were there before are kept', () => {
    const from = { type: 'loyalty', classId: '1.a', objectId: '1.o', linkedObjectIds: ['1.x'] } as const;
    const { steps } = planGoogleConversion({ from, to: { type: 'offer', classId: '1.b' }, newObjectId: '1.n' });
    assert.deepEqual(
      steps.map((step) => step.do),
      ['ensure-object', 'link', 'retire'],
    );
    assert.deepEqual(steps.find((step) => step.do === 'link')!.linkedObjectIds, ['1.x', '1.n']);
  });
});
