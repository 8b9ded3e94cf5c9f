import type { PassTypeDesign } from '../../passes/pass-type.js';
import type { CampaignDefinition, CampaignWarning } from '../../passes/campaign.js';

interface NamedField {
  pointer: string;
  name: string;
  types: readonly { passTypeId: string; design: PassTypeDesign }[];
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
