/** ESLint rule: a chain of more than two ternaries becomes a table or early returns. */
const MOST = 2;

const inner = (node) => (node.type === 'ConditionalExpression' ? node : null);
const depth = (node) => (node === null ? 0 : 1 + Math.max(depth(inner(node.consequent)), depth(inner(node.alternate))));

export const noDeepTernaries = {
  meta: { type: 'suggestion', schema: [] },
  create: (context) => ({
    ConditionalExpression(node) {
      if (node.parent.type === 'ConditionalExpression' && node.parent.test !== node) return;
      const found = depth(node);
      if (found > MOST)
        context.report({ node, message: `${found} ternaries in one expression: use early returns or a table.` });
    },
  }),
};
