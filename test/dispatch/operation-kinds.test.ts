import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KINDS_OF_OPERATION } from '../../src/dispatch/operation-kinds.js';
import { OPERATION_KINDS } from '../../src/passes/operation.js';

// Both pages are written from the code, and their own tests compare them with it.
const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const routes = [...page('api.md').matchAll(/^\| `((?:GET|POST|PATCH|DELETE) [^`]+)` \|/gm)].map(([, route]) => route!);
const commands = [...page('settings.md').matchAll(/^\| `([a-z]+ [a-z-]+)[^`]*` \|/gm)].map(([, command]) => command!);

test('each kind of operation is accepted by something that exists', () => {
  assert.deepEqual(Object.keys(KINDS_OF_OPERATION).sort(), [...OPERATION_KINDS].sort());
  const known = new Set<string>([...routes, ...commands, ...OPERATION_KINDS]);
  for (const [kind, { acceptedBy }] of Object.entries(KINDS_OF_OPERATION)) {
    assert.ok(acceptedBy.length > 0, `nothing accepts ${kind}`);
    for (const what of acceptedBy) assert.ok(known.has(what), `${kind}: there is no ${what}`);
  }
});
