import { findKnownOfWrite } from '../database/devices/google-object-changes.js';
import { takeGoogleLease } from '../database/devices/google-leases.js';
import { recordRetired, recordSynced } from '../database/devices/google-objects.js';
import type { Sql } from '../database/connect.js';
import { recordNotifications } from '../database/devices/notifications.js';
import { findRevision } from '../database/passes/pass-lookup.js';
import { PermanentError, TransientError, WaitForTurn } from '../common/errors.js';
import { asWarning, type LeftOut } from '../wallets/google/render-object.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { ensureGoogleClass } from './google-class.js';
import { googleNotes, googleResult, recordGoogleResult } from './google-evidence.js';
import { holdGoogleLease, LEASE_MS } from './google-lease.js';
import { emptyErased } from './google-emptied.js';
import { recordEnded, writeLinkedOffers, type SaidOfOffer } from './google-linked-offers.js';
import { sendMessages, writeObject } from './google-object.js';
import { loadGoogle, type LoadedGoogle } from './google-pass.js';

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
 * Writes a pass's object (and its class) to Google as the database has it now. Writers of one pass share a lease. If
 * another operation holds it, this one skips: the holder checks for newer revisions before it stops. The notification
 * covers all revisions since the last write, of any operation.
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
            lease.leftMs,
          );
        }
        await recordGoogleResult(
          deps,
          ref,
          { ...googleResult(anchor.objectId, 'covered'), coveredBy: lease.by },
          { covered: true },
        );
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
        ...googleResult(anchor.objectId, state),
        reason: typeof reason === 'string' ? reason : 'internal-error',
      };
      // It only shows: Temporal must hear of the failure itself.
      await recordGoogleResult(deps, ref, told, {}, { state: 'waiting' }).catch(() => undefined);
      throw failure;
    }
  };
}

/** Writes under the lease, and keeps what was written in one transaction with the step's evidence. */
async function write(
  deps: ActivityDeps,
  ref: UpdateGoogleObject,
  loaded: LoadedGoogle,
  /** Offers that were refused a moment ago: this is the second write, with them on the card. */
  before?: { refused: readonly SaidOfOffer[]; notification: string | undefined },
): Promise<UpdatedGoogleObject> {
  const { access, pass, objects, target, anchor, beside, offerObjects } = loaded;
  const { client } = access;
  const { tenantId, operationId, run, passId } = ref;
  const sql = deps.database.tenant(tenantId);
  const step = { tenantId, operationId, run, step: 'update-google-object' as const, state: 'succeeded' as const };
  const live = objects.find(({ state }) => state === 'live');

  const erased = await emptyErased(deps, loaded);
  if (erased) {
    const { emptied, record } = erased;
    await recordGoogleResult(deps, ref, googleResult(anchor.objectId, 'delivered'), { emptied }, { change: record });
    return { result: 'written' };
  }
  if (target === null) {
    if (!live) return { result: 'none' };
    const ended = await writeLinkedOffers(deps, loaded, null);
    await client.patch(`${live.object_type}Object`, live.object_id, { state: 'INACTIVE' });
    const change = async (within: Sql) => {
      await recordEnded(within, ended);
      await recordRetired(within, live.object_id);
    };
    const detail = { retired: live.object_id, ...(ended.length > 0 && { offers: ended }) };
    await recordGoogleResult(deps, ref, googleResult(anchor.objectId, 'delivered'), detail, { change });
    return { result: 'written' };
  }
  const { type } = target.design;
  const isSame = live?.object_type === type && live.class_id === target.classId;
  if (isSame && !ref.again && live.synced_revision !== null && live.synced_revision >= pass.revision) {
    const told = {
      ...googleResult(anchor.objectId, 'covered'),
      reason: `revision ${live.synced_revision} was written before`,
    };
    await recordGoogleResult(deps, ref, told, { revision: live.synced_revision });
    return { result: 'covered' };
  }

  const leftOut = new Map<string, LeftOut>();
  const apart = [
    ...beside.map(({ id }) => id),
    ...offerObjects.flatMap((o) => (o.state === 'refused' ? [] : [o.offerId])),
  ];
  const known = await findKnownOfWrite(
    sql,
    pass,
    { operationId, googleType: type, classId: target.classId },
    { after: live?.synced_revision ?? null, beside: apart },
  );
  const notes = googleNotes(sql, ref, known.noted);
  const classWrite = await ensureGoogleClass(deps, access, pass, target, { digest: known.classDigest, notes });
  const { changed: since, ownedFields } = known;
  const written = await writeObject(deps, loaded, {
    ...{ target, live, since, ownedFields, leftOut },
    again: ref.again ?? false,
    told: before?.notification !== undefined,
    notes,
  });
  const notification = before?.notification ?? written.notification;
  const message = await sendMessages(deps, loaded, { type, live, since, objectId: written.objectId, notes });
  const card = { kind: `${type}Object` as const, objectId: written.objectId };
  const offers = await writeLinkedOffers(deps, loaded, card);
  // What Google takes beside the card no more stands on it from now on.
  const refused = before?.refused ?? offers.filter(({ result }) => result === 'refused');
  if (before === undefined && refused.length > 0) {
    const fresh = await loadGoogle(deps, ref);
    if (fresh) return write(deps, ref, fresh, { refused, notification });
  }
  await sql.transaction(async (within) => {
    await recordEnded(within, offers);
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
      ...(notification !== undefined && { notification }),
      ...(message !== undefined && { message }),
      ...(refused.length + offers.length > 0 && { offers: [...refused, ...offers] }),
      ...(leftOut.size > 0 && { warnings: [...leftOut.values()].map(asWarning) }),
    };
    const told = {
      ...googleResult(anchor.objectId, 'delivered'),
      providerId: written.objectId,
      ...(notification !== undefined && { reason: `notification ${notification}` }),
    };
    await recordNotifications(within, { ...step, detail }, passId, [told], null);
  });
  return { result: 'written' };
}
