import { pointer } from '../../common/clean-text.js';
import { nearest } from '../../common/nearest-name.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { textsOfForm } from '../../passes/enrolment.js';
import { strayBraces } from '../../passes/check-braces.js';
import { listedValues, possibleValues } from '../../passes/possible-values.js';
import { placeholders } from '../../passes/render.js';
import { fieldsOf } from './check-fields.js';
import type { Add } from './design-problem.js';

/** Every text that phones look up in pass.strings, as the design writes it; the enrolment page looks its own up there, too. */
function localizable(design: PassTypeDesign): string[] {
  const { description, organizationName } = design;
  const apple = design.apple!;
  const fields = fieldsOf(design).flatMap(({ field }) => [
    field.label,
    field.value,
    field.changeMessage,
    field['attributedValue'],
  ]);
  const { places: list = [] } = design.nearby ?? {};
  const places = [...(apple.locations ?? []), ...(apple.beacons ?? []), ...(typeof list === 'string' ? [] : list)].map(
    (place) => place['relevantText'],
  );
  const extra: unknown[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') extra.push(value);
    else if (value !== null && typeof value === 'object') Object.values(value).forEach(collect);
  };
  collect(apple.extra);
  const barcodes = apple.barcodes.map(({ altText }) => altText);
  return [
    description,
    organizationName,
    apple.logoText,
    ...fields,
    ...places,
    ...barcodes,
    ...extra,
    ...textsOfForm(design),
  ].filter((text): text is string => typeof text === 'string' && text !== '');
}

/** What a field may hold as far as the design says so: its default, its list, the cases of visuals. */
function knownTexts(name: string, design: PassTypeDesign): string[] {
  const field = design.fields.find(({ apiFieldName }) => apiFieldName === name);
  const cases = Object.values(design.visuals).flatMap((visual) =>
    'from' in visual && visual.from === name ? Object.keys(visual.cases) : [],
  );
  return [
    ...(listedValues(name, design) ?? []),
    ...(field?.default === undefined ? [] : [String(field.default)]),
    ...cases,
  ];
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Whether a text of the design, filled, can be this one. */
function matches(source: string, template: string, design: PassTypeDesign): boolean {
  const names = placeholders(template);
  if (names.length === 0) return template === source;
  if (possibleValues(template, design)?.includes(source)) return true;
  const literal = template.split(/\{\{[^{}]*\}\}/);
  if (literal.every((part) => part.trim() === '')) {
    return names.length === 1 && knownTexts(names[0]!, design).includes(source);
  }
  return new RegExp(`^${literal.map(escaped).join('.*')}$`, 's').test(source);
}

const codesIn = (text: string): number => text.split('%@').length - 1;

/** Translations that phones never use, or show as no reader should see them. */
export function checkTranslations(design: PassTypeDesign, add: Add): void {
  const { localizations } = design.apple!;
  const texts = localizable(design);
  const all = new Set(Object.values(localizations).flatMap(({ strings }) => Object.keys(strings)));
  for (const [language, { strings }] of Object.entries(localizations)) {
    const at = (source: string): string => pointer('apple', 'localizations', language, 'strings', source);
    for (const [source, translation] of Object.entries(strings)) {
      if (translation.trim() === '' && source.trim() !== '') {
        add(at(source), 'The translation is empty: customers see nothing.', 'Write it, or remove the line.', 'warning');
      }
      if (/\{\{|\}\}/.test(source + translation) || strayBraces(source) || strayBraces(translation)) {
        add(
          at(source),
          'pass.strings takes no placeholders: customers would see the braces.',
          'Make the text a visual with a case for each value, and translate the cases.',
        );
        continue;
      }
      if (!texts.some((template) => matches(source, template, design))) {
        const near = nearest(
          source,
          texts.filter((text) => placeholders(text).length === 0),
        );
        add(
          at(source),
          `"${source}" is no text of the design, so this translation is never used.`,
          near
            ? `Write "${near}", as the design does.`
            : 'Correct it, remove it, or list the value in oneOf of its field.',
        );
      }
      if (codesIn(source) !== codesIn(translation)) {
        add(
          at(source),
          `The translation "${translation}" does not keep %@.`,
          'Write %@ where the value goes.',
          'warning',
        );
      }
    }
    if (Object.keys(strings).length === 0) continue;
    const missing = [...all].filter((source) => !Object.hasOwn(strings, source));
    if (missing.length > 0) {
      const listed = missing
        .slice(0, 5)
        .map((source) => `"${source}"`)
        .join(', ');
      const path = pointer('apple', 'localizations', language, 'strings');
      add(path, `Other languages translate ${listed} as well.`, 'Translate them, too.', 'warning');
    }
  }
}
