import { questionPage, type Question } from '../../pages/question-page.js';
import { sendPage } from '../page-response.js';
import type { ApiDeps, Route } from '../route.js';
import type { Form, Handle, Inside } from './inside.js';
import type { OperatorSession } from './operator-session.js';

/** What takes something away from somebody. */
interface Destructive {
  path: string;
  summary: string;
  /** What is asked before; throws where there is nothing to take away any more. */
  ask(session: OperatorSession, params: Record<string, string>): Promise<Question>;
  act: Handle;
}

/**
 * The one way in which pages take something away: a page that says what happens to whom, and a form on it that does it. A form
 * elsewhere that posts to the address gets the same page, and nothing is done. It works without scripts.
 */
export function askFirst(deps: ApiDeps, inside: Inside, { path, summary, ask, act }: Destructive): Route[] {
  const show: Handle = async (ctx, session, params) =>
    sendPage(ctx, deps, questionPage(session.frame, ctx.path, await ask(session, params)));
  return [
    inside('GET', path, `Asks before: ${summary}`, show),
    inside(
      'POST',
      path,
      summary,
      (ctx, session, params) =>
        (ctx.state['form'] as Form)['confirmed'] === 'yes' ? act(ctx, session, params) : show(ctx, session, params),
      { fields: ['confirmed'] },
    ),
  ];
}
