import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFileSync } from 'node:fs';
import { tenantSettings } from '../../src/passes/tenant-settings.js';
import { checkCharacters } from '../../src/tenants/check-characters.js';
import { checkSettings, settingNotes } from '../../src/tenants/check-settings.js';
import { judgeDesign } from '../../src/tenants/judge-design.js';
import type { TenantFolder } from '../../src/tenants/read-folder.js';

/** Designs are loose JSON here: faults are put into them freely. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = any;

const DEMO = JSON.parse(
  readFileSync(new URL('../../tenants/demo/pass-types/basic.json', import.meta.url), 'utf8'),
) as object;
const judged = (edit: (design: Json) => void) => {
  const design = structuredClone(DEMO);
  edit(design);
  return judgeDesign('basic.json', design, new Map()).filter(({ message }) => !/image file/.test(message));
};
const field = (more: object) => (design: Json) => design.fields.push({ apiFieldName: 'more', type: 'text', ...more });
const visual = (more: object) => (design: Json) => {
  design.visuals.more = more;
  design.apple.logoText = '{{visual.more}}';
};

const TOLD: [what: string, edit: (design: Json) => void, path: string, severity?: 'warning'][] = [
  ['a visual that nothing shows', (d) => (d.visuals.more = { template: 'x' }), '/visuals/more', 'warning'],
  ['a visual that no placeholder can name', (d) => (d.visuals['a b'] = { template: 'x' }), '/visuals/a b'],
  ['a visual without a case', visual({ from: 'tier', cases: {} }), '/visuals/more', 'warning'],
  [
    'a case with a blank',
    visual({ from: 'tier', cases: { ' gold': 'x' }, default: 'y' }),
    '/visuals/more/cases/ gold',
    'warning',
  ],
  [
    'a case twice',
    visual({ from: 'tier', cases: { gold: 'x', Gold: 'y' }, default: 'y' }),
    '/visuals/more/cases/Gold',
    'warning',
  ],
  [
    'words for a number',
    visual({ from: 'points', cases: { many: 'x' }, default: 'y' }),
    '/visuals/more/cases/many',
    'warning',
  ],
  [
    'a placeholder as a case',
    visual({ from: 'tier', cases: { '{{tier}}': 'x' }, default: 'y' }),
    '/visuals/more/cases/{{tier}}',
  ],
  ['a source of no profile', field({ source: 'property.tier' }), '/fields/8/source', 'warning'],
  ['a source without its owner', field({ source: 'tier' }), '/fields/8/source', 'warning'],
  ['a source as a placeholder', field({ source: '{{ person.tier }}' }), '/fields/8/source', 'warning'],
  ['a default that shows nothing', field({ default: '\u200b' }), '/fields/8/default'],
  ['a placeholder in the label of a field', field({ label: '{{tier}}' }), '/fields/8/label', 'warning'],
  ['a value listed twice', field({ oneOf: ['gold', 'Gold'] }), '/fields/8/oneOf', 'warning'],
  ['a listed value that is too long', field({ oneOf: ['silver'], maxLength: 2 }), '/fields/8/oneOf', 'warning'],
  ['a field of a name that is dropped', field({ apiFieldName: 'constructor' }), '/fields/8/apiFieldName'],
  ['a misspelt key of a field', field({ Source: 'x' }), '/fields/8/Source'],
  ['a misspelt key of a visual', visual({ from: 'tier', cases: {}, Default: 'x' }), '/visuals/more/Default'],
  ['a misspelt key of messages', (d) => (d.apple.messages = { Label: 'x' }), '/apple/messages/Label'],
  [
    'a misspelt key of nearby',
    (d) => (d.nearby = { places: [], latitude: '{{points}}', longitude: '{{points}}', Visited: 'x' }),
    '/nearby/Visited',
  ],
  [
    'a misspelt key of a place',
    (d) =>
      (d.nearby = {
        places: [{ id: 'a', latitude: 1, longitude: 1, relevanttext: 'x' }],
        latitude: '{{points}}',
        longitude: '{{points}}',
      }),
    '/nearby/places/0/relevanttext',
  ],
  ['a misspelt key of google', (d) => (d.google.notifyon = []), '/google/notifyon'],
  ['a key of no field', (d) => (d.google.object['{{tier}}'] = 'x'), '/google/object/{{tier}}'],
];

test(`${TOLD.length} parts that would never show are told, each at its place`, () => {
  const untold = TOLD.filter(([, edit, path, severity]) => {
    const found = judged(edit);
    return !found.some((one) => one.path === path && one.severity === severity);
  }).map(([what, edit, path]) => `${what} at ${path}: ${JSON.stringify(judged(edit))}`);
  assert.deepEqual(untold, []);
  assert.deepEqual(
    judged(() => undefined),
    [],
    'the design itself has nothing to be told of',
  );
});

/** Every place of a JSON value. */
function* places(value: Json, path: string[] = []): Generator<string[]> {
  if (path.length > 0) yield path;
  if (value !== null && typeof value === 'object') {
    for (const key of Object.keys(value as object)) yield* places(value[key], [...path, key]);
  }
}

test('a wrong shape anywhere hides no fault elsewhere', () => {
  const hidden: string[] = [];
  let tried = 0;
  const whole = structuredClone(DEMO) as Json;
  whole.apple.associatedStoreIdentifiers = [1];
  whole.apple.locations = [{ latitude: 1, longitude: 2 }];
  whole.apple.logoText = '{{visual.lost}}';
  for (const path of places(whole)) {
    const at = `/${path.join('/')}`;
    // Below these any JSON has the right shape.
    if (/^\/(?:google\/(?:class|object)\/|apple\/localizations\/)/.test(at) || '/apple/logoText'.startsWith(at))
      continue;
    for (const wrong of [tried % 2 === 0 ? null : 'x']) {
      const design = structuredClone(whole) as Json;
      const owner = path.slice(0, -1).reduce((inner: Json, key) => inner[key], design);
      owner[path.at(-1)!] = wrong;
      tried += 1;
      const found = judgeDesign('basic.json', design, new Map());
      if (!found.some((one) => one.path === '/apple/logoText')) hidden.push(`${at} = ${JSON.stringify(wrong)}`);
    }
  }
  assert.ok(tried > 100, `${tried} shapes were tried`);
  assert.deepEqual(hidden, []);
});

test('a character that phones cannot read is named wherever it stands', () => {
  const json = { a: ['x', 'a\u0000b'], b: { 'k\ud800': 1 }, c: 'emoji 😀, tab\tand\r\nbreak', d: 5, e: null };
  const told = checkCharacters(json);
  assert.deepEqual(
    told.map(({ path, message }) => [path, /U\+[0-9A-F]{4}/.exec(message)?.[0]]),
    [
      ['/a/1', 'U+0000'],
      ['/b', 'U+D800'],
    ],
  );
});

test('settings that mean nothing are told', () => {
  const folder = (settings: object) =>
    ({
      tenant: { settings: tenantSettings.parse(settings) },
      passTypes: [],
      mendedPassTypes: [],
    }) as unknown as TenantFolder;
  const text = { channel: 'sms', version: '1', text: { en: 'x', de_DE: 'y' } };
  const wrong = folder({ language: 'english', defaultCountry: 'ZZ', consentTexts: [text] });
  assert.deepEqual(
    checkSettings(wrong).map(({ path }) => path),
    ['/settings/language', '/settings/consentTexts/0/text/de_DE', '/settings/defaultCountry'],
  );
  assert.deepEqual(checkSettings(folder({ language: 'pt-BR', defaultCountry: 'DE' })), []);
  const lost = folder({ links: { passType: 'gold' }, messages: { requireConsent: 'push' }, consentTexts: [text] });
  assert.deepEqual(
    settingNotes(lost).map(({ path }) => path),
    // Who asks for consents without a privacy notice is told so, too.
    ['/settings/links/passType', '/settings/messages/requireConsent', '/settings/pages'],
  );
});
