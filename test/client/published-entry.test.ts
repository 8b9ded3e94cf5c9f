import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import ts from 'typescript';

let consumer: string;
const root = process.cwd();

/** The client alone, compiled as `npm run build` does it, where npm would install it for a program of somebody else. */
before(async () => {
  consumer = await mkdtemp(join(tmpdir(), 'passrelay-client-'));
  const installed = join(consumer, 'node_modules/passrelay');
  await mkdir(installed, { recursive: true });
  await copyFile(join(root, 'package.json'), join(installed, 'package.json'));
  const build = ts.readConfigFile(join(root, 'tsconfig.build.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(build.config, ts.sys, root);
  const program = ts.createProgram([join(root, 'client/src/index.ts')], {
    ...options,
    rootDir: root,
    outDir: join(installed, 'dist'),
    noEmit: false,
  });
  assert.deepEqual(faults(program), []);
  program.emit();
});
after(() => rm(consumer, { recursive: true, force: true }));

const faults = (program: ts.Program): string[] =>
  ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));

test('the entry passrelay/client can be imported by its name and needs nothing beside it', async () => {
  await writeFile(
    join(consumer, 'use.mjs'),
    `import { createPassrelayClient, PassrelayError } from 'passrelay/client';
     const client = createPassrelayClient({ baseUrl: 'http://127.0.0.1:1', apiKey: 'k', tenantId: 't', attempts: 1 });
     console.log(JSON.stringify([Object.keys(client).includes('syncProfile'), typeof PassrelayError]));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [join(consumer, 'use.mjs')]);
  assert.deepEqual(JSON.parse(stdout), [true, 'function']);
});

test('its types hold in a strict program without Node’s types, and refuse a wrong word', async () => {
  const file = join(consumer, 'use.ts');
  await writeFile(join(consumer, 'package.json'), '{"type": "module"}');
  await writeFile(
    file,
    `import { createPassrelayClient, type Operation } from 'passrelay/client';
     const client = createPassrelayClient({ baseUrl: 'x', apiKey: 'k', tenantId: 't' });
     const { correlationId } = await client.syncProfile({ email: null, phone_number: '+12125550123' });
     const done: Operation = await client.waitForOperation(correlationId);
     for await (const event of client.events()) console.log(event.type, done.status);
     await client.syncProfile({ email: 1, phone_number: null });`,
  );
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    types: [],
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.asynciterable.d.ts'],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
  });
  assert.deepEqual(faults(program), ["Type 'number' is not assignable to type 'string'."]);
});
