import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, webcrypto } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { PKPass } from 'passkit-generator';
import * as pkijs from 'pkijs';
import { buildPkpass, buildPkpasses } from '../../../src/wallets/apple/pass-bundle.js';
import { prepareImages, selectImages } from '../../../src/wallets/apple/pass-images.js';
import { applePassJson } from '../../../src/wallets/apple/pass-json.js';
import { buildExample, exampleImages, exampleSigning, NOW, passJsonInput } from './example-pass.js';

const folder = mkdtempSync(join(tmpdir(), 'passrelay-pkpass-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const { authority, leaf, signer } = exampleSigning();
writeFileSync(join(folder, 'ca.pem'), authority.certificatePem);

/** Unpacks with python's zipfile, a reader that shares no code with us and checks every CRC. */
function unpack(pkpass: Buffer, name: string): string {
  const target = join(folder, name);
  writeFileSync(`${target}.zip`, pkpass);
  const script =
    'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nassert all(i.compress_type==0 for i in z.infolist())\nz.extractall(sys.argv[2])';
  const run = spawnSync('python3', ['-c', script, `${target}.zip`, target], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return target;
}

function openssl(command: 'smime' | 'cms', pass: string, at = NOW) {
  return spawnSync(
    'openssl',
    [command, '-verify', '-binary', '-inform', 'DER', '-in', 'signature', '-content', 'manifest.json']
      .concat(['-CAfile', join(folder, 'ca.pem'), '-purpose', 'any', '-attime', String(Math.floor(at / 1000))])
      .concat(['-out', join(folder, 'verified')]),
    { cwd: pass, encoding: 'utf8' },
  );
}

const filesOf = (pass: string): string[] =>
  readdirSync(pass, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(pass, join(entry.parentPath ?? entry.path, entry.name)));

function assertManifestMatches(pass: string): void {
  const manifest = JSON.parse(readFileSync(join(pass, 'manifest.json'), 'utf8')) as Record<string, string>;
  const files = filesOf(pass).filter((name) => name !== 'manifest.json' && name !== 'signature');
  assert.deepEqual(Object.keys(manifest).sort(), files.sort());
  for (const [name, hash] of Object.entries(manifest)) {
    assert.equal(
      hash,
      createHash('sha1')
        .update(readFileSync(join(pass, name)))
        .digest('hex'),
      name,
    );
  }
}

test('openssl verifies the signature and every file has its hash, in both directions', async () => {
  const pass = unpack(await buildExample({ signer }), 'whole');
  for (const command of ['smime', 'cms'] as const) {
    const run = openssl(command, pass);
    assert.equal(run.status, 0, run.stderr);
  }
  assertManifestMatches(pass);
  const names = Object.keys(JSON.parse(readFileSync(join(pass, 'manifest.json'), 'utf8')) as object);
  assert.deepEqual(names, [...names].sort());
  assert.ok(filesOf(pass).includes('de.lproj/pass.strings'));
  assert.ok(filesOf(pass).includes('de.lproj/logo@2x.png'));
});

test('a changed manifest and another authority are refused', async () => {
  const pass = unpack(await buildExample({ signer }), 'tampered');
  const manifest = join(pass, 'manifest.json');
  const good = readFileSync(manifest);
  writeFileSync(manifest, Buffer.concat([good, Buffer.from(' ')]));
  assert.match(openssl('cms', pass).stderr, /verification failure/);
  writeFileSync(manifest, good);
  assert.equal(openssl('cms', pass).status, 0);

  const stranger = unpack(await buildExample({ signer: exampleSigning().signer }), 'stranger');
  assert.notEqual(openssl('cms', stranger).status, 0);
});

test('the message names SHA-256, carries leaf and intermediate, and sorts its signed attributes', async () => {
  const pass = unpack(await buildExample({ signer }), 'inspected');
  const printed = spawnSync('openssl', ['cms', '-cmsout', '-print', '-inform', 'DER', '-in', 'signature'], {
    cwd: pass,
    encoding: 'utf8',
  }).stdout;
  assert.match(printed, /digestAlgorithm:\s+algorithm: sha256/);
  assert.equal(printed.match(/d\.certificate:/g)?.length, 2);
  assert.match(printed, /eContent: <ABSENT>/);
  const attributes = [...printed.slice(printed.indexOf('signedAttrs')).matchAll(/object: (\w+)/g)].map(
    ([, name]) => name,
  );
  assert.deepEqual(attributes, ['contentType', 'signingTime', 'messageDigest']);
  assert.match(printed, /UTCTIME:Nov 21 08:00:00 2026 GMT/);
});

test('pkijs, a second verifier, agrees', async () => {
  const pass = unpack(await buildExample({ signer }), 'pkijs');
  const engine = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto as never });
  pkijs.setEngine('node', engine);
  const bytes = (name: string): ArrayBuffer => new Uint8Array(readFileSync(join(pass, name))).buffer;
  const content = pkijs.ContentInfo.fromBER(bytes('signature'));
  const signed = new pkijs.SignedData({ schema: content.content });
  const verified = await signed.verify({
    signer: 0,
    data: bytes('manifest.json'),
    trustedCerts: [pkijs.Certificate.fromBER(derOf(authority.certificatePem))],
    checkChain: true,
    checkDate: new Date(NOW),
  });
  assert.equal(verified, true);
  const overOther = signed.verify({ signer: 0, data: bytes('pass.json'), checkChain: false });
  assert.equal(await overOther.catch(() => false), false);
});

const derOf = (pem: string): ArrayBuffer =>
  new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')).buffer;

test('the same revision gives the same manifest, and the same bytes when signed at the same time', async () => {
  const images = exampleImages(1000);
  const build = (at: Date): Promise<Buffer> => {
    const { design, view, ...rest } = passJsonInput();
    const chosen = selectImages(design, view, prepareImages(images));
    return buildPkpass({ passJson: applePassJson({ design, view, ...rest }), images: chosen, strings: [], signer, at });
  };
  const [first, again, later] = [
    await build(new Date(NOW)),
    await build(new Date(NOW)),
    await build(new Date(NOW + 5000)),
  ];
  assert.ok(first.equals(again));
  assert.ok(!first.equals(later));
  const [a, b] = [unpack(first, 'first'), unpack(later, 'later')];
  for (const name of filesOf(a).filter((file) => file !== 'signature')) {
    assert.ok(readFileSync(join(a, name)).equals(readFileSync(join(b, name))), name);
  }
  assert.equal(openssl('cms', b).status, 0);
});

test('passkit-generator accepts our pass.json and keeps every key and value of it', () => {
  const ours = applePassJson(passJsonInput());
  const images = Object.fromEntries(exampleImages(100).map(({ name, bytes }) => [name, bytes]));
  const theirs = new PKPass(
    { ...images, 'pass.json': Buffer.from(JSON.stringify(ours)) },
    { wwdr: authority.certificatePem, signerCert: leaf.certificatePem, signerKey: leaf.privateKeyPem },
  );
  const generated = join(folder, 'theirs');
  writeFileSync(`${generated}.zip`, theirs.getAsBuffer());
  const run = spawnSync('python3', ['-m', 'zipfile', '-e', `${generated}.zip`, generated], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  assertManifestMatches(generated);
  const kept = JSON.parse(readFileSync(join(generated, 'pass.json'), 'utf8')) as Record<string, unknown>;
  const style = kept['storeCard'] as Record<string, unknown[]>;
  for (const group of Object.keys(style)) if (style[group]?.length === 0) delete style[group];
  // The generator drops the barcode of iOS 8 and older.
  const { barcode: _barcode, ...expected } = ours;
  delete kept['barcode'];
  assert.deepEqual(kept, expected);
});

test('a .pkpasses bundle holds the passes untouched', async () => {
  const passes = [await buildExample({ signer }), await buildExample({ signer })];
  const bundle = unpack(buildPkpasses(passes), 'bundle');
  const inside = filesOf(bundle).sort();
  assert.deepEqual(inside, ['pass-1.pkpass', 'pass-2.pkpass']);
  inside.forEach((name, index) => assert.ok(readFileSync(join(bundle, name)).equals(passes[index]!)));
  assert.throws(() => buildPkpasses(Array<Buffer>(11).fill(passes[0]!)), { code: 'bundle-size' });
});
