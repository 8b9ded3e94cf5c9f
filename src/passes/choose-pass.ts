import type { PassState } from './pass.js';
import type { Identifier } from './operation-input.js';

/** One pass that one of the identifiers leads to. */
export interface Hit {
  kind: string;
  passId: string;
  customerId: string;
  state: PassState;
  passTypeId: string;
  passTypeName: string;
}

export type Choice =
  | { outcome: 'found'; passId: string; customerId: string; matched: string[] }
  | { outcome: 'pass-not-found'; reason: string; unknown: string[] }
  | { outcome: 'ambiguous-identifiers'; reason: string };

const NARROWING = 'passTemplate';

/**
 * All identifiers together must lead to exactly one pass; any other result is a named outcome, never a guess. Deleted
 * passes never count, voided ones only if no live pass is left. `matching: 'known'` ignores unknown identifiers as
 * long as one is known.
 */
export function choosePass(asked: readonly Identifier[], hits: readonly Hit[], matching: 'all' | 'known'): Choice {
  const naming = asked.filter((identifier) => identifier.kind !== NARROWING);
  if (naming.length === 0) {
    return {
      outcome: 'pass-not-found',
      reason:
        'No identifier given names a person in this tenant (settings.identifyBy). Send an e-mail address, customer id or serial number.',
      unknown: [],
    };
  }
  const template = asked.find((identifier) => identifier.kind === NARROWING)?.value;
  const usable = hits.filter((hit) => hit.state !== 'deleted');
  const byKind = new Map(
    naming.map(({ kind }) => [kind, new Set(usable.filter((h) => h.kind === kind).map((h) => h.passId))]),
  );
  const unknown = [...byKind].filter(([, passes]) => passes.size === 0).map(([kind]) => kind);
  const known = [...byKind].filter(([, passes]) => passes.size > 0);

  if (known.length === 0 || (matching === 'all' && unknown.length > 0)) {
    const reason = known.length
      ? `No pass carries all of these identifiers: ${known.map(([k]) => k).join(', ')} ${known.length === 1 ? 'leads' : 'lead'} to a pass, but ${unknown.join(', ')} is not known for it. Leave it out, or sync the profile first.`
      : `No pass is known by ${unknown.join(', ')}. Issue the pass first, or check the tags in the webhook's body.`;
    return { outcome: 'pass-not-found', reason, unknown };
  }

  const carrying = (all: typeof known): string[] =>
    [...(all[0]?.[1] ?? [])].filter((passId) => all.every(([, passes]) => passes.has(passId)));
  // A phone that people share stays with its owner: what else is given names the pass.
  const firm = known.filter(([kind]) => kind !== 'phone');
  const agreeing = carrying(known).length > 0 ? known : firm;
  let candidates = carrying(agreeing);
  if (candidates.length === 0) {
    return {
      outcome: 'ambiguous-identifiers',
      reason: `The identifiers ${known.map(([kind]) => kind).join(' and ')} belong to different passes. Send identifiers of one person only; where they are one person, merge the two customers.`,
    };
  }
  const describe = (passId: string): Hit => usable.find((hit) => hit.passId === passId)!;
  if (template !== undefined) {
    candidates = candidates.filter((passId) =>
      [describe(passId).passTypeId, describe(passId).passTypeName].includes(template),
    );
    if (candidates.length === 0) {
      return {
        outcome: 'pass-not-found',
        reason: `The person has no pass of the template ${template}.`,
        unknown: [NARROWING],
      };
    }
  }
  const live = candidates.filter((passId) => describe(passId).state !== 'voided');
  if (live.length > 0) candidates = live;
  if (candidates.length > 1) {
    return {
      outcome: 'ambiguous-identifiers',
      reason: `${candidates.length} passes carry these identifiers. Add serialNumber, passTemplate or an identifier of your own to name one.`,
    };
  }
  const passId = candidates[0]!;
  const matched = [...agreeing.map(([kind]) => kind), ...(template === undefined ? [] : [NARROWING])];
  return { outcome: 'found', passId, customerId: describe(passId).customerId, matched };
}
