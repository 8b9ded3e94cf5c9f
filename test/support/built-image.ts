import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Compiles one folder of sources below `to`, as the build does but without checking types again. */
function compile(from: string, to: string): void {
  const build = ts.readConfigFile(join(root, 'tsconfig.build.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(build.config, ts.sys, root);
  // Node16 would look for a package.json, which transpiling one file does not.
  const compilerOptions = { ...options, module: ts.ModuleKind.ESNext };
  for (const entry of readdirSync(join(root, from), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
    const path = join(entry.parentPath, entry.name);
    const target = join(to, path.slice(root.length).replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions, fileName: path });
    writeFileSync(target, outputText);
  }
}

/** A folder that holds what the Dockerfile copies into the image, without the sources. */
export function layOutImage(): string {
  const image = mkdtempSync(join(tmpdir(), 'passrelay-image-'));
  const copied = [...readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^COPY --from=\S+ .*\/app\/(\S+) /gm)];
  const names = copied.map(([, name]) => name!);
  for (const needed of ['package.json', 'dist', 'bin', 'node_modules']) assert.ok(names.includes(needed), needed);
  for (const name of names) {
    if (name === 'dist') for (const from of ['src', 'client', 'migrations']) compile(from, join(image, 'dist'));
    else if (name === 'node_modules') symlinkSync(join(root, name), join(image, name));
    else cpSync(join(root, name), join(image, name), { recursive: true });
  }
  return image;
}
