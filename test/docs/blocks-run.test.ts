import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ts from 'typescript';
import { braced, routes } from '../../scripts/api-tables.js';
import { main } from '../../src/cli/main.js';
import { renderTemplate } from '../../src/simulators/klaviyo/template.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { ended } from '../support/operations.js';
import { copyTenantFolder, editJson, issueCertificate } from '../support/tenant-folder.js';
import { TEST_SECRETS_KEY } from '../support/secret-box.js';
import { fencedBlocks, shellCommands, type Block } from './blocks.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = [
  'README.md',
  'client/README.md',
  ...['klaviyo', 'api', 'tenants', 'operations', 'merchant-webhooks', 'profile-sync', 'campaigns', 'deployment'].map(
    (name) => `docs/${name}.md`,
  ),
];
/** Days of the documents lie ahead, also once their year is over. */
const nextYear = `${new Date().getFullYear() + 1}-`;
const blocks = PAGES.flatMap((page) => fencedBlocks(root, page)).map((block) => ({
  ...block,
  text: block.text.replaceAll('2026-', nextYear),
}));

/** Blocks that are not run, by their first line; each with what else holds it, or why nothing can. */
const NOT_RUN: Record<string, string> = {
  'flowchart LR': 'a picture',
  'npm install && npm start': 'the whole product: test/demo starts it',
  'npm install && npm test': 'this run',
  'Starting Passrelay': 'what a terminal showed: test/demo holds the journey',
  'HTTP/1.1 200 OK': 'an answer: the command above it is run and must have it',
  'npm pack': 'test/client packs the package and installs it',
  'tenants/kestrel/': 'a picture of a folder',
  'npx passrelay pass-type preview tenants/kestrel --type basic': '--watch never ends; test/cli runs the command',
  'npx passrelay pass-type import Card.pkpasstemplate --to tenants/kestrel --name club':
    'needs a bundle of Pass Designer: test/tenants imports one',
  'Klaviyo, phones ──► TLS proxy ──► api × n ──► PostgreSQL ◄── worker × m ──► Apple, Google, Klaviyo, merchants':
    'a picture',
  'cat > .env <<EOF': 'needs Docker; test/deploy reads the same file',
  'docker compose run --rm -v ./tenants/kestrel:/tenant:ro -e KLAVIYO_API_KEY=pk_… api node bin/passrelay.js tenant apply /tenant':
    'needs Docker; test/cli/production runs the commands',
  'psql --dbname postgres <<SQL': 'makes roles of a server: test/deploy does the same by the script of Compose',
  'cat > passrelay.env <<EOF': 'settings of a machine: test/cli/production has the same',
  'node dist/src/migrate.js': 'needs the build: the production drill starts the programs',
  "node bin/passrelay.js tenant new kestrel --name 'Kestrel Coffee Roasters'": 'test/cli/production runs the commands',
  'kubectl create secret generic passrelay-database --from-literal=DATABASE_URL=postgres://…':
    'needs a cluster; npm run chart renders the chart',
  'passes.example.com {': 'a file for Caddy: the production drill runs behind it',
  'upstream passrelay {': 'a file for nginx',
  "temporal workflow count --query \"TemporalWorkerDeploymentVersion = 'passrelay:<old>' and ExecutionStatus = 'Running'\"":
    'test/docs/visibility-queries runs the query',
  'pg_dump --format=custom --file=passrelay.dump "$DATABASE_URL"':
    'needs programs of PostgreSQL that are not packaged; the drill of a restore runs them',
  'pg_restore --no-owner --exit-on-error --dbname="$DATABASE_URL" passrelay.dump': 'the same',
  'npx passrelay tenant delete kestrel                     # changes nothing: rows of each table, and what stands against it':
    'ends the tenant of this test: test/cli/delete-tenant runs the commands',
  'npx passrelay tenant migrate kestrel basic --progress   # shows the progress; --follow prints it until the end':
    'of a migration that is under way: test/workflows pauses one',
  "npx passrelay campaign create kestrel --csv guests.csv --message 'Your code: {column:Code}' --per-minute 600":
    'needs a file of guests and the id that the first command prints: test/workflows/campaigns runs them',
  'npx passrelay temporal recover         # says what is under way':
    'of an installation that lost its Temporal: test/durability',
};

let db: TestDatabase;
let api: TestApi;
let engine: TestEngine;
let workspace: string;
let key: string;
const home = process.cwd();

before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  engine = await startEngine(db);
  workspace = mkdtempSync(join(tmpdir(), 'passrelay-documents-'));
  process.chdir(workspace);
});
after(async () => {
  process.chdir(home);
  await engine?.stop();
  await api?.close();
  await db?.drop();
  rmSync(workspace, { recursive: true, force: true });
});

/** A command of ours, in this process; what documents leave out as `…` is the passphrase of the test's file. */
async function passrelay(words: readonly string[], given: Record<string, string> = {}): Promise<string> {
  const out: string[] = [];
  const env = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value.replace('…', 'secret')]));
  const settings = { DATABASE_URL: db.url, SECRETS_KEY: TEST_SECRETS_KEY, ...env };
  const io = { out: (line: string) => out.push(line), err: (line: string) => out.push(line), dataDir: '/nowhere' };
  assert.equal(await main(words, settings, io), 0, `${words.join(' ')}: ${out.join('\n')}`);
  return out.join('\n');
}

/** Every operation that was accepted so far has ended well. */
async function allSucceeded(what: string): Promise<void> {
  const open = await db.owner<{ id: string }>(
    `select operation_id as id from operations where tenant_id = 'kestrel' and kind <> 'retry-operations'`,
  );
  for (const { id } of open) {
    const { status, outcome, reason } = await ended(db, 'kestrel', id);
    assert.equal(status, 'succeeded', `${what}: ${outcome} ${reason}`);
  }
}

/** A request as a document shows it, sent to the API of this test. */
async function send(method: string, address: string, headers: Record<string, string>, body?: string): Promise<string> {
  const url = address
    .replace(/^https?:\/\/(?:passes\.example\.com|127\.0\.0\.1:8080)/, api.baseUrl)
    .replace(/\/api\/(?:demo|\{tenantId\})\//, '/api/kestrel/');
  assert.ok(url.startsWith(api.baseUrl), `${address} is an address of the documents`);
  const answer = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${address}: ${answer.status} ${text}`);
  return text;
}

/** The options of curl that the documents use; another one is an error here. */
async function curl(words: readonly string[]): Promise<void> {
  const headers: Record<string, string> = {};
  let [body, address]: [string | undefined, string | undefined] = [undefined, undefined];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '-i') continue;
    if (word === '-d') body = words[++at];
    else if (word === '-H') {
      const [name, ...value] = words[++at]!.split(': ');
      headers[name!] = value.join(': ').replace(/pr_live_…|…/, key);
    } else if (word.startsWith('-')) assert.fail(`curl ${word}`);
    else address = word;
  }
  await send(body === undefined ? 'GET' : 'POST', address!, headers, body);
}

async function runCommands({ text, place }: Block): Promise<void> {
  for (const { env, words } of shellCommands(text, { PASSRELAY_KEY: key })) {
    if (words[0] === 'curl') await curl(words.slice(1));
    else {
      assert.deepEqual(words.slice(0, 2), ['npx', 'passrelay'], `${place}: ${words.join(' ')}`);
      await passrelay(words.slice(2), env);
    }
  }
  await allSucceeded(place);
}

const isRun = ({ text }: Block): boolean => !Object.hasOwn(NOT_RUN, text.split('\n')[0]!);
const isShell = ({ language, text }: Block): boolean =>
  ['', 'sh'].includes(language) && /^(?:[A-Z_0-9]+=\S+ )?(?:npx|curl) /.test(text);
const isRequest = ({ text }: Block): boolean => /^(?:GET|POST|PUT|PATCH|DELETE) \//.test(text);

test('a pass of your own in five commands, as the README has it', async () => {
  const block = blocks.find(({ place, text }) => place.startsWith('README') && text.includes('tenant new kestrel'))!;
  const pair = issueCertificate();
  writeFileSync('pair.pem', pair.certificatePem + pair.privateKeyPem);
  const made = ['pkcs12', '-export', '-in', 'pair.pem', '-out', 'pass.p12', '-passout', 'pass:secret'];
  assert.equal(spawnSync('openssl', made).status, 0);
  const [create, ...others] = shellCommands(block.text, {});
  await passrelay(create!.words.slice(2));
  // "Edit two things", says the text below the block.
  const demo = copyTenantFolder();
  writeFileSync('tenants/kestrel/wwdr.pem', readFileSync(join(demo, 'wwdr.pem')));
  editJson('tenants/kestrel', 'tenant.json', (tenant) => {
    tenant.certificates = [
      { certificateFile: 'pass-certificate.pem', privateKeyFile: 'pass-key.pem', wwdrFile: 'wwdr.pem' },
    ];
  });
  const { apple } = JSON.parse(readFileSync(join(demo, 'pass-types/basic.json'), 'utf8')) as {
    apple: { passTypeIdentifier: string };
  };
  editJson('tenants/kestrel', 'pass-types/card.json', (design) => {
    design.apple.passTypeIdentifier = apple.passTypeIdentifier;
  });
  for (const { env, words } of others) {
    if (words[0] === 'curl') await curl(words.slice(1));
    else {
      const printed = await passrelay(words.slice(2), env);
      if (words[2] === 'keys') key = /pr_live_\S+/.exec(printed)![0];
    }
  }
  await allSucceeded(block.place);
  const pass = await send('GET', `${api.baseUrl}/v1/passes?email=you@example.com`, { 'X-API-KEY': key });
  assert.match(pass, /"name":"You"/);

  // The other pages speak of a tenant with the demo's designs, and of a customer who has a card.
  editJson(demo, 'tenant.json', (tenant) => {
    const mine = JSON.parse(readFileSync('tenants/kestrel/tenant.json', 'utf8')) as { accountId: string };
    Object.assign(tenant, { tenantId: 'kestrel', accountId: mine.accountId });
  });
  rmSync('tenants/kestrel', { recursive: true });
  spawnSync('cp', ['-r', demo, 'tenants/kestrel']);
  rmSync(demo, { recursive: true });
  await passrelay(['tenant', 'apply', 'tenants/kestrel']);
  const scopes = [
    'KlaviyoListener.Write',
    'Pass.Write',
    'Pass.Read',
    'Operation.Read',
    'Operation.Write',
    'Tenant.Admin',
  ];
  const printed = await passrelay(['keys', 'create', 'kestrel', 'all', '--scope', ...scopes, 'Campaign.Write']);
  key = /pr_live_\S+/.exec(printed)![0];
  const order = {
    passTemplate: 'basic',
    pass: { 'member-name': 'Sarah' },
    recipient: { email: 'sarah.mason@example.com', name: 'Sarah' },
  };
  await send('POST', `${api.baseUrl}/v1/passes`, { 'X-API-KEY': key }, JSON.stringify(order));
  await allSucceeded('Sarah');
});

test('every command of the documents works as it stands there', async () => {
  const commands = blocks.filter((block) => isShell(block) && isRun(block) && !block.text.includes('tenant new'));
  assert.ok(commands.length >= 5, `${commands.length} blocks of commands`);
  for (const block of commands) await runCommands(block);
});

test('every body for a webhook of Klaviyo is accepted and carried out, without a word on a mistake', async () => {
  const bodies = blocks.filter(({ place, language }) => place.startsWith('docs/klaviyo') && language === 'json');
  assert.ok(bodies.length >= 5, `${bodies.length} bodies`);
  const person = {
    email: 'sarah.mason@example.com',
    phone_number: '+12125550123',
    first_name: 'Sarah',
    properties: { loyalty_points: 140, loyalty_tier: 'gold' },
    loyalty_points: 140,
    loyalty_tier: 'gold',
  };
  for (const [index, { text, above, place }] of bodies.entries()) {
    const address = [...above.matchAll(/Destination URL: `([^`]+)`/g)].at(-1)?.[1];
    assert.ok(address, `${place}: the text above names no "Destination URL"`);
    const event = { $event_id: `event-${index}` };
    const body = renderTemplate(text.replace('{{ event_id }}', "{{ event|lookup:'$event_id' }}"), { person, event });
    await send('POST', address, { 'X-API-KEY': key }, body);
    await allSucceeded(place);
  }
  const warned = await db.owner<{ kind: string; detail: unknown }>(
    `select kind, s.detail from operations o join operation_steps s using (operation_id)
      where o.tenant_id = 'kestrel' and jsonb_array_length(coalesce(s.detail->'warnings', '[]')) > 0`,
  );
  assert.deepEqual(warned, []);
});

test('requests are taken, and what is only named is a call of the API', async () => {
  const known = new Set(routes().map(({ method, path }) => `${method} ${braced(path)}`));
  for (const { text, place } of blocks.filter(isRequest)) {
    const [first, ...rest] = text.split('\n') as [string, ...string[]];
    const [method, address] = first.split(' ') as [string, string];
    if (rest[0]?.startsWith('{')) await send(method, api.baseUrl + address, { 'X-API-KEY': key }, rest.join('\n'));
    else
      for (const line of [first, ...rest]) {
        const call = line.split(/\s+/).slice(0, 2).join(' ');
        assert.ok(known.has(call), `${place}: ${call}`);
      }
  }
});

test('statements for the night read the tables as they are', async () => {
  for (const { text } of blocks.filter(({ language }) => language === 'sql')) {
    assert.match(text, /^select/, 'nothing but reading');
    await db.owner(text);
  }
});

test('files and events are as their schemas say', () => {
  const others = blocks.filter(({ place, language }) => language === 'json' && !place.startsWith('docs/klaviyo'));
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const read = (name: string): object => JSON.parse(readFileSync(join(root, 'schemas', name), 'utf8')) as object;
  for (const { text, place } of others) {
    const json = JSON.parse(text.startsWith('{') ? text : `{${text}}`) as Record<string, unknown>;
    const schema = typeof json['$schema'] === 'string' ? json['$schema'].split('/').pop()! : null;
    if (schema === null) continue;
    const validate = ajv.compile(read(schema));
    assert.ok(validate(json), `${place}: ${ajv.errorsText(validate.errors)}`);
  }
});

/** Names that a shortened example takes from around it. */
const AROUND = `declare const baseUrl: string, apiKey: string, tenantId: string, cursor: string;
declare function handle(event: unknown): void;
`;

test('programs compile against the client, and the first one does what its text says', async () => {
  const programs = blocks.filter(({ language }) => language === 'ts');
  assert.ok(programs.length >= 3, `${programs.length} programs`);
  const files = programs.map(({ text }, index) => {
    const file = join(home, `test/docs/.program-${process.pid}-${index}.ts`);
    return [file, AROUND + text] as const;
  });
  const sources = new Map(files);
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(home, 'node_modules/@types')],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    paths: { 'passrelay-client': [join(home, 'client/src/index.ts')] },
  };
  const host = ts.createCompilerHost(options);
  const [readFile, fileExists, getSourceFile] = [host.readFile, host.fileExists, host.getSourceFile];
  host.fileExists = (name) => sources.has(name) || fileExists(name);
  host.readFile = (name) => sources.get(name) ?? readFile(name);
  host.getSourceFile = (name, ...rest) =>
    sources.has(name) ? ts.createSourceFile(name, sources.get(name)!, rest[0]) : getSourceFile(name, ...rest);
  const program = ts.createProgram([...sources.keys()], options, host);
  const faults = ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  assert.deepEqual(faults, []);

  const first = programs
    .find(({ place }) => place.startsWith('client/README'))!
    .text.replace("'passrelay-client'", `'${pathToFileURL(join(home, 'client/src/index.ts')).href}'`)
    .replace('https://passes.example.com', api.baseUrl)
    // A new customer, as the text means: a card that shows 140 already may meet the later update first.
    .replaceAll('sarah.mason@', 'new.customer@')
    .replaceAll('console.log(', 'said(');
  writeFileSync('first.mts', first);
  process.env['PASSRELAY_KEY'] = key;
  const lines: string[] = [];
  Object.assign(globalThis, { said: (line: string) => void lines.push(line) });
  await import(pathToFileURL(join(workspace, 'first.mts')).href);
  assert.match(lines[0]!, /\/p\//);
  assert.equal(lines[1], 'updated');
});

test('every block is run, or stands in the short list of those that are not, with a reason', () => {
  const judged = (block: Block): boolean =>
    isShell(block) || isRequest(block) || ['json', 'sql', 'ts'].includes(block.language);
  assert.deepEqual(
    blocks.filter((block) => isRun(block) && !judged(block)).map(({ place }) => place),
    [],
  );
  const firstLines = new Set(blocks.map(({ text }) => text.split('\n')[0]!));
  assert.deepEqual(
    Object.keys(NOT_RUN).filter((line) => !firstLines.has(line)),
    [],
    'exceptions that no block needs',
  );
});
