import { pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import { nearest } from '../../common/nearest-name.js';
import { isEmptyText } from '../../common/tidy-text.js';
import { keysIn, leftOver, strayBraces, textsIn } from '../../passes/check-braces.js';
import { APPLE_STYLES, type PassTypeDesign } from '../../passes/pass-type.js';
import { isAlwaysThere } from '../../passes/possible-values.js';
import { placeholders } from '../../passes/render.js';
import { checkActions } from './check-actions.js';
import { checkBarcodes } from './check-barcodes.js';
import { checkContacts } from './check-contacts.js';
import { checkFaces } from './check-faces.js';
import { checkFieldKeys } from './check-fields.js';
import { checkNfc } from './check-nfc.js';
import { checkRelevantDates } from './check-relevance.js';
import { checkImageFiles } from './check-image-files.js';
import { checkRoom } from './check-room.js';
import { checkShownTexts } from './check-shown-texts.js';
import { checkStyle } from './check-styles.js';
import { checkTranslations } from './check-texts.js';
import type { Add, DesignProblem } from './design-problem.js';
import { checkRule } from './rules/check-rule.js';
import { DESIGN_KEYS, EXTRA_KEYS, OPEN_OBJECTS } from './rules/pass-keys.js';

export type { DesignProblem } from './design-problem.js';

/** What `{{pass.…}}` can name. */
export const PASS_KEYS = ['serialNumber', 'url', 'externalId'] as const;

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
  checkRoom(design, add);
  checkStyle(design, add);
  checkFaces(design, add);
  checkActions(design, add);
  checkFieldKeys(design, add);
  checkDesignKeys(design, add);
  checkExtra(design, add);
  checkRelevantDates(design, add);
  checkBarcodes(design, add);
  checkContacts(design, add);
  checkShownTexts(design, add);
  checkNfc(design, add);
  checkPlaceholders(design, add);
  checkNames(design, add);
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

/** Phones refuse a pass without a description or the name of its organisation. */
function checkNames(design: PassTypeDesign, add: Add): void {
  for (const key of ['description', 'organizationName'] as const) {
    const said = design[key];
    if (isEmptyText(said)) add(pointer(key), `The ${key} is blank: phones refuse the pass.`, 'Write it.');
    else if (!isAlwaysThere(said, design)) {
      const message = `Passes without a value for ${placeholders(said).join(', ')} have no ${key}, which phones need.`;
      add(pointer(key), message, 'Make the field required, give it a default, or write a text beside it.', 'warning');
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
  for (const [path, key] of keysIn(apple!.extra, pointer('apple', 'extra'))) {
    if (placeholders(key).length === 0 && strayBraces(key) === undefined) continue;
    add(path, 'Placeholders in keys are not filled.', 'Write the key itself; values may hold placeholders.');
  }
  for (const [path, text] of textsIn({ apple: apple as JsonValue, description, organizationName })) {
    const stray = path.includes('/strings/') ? undefined : strayBraces(text);
    if (stray !== undefined) {
      add(
        path,
        `${stray} is no placeholder: customers would see it as it is.`,
        'Write {{field}}, without filters and tags.',
      );
    }
    const left = leftOver(text);
    if (left !== undefined) {
      const cure = 'Write the text, or the field that holds it.';
      add(path, `"${left}" looks like the rest of a missing value.`, cure, 'warning');
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
