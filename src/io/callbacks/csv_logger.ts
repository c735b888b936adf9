import { FoveaError } from '../../errors.js';
import type { FitCallback, Json } from '../../nn/callbacks/index.js';
import { readFileIfAny, writeFileAtomic } from '../files.js';

/** Options of `callbacks.csvLogger`. */
export interface CsvLoggerOptions {
  readonly filename: string;
  /** Between two values. Default ','. */
  readonly separator?: string;
  /** Whether it continues a file that is there; otherwise it replaces it. Default false. */
  readonly append?: boolean;
}

/**
 * Writes a line of loss and metrics for each epoch, numbers of epochs from 0. The first epoch says
 * which columns there are, in the order of the alphabet; what it did not have is not written later,
 * and what an epoch lacks is NA.
 *
 * The whole file is replaced each time, so that it never ends in half a line, and lines of epochs
 * that are trained again after an interruption are not there twice.
 */
export class CsvLogger implements FitCallback {
  private text = '';
  private columns: readonly string[] = [];

  constructor(private readonly options: CsvLoggerOptions) {
    const { separator = ',' } = options;
    if (separator !== '' && !/["\n\r]/.test(separator)) return;
    throw new FoveaError('ARGUMENT', `csvLogger: separator cannot be ${JSON.stringify(separator)}`);
  }

  async onTrainBegin(): Promise<void> {
    const { filename, append = false } = this.options;
    const found = append ? await readFileIfAny(filename) : undefined;
    this.text = new TextDecoder().decode(found);
    if (this.text !== '' && !this.text.endsWith('\n')) this.text += '\n';
    this.columns = [];
  }

  async onEpochEnd(epoch: number, logs: Record<string, number>): Promise<void> {
    if (this.columns.length === 0) this.begin(Object.keys(logs).sort());
    const values = this.columns.map((key) => String(logs[key] ?? 'NA'));
    this.text += this.line([String(epoch), ...values]);
    await writeFileAtomic(this.options.filename, this.text);
  }

  state(): Json {
    return { text: this.text, columns: this.columns };
  }

  restore(state: Json): void {
    Object.assign(this, state as { text: string; columns: string[] });
  }

  /** Writes the header, or checks the one that is there. */
  private begin(columns: readonly string[]): void {
    const header = this.line(['epoch', ...columns]);
    this.columns = columns;
    if (this.text === '') this.text = header;
    const found = this.text.slice(0, this.text.indexOf('\n')).trimEnd();
    if (found === header.trimEnd()) return;
    throw new FoveaError(
      'FILE',
      `csvLogger: ${this.options.filename} has the columns ${found}, expected ${header.trimEnd()}`,
      { hint: 'Write to another file, or set append to false to replace it.' },
    );
  }

  private line(cells: readonly string[]): string {
    const { separator = ',' } = this.options;
    const quoted = cells.map((cell) =>
      cell.includes(separator) || /["\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
    );
    return `${quoted.join(separator)}\n`;
  }
}
