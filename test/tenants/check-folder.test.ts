import assert from 'node:assert/strict';
import { readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { validateTenantFolder } from '../../src/tenants/check-folder.js';
import { createThrowawayAuthority } from '../../src/wallets/apple/throwaway-certificates.js';
import { copyTenantFolder, editJson, issueCertificate } from '../support/tenant-folder.js';

const BASIC = 'pass-types/basic.json';

/** Breaks one thing in a sound folder and returns what is said about it. */
async function problemsAfter(breakIt: (root: string) => void, now: () => number = Date.now) {
  const root = copyTenantFolder();
  try {
    breakIt(root);
    return (await validateTenantFolder(root, { now, environment: {} })).problems;
  } finally {
    rmSync(root, { recursive: true });
  }
}

const inBasic = (edit: Parameters<typeof editJson>[2]) => (root: string) => editJson(root, BASIC, edit);
const inTenant = (edit: Parameters<typeof editJson>[2]) => (root: string) => editJson(root, 'tenant.json', edit);

test('a sound folder has no problems', async () => {
  assert.deepEqual(await problemsAfter(() => undefined), []);
});

/** What is broken; file and pointer of the one problem; words of message and cure. */
const cases: [
  name: string,
  breakIt: (root: string) => void,
  file: string,
  path: string,
  message: RegExp,
  cure: RegExp,
][] = [
  ['no tenant.json', (r) => unlinkSync(join(r, 'tenant.json')), 'tenant.json', '', /does not exist/, /tenant\.json/],
  [
    'a trailing comma',
    (r) => writeFileSync(join(r, 'tenant.json'), '{\n  "tenantId": "demo",\n}'),
    'tenant.json',
    '',
    /line 3, column 1/,
    /comma/,
  ],
  [
    'a file that ends too early',
    (r) => writeFileSync(join(r, 'tenant.json'), '{\n  "tenantId": "demo"'),
    'tenant.json',
    '',
    /breaks at line 2/,
    /bracket/,
  ],
  ['a missing name', inTenant((t) => delete t.name), 'tenant.json', '/name', /"name" is missing/, /a text/],
  [
    'an identifier that is named as something else in bodies',
    inTenant((t) => (t.settings.customIdentifiers = ['loyaltyId', 'name'])),
    'tenant.json',
    '/settings/customIdentifiers/1',
    /"name" has a meaning of its own/,
    /loyaltyId/,
  ],
  [
    'a mistyped setting',
    inTenant((t) => (t.settings.klavyio = {})),
    'tenant.json',
    '/settings/klavyio',
    /"klavyio" is not known/,
    /"klaviyo"/,
  ],
  [
    'a number for a text',
    inTenant((t) => (t.settings.google.issuerId = 3388)),
    'tenant.json',
    '/settings/google/issuerId',
    /a number, not a text/,
    /a text/,
  ],
  [
    'a tenant id in capitals',
    inTenant((t) => (t.tenantId = 'Demo')),
    'tenant.json',
    '/tenantId',
    /"Demo".*form/,
    /lower-case/,
  ],
  [
    'an unknown environment',
    inTenant((t) => (t.environment = 'prod')),
    'tenant.json',
    '/environment',
    /"prod"/,
    /"production"/,
  ],
  [
    'a PEM file that is not there',
    (r) => unlinkSync(join(r, 'pass-key.pem')),
    'tenant.json',
    '/certificates/0/privateKeyFile',
    /pass-key\.pem does not exist/,
    /path/,
  ],
  [
    'a variable that is not set',
    inTenant((t) => (t.klaviyoApiKeyEnv = 'KLAVIYO_KEY')),
    'tenant.json',
    '/klaviyoApiKeyEnv',
    /KLAVIYO_KEY is not set/,
    /set KLAVIYO_KEY/,
  ],
  [
    'a certificate that is none',
    (r) => writeFileSync(join(r, 'pass.pem'), 'hello'),
    'tenant.json',
    '/certificates/0',
    /cannot be read/,
    /PEM/,
  ],
  [
    "another certificate's key",
    (r) => writeFileSync(join(r, 'pass-key.pem'), issueCertificate().privateKeyPem),
    'tenant.json',
    '/certificates/0',
    /does not belong/,
    /certificate request/,
  ],
  [
    "another authority's intermediate",
    (r) =>
      writeFileSync(
        join(r, 'wwdr.pem'),
        createThrowawayAuthority({ commonName: 'Other', now: Date.now }).certificatePem,
      ),
    'tenant.json',
    '/certificates/0',
    /not issued by the intermediate/,
    /WWDR G4/,
  ],
  [
    'a certificate of another team',
    inTenant((t) => (t.certificates[0].teamIdentifier = 'ZZZZZ99999')),
    'tenant.json',
    '/certificates/0',
    /belongs to team DEM0TEAM42, the tenant says ZZZZZ99999/,
    /Membership/,
  ],
  [
    'a certificate that is not for passes',
    (r) => {
      const other = issueCertificate({ passTypeIdentifier: '' });
      writeFileSync(join(r, 'other.pem'), other.certificatePem);
      writeFileSync(join(r, 'other-key.pem'), other.privateKeyPem);
      const entry = { certificateFile: 'other.pem', privateKeyFile: 'other-key.pem', wwdrFile: 'wwdr.pem' };
      editJson(r, 'tenant.json', (t) => t.certificates.push(entry));
    },
    'tenant.json',
    '/certificates/1',
    /names no pass type identifier/,
    /Pass Type IDs/,
  ],
  [
    'two teams for one pass type',
    (r) => {
      const other = issueCertificate({ teamIdentifier: 'ZZZZZ99999' });
      writeFileSync(join(r, 'other.pem'), other.certificatePem);
      writeFileSync(join(r, 'other-key.pem'), other.privateKeyPem);
      const entry = { certificateFile: 'other.pem', privateKeyFile: 'other-key.pem', wwdrFile: 'wwdr.pem' };
      editJson(r, 'tenant.json', (t) => t.certificates.push(entry));
    },
    'tenant.json',
    '/certificates/1',
    /belongs to team ZZZZZ99999/,
    /certificate of that team/,
  ],
  [
    'a pass type that no certificate signs',
    (r) => {
      for (const file of [BASIC, 'pass-types/premium.json']) {
        editJson(r, file, (design) => {
          if (file === BASIC) design.apple.passTypeIdentifier = 'pass.com.example.other';
        });
      }
    },
    BASIC,
    '/apple/passTypeIdentifier',
    /no certificate .*pass\.com\.example\.other .*they sign pass\.dev/,
    /certificates/,
  ],
  [
    'a Google design without issuer',
    inTenant((t) => (t.settings.google = {})),
    'tenant.json',
    '/settings/google/issuerId',
    /issuer id/,
    /Console/,
  ],
  [
    'a service account that is no JSON',
    (r) => {
      writeFileSync(join(r, 'google.json'), 'no');
      editJson(r, 'tenant.json', (t) => (t.googleServiceAccountFile = 'google.json'));
    },
    'tenant.json',
    '/googleServiceAccountFile',
    /not JSON/,
    /JSON key/,
  ],
  [
    'no pass types',
    (r) => rmSync(join(r, 'pass-types'), { recursive: true }),
    'pass-types',
    '',
    /no pass type/,
    /docs\/tenants\.md/,
  ],
  [
    'a name that is not that of the file',
    inBasic((d) => (d.name = 'classic')),
    BASIC,
    '/name',
    /"classic".*basic\.json/,
    /"basic"/,
  ],
  [
    'an id twice',
    inBasic((d) => (d.id = 'ptk_0x102')),
    'pass-types/premium.json',
    '/id',
    /also that of pass-types\/basic\.json/,
    /own/,
  ],
  [
    'two pass types with one class at Google',
    inBasic((d) => (d.google.classSuffix = 'kestrel-reserve')),
    'pass-types/premium.json',
    '/google/classSuffix',
    /"kestrel-reserve" is also the class suffix of pass-types\/basic\.json/,
    /of its own/,
  ],
  [
    'an unknown field type',
    inBasic((d) => (d.fields[0].type = 'string')),
    BASIC,
    '/fields/0/type',
    /"string"/,
    /"text"/,
  ],
  [
    'a field twice',
    inBasic((d) => d.fields.push({ apiFieldName: 'tier', type: 'text' })),
    BASIC,
    '/fields/8/apiFieldName',
    /"tier" is already/,
    /own/,
  ],
  [
    'a default that does not fit',
    inBasic((d) => (d.fields[3].default = 'many')),
    BASIC,
    '/fields/3/default',
    /not a number/,
    /number/,
  ],
  [
    'a type that differs between pass types',
    inBasic((d) => (d.fields[3] = { apiFieldName: 'points', type: 'integer' })),
    'pass-types/premium.json',
    '/fields/3/type',
    /number here and integer in pass-types\/basic\.json/,
    /in both/,
  ],
  [
    'an unknown placeholder for Apple',
    inBasic((d) => (d.apple.secondaryFields[0].value = '{{member-nmae}}')),
    BASIC,
    '/apple/secondaryFields/0/value',
    /\{\{member-nmae\}\}/,
    /apiFieldName/,
  ],
  [
    'an unknown placeholder for Google',
    inBasic((d) => (d.google.object.accountName = '{{member-nmae}}')),
    BASIC,
    '/google/object/accountName',
    /\{\{member-nmae\}\}/,
    /\{\{member-name\}\}/,
  ],
  [
    'a visual from no field',
    inBasic((d) => (d.visuals.strip.from = 'teir')),
    BASIC,
    '/visuals/strip/from',
    /"teir"/,
    /"tier"/,
  ],
  [
    'a colour that is none',
    inBasic((d) => (d.visuals.background.cases.silver = 'grey')),
    BASIC,
    '/apple/backgroundColor',
    /"grey"/,
    /#rrggbb/,
  ],
  [
    'a missing image of a visual',
    inBasic((d) => (d.visuals.strip.cases.silver = 'strip-steel')),
    BASIC,
    '/apple/images/strip',
    /strip-steel@2x\.png is missing/,
    /into pass-types\/[a-z]+\//,
  ],
  [
    'a wallet-less pass type',
    inBasic((d) => {
      delete d.apple;
      delete d.google;
    }),
    BASIC,
    '',
    /no design for any wallet/,
    /"apple", "google"/,
  ],
  [
    'a Google field that does not exist',
    inBasic((d) => (d.google.object.acountName = 'x')),
    BASIC,
    '/google/object/acountName',
    /no field acountName/,
    /accountName/,
  ],
  [
    'a notifyOn without field',
    inBasic((d) => d.google.notifyOn.push('point')),
    BASIC,
    '/google/notifyOn/2',
    /no field "point"/,
    /"points"/,
  ],
  [
    'a JPEG called PNG',
    (r) => writeFileSync(join(r, 'pass-types/basic/logo.png'), Buffer.from('ffd8ffe0', 'hex')),
    'pass-types/basic/logo.png',
    '',
    /not a PNG/,
    /export/,
  ],
  [
    'a @2x of another size',
    (r) =>
      writeFileSync(join(r, 'pass-types/basic/logo@2x.png'), readFileSync(join(r, 'pass-types/basic/logo@3x.png'))),
    'pass-types/basic/logo@2x.png',
    '',
    /150 x 150 pixels, but logo\.png has 50 x 50/,
    /100 x 100/,
  ],
];

for (const [name, breakIt, file, path, message, cure] of cases) {
  test(`${name}: one problem, with its file, place and cure`, async () => {
    const problems = await problemsAfter(breakIt);
    assert.equal(problems.length, 1, JSON.stringify(problems, null, 2));
    assert.deepEqual({ file: problems[0]!.file, path: problems[0]!.path }, { file, path });
    assert.match(problems[0]!.message, message);
    assert.match(problems[0]!.cure, cure);
  });
}

test('an expired certificate is refused alone, and tolerated beside its successor', async () => {
  const expired = issueCertificate({ days: -1 });
  const list = (count: number) => (root: string) => {
    writeFileSync(join(root, 'old.pem'), expired.certificatePem);
    writeFileSync(join(root, 'old-key.pem'), expired.privateKeyPem);
    editJson(root, 'tenant.json', (t) => {
      const entry = { certificateFile: 'old.pem', privateKeyFile: 'old-key.pem', wwdrFile: 'wwdr.pem' };
      t.certificates = count === 1 ? [entry] : [entry, ...t.certificates];
    });
  };
  const [problem, ...others] = await problemsAfter(list(1));
  assert.match(problem?.message ?? '', /The certificate ended on/);
  assert.match(problem?.cure ?? '', /Renew/);
  assert.deepEqual(others, []);
  assert.deepEqual(await problemsAfter(list(2)), []);
});

test('several broken things are all told at once', async () => {
  const problems = await problemsAfter((root) => {
    editJson(root, 'tenant.json', (t) => (t.environment = 'prod'));
    editJson(root, BASIC, (d) => (d.visuals.strip.from = 'teir'));
    unlinkSync(join(root, 'pass-types/premium/icon.png'));
  });
  assert.deepEqual(
    problems.map(({ file }) => file),
    ['tenant.json', BASIC, 'pass-types/premium.json'],
  );
});

test('no message repeats a private key or passphrase', async () => {
  const secret = issueCertificate().privateKeyPem;
  const problems = await problemsAfter((root) => {
    writeFileSync(join(root, 'pass-key.pem'), secret.replace('A', 'B'));
    writeFileSync(join(root, 'google.json'), `{"client_email": "${secret.slice(40, 90).replaceAll('\n', '')}"}`);
    editJson(root, 'tenant.json', (t) => (t.googleServiceAccountFile = 'google.json'));
  });
  assert.ok(problems.length >= 2);
  const said = JSON.stringify(problems);
  for (const line of secret.split('\n').slice(1, -2)) assert.ok(!said.includes(line));
});
