import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { importP12 } from '../wallets/apple/p12.js';
import type { CliContext } from './context.js';

/** `passrelay certificates import-p12` */
export function certificateCommands(context: () => CliContext): Command {
  const certificates = new Command('certificates').description('Pass Type ID certificates');
  certificates
    .command('import-p12 <file>')
    .description('take certificate and key out of a .p12 file as PEM')
    .option('--passphrase-env <name>', 'variable with the passphrase of the .p12 file', 'P12_PASSPHRASE')
    .option('--to <folder>', 'where pass-certificate.pem and pass-key.pem are written', '.')
    .action(async (file: string, options: { passphraseEnv: string; to: string }) => {
      const bytes = await readFile(file).catch(() => {
        throw new Error(`${file} cannot be read.`);
      });
      const pair = await importP12(bytes, context().env[options.passphraseEnv] ?? '');
      const [certificateFile, keyFile] = ['pass-certificate.pem', 'pass-key.pem'].map((name) => join(options.to, name));
      await writeFile(certificateFile!, pair.certificatePem, { flag: 'wx' });
      await writeFile(keyFile!, pair.privateKeyPem, { flag: 'wx', mode: 0o600 });
      context().out(`${certificateFile} and ${keyFile} are written: name them in tenant.json.`);
    });
  return certificates;
}
