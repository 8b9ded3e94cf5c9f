/** A small part of Klaviyo's Django-like templates: `{{ person.email }}`, `{{ person|lookup:'x' }}`, `{{ event.x|default:'0' }}`. */
export interface TemplateContext {
  person: Readonly<Record<string, unknown>>;
  event: Readonly<Record<string, unknown>>;
}

const TAG = /\{\{(.{0,200}?)\}\}|\{%.{0,200}?%\}/gs;
const EXPRESSION = /^(person|event)((?:\.\w+)*)((?:\|\w+(?::(?:'[^']*'|"[^"]*"|-?\d+(?:\.\d+)?))?)*)$/;
const FILTER = /\|(\w+)(?::(?:'([^']*)'|"([^"]*)"|(-?\d+(?:\.\d+)?)))?/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;',
};

const escape = (text: string) => text.replace(/[&<>"']/g, (char) => ENTITIES[char]!);
const falsy = (value: unknown) =>
  value === undefined || value === null || value === '' || value === 0 || value === false;

/** The text that Python's str() gives: what reaches the body. */
function python(value: unknown, inside = false): string {
  if (value === undefined) return inside ? 'None' : '';
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map((item) => python(item, true)).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, item]) => `'${key}': ${python(item, true)}`)
      .join(', ')}}`;
  }
  return inside && typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : String(value);
}

const property = (from: unknown, name: string): unknown =>
  typeof from === 'object' && from !== null && Object.hasOwn(from, name)
    ? (from as Record<string, unknown>)[name]
    : undefined;

function evaluate(expression: string, context: TemplateContext): string {
  const parts = EXPRESSION.exec(expression.trim());
  if (!parts) throw new SyntaxError(`the simulator's templates do not know: ${expression.trim()}`);
  let value: unknown = context[parts[1] as keyof TemplateContext];
  for (const name of parts[2]!.split('.').slice(1)) value = property(value, name);
  let safe = false;
  for (const [, filter, single, double, digits] of parts[3]!.matchAll(FILTER)) {
    const argument = single ?? double ?? digits ?? '';
    if (filter === 'lookup') value = property(value, argument);
    else if (filter === 'default') value = falsy(value) ? argument : value;
    else if (filter === 'safe') safe = true;
    else if (filter === 'upper') value = python(value).toUpperCase();
    else if (filter === 'lower') value = python(value).toLowerCase();
    else throw new SyntaxError(`the simulator's templates do not know the filter ${filter}`);
  }
  return safe ? python(value) : escape(python(value));
}

/** Renders a webhook body as Klaviyo does: escaped, missing as nothing, null as `None`. Throws SyntaxError on other tags. */
export function renderTemplate(template: string, context: TemplateContext): string {
  return template.replace(TAG, (tag, expression: string | undefined) => {
    if (expression === undefined) throw new SyntaxError(`the simulator's templates do not know: ${tag}`);
    return evaluate(expression, context);
  });
}
