import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FoveaError } from '../errors.js';
import { BackupAndRestore } from '../io/callbacks/backup_and_restore.js';
import * as callbacks from '../io/callbacks/index.js';
import { writeFileAtomic } from '../io/files.js';
import type { FitCallback } from '../nn/callbacks/index.js';
import type { FitRun } from '../nn/run.js';
import { readJsonObject, trainConfig, type TrainConfig } from './train_config.js';

/** The files in the folder of a run. */
export const RUN = {
  config: 'config.json',
  history: 'history.csv',
  metrics: 'metrics.json',
  best: 'best.keras',
  last: 'last.keras',
  logs: 'logs',
  backup: 'backup',
  report: 'report.html',
} as const;

/** A run as it is on disk: its configuration, and the names of its classes. */
export interface Run {
  readonly folder: string;
  readonly config: TrainConfig;
  /** Empty until its data were read. */
  readonly classNames: readonly string[];
}

/**
 * Reads the folder of a run.
 *
 * @throws FoveaError FILE when it is none
 */
export async function readRun(folder: string): Promise<Run> {
  const path = join(folder, RUN.config);
  if (!existsSync(path)) {
    throw new FoveaError('FILE', `${folder} is no folder of a run: there is no ${RUN.config}`);
  }
  const { classNames, ...config } = await readJsonObject(path);
  if (!Array.isArray(classNames) || !classNames.every((name) => typeof name === 'string')) {
    throw new FoveaError('FILE', `${path}: classNames is no list of names`);
  }
  return { folder, config: trainConfig(config), classNames };
}

/**
 * Makes the folder of a new run. Without a name it is called after the model, with a number where
 * there is such a folder.
 *
 * @throws FoveaError ARGUMENT when there is a folder of that name
 */
export async function createRun(
  parent: string,
  name: string | undefined,
  config: TrainConfig,
  classNames: readonly string[],
): Promise<Run> {
  const folder = name === undefined ? freeFolder(parent, config.model) : join(parent, name);
  if (name !== undefined && existsSync(folder)) {
    throw new FoveaError('ARGUMENT', `there is a folder ${folder} already`, {
      hint: `Give another --name, or go on with it: fovea train --resume ${folder}`,
    });
  }
  await mkdir(folder, { recursive: true });
  const text = JSON.stringify({ ...config, classNames }, undefined, 2);
  await writeFileAtomic(join(folder, RUN.config), `${text}\n`);
  return { folder, config, classNames };
}

function freeFolder(parent: string, model: string): string {
  const name = model.replace(/^.*[/\\]/, '').replace(/\.keras$/, '');
  for (let count = 1; ; count++) {
    const folder = join(parent, count === 1 ? name : `${name}-${count}`);
    if (!existsSync(folder)) return folder;
  }
}

/** Thrown out of `fit` after the state of the training was saved. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Saves the state after each epoch, and when it is told to stop: then also ends the training. */
export class Backup extends BackupAndRestore {
  private shallStop = false;

  /** Ends the training after the current step. */
  stop(): void {
    this.shallStop = true;
  }

  override async onBatchEnd(_: number, run: FitRun): Promise<void> {
    if (!this.shallStop) return;
    await this.save(run);
    throw new Interrupted(`stopped after step ${run.step} of epoch ${run.epoch + 1}`);
  }
}

/** What writes the files of a run while it is trained. */
export function runCallbacks({ folder, config }: Run, hasValidation: boolean): FitCallback[] {
  const prefix = hasValidation ? 'val_' : '';
  return [
    ...(config.patience === null
      ? []
      : [callbacks.earlyStopping({ monitor: `${prefix}loss`, patience: config.patience })]),
    callbacks.csvLogger({ filename: join(folder, RUN.history) }),
    callbacks.tensorBoard({ logDir: join(folder, RUN.logs) }),
    callbacks.modelCheckpoint({
      ...{ filepath: join(folder, RUN.best), monitor: `${prefix}accuracy`, saveBestOnly: true },
    }),
    callbacks.modelCheckpoint({ filepath: join(folder, RUN.last) }),
  ];
}
