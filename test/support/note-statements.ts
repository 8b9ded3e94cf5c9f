import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';

/**
 * Notes the text of every statement that the product prepares in this process, with the columns that it returned, for
 * test/explain-statements.ts and test/rows-fit-statements.ts. One file for each process, written as it ends.
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
  const noted = new Map<string, string[] | null>();
  const client = pg.Client.prototype as unknown as { query(this: pg.Client, ...args: unknown[]): unknown };
  const { query } = client;
  client.query = function (this: pg.Client, ...args: unknown[]): unknown {
    const [asked] = args as [{ name?: unknown; text?: unknown } | undefined];
    // Only the product names its statements.
    const text = typeof asked?.name === 'string' && typeof asked.text === 'string' ? asked.text : null;
    if (text === null || (!noted.has(text) && isOfTest())) return query.apply(this, args);
    if (!noted.has(text)) noted.set(text, null);
    const answer = query.apply(this, args);
    if (noted.get(text) !== null || !(answer instanceof Promise)) return answer;
    return (answer as Promise<pg.QueryResult>).then((result) => {
      noted.set(
        text,
        result.fields.map(({ name: column }) => column),
      );
      return result;
    });
  };
  process.on('exit', () => {
    const name = createHash('sha256')
      .update(`${process.pid} ${process.argv[1]} ${performance.timeOrigin}`)
      .digest('hex');
    writeFileSync(path.join(folder, `${name}.json`), JSON.stringify([...noted]));
  });
}
