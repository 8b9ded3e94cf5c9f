import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../src/logging.js';

test('secrets and personal data are redacted by name, and errors lose what they carry along', () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', pretty: false, destination: { write: (line) => void lines.push(line) } });
  const planted = 'planted-7f3a';
  log.info({ authorization: planted, headers: { 'x-api-key': planted, authorization: planted } });
  log.info({ email: planted, customer: { phone: planted, email: planted }, body: { any: planted }, input: planted });
  log.child({ tenantId: 'kept' }).info({ token: planted, pass: { data: planted } });
  const cause = Object.assign(new Error('why'), { detail: `Key (email)=(${planted})`, parameters: [planted] });
  log.error({ err: Object.assign(new Error('what', { cause }), { config: { headers: planted } }) });
  const syntax = new Error(`invalid input syntax for type uuid: "${planted}"`);
  log.error({ err: Object.assign(syntax, { severity: 'ERROR', code: '22P02' }) });
  const text = lines.join('');
  assert.doesNotMatch(text, new RegExp(planted));
  for (const kept of ['"tenantId":"kept"', '"message":"what"', '"message":"why"', '"code":"22P02"']) {
    assert.ok(text.includes(kept), kept);
  }
});
