/** Mutants of a source file, found in its syntax tree. */
import { createHash } from 'node:crypto';
import { isNode, type Node, walk } from './compiler.ts';

export type Kind = 'relation' | 'arithmetic' | 'constant' | 'require' | 'modifier' | 'write' | 'arguments';

export type Mutant = {
  /** Of file, kind, original, replacement and their ordinal: edits elsewhere in the file leave it alone. */
  id: string;
  file: string;
  line: number;
  kind: Kind;
  original: string;
  replacement: string;
  /** Bytes of the file that the replacement takes the place of. */
  /** The mutated source. */
  apply(source: string): string;
};

/** `replacement` in the place of the bytes from `start` to `end`; `shown` is the expression around it. */
type Edit = {
  kind: Kind;
  start: number;
  end: number;
  replacement: string;
  shown?: [start: number, end: number];
};

const RELATIONS: Record<string, string[]> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '==': ['!='],
  '!=': ['=='],
};
const ARITHMETIC: Record<string, string> = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '**': '*',
  '<<': '>>',
  '>>': '<<',
  '&': '|',
  '|': '&',
  '^': '|',
  '&&': '||',
  '||': '&&',
};
const YUL: Record<string, [Kind, string]> = {
  lt: ['relation', 'gt'],
  gt: ['relation', 'lt'],
  slt: ['relation', 'sgt'],
  sgt: ['relation', 'slt'],
  add: ['arithmetic', 'sub'],
  sub: ['arithmetic', 'add'],
  mul: ['arithmetic', 'div'],
  div: ['arithmetic', 'mul'],
  mod: ['arithmetic', 'div'],
  shl: ['arithmetic', 'shr'],
  shr: ['arithmetic', 'shl'],
  and: ['arithmetic', 'or'],
  or: ['arithmetic', 'and'],
};

/** All mutants of a file. `declarations` has every definition that the file may refer to, by id. */
export function mutantsOf(
  file: string,
  source: string,
  tree: Node,
  declarations: Map<number, Node>,
): Mutant[] {
  const bytes = Buffer.from(source);
  const text = (start: number, end: number) => bytes.subarray(start, end).toString();
  const ordinals = new Map<string, number>();
  const mutants: Mutant[] = [];
  for (const edit of edits(tree, text, declarations)) {
    const [from, to] = edit.shown ?? [edit.start, edit.end];
    const original = text(from, to);
    const replacement = text(from, edit.start) + edit.replacement + text(edit.end, to);
    const key = [file, edit.kind, squash(original), squash(replacement)].join('\0');
    const ordinal = ordinals.get(key) ?? 0;
    ordinals.set(key, ordinal + 1);
    mutants.push({
      id: createHash('sha256').update(`${key}\0${ordinal}`).digest('hex').slice(0, 10),
      file,
      line: text(0, edit.start).split('\n').length,
      kind: edit.kind,
      original: squash(original),
      replacement: squash(replacement),
      apply: (whole) => {
        const before = Buffer.from(whole);
        return `${before.subarray(0, edit.start)}${edit.replacement}${before.subarray(edit.end)}`;
      },
    });
  }
  return mutants;
}

type Text = (start: number, end: number) => string;

function* edits(tree: Node, text: Text, declarations: Map<number, Node>): Generator<Edit> {
  for (const node of codeOf(tree)) {
    const [start, end] = range(node);
    if (node.nodeType === 'BinaryOperation') yield* operators(node, text);
    else if (node.nodeType === 'Assignment') yield* compound(node, text);
    else if (node.nodeType === 'Literal') yield* constants(node);
    else if (node.nodeType === 'IfStatement' && isGuard(node)) {
      yield { kind: 'require', start, end: past(end, text), replacement: '{}' };
    } else if (node.nodeType === 'ModifierInvocation') {
      const declared = declarations.get((node.modifierName as Node).referencedDeclaration as number);
      if (declared?.nodeType === 'ModifierDefinition')
        yield { kind: 'modifier', start, end, replacement: '' };
    } else if (node.nodeType === 'ExpressionStatement') yield* statements(node, text, declarations);
    else if (node.nodeType === 'FunctionCall') yield* swaps(node, text);
    else if (node.nodeType === 'YulFunctionCall') yield* yulCalls(node);
    else if (node.nodeType === 'YulLiteral') yield* constants(node);
  }
}

/** Nodes of executable code: no declarations of errors, events and storage locations, nothing that is emitted or thrown. */
function* codeOf(node: Node): Generator<Node> {
  const skipped = [
    'ErrorDefinition',
    'EventDefinition',
    'EmitStatement',
    'StructDefinition',
    'ImportDirective',
  ];
  if (skipped.includes(node.nodeType)) return;
  if (node.nodeType === 'RevertStatement') return;
  if (node.nodeType === 'ArrayTypeName') return;
  if (node.nodeType === 'VariableDeclaration' && node.constant === true && typeOf(node) === 'bytes32') return;
  yield node;
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) yield* codeOf(item);
    } else if (isNode(value)) yield* codeOf(value);
  }
}

function* operators(node: Node, text: Text): Generator<Edit> {
  const operator = node.operator as string;
  const relations = RELATIONS[operator];
  const between: [number, number] = [range(node.leftExpression)[1], range(node.rightExpression)[0]];
  const at = between[0] + Buffer.from(text(...between)).indexOf(operator);
  const place = { start: at, end: at + operator.length, shown: range(node) };
  for (const replacement of relations ?? []) yield { kind: 'relation', ...place, replacement };
  if (!ARITHMETIC[operator]) return;
  const kind = operator === '&&' || operator === '||' ? 'relation' : 'arithmetic';
  yield { kind, ...place, replacement: ARITHMETIC[operator] };
}

function* compound(node: Node, text: Text): Generator<Edit> {
  const operator = node.operator as string;
  const replacement = ARITHMETIC[operator.slice(0, -1)];
  if (!replacement) return;
  const between: [number, number] = [range(node.leftHandSide)[1], range(node.rightHandSide)[0]];
  const at = between[0] + Buffer.from(text(...between)).indexOf(operator);
  yield {
    kind: 'arithmetic',
    start: at,
    end: at + operator.length,
    replacement: `${replacement}=`,
    shown: range(node),
  };
}

function* constants(node: Node): Generator<Edit> {
  const [start, end] = range(node);
  const value = String(node.value);
  if (node.kind === 'bool') {
    yield { kind: 'constant', start, end, replacement: value === 'true' ? 'false' : 'true' };
    return;
  }
  if (node.kind !== 'number' || value.length > 40) return;
  const plain = /^(\d[\d_]*|0x[0-9a-fA-F]+)$/.test(value) && !node.subdenomination;
  const number = plain ? BigInt(value.replaceAll('_', '')) : null;
  const yul = node.nodeType === 'YulLiteral';
  for (const step of [1n, -1n]) {
    if (number === null) {
      if (yul) return;
      const written = node.subdenomination ? `${value} ${String(node.subdenomination)}` : value;
      yield { kind: 'constant', start, end, replacement: `(${written} ${step > 0 ? '+' : '-'} 1)` };
    } else if (number + step >= 0n) {
      const hex = value.startsWith('0x');
      const digits = hex
        ? (number + step).toString(16).padStart(value.length - 2, '0')
        : String(number + step);
      yield { kind: 'constant', start, end, replacement: hex ? `0x${digits}` : digits };
    }
  }
}

function* statements(node: Node, text: Text, declarations: Map<number, Node>): Generator<Edit> {
  const expression = node.expression as Node;
  const [start, bare] = range(node);
  const removal = { start, end: past(bare, text), replacement: '{}' };
  if (expression.nodeType === 'Assignment' && writesStorage(expression.leftHandSide as Node)) {
    yield { kind: 'write', ...removal };
  } else if (expression.nodeType === 'UnaryOperation' && writesStorage(expression.subExpression as Node)) {
    yield { kind: 'write', ...removal };
  } else if (expression.nodeType === 'FunctionCall') {
    const called = calledBy(expression, declarations);
    const callee = expression.expression as Node;
    if (callee.name === 'require' || callee.name === 'assert') yield { kind: 'require', ...removal };
    if (callee.nodeType === 'MemberAccess' && /^(push|pop)$/.test(String(callee.memberName))) {
      yield { kind: 'write', ...removal };
    }
    if (called?.nodeType !== 'FunctionDefinition' || called.visibility === 'external') return;
    const pure = called.stateMutability === 'view' || called.stateMutability === 'pure';
    if (pure) yield { kind: 'require', ...removal };
    else if (called.visibility !== 'public') yield { kind: 'write', ...removal };
  }
}

function* swaps(node: Node, text: Text): Generator<Edit> {
  const names = node.names as string[];
  if (node.kind === 'typeConversion' || names.length > 0 || isCommutative(node)) return;
  const list = node.arguments as Node[];
  for (let i = 0; i + 1 < list.length; i++) {
    const [start, middle] = range(list[i]);
    const [next, end] = range(list[i + 1]);
    const [first, second] = [text(start, middle), text(next, end)];
    if (first === second || typeOf(list[i]) !== typeOf(list[i + 1])) continue;
    const replacement = second + text(middle, next) + first;
    yield { kind: 'arguments', start, end, replacement, shown: range(node) };
  }
}

function isCommutative(call: Node): boolean {
  return ['max', 'min'].includes(String((call.expression as Node).memberName));
}

function* yulCalls(node: Node): Generator<Edit> {
  const name = node.functionName as Node;
  const mutation = YUL[String(name.name)];
  if (!mutation) return;
  const [start, end] = range(name);
  yield { kind: mutation[0], start, end, replacement: mutation[1], shown: range(node) };
}

/** `if (…) revert …;` and nothing else. */
function isGuard(node: Node): boolean {
  if (node.falseBody) return false;
  const body = node.trueBody as Node;
  const only = body.nodeType === 'Block' ? (body.statements as Node[]) : [body];
  return only.length > 0 && only.at(-1)!.nodeType === 'RevertStatement';
}

/** The function that a call is of, if one definition is known. */
function calledBy(call: Node, declarations: Map<number, Node>): Node | undefined {
  return declarations.get((call.expression as Node).referencedDeclaration as number);
}

/** Whether assigning to this expression changes storage: a state variable, or what a storage pointer leads to. */
function writesStorage(target: Node): boolean {
  if (target.nodeType === 'TupleExpression') {
    return (target.components as (Node | null)[]).some((part) => part !== null && writesStorage(part));
  }
  const base = target.nodeType === 'MemberAccess' ? target.expression : target.baseExpression;
  if (!isNode(base)) return false;
  for (const node of walk(base)) {
    const { typeIdentifier } = (node.typeDescriptions ?? {}) as { typeIdentifier?: string };
    if (typeIdentifier && /_storage(_ptr)?$/.test(typeIdentifier)) return true;
  }
  return false;
}

function typeOf(node: Node): string {
  return ((node.typeDescriptions ?? {}) as { typeString?: string }).typeString ?? '';
}

function range(node: unknown): [number, number] {
  const [start, length] = (node as Node).src.split(':').map(Number);
  return [start, start + length];
}

/** Statements end before their semicolon. */
function past(end: number, text: Text): number {
  const following = text(end, end + 1);
  return following === ';' ? end + 1 : end;
}

function squash(code: string): string {
  return code.replace(/\s+/g, ' ').trim();
}

/** Every definition in these trees by its id. */
export function declarationsOf(trees: Map<string, Node>): Map<number, Node> {
  const found = new Map<number, Node>();
  for (const tree of trees.values()) {
    for (const node of walk(tree)) if (node.nodeType.endsWith('Definition')) found.set(node.id, node);
  }
  return found;
}
