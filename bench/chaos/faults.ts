import { setTimeout as pause } from 'node:timers/promises';
import type { MemberAtDatabase, Stack } from './stack.js';

/** One thing that goes wrong, and is well again when `harm` resolves. */
export interface ChaosRun {
  readonly name: string;
  readonly title: string;
  /** Belongs to the short form. */
  readonly short?: true;
  /** Seconds that everything may need to end, in the short form too: a schedule of the product is that long. */
  readonly settles?: number;
  harm(stack: Stack, seconds: (full: number) => Promise<void>): Promise<void>;
}

const CAUGHT_MS = 20_000;

/** The first worker that sends a statement, at the moment when it has sent it: `seize` is called before any answer. */
async function catchWorker(
  { workers }: Stack,
  text: RegExp,
  seize: (worker: MemberAtDatabase) => void,
): Promise<MemberAtDatabase> {
  let caught: MemberAtDatabase | undefined;
  const deadline = Date.now() + CAUGHT_MS;
  for (const worker of workers) {
    worker.cuts.watch = {
      text,
      hit() {
        // The first one only: somebody has to take over.
        if (caught !== undefined) return;
        caught = worker;
        seize(worker);
      },
    };
  }
  while (caught === undefined && Date.now() < deadline) await pause(20);
  workers.forEach((worker) => (worker.cuts.watch = null));
  if (caught === undefined) throw new Error(`no worker sent a statement with ${String(text)} within 20 s`);
  return caught;
}

/** Stops a worker within a statement, and lets it go on long after another has taken over. */
async function zombie(stack: Stack, text: RegExp, seconds: (full: number) => Promise<void>): Promise<void> {
  const worker = await catchWorker(stack, text, ({ freeze }) => freeze());
  await seconds(30).finally(() => worker.thaw());
}

const WRITES_A_PASS = /insert into pass_revisions/;
const TAKES_GOOGLES_LEASE = /lease_until/;

export const RUNS: readonly ChaosRun[] = [
  {
    name: 'worker-killed',
    title: 'one worker killed (-9) and started again',
    short: true,
    async harm({ workers }, seconds) {
      await workers[0]!.kill();
      await seconds(15);
      await workers[0]!.start();
    },
  },
  {
    name: 'worker-killed-with-a-lease',
    title: 'a worker killed (-9) while it holds the lease of a Google object',
    async harm(stack, seconds) {
      let killed: Promise<void> | undefined;
      const worker = await catchWorker(stack, TAKES_GOOGLES_LEASE, ({ kill }) => (killed = kill()));
      await killed;
      await seconds(30);
      await worker.start();
    },
  },
  {
    name: 'workers-killed',
    title: 'both workers killed (-9)',
    async harm({ workers }, seconds) {
      await Promise.all(workers.map((worker) => worker.kill()));
      await seconds(12);
      await Promise.all(workers.map((worker) => worker.start()));
    },
  },
  {
    name: 'api-killed',
    title: 'an API killed (-9), three times',
    async harm({ apis }, seconds) {
      for (const number of [0, 1, 0]) {
        await apis[number]!.kill();
        await seconds(5);
        await apis[number]!.start();
      }
    },
  },
  {
    name: 'temporal-killed',
    title: 'Temporal killed (-9)',
    async harm({ engine }, seconds) {
      await engine.kill();
      await seconds(30);
      await engine.start();
    },
  },
  {
    name: 'postgres-killed',
    title: 'PostgreSQL killed (-9)',
    async harm({ database }, seconds) {
      await database.kill();
      await seconds(20);
      await database.start();
    },
  },
  {
    name: 'postgres-hangs',
    title: 'all processes of PostgreSQL stopped (SIGSTOP)',
    async harm({ database }, seconds) {
      database.freeze();
      await seconds(30).finally(() => database.thaw());
    },
  },
  {
    name: 'postgres-read-only',
    title: 'PostgreSQL read-only, as in a failover',
    async harm({ database }, seconds) {
      await database.readOnly(true);
      await seconds(30).finally(() => database.readOnly(false));
    },
  },
  {
    name: 'database-cut',
    title: 'cut within transactions, and after commits with the answer lost',
    short: true,
    async harm({ apis, workers }, seconds) {
      const all = [...apis, ...workers];
      all.forEach(({ cuts }) => Object.assign(cuts, { afterCommit: 0.1, inTransaction: 0.1 }));
      await seconds(30).finally(() =>
        all.forEach(({ cuts }) => Object.assign(cuts, { afterCommit: 0, inTransaction: 0 })),
      );
    },
  },
  {
    name: 'zombie-in-a-write',
    title: 'a worker stopped within a write of a pass, continued after the takeover',
    harm: (stack, seconds) => zombie(stack, WRITES_A_PASS, seconds),
  },
  {
    name: 'zombie-with-a-lease',
    title: 'a worker stopped while it holds the lease of a Google object, continued after the takeover',
    harm: (stack, seconds) => zombie(stack, TAKES_GOOGLES_LEASE, seconds),
  },
  {
    name: 'providers-down',
    title: 'Klaviyo, Google, APNs and the merchant down',
    // A delivery that failed twice is repeated after five minutes.
    settles: 420,
    async harm({ providers }, seconds) {
      providers.down();
      await seconds(30).finally(providers.well);
    },
  },
  {
    name: 'providers-slow',
    title: 'Klaviyo, Google, APNs and the merchant take 3 s more for each call',
    async harm({ providers }, seconds) {
      providers.slow();
      await seconds(30).finally(providers.well);
    },
  },
  {
    name: 'providers-lose-answers',
    title: 'Klaviyo, Google, APNs and the merchant act and lose the answer, 40 calls each',
    async harm({ providers }, seconds) {
      providers.loseAnswers(40);
      await seconds(20).finally(providers.well);
    },
  },
  {
    name: 'network-cut',
    title: 'the network to Temporal cut: refused, then a black hole',
    async harm({ engineNetwork }, seconds) {
      try {
        engineNetwork.set('refuse');
        await seconds(15);
        engineNetwork.set('black-hole');
        await seconds(15);
      } finally {
        engineNetwork.set('open');
        // What waited in a black hole is dead on both ends.
        engineNetwork.cutAll();
      }
    },
  },
  {
    name: 'temporal-data-lost',
    title: "Temporal's data lost: killed, its state removed, started empty",
    short: true,
    async harm({ engine, providers }, seconds) {
      // So that runs are under way when their history goes.
      providers.slow();
      await seconds(8);
      await engine.loseData();
      providers.well();
      await seconds(15);
    },
  },
  {
    name: 'rolling-restart',
    title: 'every process of the product restarted in turn',
    async harm({ apis, workers }) {
      for (const member of [...apis, ...workers]) {
        await member.stop();
        await member.start();
      }
    },
  },
];
