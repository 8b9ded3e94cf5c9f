import { spawn, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), 30_000);
  await ended;
  clearTimeout(impatience);
}

export interface ProductProcess {
  pid: number;
  logFile: string;
  stop(): Promise<void>;
  /** Without a goodbye. */
  kill(): Promise<void>;
}

/** One of the product's own start files with its real composition; nothing of this process's environment but PATH and HOME. */
export function startProduct(
  entry: string,
  env: Record<string, string>,
  folder: string,
  name = path.basename(entry, '.ts'),
): ProductProcess {
  const logFile = path.join(folder, `${name}.log`);
  const log = openSync(logFile, 'a');
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', entry], {
    cwd: root,
    env: { ...(PATH && { PATH }), ...(HOME && { HOME }), ...env },
    stdio: ['ignore', log, log],
  });
  child.on('exit', (code) => {
    if (code) console.error(`${entry} ended with ${code}:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return { pid: child.pid!, logFile, kill, stop: () => stopProcess(child) };
}

export interface Child<Request, Answer> {
  call(request: Request): Promise<Answer>;
  stop(): Promise<void>;
}

/** A program of the bench in a process of its own, one request at a time. */
export function startChild<Request extends object, Answer>(file: string, args: string[]): Child<Request, Answer> {
  const child = fork(path.join(root, 'bench', file), args, { cwd: root, execArgv: ['--import', 'tsx'] });
  return {
    stop: () => stopProcess(child),
    async call(request) {
      const answered = new Promise<Answer>((resolve, reject) => {
        const lost = (): void => reject(new Error(`${file} ended in the middle of its work`));
        child.once('exit', lost);
        child.once('message', (message) => {
          child.off('exit', lost);
          resolve(message as Answer);
        });
      });
      child.send(request);
      return answered;
    },
  };
}

/** The other end of `startChild`: serves requests until the parent goes. */
export function serve<Request, Answer>(answer: (request: Request) => Promise<Answer>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
  process.on('message', (request) => {
    answer(request as Request).then(
      (result) => process.send!(result as object),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}

/** Memory of another process in use, MB; NaN where /proc does not tell. */
export function memoryMb(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return NaN;
  }
}

/** CPU time of another process so far, milliseconds; NaN where /proc does not tell. */
export function cpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return NaN;
  }
}
