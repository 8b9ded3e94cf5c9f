import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { listRoutes } from '../src/api/app.js';
import type { Command } from 'commander';
import { createProgram } from '../src/cli/main.js';
import { PROBLEMS } from '../src/api/problems.js';
import type { ApiDeps, Route } from '../src/api/route.js';
import { TAGS } from '../src/api/tags.js';
import { jsonSchemas } from '../src/tenants/json-schemas.js';
import { describeRole, IMAGE_ROLES } from '../src/wallets/apple/image-roles.js';

/** `npm run docs`: writes the tables of docs/api.md and docs/settings.md anew, from the code. */
const FILES = ['api', 'settings'].map((name) => fileURLToPath(new URL(`../docs/${name}.md`, import.meta.url)));

/** Enough to list routes: nothing is called but what the lists themselves read. */
const inert: unknown = new Proxy(() => inert, { get: (_, name) => (name === Symbol.toPrimitive ? () => '' : inert) });
export const routes = (): Route[] =>
  listRoutes(
    new Proxy({} as ApiDeps, { get: (_, name) => (name === 'publicUrl' ? 'http://localhost' : (inert as never)) }),
  );

/** As the description has it: `/v1/passes/{serialNumber}`. */
export const braced = (path: string): string => path.replace(/:([A-Za-z]+)/g, '{$1}');

/** The groups of what `/openapi.json` leaves out; the other calls have their tags. */
const SUBJECTS: [subject: string, path: RegExp][] = [
  ["Wallets' own calls", /^\/(apple|google)\//],
  ['Operator pages', /^\/ops/],
  ['Links and pages', /^\/p\/|\/mail|^\/assets/],
];

function routeTables(): string {
  const groups = new Map<string, string[]>(
    [...Object.keys(TAGS), ...SUBJECTS.map(([subject]) => subject)].map((subject) => [subject, []]),
  );
  for (const { method, path, scope, summary, tag } of routes()) {
    const subject = tag ?? SUBJECTS.find(([, pattern]) => pattern.test(path))?.[0] ?? 'Description';
    const row = `| \`${method} ${braced(path)}\` | ${scope ?? '–'} | ${summary} |`;
    groups.set(subject, [...(groups.get(subject) ?? []), row]);
  }
  return [...groups]
    .filter(([, rows]) => rows.length > 0)
    .map(([subject, rows]) => `**${subject}**\n\n| Route | Scope | |\n|---|---|---|\n${rows.join('\n')}\n`)
    .join('\n');
}

function problemTable(): string {
  const byStatus = new Map<number, string[]>();
  for (const [code, { status }] of Object.entries(PROBLEMS)) {
    byStatus.set(status, [...(byStatus.get(status) ?? []), `\`${code}\``]);
  }
  const rows = [...byStatus].sort(([a], [b]) => a - b).map(([status, codes]) => `| ${status} | ${codes.join(', ')} |`);
  return `| Status | Codes |\n|---|---|\n${rows.join('\n')}\n`;
}

interface Described {
  default?: unknown;
  description?: string;
  properties?: Record<string, Described>;
}

/** Every setting of a tenant with its default and its line, from the schema that editors use. */
export function settings(): [path: string, byDefault: string, line: string][] {
  const schema = JSON.parse(jsonSchemas()['tenant.schema.json']!) as Described;
  const rows: [string, string, string][] = [];
  const walk = (properties: Record<string, Described>, prefix: string): void => {
    for (const [name, property] of Object.entries(properties)) {
      if (property.properties && property.description === undefined) walk(property.properties, `${prefix}${name}.`);
      else rows.push([prefix + name, JSON.stringify(property.default), property.description ?? '']);
    }
  };
  walk(schema.properties!['settings']!.properties!, '');
  return rows;
}

const settingsTable = (): string =>
  `| Setting | Default | |\n|---|---|---|\n${settings()
    .map(([path, byDefault, line]) => `| \`${path}\` | \`${byDefault}\` | ${line} |`)
    .join('\n')}\n`;

/** Every image of a pass with where phones draw it, and its size. */
const imageTable = (): string =>
  `| Role | |\n|---|---|\n${Object.entries(IMAGE_ROLES)
    .map(([role, image]) => `| \`${role}\` | ${describeRole(image)} |`)
    .join('\n')}\n`;

function commandTable(): string {
  const rows: string[] = [];
  const walk = (command: Command, before: string): void => {
    const name = `${before}${command.name()}`;
    for (const inner of command.commands) walk(inner, `${name} `);
    if (command.commands.length > 0) return;
    const given = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`));
    const options = command.options.map(({ flags, mandatory }) => (mandatory ? `**\`${flags}\`**` : `\`${flags}\``));
    const line = `${command.description()}${options.length > 0 ? `. ${options.join(', ')}` : ''}`;
    rows.push(`| \`${[name, ...given].join(' ')}\` | ${line.replaceAll('|', '\\|')} |`);
  };
  for (const command of createProgram(() => inert as never).commands) walk(command, '');
  return `| Command | |\n|---|---|\n${rows.join('\n')}\n`;
}

/** The text with all tables as the code has them now. */
export function withTables(text: string): string {
  const between = (name: string, table: string) => (whole: string) =>
    whole.replace(
      new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- end of ${name} -->)`),
      (_, before: string, after: string) => `${before}\n${table}\n${after}`,
    );
  return [
    between('problems', problemTable()),
    between('routes', routeTables()),
    between('settings', settingsTable()),
    between('images', imageTable()),
    between('commands', commandTable()),
  ].reduce((whole, fill) => fill(whole), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of FILES) writeFileSync(file, withTables(readFileSync(file, 'utf8')));
}
