import { Command } from 'commander';
import { healthReport } from '../api/health-report.js';
import type { CliContext } from './context.js';

/** `passrelay health` */
export function healthCommand(context: () => CliContext): Command {
  return new Command('health')
    .description('what is wrong now: schema, workers, secrets, Klaviyo keys, certificates; exits with 1 if anything is')
    .action(async () => {
      const { database, secretBox, out } = context();
      const { parts } = await healthReport({ database: database(), secretBox: secretBox(), now: Date.now });
      for (const [name, { state, detail, affected }] of Object.entries(parts)) {
        out(`${state === 'ok' ? 'ok      ' : 'DEGRADED'}  ${name}${detail ? `: ${detail}` : ''}`);
        for (const one of affected) out(`          ${one.tenantId}: ${one.detail}`);
      }
      const count = Object.values(parts).filter(({ state }) => state !== 'ok').length;
      if (count > 0) throw new Error(`${count} ${count === 1 ? 'part is' : 'parts are'} degraded.`);
    });
}
