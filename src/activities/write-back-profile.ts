import { setKlaviyoProfile } from '../database/customers/customer-identifiers.js';
import {
  identifierBodies,
  profileBody,
  type ExternalIdRule,
  type JsonApiBody,
  type KnownIdentifiers,
} from '../klaviyo/write-back.js';
import { findRefusedIdentifiers } from '../database/klaviyo/write-back.js';
import type { Resource } from '../klaviyo/client.js';
import { PermanentError } from '../common/errors.js';
import type { ActivityDeps } from './deps.js';
import {
  byKnownProfile,
  writeBackStep,
  type Subject,
  type VisitMemory,
  type WriteBackInput,
  type WriteBackSession,
  type WroteBack,
} from './write-back-step.js';
import { versionOf } from './write-back-subject.js';

type IdentifierName = Exclude<keyof KnownIdentifiers, 'id'>;
type IdentifierResult = 'written' | 'conflict' | 'refused' | 'dropped';

interface Progress {
  profileId: string;
  /** The version of the pass that the profile shows. */
  version: string;
  /** Identifiers that the profile lacks and that are still to be tried. */
  open: IdentifierName[];
  identifiers: Partial<Record<string, IdentifierResult>>;
  /** When Klaviyo refused one of them: now, or at an earlier write-back that is still believed. */
  triedAt?: string;
}

/** An identifier that Klaviyo refused is left alone for so long: the other profile that has it seldom lets go of it. */
const BELIEVED_HOURS = 24;
const isRefusal = (result: IdentifierResult | undefined): boolean => result === 'conflict' || result === 'refused';

/** Another operation may write an older state after us. The last writer looks again afterwards, so the newest state stays. */
const ROUNDS = 3;

const textOf = ({ attributes }: Resource, name: IdentifierName): string | null => {
  const value = attributes[name];
  return typeof value === 'string' && value !== '' ? value : null;
};

/**
 * Link, serial and states into the profile, found or made by its one strongest identifier; then, as far as Klaviyo lets
 * us, the identifiers that it lacks. Two profiles are never merged: a conflict is written down, the properties stay.
 */
export function writeBackProfileActivity(deps: ActivityDeps) {
  return async function writeBackProfile(input: WriteBackInput, memory: VisitMemory = {}): Promise<WroteBack> {
    return writeBackStep(
      deps,
      input,
      'write-back-profile',
      async (session) => {
        let progress = (session.operation.detail['progress'] ?? null) as Progress | null;
        for (let round = 0; round < ROUNDS; round++) {
          const subject = await session.subject();
          if (!subject) return { skipped: 'The pass has gone, or nothing names its holder in Klaviyo.' };
          if (progress?.version === versionOf(subject.row)) break;
          progress = await importProfile(session, subject, progress, deps.now());
        }
        const subject = progress && progress.open.length > 0 ? await session.lastSubject() : null;
        if (progress && subject) await addIdentifiers(session, subject, progress);
        const refused = Object.fromEntries(
          Object.entries(progress?.identifiers ?? {}).filter(
            ([name, result]) => name !== 'import' && isRefusal(result),
          ),
        );
        const memory = Object.keys(refused).length > 0 && { refused, triedAt: progress!.triedAt };
        return {
          detail: { profileId: progress?.profileId ?? null, ...progress?.identifiers, ...memory, progress: null },
        };
      },
      memory,
    );
  };
}

/** The serial number of a test pass never becomes anybody's external id. */
const ruleOf = (session: WriteBackSession, { row }: Subject): ExternalIdRule =>
  session.settings.externalId === 'serialNumber' && !row.test ? 'serial' : 'keep';

async function importProfile(
  session: WriteBackSession,
  subject: Subject,
  before: Progress | null,
  nowMs: number,
): Promise<Progress> {
  const { row, pass } = subject;
  const rule = ruleOf(session, subject);
  const identifiers: Progress['identifiers'] = { ...before?.identifiers };
  const imported = await byKnownProfile(session.sql, subject, (recipient) =>
    session.call('profiles', (client) => client.importProfile(profileBody(pass, recipient))),
  ).catch((error: unknown) => {
    const matched = error instanceof PermanentError ? error.details['duplicateProfileId'] : null;
    if (typeof matched !== 'string') throw error;
    identifiers['import'] = 'conflict';
    return session.call('profiles', (client) =>
      client.importProfile(profileBody(pass, { ...subject.recipient, profileId: matched })),
    );
  });
  const { profile, partialFailure } = imported;
  for (const field of partialFailure) identifiers[field] = 'dropped';
  if (row.klaviyo_profile_id !== profile.id) await setKlaviyoProfile(session.sql, row.customer_id, profile.id);
  const known: KnownIdentifiers = {
    id: profile.id,
    email: textOf(profile, 'email'),
    phone_number: textOf(profile, 'phone_number'),
    external_id: textOf(profile, 'external_id'),
  };
  const lacking = identifierBodies(known, pass, subject.recipient, rule).map(
    ({ data }) => Object.keys(data.attributes)[0] as IdentifierName,
  );
  const earlier =
    lacking.length > 0
      ? await findRefusedIdentifiers(session.sql, { passId: row.pass_id, customerId: row.customer_id }, BELIEVED_HOURS)
      : undefined;
  for (const name of lacking) {
    const refused = earlier?.refused[name] as IdentifierResult | undefined;
    if (refused !== undefined) identifiers[name] ??= refused;
  }
  const progress: Progress = {
    profileId: profile.id,
    version: versionOf(row),
    triedAt: before?.triedAt ?? earlier?.triedAt ?? new Date(nowMs).toISOString(),
    open: lacking.filter((name) => identifiers[name] === undefined),
    identifiers,
  };
  // With nothing to follow, a repetition costs one call that changes nothing.
  if (progress.open.length > 0) await session.note({ progress });
  return progress;
}

/** One call for each, so that a conflict of one keeps none of the others out. */
async function addIdentifiers(session: WriteBackSession, subject: Subject, progress: Progress): Promise<void> {
  const rule = ruleOf(session, subject);
  while (progress.open.length > 0) {
    const name = progress.open[0]!;
    const lacking: KnownIdentifiers = { id: progress.profileId, email: 'x', phone_number: 'x', external_id: 'x' };
    const [body] = identifierBodies({ ...lacking, [name]: null }, subject.pass, subject.recipient, rule);
    if (body) progress.identifiers[name] = await tryIdentifier(session, progress.profileId, name, body);
    progress.open.shift();
    await session.note({ progress });
  }
}

async function tryIdentifier(
  session: WriteBackSession,
  profileId: string,
  name: string,
  body: JsonApiBody,
): Promise<IdentifierResult> {
  try {
    const { partialFailure } = await session.call('profiles', (client) => client.patchProfile(profileId, body));
    return partialFailure.includes(name) ? 'dropped' : 'written';
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return error.code === 'klaviyo-duplicate-profile' ? 'conflict' : 'refused';
  }
}
