import { pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import { isEmptyText } from '../../common/tidy-text.js';
import { unopenable } from '../../common/openable-address.js';
import type { AppleField, PassTypeDesign } from '../../passes/pass-type.js';
import { placeholders } from '../../passes/render.js';
import { fieldsOf } from './check-fields.js';
import type { Add } from './design-problem.js';
import { formOf } from './rules/scalar-form.js';

const TAG = /<\/?[a-z][a-z0-9]*(?:[\s/][^<>]*)?>/i;
const ENTITY = /&(?:[a-z]{2,8}|#\d{1,6});/i;
const MOMENT = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

/** Texts that phones show as they stand, with the pointer to each. */
function* shownTexts(design: PassTypeDesign): Generator<[path: string, text: string]> {
  const { description, organizationName } = design;
  const { logoText, barcodes, extra, locations = [], beacons = [] } = design.apple!;
  const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === 'string';
  const places = (list: string, entries: readonly Readonly<Record<string, JsonValue>>[]): [string, unknown][] =>
    entries.map((entry, index) => [pointer('apple', list, index, 'relevantText'), entry['relevantText']]);
  const all: [string, unknown][] = [
    ['/description', description],
    ['/organizationName', organizationName],
    ['/apple/logoText', logoText],
    ['/apple/extra/eventLogoText', extra['eventLogoText']],
    ...barcodes.map(({ altText }, index): [string, unknown] => [
      pointer('apple', 'barcodes', index, 'altText'),
      altText,
    ]),
    ...places('locations', locations),
    ...places('beacons', beacons),
    ...fieldsOf(design).flatMap(({ path, field }) =>
      ['label', 'value', 'changeMessage'].map((key): [string, unknown] => [path + pointer(key), field[key]]),
    ),
  ];
  yield* all.filter(isText);
}

/** Texts with signs that mean something to a browser or a program, and nothing to a phone. */
export function checkShownTexts(design: PassTypeDesign, add: Add): void {
  for (const [path, text] of shownTexts(design)) {
    const written = (TAG.exec(text) ?? ENTITY.exec(text))?.[0];
    if (written !== undefined) {
      const cure = path.endsWith('/value')
        ? 'Write plain text; links of the back go into attributedValue.'
        : 'Write plain text.';
      add(path, `Customers see "${written}" as it stands.`, cure, 'warning');
    }
    // A field whose whole value is a date is reported by the rules of its styles.
    const isDate = path.endsWith('/value') && 'value' in formOf({ is: 'date' }, text);
    if (MOMENT.test(text) && !isDate) {
      add(path, 'Customers see the time as programs write it.', 'Write it as people read it.', 'warning');
    }
  }
  for (const { path, field } of fieldsOf(design)) checkLinks(field, `${path}/attributedValue`, add);
}

const LINK = /<a(?=[\s>])[^>]*>/gi;
const HREF = /\shref=(?:"([^"]*)"|'([^']*)')/i;

/** Links of a text that phones show as bare text: without an address, with one that leads nowhere, or never closed. */
function checkLinks({ attributedValue: text }: AppleField, path: string, add: Add): void {
  if (typeof text !== 'string') return;
  if (isEmptyText(text)) return add(path, 'The text is empty and says nothing.', 'Write it, or remove it.', 'warning');
  const links = text.match(LINK) ?? [];
  for (const link of links) {
    const [, double, single] = HREF.exec(link) ?? [];
    const address = double ?? single ?? '';
    if (placeholders(address).length > 0 || unopenable(address) === undefined) continue;
    add(path, `${link} leads nowhere.`, 'Write <a href="https://…">.', 'warning');
  }
  if (links.length !== (text.match(/<\/a>/gi) ?? []).length) {
    add(path, 'A link begins and does not end, or the other way round.', 'Close each <a …> by </a>.', 'warning');
  }
}
