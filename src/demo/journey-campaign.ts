import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import type { campaignDetail } from '../api/routes/present-campaign.js';
import type { JourneyContext } from './journey.js';

type Detail = z.output<typeof campaignDetail>;

const LOOK_MS = 50;
const MOST_MS = 60_000;
/** So slow that a pause finds it in flight. */
const PER_MINUTE = 12_000;
/** Longer than the engine looks away between two slices. */
const STILL_MS = 600;

/** A campaign over 500 cards: a file, a dry run, a start, a pause in flight, and on to the last row. */
export async function journeyCampaign({ print, api, tenant, simulators }: JourneyContext): Promise<void> {
  const { guests, tenantId } = tenant;
  print.heading(`A campaign changes the cards of ${guests.length} guests, is paused and goes on`);
  const told = new Set<string>();
  for (const { pushToken } of guests) {
    simulators.apns?.registerToken(pushToken, tenant.pass.passTypeIdentifier, () => told.add(pushToken));
  }
  const points = Math.floor(Date.now() / 1000) % 100_000;
  const lines = guests.map(({ serialNumber }, row) => `${serialNumber},${points + row}\n`);
  const at = `/api/${tenantId}/campaigns`;
  const { campaignId } = await api.asAdmin<{ campaignId: string }>('POST', at, {
    name: 'A thank you to our guests',
    audience: { csv: {} },
    action: { type: 'update', fields: { points: { column: 'points' } } },
    schedule: { perMinute: PER_MINUTE },
  });
  const one = `${at}/${campaignId}`;
  const until = async (wanted: (campaign: Detail) => boolean): Promise<Detail> => {
    for (const endMs = Date.now() + MOST_MS; ; await pause(LOOK_MS)) {
      const campaign = await api.asAdmin<Detail>('GET', one);
      if (wanted(campaign)) return campaign;
      const { ended, remaining } = campaign.progress;
      if (Date.now() > endMs || campaign.state === 'failed') {
        throw new Error(`the campaign is ${campaign.state}: ${ended} have ended, ${remaining} are left`);
      }
    }
  };
  let sinceMs = performance.now();
  const tick = (label: string, detail: string): void => {
    print.tick(label, detail, performance.now() - sinceMs);
    sinceMs = performance.now();
  };

  await api.asAdmin('PUT', `${one}/rows`, `serialNumber,points\n${lines.join('')}`);
  const dry = await until(({ state }) => state === 'ready');
  const { apple = 0, none = 0 } = dry.reach ?? {};
  tick('dry run', `${dry.rows.waiting} cards, ${apple} on an iPhone, ${none} on no phone; nothing is sent`);
  await api.asAdmin('POST', `${one}/start`);
  await until(({ progress }) => progress.accepted > guests.length / 5);
  await api.asAdmin('POST', `${one}/pause`);
  const held = await until(() => true);
  await pause(STILL_MS);
  const still = await until(() => true);
  if (still.progress.accepted !== held.progress.accepted) throw new Error('the campaign went on during its pause');
  tick('paused', `${still.progress.accepted} accepted, ${still.rows.waiting} wait`);
  await api.asAdmin('POST', `${one}/resume`);
  // It ends once Google's objects are written, too, which Google's limits let take a minute.
  const isTold = (): boolean => simulators.apns === null || told.size === guests.length;
  const { progress } = await until((now) => now.progress.accepted === guests.length && isTold());
  const failed = Object.entries(progress.outcomes).filter(([outcome]) => outcome !== 'updated');
  if (failed.length > 0) throw new Error(`some cards ended as ${JSON.stringify(failed)}`);
  const phones = simulators.apns ? `${told.size} phones notified` : 'no phone';
  tick('resumed', `${progress.accepted} accepted, ${phones}; Google follows within its limits`);
  print.line(`Progress  ${api.baseUrl}/ops/${tenantId}/campaigns/${campaignId}`);
}
