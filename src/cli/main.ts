import { Command, CommanderError } from 'commander';
import type { Env } from '../config.js';
import { campaignCommands } from './campaign-commands.js';
import { certificateCommands } from './certificate-commands.js';
import { createCliContext, type CliContext } from './context.js';
import { customerCommands } from './customer-commands.js';
import { healthCommand } from './health-command.js';
import { keyCommands } from './key-commands.js';
import { klaviyoCommands } from './klaviyo-commands.js';
import { linkCommands } from './link-commands.js';
import { messageCommands } from './message-commands.js';
import { passCommands } from './pass-commands.js';
import { passTypeCommands } from './pass-type-commands.js';
import { retentionCommands } from './retention-commands.js';
import { schemaCommands } from './schema-commands.js';
import { secretCommands } from './secret-commands.js';
import { temporalCommands } from './temporal-commands.js';
import { tenantCommands } from './tenant-commands.js';

const DATABASE_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'The database does not answer: is it running, and is DATABASE_URL right?',
  ENOTFOUND: 'The host in DATABASE_URL is not known.',
  '28P01': 'The database refused the password in DATABASE_URL.',
  '3D000': 'The database named in DATABASE_URL does not exist.',
  '42P01': 'The database has no schema yet: run "npm run migrate".',
  '22023': 'The database has no schema yet: run "npm run migrate".',
};

const COMMANDS = [
  tenantCommands,
  keyCommands,
  certificateCommands,
  schemaCommands,
  secretCommands,
  passCommands,
  messageCommands,
  passTypeCommands,
  customerCommands,
  campaignCommands,
  klaviyoCommands,
  linkCommands,
  retentionCommands,
  temporalCommands,
  healthCommand,
];

const say = (error: unknown): string =>
  DATABASE_ERRORS[(error as { code?: string }).code ?? ''] ?? (error instanceof Error ? error.message : String(error));

/** All commands; nothing is opened before one is run. */
export function createProgram(context: () => CliContext): Command {
  const program = new Command('passrelay').description(
    'Tenants, keys, certificates, secrets and customers of Passrelay',
  );
  for (const commands of COMMANDS) program.addCommand(commands(context));
  return program;
}

/** Runs one command; returns the exit code. Every failure is one clear message on standard error. */
export async function main(
  args: readonly string[],
  env: Env,
  io: { out: (line: string) => void; err: (line: string) => void; dataDir?: string } = {
    out: (line) => console.log(line),
    err: (line) => console.error(line),
  },
): Promise<number> {
  let context: CliContext | undefined;
  const program = createProgram(() => (context ??= createCliContext({ env, ...io })))
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) });
  for (const command of program.commands) {
    command.copyInheritedSettings(program);
    for (const inner of command.commands) inner.copyInheritedSettings(program);
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    io.err(say(error));
    return 1;
  } finally {
    await context?.close();
  }
}
