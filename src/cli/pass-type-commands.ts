import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { servePreview } from '../previews/preview-server.js';
import { importDesign } from '../tenants/import-design.js';
import { readBundle } from '../tenants/read-bundle.js';
import type { CliContext } from './context.js';
import { isFolder, makePreview, writePreview, type PreviewOptions } from './pass-type-preview.js';

const collect = (value: string, before: string[]): string[] => [...before, value];
const nameOf = (text: string): string => {
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(text)) return text;
  throw new InvalidArgumentError('lower-case letters, digits and "-".');
};
const portOf = (text: string): number => {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new InvalidArgumentError('a port is a whole number below 65536.');
};

/** `passrelay pass-type preview` and `import` */
export function passTypeCommands(context: () => CliContext): Command {
  const passType = new Command('pass-type').description('Designs of passes');
  passType
    .command('preview <folder-or-tenant>')
    .description('shows a design as iPhones (new and old), lock screens and Google Wallet show it, in light and dark')
    .option('--type <passType>', 'only this pass type (default: all)')
    .option('--customer <name>', 'only this sample customer; may be repeated', collect, [])
    .option('--pass <serialNumber>', 'with the data of this pass instead of samples; may be repeated', collect, [])
    .option('--set <field=value...>', 'with these values on the chosen customers (--customer, --pass)', [])
    .option('--language <tag>', 'only this language; may be repeated', collect, [])
    .option('--output <folder>', 'where index.html and its images are written (default: preview)')
    .option('--watch', 'serve the page on this machine and follow the files of the folder', false)
    .option('--port <port>', 'with --watch (default: a free one)', portOf, 0)
    .action(async (source: string, options: PreviewOptions) => {
      const make = () => makePreview(context, source, options);
      if (!options.watch) {
        const index = await writePreview(resolve(options.output ?? 'preview'), await make());
        context().out(`Written: ${index}`);
        return;
      }
      if (!isFolder(source)) throw new Error('--watch follows the files of a folder; a tenant has none.');
      const server = await servePreview({
        folder: existsSync(join(source, 'pass-types')) ? join(source, 'pass-types') : source,
        port: options.port,
        render: make,
        changed: () => context().out('Changed: the page shows it.'),
      });
      context().out(`Preview: ${server.url} (Ctrl-C ends it)`);
      await new Promise<void>((resolveEnd) => process.once('SIGINT', resolveEnd));
      await server.close();
    });

  passType
    .command('import <bundle>')
    .description('makes a pass type of a .pkpass, or of a .pkpasstemplate of Pass Designer')
    .requiredOption('--to <folder>', 'the folder of the tenant')
    .option('--name <name>', 'name of the pass type (default: from its description)', nameOf)
    .action(async (bundle: string, options: { to: string; name?: string }) => {
      if (!isFolder(options.to)) throw new Error(`${options.to} is not a folder: make it with "passrelay tenant new".`);
      const kind = /\.pkpasstemplate(\.zip)?\/?$/.test(bundle) ? 'template' : 'pass';
      const files = await readBundle(bundle);
      const { design, images, decisions } = importDesign(files, { kind, ...(options.name && { name: options.name }) });
      const file = join(options.to, 'pass-types', `${design.name}.json`);
      if (existsSync(file)) throw new Error(`${file} exists: choose another --name.`);
      const folder = join(options.to, 'pass-types', design.name);
      await mkdir(folder, { recursive: true });
      for (const [name, bytes] of images) await writeFile(join(folder, name), bytes);
      await writeFile(file, `${JSON.stringify(design, null, 2)}\n`);
      context().out(`Written: ${file} and ${images.size} images in ${folder}`);
      context().out('To decide:');
      for (const decision of decisions) context().out(`  - ${decision}`);
      context().out(`Then: npx passrelay tenant validate ${options.to}`);
    });
  return passType;
}
