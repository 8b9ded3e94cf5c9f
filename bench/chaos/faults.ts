import { setTimeout as pause } from 'node:timers/promises';
import type { MemberAtDatabase, Stack } from './stack.js';

/** One thing that goes wrong, and is well again when `harm` resolves. */
export interface ChaosRun {
  readonly name: string;
  readonly title: string;
  /** Belongs to the short form. */
  readonly short?: true;
  harm(stack: Stack, seconds: (full: number) => Promise<void>): Promise<void>;
}

/** Stops a worker at the moment when it has sent a statement, and lets it go on long after another has taken over. */
async function zombie({ workers }: Stack, text: RegExp, seconds: (full: number) => Promise<void>): Promise<void> {
  const frozen: MemberAtDatabase[] = [];
  const caught = new Promise<void>((resolve) => {
    for (const worker of workers) {
      worker.cuts.watch = {
        text,
        hit() {
          // The first one only: somebody has to take over.
          if (frozen.length > 0) return;
          frozen.push(worker);
          worker.freeze();
          resolve();
        },
      };
    }
  });
  await Promise.race([caught, pause(20_000)]);
  workers.forEach((worker) => (worker.cuts.watch = null));
  if (frozen.length === 0) throw new Error(`no worker sent a statement with ${String(text)} within 20 s`);
  await seconds(30);
  frozen.forEach((worker) => worker.thaw());
}

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
    harm: (stack, seconds) => zombie(stack, /insert into pass_revisions/, seconds),
  },
  {
    name: 'zombie-with-a-lease',
    title: 'a worker stopped while it holds the lease of a Google object, continued after the takeover',
    harm: (stack, seconds) => zombie(stack, /lease_until/, seconds),
  },
  {
    name: 'providers-down',
    title: 'Klaviyo, Google, APNs and the merchant down',
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
