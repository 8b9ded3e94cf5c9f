import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { PermanentError } from '../common/errors.js';
import { readFault } from '../tenants/read-entries.js';
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
      const bytes = await readFile(file).catch((cause: unknown) => {
        throw new Error(`${file} ${readFault(cause)}.`, { cause });
      });
      const [certificateFile, keyFile] = ['pass-certificate.pem', 'pass-key.pem'].map((name) => join(options.to, name));
      for (const there of [certificateFile!, keyFile!].filter((name) => existsSync(name))) {
        throw new Error(`${there} is there already: move it away, or name another folder with --to.`);
      }
      const passphrase = context().env[options.passphraseEnv];
      const pair = await importP12(bytes, passphrase ?? '').catch((error: unknown) => {
        if (passphrase !== undefined || !(error instanceof PermanentError) || error.code !== 'p12-unreadable')
          throw error;
        throw new Error(
          `${file} cannot be opened without a passphrase: put the one given when it was exported into the variable ${options.passphraseEnv}.`,
        );
      });
      await writeFile(certificateFile!, pair.certificatePem, { flag: 'wx' });
      await writeFile(keyFile!, pair.privateKeyPem, { flag: 'wx', mode: 0o600 });
      context().out(`${certificateFile} and ${keyFile} are written: name them in tenant.json.`);
    });
  return certificates;
}
