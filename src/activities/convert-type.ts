import { PermanentError } from '../common/errors.js';
import { convertData } from '../passes/conversion.js';
import { isLater } from '../passes/field-order.js';
import type { PassTypeVersion } from '../passes/pass-type.js';
import { didYouMean } from '../common/nearest-name.js';
import { invalidData } from './invalid-data.js';
import { isUniqueViolation } from '../database/sql.js';
import type { LoadedForChange } from '../database/passes/passes.js';
import { changePass, type ChangeInput, type Decision } from './change-pass.js';
import type { ActivityDeps } from './deps.js';
import type { FoundPasses } from './loaded-pass-cache.js';
import { readInput } from './read-input.js';

export interface ConvertedType {
  outcome: 'converted' | 'unchanged' | 'superseded';
  revision: number | null;
}

/** Moves a pass to another pass type; serial number, token, installs and data stay. Idempotent by (pass, operation). */
export function convertTypeActivity(deps: ActivityDeps, foundPasses: FoundPasses) {
  return async function convertType(ref: ChangeInput): Promise<ConvertedType> {
    const request = changePass<ConvertedType>(deps, {
      ref,
      change: 'type',
      step: 'convert-type',
      foundPasses,
      repeated: (revision) => ({ outcome: 'converted', revision }),
      decide: async (loaded) => decideType(loaded, await typesOf(deps, loaded)),
    });
    return request.catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new PermanentError(
        'state-conflict',
        'The customer already holds a live pass of that type. Void one of the two first, or allow several passes in the tenant settings.',
      );
    });
  };
}

/** The type that the pass has and the one that is asked for. */
export interface ConvertedTypes {
  from: PassTypeVersion;
  target: PassTypeVersion;
}

/** Reads both types; throws where the one that is asked for does not exist. */
export async function typesOf(
  deps: Pick<ActivityDeps, 'passTypes'>,
  { pass, operation }: LoadedForChange,
): Promise<ConvertedTypes> {
  const { tenant_id: tenantId } = pass;
  const wanted = readInput<'push-update'>(operation, 'data', 'passType').passType!;
  const target = await deps.passTypes.current(tenantId, wanted);
  if (target)
    return { from: await deps.passTypes.version(tenantId, pass.pass_type_id, pass.pass_type_version), target };
  const names = await deps.passTypes.names(tenantId);
  throw new PermanentError(
    'unknown-pass-type',
    `There is no pass type "${wanted}". ${didYouMean(wanted, names)}`,
    {},
    // Without what was sent: it may be anything.
    { summary: `There is no such pass type. Known are: ${names.join(', ')}.` },
  );
}

/** The rule of the step, for one operation and for many alike: the type asked for, and what of the data it takes over. */
export function decideType(
  { pass, operation }: LoadedForChange,
  { from, target }: ConvertedTypes,
): Decision<ConvertedType> {
  if (isLater(pass.type_sequence, operation.acceptance_sequence)) {
    return { nothing: true, detail: { superseded: true }, result: { outcome: 'superseded', revision: null } };
  }
  if (target.passTypeId === pass.pass_type_id) {
    // The type that it has, asked for later: an older request for another one must lose to this one too.
    return {
      typeSequence: operation.acceptance_sequence,
      detail: { passType: target.design.name },
      result: { outcome: 'unchanged', revision: null },
    };
  }
  const { data } = readInput<'push-update'>(operation, 'data', 'passType');
  const converted = convertData(target.design, pass.data, data);
  if (converted.problems.length > 0) {
    throw invalidData(converted.problems, target.design);
  }
  return {
    write: {
      after: {
        ...pass,
        data: converted.data,
        pass_type_id: target.passTypeId,
        pass_type_version: target.version,
        type_sequence: operation.acceptance_sequence,
        // A pass keeps the Apple identity it was installed under: identity, topic and certificate hang on it.
        apple_pass_type_identifier: pass.apple_pass_type_identifier ?? target.design.apple?.passTypeIdentifier ?? null,
        live_key: pass.live_key === null ? null : `${pass.customer_id}:${target.passTypeId}`,
      },
      changed: { passType: { from: from.design.name, to: target.design.name } },
      changedFields: ['passType'],
    },
    detail: {
      from: from.design.name,
      to: target.design.name,
      ...(converted.warnings.length > 0 && { warnings: converted.warnings }),
    },
    result: (revision) => ({ outcome: 'converted', revision }),
  };
}
