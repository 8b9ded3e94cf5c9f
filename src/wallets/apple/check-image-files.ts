import { pointer } from '../../common/clean-text.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { isAlwaysThere, possibleValues } from '../../passes/possible-values.js';
import { placeholders } from '../../passes/render.js';
import { aStyle, type Add } from './design-problem.js';
import { IMAGE_ROLES, isDrawn, roleNamed } from './image-roles.js';
import { imageFileNames } from './pass-images.js';

const LANGUAGES = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
type Images = Readonly<Record<string, string>>;

/** Roles of images, the files that they name, and what hides them. `files` are the names beside the design. */
export function checkImageFiles(design: PassTypeDesign, files: ReadonlySet<string>, add: Add): void {
  const apple = design.apple!;
  if (apple.images['icon'] === undefined) {
    add(
      '/apple/images',
      'There is no icon: passes without one do not install.',
      'Add "icon": "icon" and the files icon.png and icon@2x.png.',
    );
  }
  checkImages(design, apple.images, '/apple/images', files, add);
  checkIcon(design, add);
  if (apple.style === 'eventTicket' && apple.images['strip'] !== undefined) {
    for (const role of ['background', 'thumbnail'].filter((name) => apple.images[name] !== undefined)) {
      add(`/apple/images/${role}`, `A strip excludes the ${role}.`, 'Remove one of the two.', 'warning');
    }
  }
  const languages = Object.entries(apple.localizations);
  for (const [language, { images }] of languages) {
    if (!/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(language)) {
      add(pointer('apple', 'localizations', language), `"${language}" is no language tag.`, 'Use one such as "de".');
    }
    checkLanguage(language, add);
    checkImages(design, images, pointer('apple', 'localizations', language, 'images'), files, add);
    for (const role of Object.keys(images)) {
      const at = pointer('apple', 'localizations', language, 'images', role);
      if (apple.images[role] !== undefined) {
        const cure = 'Give every language its own image, and none for all.';
        add(at, `The image "${role}" for all languages hides this one.`, cure, 'warning');
      }
    }
  }
  checkLanguages(design, files, add);
}

/** Folders that phones ignore: a language in other capitals, or an unknown one. */
function checkLanguage(language: string, add: Add): void {
  const at = pointer('apple', 'localizations', language);
  let canonical: string | undefined;
  try {
    [canonical] = Intl.getCanonicalLocales(language);
  } catch {
    // An invalid tag throws a RangeError; its form is checked above.
    return;
  }
  if (canonical !== language) {
    add(at, `Phones look for "${canonical}", not for "${language}".`, `Write "${canonical}".`, 'warning');
  } else if (LANGUAGES.of(language.split('-')[0]!) === undefined) {
    add(at, `"${language}" is no language that phones know.`, 'Use one such as "de", "pt-BR", "zh-Hans".', 'warning');
  }
}

/** Every pass needs its icon: one whose name a value may leave open does not install. */
function checkIcon(design: PassTypeDesign, add: Add): void {
  const template = design.apple!.images['icon'] ?? '';
  const names = placeholders(template).map((name) => `{{${name}}}`);
  const open = names.filter((name) => !possibleValues(name, design) || !isAlwaysThere(name, design));
  if (open.length === 0) return;
  const message = `The icon depends on ${open.join(', ')}, which may have no value or any: such passes do not install.`;
  add('/apple/images/icon', message, 'Name one file, or a visual with cases and a default.');
}

function checkImages(design: PassTypeDesign, images: Images, path: string, files: ReadonlySet<string>, add: Add): void {
  const apple = design.apple!;
  for (const [name, template] of Object.entries(images)) {
    const at = path + pointer(name);
    const role = roleNamed(name);
    if (!role) add(at, `Wallet knows no image "${name}".`, `Use one of ${Object.keys(IMAGE_ROLES).join(', ')}.`);
    else if (!isDrawn(role, apple)) {
      const shows = role.faces.length > 0 ? `it is for ${role.faces.join(', ')}` : 'the product does not offer it';
      add(at, `${aStyle(apple.style)} does not draw "${name}".`, `Remove it; ${shows}.`, 'warning');
    }
    for (const base of possibleValues(template, design) ?? []) checkFile(name, base, at, folderOf(design), files, add);
  }
}

/** Where a tenant's folder has the images of a pass type. */
const folderOf = ({ name }: PassTypeDesign): string => `pass-types/${name}/`;

function checkFile(role: string, base: string, at: string, folder: string, files: ReadonlySet<string>, add: Add): void {
  const [plain = '', double = '', triple = ''] = imageFileNames(base);
  const isThere = role === 'icon' ? files.has(plain) && files.has(double) : files.has(plain) || files.has(double);
  if (!isThere) {
    for (const name of (role === 'icon' ? [plain, double] : [double]).filter((one) => !files.has(one))) {
      const other = [...files].find((one) => one.toLowerCase() === name.toLowerCase());
      const cure = other ? `Rename ${other}: capitals count.` : `Put ${name} into ${folder}.`;
      add(at, `The image file ${name} is missing.`, cure);
    }
    return;
  }
  if (role === 'icon' && !files.has(triple)) {
    add(at, `The image file ${triple} is missing.`, `Put ${triple} into ${folder}.`, 'warning');
  }
}

/** An image that some languages have and others do not, or not in the same scales. */
function checkLanguages(design: PassTypeDesign, files: ReadonlySet<string>, add: Add): void {
  const { images: common, localizations } = design.apple!;
  const languages = Object.entries(localizations);
  const roles = new Set(languages.flatMap(([, { images }]) => Object.keys(images)));
  for (const role of [...roles].filter((name) => common[name] === undefined)) {
    const scales = new Map<string, string>();
    for (const [language, { images }] of languages) {
      const template = images[role];
      const [base] = template === undefined ? [] : (possibleValues(template, design) ?? []);
      const found = base === undefined ? [] : imageFileNames(base).map((name) => files.has(name));
      if (template === undefined) scales.set(language, 'none');
      else if (base !== undefined) scales.set(language, found.join());
    }
    const without = languages.filter(([, { images }]) => images[role] === undefined).map(([language]) => language);
    if (without.length > 0) {
      const path = pointer('apple', 'localizations', without[0]!, 'images');
      add(path, `Other languages have an image "${role}"; ${without.join(', ')} shows none.`, 'Add one.', 'warning');
    } else if (new Set(scales.values()).size > 1) {
      const path = pointer('apple', 'localizations', languages[0]![0], 'images', role);
      const cure = 'Give every language the same ones of 1x, @2x and @3x.';
      add(path, `The languages have "${role}" in different scales.`, cure, 'warning');
    }
  }
}
