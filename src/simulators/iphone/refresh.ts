import type { ChangedSerials } from './web-service.js';

/** One web service and pass type: the tag the phone holds for it, and the passes it still means to fetch. */
export interface Channel {
  readonly webServiceURL: string;
  readonly passTypeIdentifier: string;
  tag: string | undefined;
  /** A push came since the last list call. */
  pushed: boolean;
  readonly wanted: Set<string>;
}

export interface RefreshSteps {
  list(channel: Channel): Promise<ChangedSerials | undefined>;
  /** Fetches one pass; `announced`: a push and a newer tag promised a change. */
  fetch(channel: Channel, serialNumber: string, announced: boolean): Promise<void>;
  isRegistered(channel: Channel, serialNumber: string): boolean;
  complain(channel: Channel, text: string): void;
  failed(channel: Channel, error: Error): void;
  succeeded(channel: Channel): void;
}

/** Runs list-and-fetch rounds, one at a time per channel; whatever asks during a round gets one more round, however many asked. */
export function createRefresher(steps: RefreshSteps): (channel: Channel) => Promise<void> {
  const running = new Map<Channel, Promise<void>>();
  const again = new Set<Channel>();

  const rounds = async (channel: Channel): Promise<void> => {
    try {
      while (again.delete(channel)) await round(channel, steps);
    } finally {
      running.delete(channel);
    }
  };
  return (channel) => {
    again.add(channel);
    const current = running.get(channel) ?? rounds(channel);
    running.set(channel, current);
    return current;
  };
}

async function round(channel: Channel, steps: RefreshSteps): Promise<void> {
  const { pushed, tag: heldTag } = channel;
  channel.pushed = false;
  let complete = true;
  const failed = (error: Error): void => {
    complete = false;
    steps.failed(channel, error);
  };
  const listed = await steps
    .list(channel)
    .then((changed) => (changed ? takeList(channel, changed, steps) : []), failed);
  if (listed === undefined) channel.pushed ||= pushed;
  // The first list after an install only fetches the tag: the pass itself is fresh.
  else if (pushed || heldTag !== undefined) listed.forEach((serial) => channel.wanted.add(serial));
  for (const serial of [...channel.wanted]) {
    const announced = pushed && heldTag !== undefined && listed?.includes(serial) === true;
    await steps.fetch(channel, serial, announced).then(() => channel.wanted.delete(serial), failed);
  }
  if (complete) steps.succeeded(channel);
}

function takeList(channel: Channel, { serialNumbers, lastUpdated }: ChangedSerials, steps: RefreshSteps): string[] {
  const response = `Response to 'What changed?' request included ${serialNumbers.length} serial numbers`;
  if (lastUpdated === undefined) steps.complain(channel, `${response} but no lastUpdated tag.`);
  else if (lastUpdated === channel.tag && serialNumbers.length > 0)
    steps.complain(channel, `${response} but the lastUpdated tag (${lastUpdated}) remained the same.`);
  if (lastUpdated !== undefined) channel.tag = lastUpdated;
  const strangers = serialNumbers.filter((serial) => !steps.isRegistered(channel, serial));
  if (strangers.length > 0)
    steps.complain(
      channel,
      `Response to 'What changed?' request included serial numbers that are not registered: ${strangers.join(', ')}.`,
    );
  return serialNumbers.filter((serial) => !strangers.includes(serial));
}
