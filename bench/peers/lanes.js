import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.env.PEER_PACKAGES);

/** A package of the peers' folder. */
export const load = (name) => import(pathToFileURL(require.resolve(name)).href);

/** Runs `act` as often as a turn asks, so many at a time; answers with the milliseconds. */
export function serve(act) {
  process.on('SIGTERM', () => process.exit(0));
  process.on('message', async ({ count, concurrency }) => {
    const begun = performance.now();
    let left = count;
    const lane = async () => {
      while (left-- > 0) await act();
    };
    await Promise.all(Array.from({ length: concurrency }, lane));
    process.send(performance.now() - begun);
  });
  process.send('ready');
}
