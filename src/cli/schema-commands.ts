import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { jsonSchemas } from '../tenants/json-schemas.js';
import type { CliContext } from './context.js';

/** `passrelay schemas write` */
export function schemaCommands(context: () => CliContext): Command {
  const schemas = new Command('schemas').description('JSON Schemas for editors');
  schemas
    .command('write')
    .description('write the schemas of tenant.json and of pass types')
    .option('--to <folder>', 'where', 'schemas')
    .action(async ({ to }: { to: string }) => {
      await mkdir(to, { recursive: true });
      for (const [name, text] of Object.entries(jsonSchemas())) {
        await writeFile(join(to, name), text);
        context().out(join(to, name));
      }
    });
  return schemas;
}
