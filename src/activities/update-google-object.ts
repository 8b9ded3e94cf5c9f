import {
  changedSince,
  chargeNotification,
  designedFields,
  giveNotificationBack,
  recordRetired,
  recordSynced,
  takeGoogleLease,
  type GoogleObjectRow,
} from '../database/devices/google-objects.js';
import { recordNotifications, type NotificationResult } from '../database/devices/notifications.js';
import { findRevision } from '../database/passes/pass-lookup.js';
import { PermanentError, TransientError, WaitForTurn } from '../common/errors.js';
import { MESSAGE_CHANGE } from '../passes/message.js';
import { spokenChanges } from '../passes/offer.js';
import { viewOfPass } from '../passes/pass-view.js';
import { googleObjectId } from '../wallets/google/resource-ids.js';
import { asWarning, type LeftOut } from '../wallets/google/render-object.js';
import { googleObject, GOOGLE_STATES } from '../wallets/google/wallet-object.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { writeMessages } from './google-messages.js';
import { ensureGoogleClass } from './google-class.js';
import { loadGoogle, type LoadedGoogle } from './google-pass.js';
import { holdGoogleLease, LEASE_MS } from './google-lease.js';
import { convertObject, insertObject, updateObject, type WrittenObject } from './google-write.js';

export interface UpdateGoogleObject extends StepInput {
  passId: string;
  /** Write also what Google has already: somebody asked to tell every wallet again. */
  again?: boolean;
}

export interface UpdatedGoogleObject {
  /** `none`: the pass is not for Google Wallet. `covered`: another operation writes this revision, or has written it. */
  result: 'none' | 'written' | 'covered';
}

/** An attempt that has lasted this long begins no further write. */
const LAST_WRITE_MS = 30_000;

/**
 * Brings a pass's object at Google (and its class) to what the database says now. Writers of one pass take turns by a
 * lease; who meets a holder relies on it, because the holder looks for newer revisions after it let go. What is notified
 * follows from the revisions since the last write, whichever operation made them.
 */
export function updateGoogleObjectActivity(deps: ActivityDeps) {
  return async function updateGoogleObject(ref: UpdateGoogleObject): Promise<UpdatedGoogleObject> {
    const sql = deps.database.tenant(ref.tenantId);
    const beganMs = deps.now();
    for (;;) {
      const loaded = await loadGoogle(deps, ref);
      if (!loaded) return { result: 'none' };
      const { anchor, pass } = loaded;
      const lease = await takeGoogleLease(sql, ref, anchor, LEASE_MS);
      if (!('taken' in lease)) {
        if (lease.by === ref.operationId) {
          throw new WaitForTurn(
            'google-object-busy',
            'An earlier attempt of this step is still writing the object.',
            Math.max(1, lease.until.getTime() - deps.now()),
          );
        }
        await record(deps, ref, { ...result(anchor.objectId, 'covered'), coveredBy: lease.by }, { covered: true });
        return { result: 'covered' };
      }
      const held = holdGoogleLease(sql, ref, lease.taken);
      let attempted = pass.revision;
      let failure: unknown;
      let done: UpdatedGoogleObject | undefined;
      try {
        const fresh = await loadGoogle(deps, ref);
        attempted = fresh?.pass.revision ?? attempted;
        done = fresh ? await write(deps, ref, fresh) : { result: 'none' };
      } catch (error) {
        failure = error;
      }
      await held.release();
      const now = await findRevision(sql, ref.passId);
      // Operations that came meanwhile rely on this one, also where its own revision was refused.
      const isBehind = now !== undefined && now.revision > attempted;
      if (isBehind && !(failure instanceof TransientError)) {
        if (deps.now() - beganMs < LAST_WRITE_MS) continue;
        throw new WaitForTurn('google-object-busy', 'The pass changes faster than Google takes it.', 1_000);
      }
      if (done) return done;
      const reason = (failure as { code?: unknown }).code;
      const state = failure instanceof PermanentError ? 'refused' : 'failed';
      const told = {
        ...result(anchor.objectId, state),
        reason: typeof reason === 'string' ? reason : 'internal-error',
      };
      await record(deps, ref, told, {}, 'waiting').catch(() => undefined);
      throw failure;
    }
  };
}

const result = (objectId: string, state: NotificationResult['state']): NotificationResult => ({
  target: `google:${objectId}`,
  deviceId: null,
  platform: 'google',
  state,
});

async function record(
  deps: ActivityDeps,
  ref: UpdateGoogleObject,
  told: NotificationResult,
  detail: Record<string, unknown>,
  state: 'succeeded' | 'waiting' = 'succeeded',
): Promise<void> {
  const { tenantId, operationId, run, passId } = ref;
  const step = { tenantId, operationId, run, step: 'update-google-object' as const, state, detail };
  await recordNotifications(deps.database.tenant(tenantId), step, passId, [told], null);
}

/** Writes under the lease, and keeps what was written in one transaction with the step's evidence. */
async function write(deps: ActivityDeps, ref: UpdateGoogleObject, loaded: LoadedGoogle): Promise<UpdatedGoogleObject> {
  const { access, pass, objects, target, anchor } = loaded;
  const { client } = access;
  const { tenantId, operationId, run, passId } = ref;
  const sql = deps.database.tenant(tenantId);
  const step = { tenantId, operationId, run, step: 'update-google-object' as const, state: 'succeeded' as const };
  const live = objects.find(({ state }) => state === 'live');

  if (target === null) {
    if (!live) return { result: 'none' };
    await client.patch(`${live.object_type}Object`, live.object_id, { state: 'INACTIVE' });
    await recordRetired(sql, live.object_id);
    await record(deps, ref, result(anchor.objectId, 'delivered'), { retired: live.object_id });
    return { result: 'written' };
  }
  const { type } = target.design;
  const isSame = live?.object_type === type && live.class_id === target.classId;
  if (isSame && !ref.again && live.synced_revision !== null && live.synced_revision >= pass.revision) {
    const told = {
      ...result(anchor.objectId, 'covered'),
      reason: `revision ${live.synced_revision} was written before`,
    };
    await record(deps, ref, told, { revision: live.synced_revision });
    return { result: 'covered' };
  }

  const classWrite = await ensureGoogleClass(deps, access, pass, target);
  const leftOut = new Map<string, LeftOut>();
  const since = live ? await changedSince(sql, pass, live.synced_revision, pass.revision) : [];
  const written = await writeObject(deps, loaded, { target, live, since, leftOut, again: ref.again ?? false });
  const message = await sendMessages(deps, loaded, { type, live, since, objectId: written.objectId });
  await sql.transaction(async (within) => {
    await recordSynced(within, ref, {
      objectId: written.objectId,
      objectType: type,
      classId: target.classId,
      revision: pass.revision,
      replaces: written.replaces,
    });
    const detail = {
      revision: pass.revision,
      class: classWrite,
      ...(written.replaces !== null && { replaces: written.replaces }),
      ...(written.notification !== undefined && { notification: written.notification }),
      ...(message !== undefined && { message }),
      ...(leftOut.size > 0 && { warnings: [...leftOut.values()].map(asWarning) }),
    };
    const told = {
      ...result(anchor.objectId, 'delivered'),
      providerId: written.objectId,
      ...(written.notification !== undefined && { reason: `notification ${written.notification}` }),
    };
    await recordNotifications(within, { ...step, detail }, passId, [told], null);
  });
  return { result: 'written' };
}

/** Writes messages where there are any to add or to remove: most updates ask Google nothing for it. */
async function sendMessages(
  deps: ActivityDeps,
  { access, pass, objects, design }: LoadedGoogle,
  {
    type,
    live,
    since,
    objectId,
  }: {
    type: GoogleObjectRow['object_type'];
    live: GoogleObjectRow | undefined;
    since: readonly string[];
    objectId: string;
  },
): Promise<string | undefined> {
  const sql = deps.database.tenant(pass.tenant_id);
  const written = objects.find((object) => object.object_id === objectId);
  const isNew = live?.object_id !== objectId;
  const changed = isNew ? [] : since;
  const speaks = !isNew && changed.includes(MESSAGE_CHANGE) && pass.messages.length > 0;
  if (!changed.includes(MESSAGE_CHANGE) && !(isNew && pass.messages.length > 0)) return undefined;
  return writeMessages(access.client, {
    kind: `${type}Object`,
    objectId,
    messages: pass.messages,
    language: (await deps.tenantSettings(pass.tenant_id)).language,
    sender: design.organizationName,
    speaks,
    notifiedAt: written?.notified_at ?? [],
    charged: written?.charged_revision === pass.revision,
    nowMs: deps.now(),
    notification: {
      charge: () => chargeNotification(sql, objectId, pass.revision, new Date(deps.now())),
      giveBack: () => giveNotificationBack(sql, objectId, pass.revision),
    },
  });
}

interface ObjectWrite {
  target: NonNullable<LoadedGoogle['target']>;
  live: GoogleObjectRow | undefined;
  /** What changed since the live object was written. */
  since: readonly string[];
  /** Gathers what Google would not have taken. */
  leftOut: Map<string, LeftOut>;
  again: boolean;
}

async function writeObject(
  deps: ActivityDeps,
  loaded: LoadedGoogle,
  { target, live, since, leftOut, again }: ObjectWrite,
): Promise<WrittenObject> {
  const { access, pass, objects, design } = loaded;
  const { design: google, classId } = target;
  const { tenant_id: tenantId, pass_id: passId, revision } = pass;
  const view = viewOfPass({
    design,
    data: pass.data,
    visuals: pass.visuals,
    serialNumber: pass.serial_number,
    externalId: pass.external_id,
    publicUrl: access.publicUrl,
    locale: await deps.tenantSettings(tenantId),
  });
  const leaveOut = (part: LeftOut): void => void leftOut.set(part.path, part);
  const state = GOOGLE_STATES[pass.state];
  const body = (objectId: string, notify = false) =>
    googleObject({ design: google, classId, objectId, view, state, notify, leaveOut });
  const sql = deps.database.tenant(tenantId);
  const ownedFields = await designedFields(sql, google.type, 'object');
  const known = objects.find((object) => object.object_type === google.type && object.class_id === classId);
  const newObjectId =
    known?.object_id ?? googleObjectId(access.issuerId, tenantId, passId, `${google.type}/${classId}`);

  if (!live) return insertObject(access.client, google.type, body(newObjectId), ownedFields);
  if (known !== live) {
    const to = { type: google.type, classId };
    const input = { live, to, newObjectId, known: known !== undefined, body: (id: string) => body(id), ownedFields };
    return convertObject(access.client, input);
  }
  const changed = Object.keys(spokenChanges(Object.fromEntries(since.map((name) => [name, true])), pass.offers));
  const notifyFields = pass.state === 'active' ? google.notifyOn.filter((field) => changed.includes(field)) : [];
  return updateObject(access.client, {
    live,
    design,
    data: pass.data,
    revision,
    notifyFields,
    again,
    nowMs: deps.now(),
    notification: {
      charge: () => chargeNotification(sql, live.object_id, revision, new Date(deps.now())),
      giveBack: () => giveNotificationBack(sql, live.object_id, revision),
    },
    body: (notify) => body(live.object_id, notify),
    ownedFields,
  });
}
