import type { Database } from '../connect.js';
import { isDatabaseUnavailable } from '../unavailable.js';
import { findTwin, insertRecords, recordOf, type Acceptance, type NewOperation } from './operations.js';

/** Accepts an operation of a tenant: answers after its commit. */
export type Accept = (tenantId: string, operation: NewOperation) => Promise<Acceptance>;

/** So many statements of a tenant at once; what comes meanwhile goes with the next. Alone, a request waits for nothing. */
const LANES = 2;
/** A statement that lasts longer may wait for another's lock (of the same key, say): the others go past it. */
const STUCK_MS = 200;
const MOST_TOGETHER = 64;
/** Characters of one statement's values: a larger text would delay the others while it is written. */
const MOST_LENGTH = 256_000;

interface Waiting {
  operation: NewOperation;
  operationId: string;
  json: string;
  resolve(acceptance: Acceptance | Promise<Acceptance>): void;
  reject(error: unknown): void;
}

interface Lanes {
  running: number;
  waiting: Waiting[];
}

/** Two statements that hold each other's keys: a dead end of theirs alone. */
const isDeadlock = (error: unknown): boolean => (error as { code?: unknown }).code === '40P01';

/**
 * Acceptances of one tenant that come while others are being committed share one statement and one commit, in which they
 * keep their order. If the database refuses the statement, each is tried alone, so that none fails because of another.
 */
export function createAcceptance(database: Database): Accept {
  const tenants = new Map<string, Lanes>();

  async function insert(tenantId: string, together: readonly Waiting[]): Promise<void> {
    const db = database.tenant(tenantId);
    try {
      const made = await insertRecords(
        db,
        together.map(({ json }) => json),
      );
      for (const { operation, operationId, resolve } of together) {
        const acceptanceSequence = made.get(operationId);
        if (acceptanceSequence === undefined) resolve(findTwin(db, operation));
        else resolve({ operationId, acceptanceSequence, duplicate: false, conflict: false });
      }
    } catch (error) {
      const forAll = together.length === 1 || (isDatabaseUnavailable(error) && !isDeadlock(error));
      if (forAll) for (const { reject } of together) reject(error);
      else for (const one of together) await insert(tenantId, [one]);
    }
  }

  /** The next statement's share: the first that wait, within both limits. */
  function take({ waiting }: Lanes): Waiting[] {
    let length = 0;
    const end = waiting.findIndex(({ json }, index) => {
      length += json.length;
      return index > 0 && (index >= MOST_TOGETHER || length > MOST_LENGTH);
    });
    return waiting.splice(0, end === -1 ? waiting.length : end);
  }

  async function work(tenantId: string, lanes: Lanes): Promise<void> {
    lanes.running++;
    let stuck = false;
    while (!stuck && lanes.waiting.length > 0) {
      const timer = setTimeout(() => {
        stuck = true;
        leave(tenantId, lanes);
      }, STUCK_MS);
      await insert(tenantId, take(lanes));
      clearTimeout(timer);
    }
    if (!stuck) leave(tenantId, lanes);
  }

  function leave(tenantId: string, lanes: Lanes): void {
    lanes.running--;
    if (lanes.waiting.length > 0) void work(tenantId, lanes);
    else if (lanes.running === 0) tenants.delete(tenantId);
  }

  return (tenantId, operation) =>
    new Promise((resolve, reject) => {
      let lanes = tenants.get(tenantId);
      if (!lanes) tenants.set(tenantId, (lanes = { running: 0, waiting: [] }));
      lanes.waiting.push({ operation, ...recordOf(operation), resolve, reject });
      if (lanes.running < LANES) void work(tenantId, lanes);
    });
}
