import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { ApiError } from '../../../src/api/problems.js';
import { readFileForm } from '../../../src/api/requests/read-file-form.js';

const server = createServer((request, response) => {
  const read = async () => {
    const { fields, file } = await readFileForm(request);
    // Its page says so beside the control.
    if (file === null) throw new ApiError('invalid-request', 'No file was chosen.');
    return { csrf: fields['csrf'], file: await text(file) };
  };
  read().then(
    (form) => response.end(JSON.stringify(form)),
    (error: unknown) => {
      response.statusCode = error instanceof ApiError ? 422 : 500;
      response.end(String(error));
    },
  );
});
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const ROWS = 'email\r\nann@example.com\r\n';
const formOf = (boundary: string): string =>
  [
    `--${boundary}\r\nContent-Disposition: form-data; name="csrf"\r\n\r\ntoken`,
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n${ROWS}`,
    `--${boundary}--\r\n`,
  ].join('\r\n');
async function post(body: string, boundary: string): Promise<{ status: number; said: string }> {
  const { port } = server.address() as AddressInfo;
  const headers = { 'Content-Type': `multipart/form-data; boundary=${boundary}` };
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body });
  return { status: response.status, said: await response.text() };
}

test('a form that ends anywhere before its end is refused, never half a file and no fault of ours', async () => {
  const whole = formOf('edge');
  // Past it the file is complete, whatever is missing of the form.
  const end = whole.lastIndexOf('--edge--') + '--edge'.length;
  assert.deepEqual(JSON.parse((await post(whole, 'edge')).said), { csrf: 'token', file: ROWS });
  for (let length = 1; length < end; length++) {
    const { status, said } = await post(whole.slice(0, length), 'edge');
    assert.equal(status, 422, `after ${length} bytes: ${said}`);
  }
});

test('a boundary longer than the standard allows is refused', async () => {
  for (const [length, status] of [
    [70, 200],
    [71, 422],
    [150, 422],
    [5_000, 422],
  ] as const) {
    const boundary = 'b'.repeat(length);
    const answer = await post(formOf(boundary), boundary);
    assert.equal(answer.status, status, `${length}: ${answer.said.slice(0, 200)}`);
  }
});
