import { pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import { nearest } from '../../common/nearest-name.js';
import { strayBraces, textsIn } from '../../passes/check-braces.js';
import { APPLE_STYLES, type PassTypeDesign } from '../../passes/pass-type.js';
import { possibleValues } from '../../passes/possible-values.js';
import { placeholders } from '../../passes/render.js';
import { checkBarcodes } from './check-barcodes.js';
import { checkFieldKeys } from './check-fields.js';
import { checkNfc } from './check-nfc.js';
import { checkRelevantDates } from './check-relevance.js';
import { checkStyle } from './check-styles.js';
import { checkTranslations } from './check-texts.js';
import type { Add, DesignProblem } from './design-problem.js';
import { imageFileNames } from './pass-images.js';
import { checkRule } from './rules/check-rule.js';
import { DESIGN_KEYS, EXTRA_KEYS, OPEN_OBJECTS } from './rules/pass-keys.js';

export type { DesignProblem } from './design-problem.js';

/** What `{{pass.…}}` can name. */
export const PASS_KEYS = ['serialNumber', 'url', 'externalId'] as const;

/** Styles that draw an image; the others carry it for nothing. */
const IMAGE_STYLES: Readonly<Record<string, readonly string[]>> = {
  icon: [...APPLE_STYLES],
  logo: [...APPLE_STYLES],
  strip: ['coupon', 'storeCard', 'eventTicket'],
  thumbnail: ['eventTicket', 'generic'],
  background: ['eventTicket', 'posterGeneric'],
  footer: ['boardingPass'],
  artwork: ['eventTicket', 'posterGeneric'],
  primaryLogo: ['boardingPass', 'eventTicket', 'posterGeneric'],
  secondaryLogo: ['eventTicket'],
  venueMap: ['eventTicket'],
  personalizationLogo: [...APPLE_STYLES],
};

/** Keys that the product sets itself; in `extra` they would be lost. */
const OWN_KEYS = [
  ...['formatVersion', 'passTypeIdentifier', 'teamIdentifier', 'serialNumber', 'authenticationToken'],
  ...['webServiceURL', 'organizationName', 'description', 'voided', 'barcode', 'barcodes', ...APPLE_STYLES],
  ...['nfc', 'posterGeneric'],
];

/**
 * Everything that Apple's rules say of the Apple part of a design, beyond its JSON schema; an empty list is good.
 * `imageNames` are the files beside the design.
 */
export function lintAppleDesign(design: PassTypeDesign, imageNames: Iterable<string>): DesignProblem[] {
  const { apple } = design;
  if (!apple) return [];
  const problems: DesignProblem[] = [];
  const add: Add = (path, message, cure, severity) =>
    void problems.push({ path, message, cure, ...(severity && { severity }) });
  checkStyle(design, add);
  checkFieldKeys(design, add);
  checkDesignKeys(design, add);
  checkExtra(design, add);
  checkRelevantDates(design, add);
  checkBarcodes(design, add);
  checkNfc(design, add);
  checkPlaceholders(design, add);
  checkTranslations(design, add);
  checkImageFiles(design, new Set(imageNames), add);
  return problems;
}

/** What keeps a design from being applied; warnings left out. */
export const checkAppleDesign = (design: PassTypeDesign, imageNames: Iterable<string>): DesignProblem[] =>
  lintAppleDesign(design, imageNames).filter(({ severity }) => severity === undefined);

function checkDesignKeys(design: PassTypeDesign, add: Add): void {
  for (const [key, rule] of Object.entries(DESIGN_KEYS)) {
    const value = (design.apple as unknown as Record<string, JsonValue | undefined>)[key];
    if (value !== undefined) checkRule(rule, value, pointer('apple', key), design, add);
  }
}

function checkExtra(design: PassTypeDesign, add: Add): void {
  const known = Object.keys(EXTRA_KEYS);
  for (const [key, value] of Object.entries(design.apple!.extra)) {
    const path = pointer('apple', 'extra', key);
    if (OWN_KEYS.includes(key)) add(path, `"${key}" is set by the product.`, 'Remove it from extra.');
    else if (Object.hasOwn(EXTRA_KEYS, key)) {
      if (!OPEN_OBJECTS.has(key) || typeof value !== 'object' || value === null || Array.isArray(value)) {
        checkRule(EXTRA_KEYS[key]!, value, path, design, add);
      }
    } else {
      const near = nearest(key, known);
      if (near) add(path, `Wallet knows no "${key}".`, `Write "${near}".`);
      else add(path, `No system of today knows "${key}": phones pass over it.`, 'Check its name.', 'warning');
    }
  }
}

function checkImageFiles(design: PassTypeDesign, files: ReadonlySet<string>, add: Add): void {
  const apple = design.apple!;
  const faces: string[] = [apple.style, ...(apple.posterGeneric ? ['posterGeneric'] : [])];
  const checkImages = (images: Readonly<Record<string, string>>, path: string): void => {
    for (const [role, template] of Object.entries(images)) {
      const at = path + pointer(role);
      const styles = Object.hasOwn(IMAGE_STYLES, role) ? IMAGE_STYLES[role] : undefined;
      if (!styles) {
        add(at, `Wallet knows no image "${role}".`, `Use one of ${Object.keys(IMAGE_STYLES).join(', ')}.`);
      } else if (!faces.some((face) => styles.includes(face))) {
        add(at, `A ${apple.style} does not draw "${role}".`, `Remove it; it is for ${styles.join(', ')}.`, 'warning');
      }
      for (const base of possibleValues(template, design) ?? []) {
        const [plain = '', double = '', triple = ''] = imageFileNames(base);
        const missing = (role === 'icon' ? [plain, double] : [double]).filter((name) => !files.has(name));
        if (role === 'icon' && missing.length === 0 && !files.has(triple)) {
          add(at, `The image file ${triple} is missing.`, `Put ${triple} beside the design.`, 'warning');
        }
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
  if (apple.style === 'eventTicket' && apple.images['strip'] !== undefined) {
    for (const role of ['background', 'thumbnail'].filter((name) => apple.images[name] !== undefined)) {
      add(`/apple/images/${role}`, `A strip excludes the ${role}.`, 'Remove one of the two.', 'warning');
    }
  }
  for (const [language, { images }] of Object.entries(apple.localizations)) {
    if (!/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(language)) {
      add(pointer('apple', 'localizations', language), `"${language}" is no language tag.`, 'Use one such as "de".');
    }
    checkImages(images, pointer('apple', 'localizations', language, 'images'));
    for (const role of Object.keys(images).filter((name) => apple.images[name] !== undefined)) {
      const at = pointer('apple', 'localizations', language, 'images', role);
      const cure = 'Give every language its own image, and none for all.';
      add(at, `The image "${role}" for all languages hides this one.`, cure, 'warning');
    }
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
  for (const [path, text] of textsIn({ apple: apple as JsonValue, description, organizationName })) {
    const stray = path.includes('/strings/') ? undefined : strayBraces(text);
    if (stray !== undefined) {
      add(
        path,
        `${stray} is no placeholder: customers would see it as it stands.`,
        'Write {{field}}, without filters and tags.',
      );
    }
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
