import { fileURLToPath } from 'node:url';
import path from 'node:path';
import ts from 'typescript';
import { notedStatements } from './support/noted-statements.js';

const root = fileURLToPath(new URL('../', import.meta.url));

/** A place that asks for rows, and what its type promises of each. */
interface Asking {
  place: string;
  /** Matches the statement, whatever stands in its holes. */
  text: RegExp;
  /** Of two askings that match a statement the one with more text of its own is meant. */
  length: number;
  promised: string[];
}

/** A row whose type names columns that its statement does not return. */
export interface Unkept {
  place: string;
  missing: string[];
}

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function piecesOf(template: ts.TemplateLiteral): string[] {
  if (ts.isNoSubstitutionTemplateLiteral(template)) return [template.text];
  return [template.head.text, ...template.templateSpans.map((span) => span.literal.text)];
}

function promisedBy(checker: ts.TypeChecker, call: ts.CallExpression): string[] {
  const rows = checker.getAwaitedType(checker.getTypeAtLocation(call));
  const row = rows && checker.getIndexTypeOfType(rows, ts.IndexKind.Number);
  if (!row) return [];
  return checker
    .getPropertiesOfType(row)
    .filter((property) => !(property.flags & ts.SymbolFlags.Optional))
    .map((property) => property.name);
}

/** Every `query(sql`…`)` of the product. */
function askings(): Asking[] {
  const config = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file));
  const { options, fileNames } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const program = ts.createProgram(
    fileNames.filter((file) => file.startsWith(path.join(root, 'src/'))),
    options,
  );
  const checker = program.getTypeChecker();
  const found: Asking[] = [];
  for (const file of program.getSourceFiles()) {
    if (file.isDeclarationFile || !file.fileName.startsWith(path.join(root, 'src/'))) continue;
    const visit = (node: ts.Node): void => {
      ts.forEachChild(node, visit);
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
      const [statement] = node.arguments;
      if (node.expression.name.text !== 'query' || !statement || !ts.isTaggedTemplateExpression(statement)) return;
      const pieces = piecesOf(statement.template);
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      found.push({
        place: `${path.relative(root, file.fileName)}:${line + 1}`,
        text: new RegExp(`^${pieces.map(escape).join('[^]*')}$`),
        length: pieces.join('').length,
        promised: promisedBy(checker, node),
      });
    };
    visit(file);
  }
  return found;
}

/**
 * The type of a row is a promise that no compiler checks. Compares each with the columns that its statement has returned in
 * the processes of a run.
 */
export function rowsFitStatements(folder: string): { judged: number; unkept: Unkept[] } {
  const all = askings();
  const judged = new Set<string>();
  const unkept = new Map<string, Unkept>();
  for (const [text, columns] of notedStatements(folder)) {
    if (columns === null) continue;
    const meant = all.filter((asking) => asking.text.test(text)).sort((a, b) => b.length - a.length)[0];
    if (!meant || meant.promised.length === 0) continue;
    judged.add(meant.place);
    const missing = meant.promised.filter((name) => !columns.includes(name));
    if (missing.length > 0) unkept.set(meant.place, { place: meant.place, missing });
  }
  return { judged: judged.size, unkept: [...unkept.values()] };
}
