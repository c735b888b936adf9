import { FoveaError, type ErrorCode } from '../errors.js';

/** Exit codes of every command. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  noGpu: 3,
  data: 4,
  differs: 5,
  network: 6,
  memory: 7,
  interrupted: 130,
} as const;

const BY_ERROR: Partial<Record<ErrorCode, number>> = {
  NO_GPU: EXIT.noGpu,
  FILE: EXIT.data,
  NETWORK: EXIT.network,
  SHAPE: EXIT.data,
  ARGUMENT: EXIT.usage,
  DATA: EXIT.data,
  OUT_OF_MEMORY: EXIT.memory,
  LIMIT: EXIT.memory,
};

/** The exit code that belongs to an error. */
export function exitCode(error: unknown): number {
  return (error instanceof FoveaError && BY_ERROR[error.code]) || EXIT.failure;
}

/** An error as the JSON document of a command. */
export function errorDocument(error: unknown): { error: { code: string; message: string } } {
  const code = error instanceof FoveaError ? error.code : 'FAILURE';
  return { error: { code, message: error instanceof Error ? error.message : String(error) } };
}

/** Writes one JSON document to stdout. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}
