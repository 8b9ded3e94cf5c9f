import { once } from 'node:events';
import { parseDemoConfig } from './config.js';
import { createPrinter } from './demo/printer.js';
import type { JourneyResult } from './demo/journey.js';
import { printNext, runJourney } from './demo/run-journey.js';
import { createShutdown } from './demo/shutdown.js';
import { startEverything } from './demo/start-everything.js';

const FAILED = 1;

async function main(): Promise<number> {
  const print = createPrinter(process.stdout);
  const exitAfterDemo = process.argv.includes('--exit-after-demo');
  const shutdown = createShutdown();
  const { signal } = shutdown;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      // The second one is from somebody who does not want to wait; the servers end with us all the same.
      if (signal.aborted) process.exit(FAILED);
      shutdown.request();
    });
  }
  const stopAsked = once(signal, 'abort');
  let exitCode = 0;

  const work = async (): Promise<void> => {
    const context = await startEverything(parseDemoConfig(), print, shutdown);
    let result: JourneyResult | undefined;
    try {
      result = await runJourney(context, shutdown);
    } catch (error) {
      if (signal.aborted || exitAfterDemo) throw error;
      exitCode = FAILED;
      print.cross('The journey failed', (error as Error).message);
    }
    if (exitAfterDemo) return;
    print.line();
    print.line(print.bold('Everything keeps running. Ctrl-C stops it.'));
    if (result) printNext(context, result);
    await stopAsked;
  };
  try {
    await Promise.race([work(), stopAsked]);
  } catch (error) {
    if (!signal.aborted) shutdown.request(error as Error);
  }
  if (shutdown.failure) {
    exitCode = FAILED;
    print.heading('Failed');
    for (const line of shutdown.failure.message.split('\n')) print.line(line);
  }
  return (await shutdown.run(print)) ? exitCode : FAILED;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(FAILED);
  },
);
