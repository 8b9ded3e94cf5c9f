import type { RefusedDelivery } from '../../database/klaviyo/refused-deliveries.js';
import type { RefusalLine } from '../../pages/klaviyo-page.js';
import { PROBLEMS, type ProblemCode } from '../problems.js';
import type { Listener } from '../refusals/note-refusal.js';

const ASKED = {
  pushUpdate: 'Change a pass',
  issuePass: 'Issue a pass',
  sendMessage: 'Send a message',
  profileSync: 'Carry the profile over',
  system: 'Klaviyo system webhook',
  address: 'An address that does not exist',
} as const satisfies Readonly<Record<Listener, string>>;

/** The address is right: who reads that it does not exist looks in the wrong place. */
const WRONG_METHOD = 'A right address, by a wrong method';

const isListener = (listener: string): listener is Listener => Object.hasOwn(ASKED, listener);
const isProblem = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);

/** What happens to a refused delivery: Klaviyo repeats one answer of 4xx only. */
const fate = (code: string): string =>
  code === 'rate-limited' ? 'Klaviyo sends these again by itself.' : 'Klaviyo does not send these again.';

/** A reason for which deliveries were refused, in the words of somebody who builds flows. */
export function presentRefusal(row: RefusedDelivery): RefusalLine {
  const [title, status] = isProblem(row.code)
    ? [PROBLEMS[row.code].title, PROBLEMS[row.code].status]
    : [row.code, null];
  return {
    at: row.last_at,
    times: row.times,
    asked:
      row.code === 'method-not-allowed' ? WRONG_METHOD : isListener(row.listener) ? ASKED[row.listener] : row.listener,
    refused: status === null ? title : `${title} (${status})`,
    sentence: row.sentence,
    fate: fate(row.code),
    flowId: row.flow_id,
    test: row.test,
    knownCaller: row.known_caller,
  };
}
