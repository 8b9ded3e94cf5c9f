/**
 * ESLint rule: a fault that is swallowed has its reason beside it. A `.catch(() => …)` that takes no error, and an empty
 * `catch` block, want a comment: on a line above in the same statement, or inside.
 */
const isSilent = (node) =>
  node.callee.type === 'MemberExpression' &&
  node.callee.property.name === 'catch' &&
  node.arguments[0]?.type === 'ArrowFunctionExpression' &&
  node.arguments[0].params.length === 0 &&
  node.arguments[0].body.type !== 'BlockStatement';

const statementOf = (node) => {
  let at = node;
  while (at.parent && !/Statement$|Declaration$|^Property/.test(at.type)) at = at.parent;
  return at;
};

export const catchHasReason = {
  meta: { type: 'suggestion', schema: [] },
  create: (context) => {
    const { sourceCode } = context;
    const message = 'Say beside it why this fault may be swallowed.';
    const hasReason = (node) => {
      const statement = statementOf(node);
      const [first, last] = [statement.loc.start.line - 1, node.loc.end.line];
      return sourceCode.getAllComments().some(({ loc }) => loc.end.line >= first && loc.start.line <= last);
    };
    return {
      CallExpression(node) {
        if (isSilent(node) && !hasReason(node)) context.report({ node: node.callee.property, message });
      },
      CatchClause(node) {
        if (node.body.body.length === 0 && sourceCode.getCommentsInside(node.body).length === 0)
          context.report({ node, message });
      },
    };
  },
};
