import { dirname, relative, resolve, sep } from 'node:path';

/**
 * ESLint rule: a file may import only from its own room and from the rooms that the table allows for it. A room is a
 * folder that has an entry in the table. A folder without an entry of its own belongs to
 * the nearest entry above it. A name allows all folders below it, too; `=` before it does not; `type:` allows types only, `load:` an import at run time only.
 */
export const roomDirections = (root, rooms) => {
  const names = Object.keys(rooms).sort((a, b) => b.length - a.length);
  const roomOf = (path) => names.find((name) => path.startsWith(`${name}/`));
  const within = (room, allowed) => room === allowed || room.startsWith(`${allowed}/`);

  const check = (context, node) => {
    const specifier = node.source?.value;
    if (typeof specifier !== 'string' || !specifier.startsWith('.')) return;
    const here = relative(root, context.filename).split(sep).join('/');
    const there = relative(root, resolve(dirname(context.filename), specifier))
      .split(sep)
      .join('/');
    const from = roomOf(here);
    if (from === undefined) return;
    if (/^src\/start-[a-z-]+\.js$/.test(there)) {
      context.report({ node, message: 'Nobody imports a start file: it is a composition root.' });
      return;
    }
    const to = roomOf(there);
    if (to === undefined || to === from) return;
    const typesOnly = node.importKind === 'type';
    const ok = rooms[from].some((entry) => {
      if (entry.startsWith('type:')) return typesOnly && within(to, entry.slice(5));
      if (entry.startsWith('load:')) return node.type === 'ImportExpression' && within(to, entry.slice(5));
      return entry.startsWith('=') ? to === entry.slice(1) : within(to, entry);
    });
    if (ok) return;
    context.report({ node, message: `${from} may import only: ${rooms[from].join(', ') || 'nothing of ours'}.` });
  };

  return {
    meta: { type: 'problem', schema: [] },
    create: (context) => ({
      ImportDeclaration: (node) => check(context, node),
      ExportNamedDeclaration: (node) => check(context, node),
      ExportAllDeclaration: (node) => check(context, node),
      ImportExpression: (node) => check(context, node),
    }),
  };
};
