import { isBlank, pointer as pointerOf } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import type { PassField, PassTypeDesign } from '../../passes/pass-type.js';
import type { CampaignDefinition, CampaignWarning } from '../../passes/campaign.js';
import { coerceValue } from '../../passes/field-types.js';
import { unlistedCases } from '../../passes/unlisted-cases.js';
import type { ProblemItem } from '../problems.js';

type Types = readonly { passTypeId: string; design: PassTypeDesign }[];

interface NamedField {
  pointer: string;
  name: string;
  types: Types;
  audience: CampaignDefinition['audience'];
  action: CampaignDefinition['action'];
}

const MOST_WARNINGS = 20;
const MOST_NAMED = 50;

/** Warns of a field that no pass type concerned has. Passes keep custom data of any name, so it is no fault. */
export function warnOfField(warnings: CampaignWarning[], { pointer, name, types, audience, action }: NamedField): void {
  const isFilter = pointer.startsWith('/audience');
  const chosen = 'filter' in audience ? audience.filter.passTypes : undefined;
  const next = action.type === 'convert' && !isFilter ? [action.passType] : chosen;
  const wanted =
    next && types.filter(({ passTypeId, design }) => next.includes(passTypeId) || next.includes(design.name));
  const known = [
    ...new Set((wanted ?? types).flatMap(({ design }) => design.fields.map((field) => field.apiFieldName))),
  ];
  // An offer may bring a type of its own; its fields are checked with its terms.
  if (known.includes(name) || warnings.length >= MOST_WARNINGS || (action.type === 'offer' && !isFilter)) return;
  const who = wanted ? `no pass type of ${next!.map((one) => `"${one}"`).join(', ')}` : 'no pass type';
  const then = isFilter
    ? 'only custom data of that name is compared'
    : 'it is kept as custom data, which no pass shows';
  const more = known.length > MOST_NAMED ? ` and ${known.length - MOST_NAMED} more` : '';
  warnings.push({
    pointer,
    message: `${who} has a field "${name}": ${then}`,
    cure: `where a field was meant, known are: ${known.slice(0, MOST_NAMED).join(', ') || '(none)'}${more}`,
  });
}

/** The pass types whose passes show what an action sets. */
function concernedTypes(types: Types, { audience, action }: Pick<CampaignDefinition, 'audience' | 'action'>): Types {
  const shown = action.type === 'convert' ? action.passType : action.type === 'offer' && action.offer['passType'];
  const names = typeof shown === 'string' ? [shown] : 'filter' in audience ? audience.filter.passTypes : undefined;
  return names
    ? types.filter(({ passTypeId, design }) => names.includes(passTypeId) || names.includes(design.name))
    : types;
}

/** What is wrong with a value for a field, or null. */
function faultOf(
  field: PassField,
  value: JsonValue,
): (Pick<ProblemItem, 'kind'> & { message: string; cure: string }) | null {
  const name = field.apiFieldName;
  if (value === null) {
    return field.required
      ? { message: `${name} is required and cannot be emptied`, cure: 'give it a value', kind: 'missing' }
      : null;
  }
  const read = coerceValue(field, value, true);
  return 'value' in read ? null : { message: name + read.message, cure: read.cure, kind: 'form' };
}

/**
 * The values that an action sets for everybody, each read by its field: one that fits no pass type concerned is a fault, one
 * that fits some of them, or that their visuals do not know, gets a warning.
 */
export function checkValues(
  [at, given]: [at: string, fields: object],
  types: Types,
  definition: Pick<CampaignDefinition, 'audience' | 'action'>,
  warnings: CampaignWarning[],
): ProblemItem[] {
  const concerned = concernedTypes(types, definition);
  const warn = (warning: CampaignWarning): void => {
    if (warnings.length < MOST_WARNINGS) warnings.push(warning);
  };
  return Object.entries(given as Record<string, JsonValue>).flatMap(([name, value]): ProblemItem[] => {
    const pointer = at + pointerOf(name);
    const having = concerned.flatMap(({ design }) => {
      const field = design.fields.find(({ apiFieldName }) => apiFieldName === name);
      return field ? [{ design, field }] : [];
    });
    if (having.length === 0 || (typeof value === 'object' && value !== null)) return [];
    if (typeof value === 'string' && isBlank(value)) {
      warn({ pointer, message: `"${name}" is blank, so it changes nothing`, cure: 'write null to empty the field' });
      return [];
    }
    const faults = having.flatMap(({ design, field }) => {
      const fault = faultOf(field, value);
      return fault ? [{ ...fault, type: design.name }] : [];
    });
    const [first] = faults;
    if (first && faults.length === having.length)
      return [{ pointer, message: first.message, cure: first.cure, ...(first.kind && { kind: first.kind }) }];
    for (const { type, message, cure } of faults)
      warn({ pointer, message: `passes of "${type}" stay: ${message}`, cure });
    const unlisted = having.flatMap(({ design }) => unlistedCases(design, { [name]: value }, [name], at));
    for (const message of new Set(unlisted.map((one) => one.message))) {
      warn({ pointer, message, cure: 'correct it, unless it is meant so' });
    }
    return [];
  });
}
