import { createPassrelayClient } from '../../client/src/index.js';
import { createIphone, type Iphone } from '../../src/simulators/iphone/iphone.js';
import type { DemoCertificates } from '../../src/tenants/demo-certificates.js';
import type { Outside } from '../outside.js';
import { newJournal, recordingFetch, type Journal } from './journal.js';
import { judge } from './judge.js';
import { HOSTS, PUBLIC_URL } from './settings.js';
import { TENANT } from './tenant.js';
import type { Topology } from './topology.js';

export const PASSES = 40;
const CALM_MS = 180_000;
/** `Pass Updated` of one operation: "<operation>:write-back-event" as Klaviyo's unique id. */
const operationOf = (uniqueId: string): string => uniqueId.slice(0, uniqueId.lastIndexOf(':'));

export interface WorldInput {
  topology: Topology;
  outside: Outside;
  certificates: DemoCertificates;
  apiKey: string;
}

/** The drill's own view of the tenant: its client, its phones, its journal. */
export function createWorld({ topology, outside, certificates, apiKey }: WorldInput) {
  const journal: Journal = newJournal();
  const options = { baseUrl: PUBLIC_URL, tenantId: TENANT, apiKey, fetch: recordingFetch(journal) };
  /** Tries once: what fails is counted. */
  const strict = createPassrelayClient({ ...options, attempts: 1 });
  /** Tries again as any client should. */
  const patient = createPassrelayClient({ ...options, attempts: 12 });
  const phones = new Map<string, Iphone>();

  async function issuePasses(): Promise<void> {
    for (let at = 0; at < PASSES; at++) {
      const email = `customer${at}@example.com`;
      const { serialNumber } = await strict.issuePass({
        passTemplate: 'basic',
        pass: { 'member-name': `Customer ${at}`, points: 0 },
        recipient: { email },
      });
      const file = await fetch(`${PUBLIC_URL}/p/${serialNumber}/pass.pkpass`);
      const phone = createIphone({ apns: outside.apns, caPem: certificates.authorityPem });
      const pass = await phone.install(Buffer.from(await file.arrayBuffer()));
      if (!pass.registered) throw new Error(`the phone could not register: ${phone.complaints.join('; ')}`);
      phones.set(serialNumber, phone);
    }
  }

  async function operationsOf(ids: readonly string[]) {
    const rows = await topology.postgres.query<{ id: string; status: string; outcome: string | null }>(
      'select operation_id as id, status, outcome from operations where operation_id = any($1::uuid[])',
      [ids],
    );
    return new Map(rows.map(({ id, status, outcome }) => [id, { status, outcome }]));
  }
  const accepted = (): string[] => journal.updates.flatMap(({ correlationId }) => correlationId ?? []);
  const pointsShown = (serialNumber: string): number => {
    const pass = phones
      .get(serialNumber)!
      .passes()
      .find((one) => one.serialNumber === serialNumber);
    return Number(pass?.bundle.content.fields.find(({ key }) => key === 'points')?.value);
  };

  async function look() {
    const operations = await operationsOf(accepted());
    const rows = await topology.postgres.query<{ serial_number: string; points: number }>(
      `select serial_number, (data ->> 'points')::int as points from passes where tenant_id = $1`,
      [TENANT],
    );
    const delivered = outside.merchant.deliveries.filter(
      ({ fault, status, duplicate }) => !fault && status === 200 && !duplicate,
    );
    return {
      updates: journal.updates,
      operations,
      passes: new Map(rows.map(({ serial_number, points }) => [serial_number, points])),
      phones: new Map([...phones.keys()].map((serialNumber) => [serialNumber, pointsShown(serialNumber)])),
      klaviyoEvents: outside.klaviyo
        .events()
        .filter(({ metric }) => metric === 'Pass Updated')
        .map(({ uniqueId }) => operationOf(uniqueId)),
      merchantEvents: delivered
        .map(({ payload }) => payload as { type: string; data: { operationId?: string } })
        .filter(({ type }) => type === 'pass.updated')
        .flatMap(({ data }) => data.operationId ?? []),
    };
  }

  /** Waits until nothing is missing any more, or says what is. */
  async function untilSound(): Promise<string[]> {
    const deadline = Date.now() + CALM_MS;
    for (;;) {
      const faults = judge(await look());
      if (faults.length === 0 || Date.now() > deadline) return faults;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
  return {
    topology,
    outside,
    journal,
    strict,
    patient,
    phones,
    issuePasses,
    untilSound,
    serialNumbers: () => [...phones.keys()],
  };
}

export type World = ReturnType<typeof createWorld>;

/** The simulated merchant under its public name. */
export const MERCHANT_URL = `https://${HOSTS.merchant}/webhooks`;
