import type { JsonValue } from '../../common/json.js';
import { APPLE_STYLES, type AppleDesign, type PassTypeDesign } from '../../passes/pass-type.js';
import { placeholders } from '../../passes/render.js';
import { appleColour } from './apple-values.js';
import { FIELD_GROUPS } from './pass-fields.js';
import { imageFileNames } from './pass-images.js';

/** A fault in a design: a JSON pointer into the pass type file, what is wrong, and what to do. */
export interface DesignProblem {
  path: string;
  message: string;
  cure: string;
}

/** What `{{pass.…}}` can name. */
export const PASS_KEYS = ['serialNumber', 'url', 'externalId'] as const;

const IMAGE_ROLES = [
  ...['icon', 'logo', 'strip', 'background', 'thumbnail', 'footer'],
  ...['personalizationLogo', 'artwork', 'primaryLogo', 'secondaryLogo', 'venueMap'],
];

/** Keys that the product sets itself; in `extra` they would be lost. */
const OWN_KEYS = [
  ...['formatVersion', 'passTypeIdentifier', 'teamIdentifier', 'serialNumber', 'authenticationToken'],
  ...['webServiceURL', 'organizationName', 'description', 'voided', 'barcode', 'barcodes', ...APPLE_STYLES],
];

/** How many fields fit on the front of a pass; the back has no limit. */
const limits = (style: AppleDesign['style']): Partial<Record<(typeof FIELD_GROUPS)[number], number>> => ({
  headerFields: 3,
  primaryFields: style === 'boardingPass' ? 2 : 1,
  secondaryFields: 4,
  auxiliaryFields: 4,
});

const pointer = (...parts: (string | number)[]): string =>
  parts.map((part) => `/${String(part).replace(/~/g, '~0').replace(/\//g, '~1')}`).join('');

/** Every text in a JSON value with the pointer to it. */
function* texts(value: JsonValue, path: string): Generator<[path: string, text: string]> {
  if (typeof value === 'string') yield [path, value];
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* texts(item, path + pointer(index));
  else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) if (item !== undefined) yield* texts(item, path + pointer(key));
  }
}

/** The values a template can take when each of its placeholders is a visual with listed cases; undefined where it is open. */
function possibleValues(template: string, design: PassTypeDesign): string[] | undefined {
  let values = [template];
  for (const name of placeholders(template)) {
    const visual = name.startsWith('visual.') ? design.visuals[name.slice(7)] : undefined;
    if (!visual || !('cases' in visual)) return undefined;
    const cases = [...Object.values(visual.cases), ...(visual.default === undefined ? [] : [visual.default])];
    const place = new RegExp(`\\{\\{\\s*${name.replace(/\./g, '\\.')}\\s*\\}\\}`, 'g');
    values = values.flatMap((value) => cases.map((chosen) => value.replace(place, () => chosen)));
  }
  return [...new Set(values)];
}

/**
 * What is wrong with the Apple part of a design, beyond its JSON schema; an empty list is good. `imageNames` are the
 * files beside the design.
 */
export function checkAppleDesign(design: PassTypeDesign, imageNames: Iterable<string>): DesignProblem[] {
  const apple = design.apple;
  if (!apple) return [];
  const files = new Set(imageNames);
  const problems: DesignProblem[] = [];
  const add = (path: string, message: string, cure: string): void => void problems.push({ path, message, cure });

  checkFields(apple, add);
  checkPlaceholders(design, add);

  const checkImages = (images: Readonly<Record<string, string>>, path: string): void => {
    for (const [role, template] of Object.entries(images)) {
      const at = path + pointer(role);
      if (!IMAGE_ROLES.includes(role)) {
        add(at, `Wallet knows no image "${role}".`, `Use one of ${IMAGE_ROLES.join(', ')}.`);
      }
      for (const base of possibleValues(template, design) ?? []) {
        const [plain = '', double = ''] = imageFileNames(base);
        const missing = (role === 'icon' ? [plain, double] : [double]).filter((name) => !files.has(name));
        if (role !== 'icon' && files.has(plain)) continue;
        for (const name of missing) add(at, `The image file ${name} is missing.`, `Put ${name} beside the design.`);
      }
    }
  };
  if (apple.images['icon'] === undefined) {
    add(
      '/apple/images',
      'There is no icon: passes without one do not install.',
      'Add "icon": "icon" and the files icon.png and icon@2x.png.',
    );
  }
  checkImages(apple.images, '/apple/images');
  for (const [language, { images }] of Object.entries(apple.localizations)) {
    if (!/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(language)) {
      add(pointer('apple', 'localizations', language), `"${language}" is no language tag.`, 'Use one such as "de".');
    }
    checkImages(images, pointer('apple', 'localizations', language, 'images'));
  }

  for (const key of ['backgroundColor', 'foregroundColor', 'labelColor'] as const) {
    const open = apple[key] === undefined ? undefined : possibleValues(apple[key], design);
    for (const value of (open ?? []).filter((colour) => appleColour(colour) === undefined)) {
      add(`/apple/${key}`, `"${value}" is no colour that Wallet can read.`, 'Write #rrggbb or rgb(r, g, b).');
    }
  }
  for (const key of Object.keys(apple.extra).filter((name) => OWN_KEYS.includes(name))) {
    add(pointer('apple', 'extra', key), `"${key}" is set by the product.`, 'Remove it from extra.');
  }
  return problems;
}

type Add = (path: string, message: string, cure: string) => void;

function checkFields(apple: AppleDesign, add: Add): void {
  const seen = new Map<string, string>();
  for (const group of FIELD_GROUPS) {
    for (const [index, field] of (apple[group] ?? []).entries()) {
      const path = pointer('apple', group, index, 'key');
      const first = seen.get(field.key);
      if (first) add(path, `The field key "${field.key}" stands already at ${first}.`, 'Give each field its own key.');
      else seen.set(field.key, path);
    }
    const limit = limits(apple.style)[group];
    const found = apple[group]?.length ?? 0;
    if (limit !== undefined && found > limit) {
      add(
        pointer('apple', group),
        `${group} has ${found} fields, the front of a ${apple.style} shows ${limit}.`,
        `Move ${found - limit} of them to another group or to backFields.`,
      );
    }
  }
  if (apple.style !== 'eventTicket' && apple.additionalInfoFields) {
    add('/apple/additionalInfoFields', `A ${apple.style} has no additionalInfoFields.`, 'Move them to backFields.');
  }
  if (apple.style === 'boardingPass' && !apple.transitType) {
    add('/apple/transitType', 'A boardingPass needs a transitType.', 'Add one, such as "PKTransitTypeTrain".');
  }
  if (apple.style !== 'boardingPass' && apple.transitType) {
    add('/apple/transitType', `A ${apple.style} has no transitType.`, 'Remove it, or make the style boardingPass.');
  }
}

function checkPlaceholders(design: PassTypeDesign, add: Add): void {
  const fields = new Set(design.fields.map((field) => field.apiFieldName));
  const known = (name: string): boolean => {
    if (name.startsWith('visual.')) return Object.hasOwn(design.visuals, name.slice(7));
    if (name.startsWith('pass.')) return (PASS_KEYS as readonly string[]).includes(name.slice(5));
    return fields.has(name);
  };
  const { apple, description, organizationName } = design;
  for (const [path, text] of texts({ apple: apple as JsonValue, description, organizationName }, '')) {
    for (const name of placeholders(text).filter((candidate) => !known(candidate))) {
      const cure = name.startsWith('pass.')
        ? `Use one of ${PASS_KEYS.map((key) => `pass.${key}`).join(', ')}.`
        : name.startsWith('visual.')
          ? `Add "${name.slice(7)}" to visuals, or correct the name.`
          : `Add a field with apiFieldName "${name}", or correct the name.`;
      add(path, `The placeholder {{${name}}} names nothing.`, cure);
    }
  }
}
