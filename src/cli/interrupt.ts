import process from 'node:process';
import { shutdown } from '../gpu/init.js';
import { EXIT } from './exit.js';

let handler: (() => void) | undefined;

/** What Ctrl-C does first, instead of ending the process; the second one ends it. */
export function onInterrupt(fn: () => void): void {
  handler = fn;
}

/** Handles Ctrl-C from now on. */
export function listenForInterrupts(): void {
  process.on('SIGINT', () => {
    if (!handler) {
      // A software driver that is at work while the process ends can crash it: this waits for it.
      shutdown();
      process.exit(EXIT.interrupted);
    }
    const first = handler;
    handler = undefined;
    first();
  });
}
