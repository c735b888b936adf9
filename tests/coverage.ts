import type { OpFamily } from './cases/case.js';

/** How one operation is tested. */
export interface CoverageRow {
  readonly op: string;
  /** Cases whose result is compared with float64. */
  readonly cases: number;
  /** Cases whose gradients are compared too. */
  readonly gradients: number;
  /** Where the reference gradient comes from. */
  readonly reference: string;
}

/** One row per operation, from the very table that the tests run. */
export function coverageRows(families: readonly OpFamily[]): CoverageRow[] {
  const names = [...new Set(families.map(nameOf))].sort();
  return names.map((op) => {
    const cases = families.filter((f) => nameOf(f) === op).flatMap((f) => f.cases);
    const graded = cases.filter((c) => c.differentiable.some(Boolean));
    const analytic = graded.some((c) => c.backward);
    return {
      op,
      cases: cases.length,
      gradients: graded.length,
      reference: graded.length === 0 ? 'none' : analytic ? 'analytic' : 'central differences',
    };
  });
}

/** A family's label begins with its operation. */
function nameOf({ op }: OpFamily): string {
  return /^\w+/.exec(op)![0];
}

/** The rows as a Markdown table. */
export function coverageTable(rows: readonly CoverageRow[]): string {
  const lines = rows.map(
    (r) =>
      `| ${r.op} | ${r.cases} | ${r.gradients === 0 ? 'no gradient' : r.gradients} | ${r.reference} |`,
  );
  return [
    '| operation | forward cases | gradient cases | float64 gradient |',
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}
