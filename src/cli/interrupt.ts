import process from 'node:process';
import { EXIT } from './exit.js';

let handler: (() => void) | undefined;

/** What Ctrl-C does first, instead of ending the process; the second one ends it. */
export function onInterrupt(fn: () => void): void {
  handler = fn;
}

/** Handles Ctrl-C from now on. */
export function listenForInterrupts(): void {
  process.on('SIGINT', () => {
    if (!handler) process.exit(EXIT.interrupted);
    const first = handler;
    handler = undefined;
    first();
  });
}
