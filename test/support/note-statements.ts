import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';

/**
 * Notes the text of every statement that the product prepares in this process, for test/explain-statements.ts.
 * One file for each process, written as it ends.
 */
const folder = process.env['STATEMENTS_FOLDER'];

/** Whether a test asks by the product's connection: the first caller behind it is a test. */
function isOfTest(): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  const callers = stack
    .split('\n')
    .filter((line) => /\/(src|test)\//.test(line) && !/note-statements|connect\.ts/.test(line));
  return /\/test\//.test(callers[0] ?? '');
}

if (folder) {
  const texts = new Set<string>();
  const client = pg.Client.prototype as unknown as { query(this: pg.Client, ...args: unknown[]): unknown };
  const { query } = client;
  client.query = function (this: pg.Client, ...args: unknown[]): unknown {
    const [asked] = args as [{ name?: unknown; text?: unknown } | undefined];
    // Only the product names its statements.
    if (typeof asked?.name === 'string' && typeof asked.text === 'string' && !texts.has(asked.text) && !isOfTest()) {
      texts.add(asked.text);
    }
    return query.apply(this, args);
  };
  process.on('exit', () => {
    const name = createHash('sha256')
      .update(`${process.pid} ${process.argv[1]} ${performance.timeOrigin}`)
      .digest('hex');
    writeFileSync(path.join(folder, `${name}.json`), JSON.stringify([...texts]));
  });
}
