import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import * as der from '../../../src/wallets/apple/der.js';

/** `openssl asn1parse` of the bytes as [depth, header length, length, tag, value] per element. */
function asn1parse(bytes: Buffer): { depth: number; header: number; length: number; tag: string; value: string }[] {
  const run = spawnSync('openssl', ['asn1parse', '-inform', 'DER'], { input: bytes, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const match = /^\s*\d+:d=(\d+)\s+hl=(\d+)\s+l=\s*(\d+)\s+(?:prim|cons):\s+(.+?)\s*(?::(.*))?$/.exec(line);
      assert.ok(match, line);
      const [, depth, header, length, tag = '', value = ''] = match;
      return { depth: Number(depth), header: Number(header), length: Number(length), tag: tag.trim(), value };
    });
}

test('lengths around every boundary read back as openssl reads them', () => {
  for (const length of [0, 1, 127, 128, 129, 255, 256, 257, 65535, 65536, 70001]) {
    const bytes = der.sequence(der.octetString(Buffer.alloc(length, 7)));
    const [outer, inner] = asn1parse(bytes);
    assert.equal(outer!.header + outer!.length, bytes.length);
    assert.equal(inner!.length, length);
    const [read] = der.readElements(der.readElements(bytes)[0]!.content);
    assert.equal(read!.content.length, length);
  }
});

test('integers, object identifiers and texts mean the same to openssl', () => {
  const arc = fc.nat({ max: 2 ** 31 - 1 });
  const dotted = fc
    .tuple(fc.constantFrom('1.2.840', '2.16.840', '0.9.2342', '1.3.6.1'), fc.array(arc, { minLength: 1, maxLength: 6 }))
    .map(([head, rest]) => `${head}.9999.${rest.join('.')}`);
  const property = fc.property(
    fc.bigInt(0n, 2n ** 160n),
    dotted,
    fc.stringMatching(/^[a-zäöü€😀 ]{1,40}$/u),
    (n, id, text) => {
      const magnitude = Buffer.from(n.toString(16).padStart(42, '0'), 'hex');
      const bytes = der.sequence(der.unsignedInteger(magnitude), der.oid(id), der.utf8String(text));
      const [, integer, identifier, utf8] = asn1parse(bytes);
      assert.equal(BigInt(`0x${integer!.value}`), n);
      assert.equal(identifier!.value, id);
      assert.equal(utf8!.length, Buffer.byteLength(text));
      assert.equal(der.readOid(der.readElements(der.oid(id))[0]!.content), id);
    },
  );
  fc.assert(property, { numRuns: 40 });
});

test('any tree of elements is read back as it was written', () => {
  const { tree } = fc.letrec<{ tree: Buffer }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.uint8Array({ maxLength: 300 }).map((bytes) => der.octetString(Buffer.from(bytes))),
      fc.array(tie('tree'), { maxLength: 4 }).map((members) => der.sequence(...members)),
    ),
  }));
  const rewrite = (bytes: Buffer): Buffer =>
    Buffer.concat(
      der
        .readElements(bytes)
        .map(({ tag, content }) => der.element(tag, tag === der.TAG.sequence ? rewrite(content) : content)),
    );
  fc.assert(fc.property(tree, (bytes) => rewrite(bytes).equals(bytes)));
});

test('sets are sorted, times change their form in 2050, and broken DER is refused', () => {
  const [a, b] = [der.oid('1.2.3'), der.NULL];
  assert.ok(der.setOf(a, b).equals(der.setOf(b, a)));
  assert.equal(asn1parse(der.time(new Date('2049-12-31T23:59:59Z')))[0]!.tag, 'UTCTIME');
  assert.equal(asn1parse(der.time(new Date('2050-01-01T00:00:00Z')))[0]!.tag, 'GENERALIZEDTIME');
  for (const broken of ['30', '3080', '3005', '30850101010101', '300204ff']) {
    assert.throws(() => der.readElements(der.readElements(Buffer.from(broken, 'hex'))[0]!.content), RangeError, broken);
  }
  for (const wrong of ['', '1', '3.1.2', '1.40', 'a.b']) assert.throws(() => der.oid(wrong), RangeError, wrong);
});
