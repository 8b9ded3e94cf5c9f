import { template } from './html.js';

/** What is wrong with a form, at which control; null: at the whole. */
export interface FormFault {
  control: string | null;
  text: string;
  /** How the summary names it, where its text says too little without its control. */
  summary?: string;
}

/** A form that was not taken: what was filled in, and what is wrong with it. */
export interface RefusedForm {
  values: Readonly<Record<string, string>>;
  faults: readonly FormFault[];
}

/** How a form says what is wrong with it. */
export interface FormMarks {
  /** Attributes of a control: its id, and what is said of it as its description; the first faulty one has the focus. */
  mark(control: string): string;
  /** What is said of a control, beside it. */
  said(control: string): string;
  /** What stands before the form: each fault as a link to its control. */
  summary: string;
}

const idOf = (form: string, control: string): string => `${form}-${control.replaceAll(/[^\w-]/g, '-')}`;

const saidOf = template<{ id: string; text: string }>(
  `<span class="error small" id="<%= it.id %>-fault"><%= it.text %></span>`,
);
const marked = template<{ id: string; faulty: boolean; first: boolean }>(
  ` id="<%= it.id %>"<% if (it.faulty) { %> aria-invalid="true" aria-describedby="<%= it.id %>-fault"<% if (it.first) { %> autofocus<% } %><% } %>`,
);
const summaryOf = template<{ head: string; faults: readonly { href: string | null; text: string }[]; first: boolean }>(
  `<div class="banner bad" role="alert"<% if (it.first) { %> tabindex="-1" autofocus<% } %>><% if (it.head) { %><p><%= it.head %></p><% } %>
<ul class="faults"><% for (const fault of it.faults) { %><li><% if (fault.href) { %><a href="#<%= fault.href %>"><%= fault.text %></a><% } else { %>
<%= fault.text %><% } %></li><% } %></ul></div>`,
);

/**
 * The one way in which forms say what is wrong: beside each control and as its description, without a script. `head` says what
 * did not happen; a form without it has a summary only for what is wrong with the whole.
 */
export function marksOf(form: string, faults: readonly FormFault[], head = ''): FormMarks {
  const [first] = faults;
  const textsOf = (control: string): string =>
    faults.flatMap((fault) => (fault.control === control ? [fault.text] : [])).join(' ');
  const listed = head === '' ? faults.filter(({ control }) => control === null) : faults;
  const links = listed.map(({ control, text, summary = text }) => ({
    href: control === null ? null : idOf(form, control),
    text: summary,
  }));
  return {
    mark: (control) =>
      marked({ id: idOf(form, control), faulty: textsOf(control) !== '', first: first?.control === control }),
    said: (control) => {
      const text = textsOf(control);
      return text === '' ? '' : saidOf({ id: idOf(form, control), text });
    },
    summary: links.length === 0 ? '' : summaryOf({ head, faults: links, first: first?.control === null }),
  };
}
